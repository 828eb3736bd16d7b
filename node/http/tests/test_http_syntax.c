/* One table of raw requests, well-formed and not, each fed whole, byte by byte, and in two parts
 * split at every position: how the bytes arrive must make no difference. */
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
    {RAW("GET  /  HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "", "", 1, true},
    {RAW("PUT /x HTTP/1.1\r\n" HOST "\r\n"), "PUT", "/x", "", "", 1, true},
    {RAW("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), "GET", "/", "", "", 1, true},
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
    {RAW("GET http://h:8000/p?q HTTP/1.1\r\n" HOST "\r\n"), "GET", "/p", "q", "", 1, true},
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

struct refused {
    struct slice raw;
    int status;
};

#define HEAD          "POST / HTTP/1.1\r\n" HOST
#define CHUNKED       HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define BODY          "\r\n\r\n0\r\n\r\n"
#define HOSTLESS_HEAD "POST / HTTP/1.1\r\n"

static const struct refused REFUSED[] = {
    /* Two framings at once. */
    {RAW(HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5" BODY), 400},
    {RAW(HEAD "Content-Length: 0\r\nTransfer-Encoding: identity" BODY), 400},
    /* Several lengths, or none. */
    {RAW(HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), 400},
    {RAW(HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 5, 5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 5,6\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length:\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length:  \r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: +5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: -5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 0x5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 5a\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 5 5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 5.0\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 1e1\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: \"5\"\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 18446744073709551621\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 99999999999999999999999999\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length: 16777217\r\n\r\n"), 413},
    {RAW(HEAD "Content-Length: 18446744073709551615\r\n\r\n"), 413},
    /* Transfer-Encoding other than chunked. */
    {RAW(HEAD "Transfer-Encoding: identity" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: gzip" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: gzip, chunked" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunked, gzip" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunked, chunked" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: xchunked" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunkedx" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: \"chunked\"" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: chunked;q=1" BODY), 400},
    {RAW(HEAD "Transfer-Encoding: ,chunked" BODY), 400},
    {RAW(HEAD "Transfer-Encoding:\x0b"
              "chunked" BODY),
     400},
    {RAW(HEAD "Transfer-Encoding:" BODY), 400},
    {RAW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked" BODY), 400},
    /* Malformed chunks. */
    {RAW(CHUNKED "10000000000000000\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "ffffffffffffffff0\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "ffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 413},
    {RAW(CHUNKED "1000001\r\nabc\r\n0\r\n\r\n"), 413},
    {RAW(CHUNKED "3\r\nabc\r\nfffffe\r\n"), 413},
    {RAW(CHUNKED "-3\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED " 3\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3 \r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "g\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3\rabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3\r\nabc\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3\r\nabcd\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3\r\nabc0\r\n\r\n"), 400},
    {RAW(CHUNKED "3;a\nb\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "3;a\rb\r\nabc\r\n0\r\n\r\n"), 400},
    {RAW(CHUNKED "0\r\nTrailer : x\r\n\r\n"), 400},
    {RAW(CHUNKED "0\r\nTrailer: x\n\r\n"), 400},
    /* Lines and names. */
    {RAW(HEAD "A: b\r\n c\r\n\r\n"), 400},
    {RAW(HEAD "A: b\r\n\tc\r\n\r\n"), 400},
    {RAW(HEAD "A:\r\n b\r\n\r\n"), 400},
    {RAW(HOSTLESS_HEAD " Host: h\r\n\r\n"), 400},
    {RAW(HOSTLESS_HEAD "\tA: b\r\n" HOST "\r\n"), 400},
    {RAW(HEAD "A: b\n\r\n"), 400},
    {RAW(HEAD "A: b\nContent-Length: 5\r\n\r\nhello"), 400},
    {RAW(HEAD "A: b\rContent-Length: 5\r\n\r\nhello"), 400},
    {RAW(HEAD "A: b\r\r\n\r\n"), 400},
    {RAW(HEAD "A: b\r\n\rX"), 400},
    {RAW(HEAD "A: b\r\n\n"), 400},
    {RAW("POST / HTTP/1.1\n" HOST "\r\n"), 400},
    {RAW("POST / HTTP/1.1\r" HOST "\r\n"), 400},
    {RAW(HEAD "Content-Length : 5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content-Length\t: 5\r\n\r\nhello"), 400},
    {RAW(HEAD "Content Length: 5\r\n\r\nhello"), 400},
    {RAW(HEAD "A: b\0c\r\n\r\n"), 400},
    {RAW(HEAD "A\0: b\r\n\r\n"), 400},
    {RAW(HEAD "A: b\x01\r\n\r\n"), 400},
    {RAW(HEAD "A: b\x7f\r\n\r\n"), 400},
    {RAW(HEAD "A\xff: b\r\n\r\n"), 400},
    {RAW(HEAD "A(: b\r\n\r\n"), 400},
    {RAW(HEAD ": b\r\n\r\n"), 400},
    {RAW(HEAD "no colon\r\n\r\n"), 400},
    {RAW(HEAD "nocolon\r\n\r\n"), 400},
    /* Host. */
    {RAW("POST / HTTP/1.1\r\n\r\n"), 400},
    {RAW("POST / HTTP/1.1\r\n" HOST "Host: other\r\n\r\n"), 400},
    {RAW("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400},
    /* The request line. */
    {RAW("post / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("NONSENSE / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW(" POST / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST / a HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST\t/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST /\r\n" HOST "\r\n"), 505},
    {RAW("POST relative HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST /a\0b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST /a\x01 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST /a\xff HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST /#fragment HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("CONNECT h:80 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST / HTTP/0.9\r\n" HOST "\r\n"), 505},
    {RAW("POST / HTTP/2.0\r\n" HOST "\r\n"), 505},
    {RAW("POST / HTTP/3.0\r\n" HOST "\r\n"), 505},
    {RAW("POST / HTTP/1.2\r\n" HOST "\r\n"), 505},
    {RAW("POST / http/1.1\r\n" HOST "\r\n"), 400},
    {RAW("POST / HTTP/11\r\n" HOST "\r\n"), 400},
    {RAW("POST / HTTP/1.1 \r\n" HOST "\r\n"), 400},
    {RAW("POST / ICE/1.0\r\n" HOST "\r\n"), 400},
    {RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400},
    {RAW("\x16\x03\x01\x02\x00\x01\x00"), 400},
    {RAW("HTTP/1.1 200 OK\r\n\r\n"), 400},
    /* What this server does not do. */
    {RAW(HEAD "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), 415},
    {RAW(HEAD "Content-Encoding: deflate, gzip\r\nContent-Length: 2\r\n\r\n{}"), 415},
    {RAW(HEAD "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}"), 417},
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

static void check_refused(const struct refused *expected, size_t first, size_t size)
{
    struct outcome outcome = receive(expected->raw, first, size);
    feed(&outcome, SLICE_LITERAL("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    ck_assert_msg(outcome.event == HTTP_BROKEN && outcome.requests == 0, "not refused: %s",
                  (const char *)expected->raw.data);
    char head[32];
    snprintf(head, sizeof(head), "HTTP/1.1 %d ", expected->status);
    struct slice output = writer_slice(&outcome.output);
    ck_assert_msg(slice_starts_with(output, slice_of_string(head)), "%s: %.*s",
                  (const char *)expected->raw.data, (int)output.size, (const char *)output.data);
    ck_assert_ptr_nonnull(memmem(output.data, output.size, "\r\nConnection: close\r\n", 21));
    outcome_deinit(&outcome);
}

START_TEST(malformed_requests_are_refused_however_they_arrive)
{
    for (size_t i = 0; i < array_size(REFUSED); i++) {
        size_t size = REFUSED[i].raw.size;
        check_refused(&REFUSED[i], 0, 1);
        for (size_t split = 0; split < size; split++)
            check_refused(&REFUSED[i], split, size);
    }
}
END_TEST

START_TEST(nothing_after_an_error_is_processed)
{
    for (size_t i = 0; i < array_size(REFUSED); i++) {
        struct outcome outcome = {.connection = http_connection_new()};
        struct writer raw;
        writer_init(&raw, 0);
        writer_put_slice(&raw, REFUSED[i].raw);
        writer_put_slice(&raw, SLICE_LITERAL("GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"));
        feed(&outcome, writer_slice(&raw));
        ck_assert_int_eq(outcome.event, HTTP_BROKEN);
        size_t replied = outcome.output.size;
        feed(&outcome, SLICE_LITERAL("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        ck_assert_int_eq(outcome.event, HTTP_BROKEN);
        ck_assert_uint_eq(outcome.output.size, replied);
        writer_deinit(&raw);
        outcome_deinit(&outcome);
    }
}
END_TEST

START_TEST(the_table_is_as_long_as_promised)
{
    ck_assert_uint_ge(array_size(ACCEPTED) + array_size(REFUSED), 60);
}
END_TEST

TEST_MAIN("http_syntax", well_formed_requests_are_received_however_they_arrive,
          malformed_requests_are_refused_however_they_arrive, nothing_after_an_error_is_processed,
          the_table_is_as_long_as_promised)
