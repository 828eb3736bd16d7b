/* A connection's life: pipelining, limits, 100 Continue, replies, and how it ends. */
#include "http_connection.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "test_main.h"

#define REQUEST_ID "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOP"

static const uint64_t WALL_US = 784111777654321; /* Sun, 06 Nov 1994 08:49:37 GMT */

static struct http_connection *connection;
static struct writer output;

static void setup(void)
{
    connection = http_connection_new();
    writer_init(&output, 0);
}

static void teardown(void)
{
    http_connection_free(connection);
    writer_deinit(&output);
}

static size_t consumed;

static enum http_event feed(struct slice bytes)
{
    return http_connection_feed(connection, bytes, &consumed, &output);
}

static enum http_event feed_text(const char *text)
{
    return feed(slice_of_string(text));
}

static bool reply(const struct http_reply *answer)
{
    return http_connection_reply(connection, answer, WALL_US, REQUEST_ID, &output);
}

static bool reply_text(const char *body)
{
    struct http_reply answer = {
        .status = 200, .content_type = "text/plain", .body = slice_of_string(body)};
    return reply(&answer);
}

static void check_output(const char *expected)
{
    struct slice got = writer_slice(&output);
    ck_assert_msg(slice_equal(got, slice_of_string(expected)), "'%.*s'", (int)got.size,
                  (const char *)got.data);
    writer_reset(&output);
}

static bool output_has(const char *part)
{
    struct slice got = writer_slice(&output);
    return got.size > 0 && memmem(got.data, got.size, part, strlen(part)) != NULL;
}

static void check_path(const char *path)
{
    struct slice got = http_connection_request(connection)->path;
    ck_assert_msg(slice_equal(got, slice_of_string(path)), "'%.*s'", (int)got.size,
                  (const char *)got.data);
}

static void check_header(const char *name, const char *value)
{
    struct slice got =
        http_request_header(http_connection_request(connection), slice_of_string(name));
    ck_assert_msg(slice_equal(got, slice_of_string(value)), "'%.*s'", (int)got.size,
                  (const char *)got.data);
}

START_TEST(headers_are_found_by_lower_case_name)
{
    setup();
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHOST: h\r\nX-Amz-Target:  T \t\r\nTwice: a\r\n"
                               "twice: b\r\nEmpty:\r\n\r\n"),
                     HTTP_REQUEST);
    check_header("host", "h");
    check_header("x-amz-target", "T");
    check_header("empty", "");
    check_header("twice", "");
    check_header("absent", "");
    const struct http_request *request = http_connection_request(connection);
    ck_assert(http_request_has_header(request, SLICE_LITERAL("twice")));
    ck_assert(!http_request_has_header(request, SLICE_LITERAL("absent")));
    teardown();
}
END_TEST

