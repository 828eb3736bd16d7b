/* What well-formed requests are received as, each fed whole, byte by byte, and in two parts split at
 * every position. What is refused stands in raw_requests.txt. */
#include "http_connection.h"

#include <stdio.h>
#include <string.h>

#include "test_main.h"

#define RAW(text) SLICE_CONSTANT(text)

struct accepted {
    struct slice raw;
    const char *method;
    const char *path;
    const char *query;
    const char *body;
    size_t headers_count;
    bool keep_alive;
};

#define HOST "Host: h\r\n"

static const struct accepted ACCEPTED[] = {
    {RAW("GET / HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "", "", 1, true},
    {RAW("HEAD / HTTP/1.1\r\n" HOST "\r\n"), "HEAD", "/", "", "", 1, true},
    {RAW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "OPTIONS", "*", "", "", 1, true},
    {RAW("PUT /x HTTP/1.1\r\n" HOST "\r\n"), "PUT", "/x", "", "", 1, true},
    {RAW("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "", "", 1, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), "POST", "/", "", "{}", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), "POST", "/", "", "", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Content-Length: 0002\r\n\r\n{}"), "POST", "/", "", "{}", 2,
     true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Content-Length:   2  \r\n\r\n{}"), "POST", "/", "", "{}", 2,
     true},
    {RAW("POST / HTTP/1.1\r\n" HOST "\r\n"), "POST", "/", "", "", 1, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), "GET", "/", "", "abc", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
         "2\r\n{\"\r\nA\r\n0123456789\r\n0\r\n\r\n"),
     "POST", "/", "", "{\"0123456789", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: ChunkeD\r\n\r\n0\r\n\r\n"), "POST", "/", "",
     "", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
         "3;name=value\r\nabc\r\n0;last\r\nTrailer: ignored\r\n\r\n"),
     "POST", "/", "", "abc", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n000003\r\nabc\r\n0\r\n\r\n"),
     "POST", "/", "", "abc", 2, true},
    {RAW("GET /a/b?c=d&e HTTP/1.1\r\n" HOST "\r\n"), "GET", "/a/b", "c=d&e", "", 1, true},
    {RAW("GET /? HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "", "", 1, true},
    {RAW("GET /?a?b HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "a?b", "", 1, true},
    {RAW("GET http://H/p?q HTTP/1.1\r\n" HOST "\r\n"), "GET", "/p", "q", "", 1, true},
    {RAW("GET http://h HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "", "", 1, true},
    {RAW("GET http://h?q HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "q", "", 1, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "GET", "/", "", "", 2, false},
    {RAW("GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n"), "GET", "/", "", "", 2, false},
    {RAW("GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n"), "GET", "/", "", "", 2, true},
    {RAW("GET / HTTP/1.0\r\n\r\n"), "GET", "/", "", "", 0, false},
    {RAW("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), "GET", "/", "", "", 1, true},
    {RAW("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"), "POST", "/", "", "{}", 1, false},
    {RAW("GET / HTTP/1.1\r\n" HOST "Empty:\r\nAlso: \t \r\n\r\n"), "GET", "/", "", "", 3, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "Latin: gr\xfc\xdf\x65\r\n\r\n"), "GET", "/", "", "", 2, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "Tab: a\tb\r\n\r\n"), "GET", "/", "", "", 2, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "Twice: a\r\nTwice: b\r\n\r\n"), "GET", "/", "", "", 3, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "!#$%&'*+-.^_`|~: odd\r\n\r\n"), "GET", "/", "", "", 2, true},
    {RAW("POST / HTTP/1.1\r\n" HOST
         "Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
         "Content-Length: 2\r\n\r\n{}"),
     "POST", "/", "", "{}", 5, true},
    {RAW("GET / HTTP/1.1\r\n" HOST "Content-Encoding: identity\r\n\r\n"), "GET", "/", "", "", 2,
     true},
    {RAW("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n\0\r\n\xff"), "POST", "/", "",
     "\0\r\n\xff", 2, true},
};

struct outcome {
    struct http_connection *connection;
    struct writer output;
    enum http_event event;
    size_t requests; /* how many came out */
};

static void feed(struct outcome *outcome, struct slice bytes)
{
    size_t consumed;
    outcome->event = http_connection_feed(outcome->connection, bytes, &consumed, &outcome->output);
    outcome->requests += outcome->event == HTTP_REQUEST;
    ck_assert_msg(consumed == bytes.size, "%zu of %zu consumed: %.*s", consumed, bytes.size,
                  (int)bytes.size, (const char *)bytes.data);
}

/* `size` bytes at a time after the first `first`; the last part is what is left. */
static struct outcome receive(struct slice raw, size_t first, size_t size)
{
    struct outcome outcome = {.connection = http_connection_new(), .event = HTTP_WANTS_BYTES};
    writer_init(&outcome.output, 0);
    feed(&outcome, slice_of(raw.data, first));
    for (size_t at = first; at < raw.size; at += size) {
        ck_assert_msg(outcome.event != HTTP_REQUEST, "complete after %zu of %zu bytes", at,
                      raw.size);
        feed(&outcome, slice_of(raw.data + at, size < raw.size - at ? size : raw.size - at));
    }
    return outcome;
}

static void outcome_deinit(struct outcome *outcome)
{
    http_connection_free(outcome->connection);
    writer_deinit(&outcome->output);
}

static void check_text(struct slice got, const char *expected)
{
    ck_assert_msg(slice_equal(got, slice_of_string(expected)), "'%.*s', not '%s'", (int)got.size,
                  (const char *)got.data, expected);
}

static void check_accepted(const struct accepted *expected, size_t first, size_t size)
{
    struct outcome outcome = receive(expected->raw, first, size);
    ck_assert_int_eq(outcome.event, HTTP_REQUEST);
    ck_assert_uint_eq(outcome.requests, 1);
    ck_assert_uint_eq(outcome.output.size, 0);
    const struct http_request *request = http_connection_request(outcome.connection);
    check_text(request->method, expected->method);
    check_text(request->path, expected->path);
    check_text(request->query, expected->query);
    if (expected->body[0] != '\0')
        check_text(request->body, expected->body);
    ck_assert_uint_eq(request->headers_count, expected->headers_count);
    ck_assert_int_eq(request->keep_alive, expected->keep_alive);
    outcome_deinit(&outcome);
}

START_TEST(well_formed_requests_are_received_however_they_arrive)
{
    for (size_t i = 0; i < array_size(ACCEPTED); i++) {
        size_t size = ACCEPTED[i].raw.size;
        check_accepted(&ACCEPTED[i], 0, 1);
        for (size_t split = 0; split < size; split++)
            check_accepted(&ACCEPTED[i], split, size);
    }
}
END_TEST

TEST_MAIN("http_syntax", well_formed_requests_are_received_however_they_arrive)
