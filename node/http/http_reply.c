#include "http_reply.h"

#include <libdeflate.h>
#include <string.h>

enum {
    HEAD_SIZE_USUAL = 320,
    REQUEST_ID_SIZE = 52,
    DECIMAL_SIZE_MAX = 20,
    US_PER_SECOND = 1000000
};

struct reason {
    int status;
    const char *text;
};

/* RFC 9110 section 15; no client depends on the words. */
static const struct reason REASONS[] = {
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static void put_text(struct writer *output, const char *text);
static void put_decimal(struct writer *output, uint64_t value);
static void put_status_line(struct writer *output, int status);
static void put_date(struct writer *output, struct http_date *date, uint64_t second);
static void put_body_headers(struct writer *output, const struct http_reply *reply);
static void put_coding(struct writer *output, struct http_reply_manner manner);
static void put_cors(struct writer *output);

#define PUT_LITERAL(output, text) writer_put(output, "" text, sizeof(text) - 1)

void http_reply_write(const struct http_reply *reply, struct http_reply_manner manner,
                      struct http_date *date, uint64_t wall_us, const char *request_id,
                      struct writer *output)
{
    writer_reserve(output, HEAD_SIZE_USUAL + reply->extra_headers.size + reply->body.size);
    put_status_line(output, reply->status);
    PUT_LITERAL(output, "Server: Cartwheel\r\n");
    put_date(output, date, wall_us / US_PER_SECOND);
    PUT_LITERAL(output, "x-amzn-RequestId: ");
    writer_put(output, request_id, REQUEST_ID_SIZE);
    PUT_LITERAL(output, "\r\n");
    put_body_headers(output, reply);
    if (manner.varies)
        put_coding(output, manner);
    if (manner.cross_origin)
        put_cors(output);
    writer_put_slice(output, reply->extra_headers);
    if (!manner.keep_alive)
        PUT_LITERAL(output, "Connection: close\r\n");
    else if (manner.says_keep_alive)
        PUT_LITERAL(output, "Connection: keep-alive\r\n");
    PUT_LITERAL(output, "\r\n");
    if (!manner.without_body)
        writer_put_slice(output, reply->body);
}

void http_reply_write_failure(const struct http_failure *failure, bool cross_origin,
                              struct writer *output)
{
    struct http_reply reply = {
        .status = failure->status,
        .content_type = "application/x-amz-json-1.0",
        .body = slice_of_string(failure->body),
    };
    put_status_line(output, reply.status);
    PUT_LITERAL(output, "Server: Cartwheel\r\n");
    put_body_headers(output, &reply);
    if (cross_origin)
        put_cors(output);
    PUT_LITERAL(output, "Connection: close\r\n\r\n");
    writer_put_slice(output, reply.body);
}

void http_reply_write_continue(struct writer *output)
{
    PUT_LITERAL(output, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void put_text(struct writer *output, const char *text)
{
    writer_put(output, text, strlen(text));
}

static void put_decimal(struct writer *output, uint64_t value)
{
    char digits[DECIMAL_SIZE_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    writer_put(output, digits + at, sizeof(digits) - at);
}

static void put_status_line(struct writer *output, int status)
{
    ensure(status >= 200 && status <= 599);
    PUT_LITERAL(output, "HTTP/1.1 ");
    put_decimal(output, (uint64_t)status);
    PUT_LITERAL(output, " ");
    for (size_t i = 0; i < array_size(REASONS); i++) {
        if (REASONS[i].status == status)
            put_text(output, REASONS[i].text);
    }
    PUT_LITERAL(output, "\r\n");
}

static void put_date(struct writer *output, struct http_date *date, uint64_t second)
{
    if (date->second != second || second == 0) {
        calendar_format_http(second, date->text);
        date->second = second;
    }
    PUT_LITERAL(output, "Date: ");
    writer_put(output, date->text, CALENDAR_HTTP_SIZE);
    PUT_LITERAL(output, "\r\n");
}

static void put_body_headers(struct writer *output, const struct http_reply *reply)
{
    if (reply->content_type != NULL) {
        PUT_LITERAL(output, "Content-Type: ");
        put_text(output, reply->content_type);
        PUT_LITERAL(output, "\r\n");
    }
    /* RFC 9110 section 8.6 forbids a length here. */
    if (reply->status == 204)
        return;
    PUT_LITERAL(output, "Content-Length: ");
    put_decimal(output, reply->body.size);
    PUT_LITERAL(output, "\r\nx-amz-crc32: ");
    put_decimal(output, libdeflate_crc32(0, reply->body.data, reply->body.size));
    PUT_LITERAL(output, "\r\n");
}

static void put_coding(struct writer *output, struct http_reply_manner manner)
{
    if (manner.gzip)
        PUT_LITERAL(output, "Content-Encoding: gzip\r\n");
    PUT_LITERAL(output, "Vary: Accept-Encoding\r\n");
}

/* Any page may read the replies: what it may do is decided by what it can sign. x-amz-crc32 stays
 * hidden, as DynamoDB hides it: a browser shows a page the inflated body, which has another. */
static void put_cors(struct writer *output)
{
    PUT_LITERAL(output, "Access-Control-Allow-Origin: *\r\n"
                        "Access-Control-Expose-Headers: "
                        "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date\r\n");
}