START_TEST(reply_has_every_header)
{
    setup();
    ck_assert_int_eq(feed_text("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    struct http_reply answer = {.status = 400,
                                .content_type = "application/x-amz-json-1.0",
                                .body = SLICE_LITERAL("{\"message\":\"x\"}"),
                                .extra_headers = SLICE_LITERAL("x-cartwheel-sloppy: 1\r\n")};
    ck_assert(reply(&answer));
    char expected[512];
    snprintf(expected, sizeof(expected),
             "HTTP/1.1 400 Bad Request\r\nServer: Cartwheel\r\n"
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-amzn-RequestId: " REQUEST_ID "\r\n"
             "Content-Type: application/x-amz-json-1.0\r\nContent-Length: 15\r\n"
             "x-amz-crc32: %lu\r\nx-cartwheel-sloppy: 1\r\n\r\n{\"message\":\"x\"}",
             crc32(0, answer.body.data, (uInt)answer.body.size));
    check_output(expected);
    teardown();
}
END_TEST

START_TEST(checksum_is_that_of_dynamodb)
{
    setup();
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    ck_assert(reply_text("healthy: dynamodb.us-east-1.amazonaws.com "));
    ck_assert(output_has("\r\nContent-Length: 42\r\nx-amz-crc32: 3128867991\r\n"));
    teardown();
}
END_TEST

START_TEST(head_gets_no_body_and_204_no_length)
{
    setup();
    ck_assert_int_eq(feed_text("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    ck_assert(reply_text("hello"));
    ck_assert(output_has("Content-Length: 5\r\n"));
    ck_assert(!output_has("hello"));
    writer_reset(&output);
    ck_assert_int_eq(feed_text("OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    struct http_reply answer = {.status = 204};
    ck_assert(reply(&answer));
    ck_assert(output_has("HTTP/1.1 204 No Content\r\n"));
    ck_assert(!output_has("Content-"));
    teardown();
}
END_TEST

START_TEST(date_moves_on)
{
    setup();
    for (uint64_t i = 0; i < 3; i++) {
        struct http_reply answer = {.status = 200};
        ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
        ck_assert(
            http_connection_reply(connection, &answer, WALL_US + i * 500000, REQUEST_ID, &output));
        ck_assert_int_eq(output_has("08:49:38 GMT"), i > 0);
        writer_reset(&output);
    }
    teardown();
}
END_TEST

START_TEST(keep_alive_is_told_to_old_clients_and_close_to_all)
{
    setup();
    ck_assert_int_eq(feed_text("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), HTTP_REQUEST);
    ck_assert(reply_text(""));
    ck_assert(output_has("\r\nConnection: keep-alive\r\n"));
    writer_reset(&output);
    ck_assert_int_eq(feed_text("GET / HTTP/1.0\r\n\r\n"), HTTP_REQUEST);
    ck_assert(!reply_text(""));
    ck_assert(output_has("\r\nConnection: close\r\n"));
    teardown();
}
END_TEST

START_TEST(nothing_is_read_after_a_reply_that_closes)
{
    setup();
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    ck_assert_int_eq(feed_text("GET /pipelined HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_WANTS_BYTES);
    struct http_reply answer = {.status = 500, .close = true};
    ck_assert(!reply(&answer));
    writer_reset(&output);
    ck_assert_int_eq(feed(SLICE_EMPTY), HTTP_WANTS_BYTES);
    ck_assert_int_eq(feed_text("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_WANTS_BYTES);
    ck_assert_uint_eq(consumed, 32);
    ck_assert(!http_connection_in_request(connection));
    check_output("");
    teardown();
}
END_TEST

START_TEST(requests_come_out_one_at_a_time)
{
    setup();
    const char *two = "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
                      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\ntwo\r\n0\r\n\r\n";
    size_t first = (size_t)(strstr(two, "POST /2") - two);
    ck_assert_int_eq(feed_text(two), HTTP_REQUEST);
    ck_assert_uint_eq(consumed, first);
    check_path("/1");
    ck_assert(reply_text(""));
    ck_assert_int_eq(feed_text(two + first), HTTP_REQUEST);
    ck_assert_uint_eq(consumed, strlen(two) - first);
    check_path("/2");
    ck_assert(slice_equal(http_connection_request(connection)->body, SLICE_LITERAL("two")));
    teardown();
}
END_TEST

/* A pipeline of three requests, cut in two at every position; while a request is open the rest is
 * offered at once, so that it goes through the connection's own buffer. */
START_TEST(pipelined_requests_survive_every_split)
{
    const char *raw = "POST /0 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n000"
                      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\n222\r\n0\r\n\r\n";
    size_t size = strlen(raw);
    for (size_t split = 0; split <= size; split++) {
        setup();
        struct slice parts[2] = {slice_of(raw, split), slice_of(raw + split, size - split)};
        unsigned requests = 0;
        for (unsigned i = 0; i < 2; i++) {
            while (parts[i].size > 0) {
                requests += feed(parts[i]) == HTTP_REQUEST;
                parts[i] = slice_of(parts[i].data + consumed, parts[i].size - consumed);
            }
        }
        ck_assert_uint_eq(requests, 1);
        for (unsigned i = 0; i < 3; i++) {
            const char path[] = {'/', (char)('0' + i), '\0'};
            check_path(path);
            ck_assert(reply_text(path));
            ck_assert_int_eq(feed(SLICE_EMPTY), i < 2 ? HTTP_REQUEST : HTTP_WANTS_BYTES);
        }
        teardown();
    }
}
END_TEST

START_TEST(pipeline_is_bounded)
{
    setup();
    static uint8_t noise[HTTP_PIPELINE_BYTES_MAX + 1000];
    memset(noise, '\r', sizeof(noise));
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    ck_assert_int_eq(feed(slice_of(noise, 600)), HTTP_WANTS_BYTES);
    ck_assert_uint_eq(consumed, 600);
    ck_assert_int_eq(feed(slice_of(noise, sizeof(noise))), HTTP_WANTS_BYTES);
    ck_assert_uint_eq(consumed, HTTP_PIPELINE_BYTES_MAX - 600);
    ck_assert_int_eq(feed(slice_of(noise, 1)), HTTP_WANTS_BYTES);
    ck_assert_uint_eq(consumed, 0);
    teardown();
}
END_TEST

START_TEST(no_pipelined_request_after_a_broken_one)
{
    setup();
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
                     HTTP_WANTS_BYTES);
    ck_assert(reply_text(""));
    writer_reset(&output);
    ck_assert_int_eq(feed_text("more"), HTTP_BROKEN);
    ck_assert_uint_eq(consumed, 4);
    ck_assert(output_has("HTTP/1.1 400 Bad Request\r\n"));
    writer_reset(&output);
    ck_assert_int_eq(feed(SLICE_EMPTY), HTTP_BROKEN);
    check_output("");
    teardown();
}
END_TEST

START_TEST(halfway_is_told_from_idle)
{
    setup();
    ck_assert(!http_connection_in_request(connection));
    ck_assert_int_eq(feed_text("\r\n"), HTTP_WANTS_BYTES);
    ck_assert(!http_connection_in_request(connection));
    ck_assert_int_eq(feed_text("P"), HTTP_WANTS_BYTES);
    ck_assert(http_connection_in_request(connection));
    ck_assert_int_eq(feed_text("OST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"),
                     HTTP_WANTS_BYTES);
    ck_assert(http_connection_in_request(connection));
    ck_assert_int_eq(feed_text("x"), HTTP_REQUEST);
    ck_assert(!http_connection_in_request(connection));
    ck_assert(reply_text(""));
    ck_assert(!http_connection_in_request(connection));
    teardown();
}
END_TEST

#define EXPECTING "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"

START_TEST(continue_is_said_once_to_a_client_that_waits)
{
    setup();
    ck_assert_int_eq(feed_text(EXPECTING "Content-Length: 2\r\n"), HTTP_WANTS_BYTES);
    check_output("");
    ck_assert_int_eq(feed_text("\r\n"), HTTP_WANTS_BYTES);
    check_output("HTTP/1.1 100 Continue\r\n\r\n");
    ck_assert_int_eq(feed_text("{"), HTTP_WANTS_BYTES);
    ck_assert_int_eq(feed_text("}"), HTTP_REQUEST);
    check_output("");
    teardown();
}
END_TEST

START_TEST(continue_is_not_said_in_vain)
{
    setup();
    ck_assert_int_eq(feed_text(EXPECTING "Content-Length: 2\r\n\r\n{"), HTTP_WANTS_BYTES);
    ck_assert_int_eq(feed_text("}"), HTTP_REQUEST);
    check_output("");
    ck_assert(reply_text(""));
    writer_reset(&output);
    ck_assert_int_eq(feed_text(EXPECTING "Content-Length: 0\r\n\r\n"), HTTP_REQUEST);
    check_output("");
    ck_assert(reply_text(""));
    writer_reset(&output);
    ck_assert_int_eq(
        feed_text("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
        HTTP_WANTS_BYTES);
    check_output("");
    teardown();
}
END_TEST

START_TEST(continue_is_not_said_to_a_body_too_large)
{
    setup();
    ck_assert_int_eq(feed_text(EXPECTING "Content-Length: 16777217\r\n\r\n"), HTTP_BROKEN);
    ck_assert(!output_has("100 Continue"));
    ck_assert(output_has("HTTP/1.1 413 "));
    ck_assert(output_has("RequestEntityTooLargeException"));
    teardown();
}
END_TEST

static enum http_event feed_many(struct slice piece, size_t total)
{
    enum http_event event = HTTP_WANTS_BYTES;
    while (total > 0 && event == HTTP_WANTS_BYTES) {
        event = feed(slice_of(piece.data, total < piece.size ? total : piece.size));
        total -= consumed;
    }
    return event;
}

START_TEST(body_of_exactly_16_mb_is_taken)
{
    setup();
    static uint8_t zeros[50000];
    ck_assert_int_eq(feed_text("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 16777216\r\n\r\n"),
                     HTTP_WANTS_BYTES);
    ck_assert_int_eq(feed_many(slice_of(zeros, sizeof(zeros)), HTTP_BODY_SIZE_MAX), HTTP_REQUEST);
    ck_assert_uint_eq(http_connection_request(connection)->body.size, HTTP_BODY_SIZE_MAX);
    ck_assert(reply_text("ok"));
    ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_REQUEST);
    teardown();
}
END_TEST

START_TEST(chunks_of_more_than_16_mb_are_refused_as_they_come)
{
    setup();
    struct writer chunk;
    writer_init(&chunk, 0);
    writer_put_slice(&chunk, SLICE_LITERAL("8000\r\n"));
    memset(writer_extend(&chunk, 0x8000), 'x', 0x8000);
    writer_put_slice(&chunk, SLICE_LITERAL("\r\n"));
    ck_assert_int_eq(feed_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
                     HTTP_WANTS_BYTES);
    for (unsigned i = 0; i < 512; i++)
        ck_assert_int_eq(feed(writer_slice(&chunk)), HTTP_WANTS_BYTES);
    ck_assert_int_eq(feed(writer_slice(&chunk)), HTTP_BROKEN);
    ck_assert(output_has("HTTP/1.1 413 "));
    writer_deinit(&chunk);
    teardown();
}
END_TEST

START_TEST(trailers_leave_the_headers_alone)
{
    setup();
    ck_assert_int_eq(feed_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "1\r\nx\r\n0\r\n"),
                     HTTP_WANTS_BYTES);
    for (unsigned i = 0; i < 200; i++)
        ck_assert_int_eq(feed_text("Host: a host that is longer than the other\r\n"),
                         HTTP_WANTS_BYTES);
    ck_assert_int_eq(feed_text("\r\n"), HTTP_REQUEST);
    ck_assert_uint_eq(http_connection_request(connection)->headers_count, 2);
    check_header("host", "h");
    check_header("transfer-encoding", "chunked");
    teardown();
}
END_TEST

/* What comes before `fill` repeated for ever, and what is said to it. */
struct flood {
    const char *start;
    const char *fill;
    const char *answer;
};

static const struct flood FLOODS[] = {
    {"GET /", "a", "larger than 16 KB"},
    {"", "\r\n", "not well-formed"},
    {"GET / HTTP/1.1\r\nA: ", "a", "larger than 16 KB"},
    {"GET / HTTP/1.1\r\nA:", " ", "larger than 16 KB"},
    {"GET / HTTP/1.1\r\n", "a", "larger than 16 KB"},
    {"GET / HTTP/1.1\r\n", "A: b\r\n", "more than 64 headers"},
    {"GET /", " ", "not well-formed"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "0", "framing"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a", "framing"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=", "a", "framing"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
     "1;aaaaaaaaaaaaaaa\r\nx\r\n", "framing"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
     "0000000000000000001\r\nx\r\n", "framing"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n", "16 KB"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA:", " ", "framing"},
};

START_TEST(floods_end_early)
{
    for (size_t i = 0; i < array_size(FLOODS); i++) {
        setup();
        ck_assert_int_eq(feed_text(FLOODS[i].start), HTTP_WANTS_BYTES);
        size_t sent = 0;
        while (feed_text(FLOODS[i].fill) == HTTP_WANTS_BYTES && sent < 1000000)
            sent += strlen(FLOODS[i].fill);
        ck_assert_msg(sent < 200000, "flood %zu was taken", i);
        ck_assert_msg(output_has(FLOODS[i].answer), "flood %zu: %.*s", i, (int)output.size,
                      (const char *)writer_slice(&output).data);
        teardown();
    }
}
END_TEST

static void put_request(struct writer *raw, size_t target_size, size_t header_size)
{
    writer_reset(raw);
    writer_put_slice(raw, SLICE_LITERAL("GET /"));
    memset(writer_extend(raw, target_size - 1), 'a', target_size - 1);
    writer_put_slice(raw, SLICE_LITERAL(" HTTP/1.1\r\nHost: h\r\nA: "));
    memset(writer_extend(raw, header_size), 'b', header_size);
    writer_put_slice(raw, SLICE_LITERAL("\r\n\r\n"));
}

START_TEST(heads_at_the_limit)
{
    /* "host", "h", "a" and twice the four bytes around a name and a value. */
    const size_t other = 6 + 8;
    struct writer raw;
    writer_init(&raw, 0);
    for (size_t over = 0; over < 2; over++) {
        setup();
        put_request(&raw, HTTP_HEAD_SIZE_MAX + over, 1);
        ck_assert_int_eq(feed(writer_slice(&raw)), over ? HTTP_BROKEN : HTTP_REQUEST);
        teardown();
        setup();
        put_request(&raw, 1, HTTP_HEAD_SIZE_MAX - other + over);
        ck_assert_int_eq(feed(writer_slice(&raw)), over ? HTTP_BROKEN : HTTP_REQUEST);
        teardown();
    }
    writer_deinit(&raw);
}
END_TEST

START_TEST(as_many_headers_as_allowed)
{
    for (unsigned count = HTTP_HEADERS_MAX; count <= HTTP_HEADERS_MAX + 1; count++) {
        setup();
        ck_assert_int_eq(feed_text("GET / HTTP/1.1\r\nHost: h\r\n"), HTTP_WANTS_BYTES);
        for (unsigned i = 1; i < count; i++)
            (void)feed_text("A: b\r\n");
        ck_assert_int_eq(feed_text("\r\n"), count > HTTP_HEADERS_MAX ? HTTP_BROKEN : HTTP_REQUEST);
        teardown();
    }
}
END_TEST

TEST_MAIN("http_connection", headers_are_found_by_lower_case_name, reply_has_every_header,
          checksum_is_that_of_dynamodb, head_gets_no_body_and_204_no_length, date_moves_on,
          keep_alive_is_told_to_old_clients_and_close_to_all,
          nothing_is_read_after_a_reply_that_closes, requests_come_out_one_at_a_time,
          pipelined_requests_survive_every_split, pipeline_is_bounded,
          no_pipelined_request_after_a_broken_one, halfway_is_told_from_idle,
          continue_is_said_once_to_a_client_that_waits, continue_is_not_said_in_vain,
          continue_is_not_said_to_a_body_too_large, body_of_exactly_16_mb_is_taken,
          chunks_of_more_than_16_mb_are_refused_as_they_come, trailers_leave_the_headers_alone,
          floods_end_early, heads_at_the_limit, as_many_headers_as_allowed)
