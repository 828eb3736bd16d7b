/* Compressed bodies, both ways, and what browsers of other origins are told. */
#include "http_connection.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "prng.h"
#include "test_main.h"

#define REQUEST_ID "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOP"

enum { GZIP_BITS = 31, ZLIB_BITS = 15, RAW_BITS = -15 };

/* Counts what is asked for, and refuses what goes beyond. */
struct budget {
    size_t taken;
    size_t most;
};

static bool take(void *context, size_t size)
{
    struct budget *budget = context;
    if (size > budget->most - budget->taken)
        return false;
    budget->taken += size;
    return true;
}

static struct writer packed_of(struct slice plain, int bits)
{
    struct writer packed;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.data, .avail_in = (uInt)plain.size};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t size = deflateBound(&stream, plain.size);
    writer_init(&packed, size);
    stream.next_out = writer_extend(&packed, size);
    stream.avail_out = (uInt)size;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

static struct writer zeros_of(size_t size)
{
    struct writer zeros;
    writer_init(&zeros, size);
    memset(writer_extend(&zeros, size), 0, size);
    return zeros;
}

/* The status of the refusal, or 200. */
static int inflate_status(enum http_coding coding, struct slice packed, struct budget *budget,
                          struct writer *plain)
{
    writer_init(plain, 0);
    const struct http_failure *failure = http_coding_inflate(coding, packed, take, budget, plain);
    return failure == NULL ? 200 : failure->status;
}

static int status_of(enum http_coding coding, struct slice packed)
{
    struct budget budget = {0, SIZE_MAX};
    struct writer plain;
    int status = inflate_status(coding, packed, &budget, &plain);
    ck_assert_uint_le(plain.size, budget.taken);
    ck_assert_uint_le(budget.taken, HTTP_BODY_SIZE_MAX + 1);
    writer_deinit(&plain);
    return status;
}

static void check_round(struct slice body, enum http_coding coding, int bits)
{
    struct budget budget = {0, SIZE_MAX};
    struct writer packed = packed_of(body, bits);
    struct writer plain;
    ck_assert_int_eq(inflate_status(coding, writer_slice(&packed), &budget, &plain), 200);
    ck_assert(slice_equal(writer_slice(&plain), body));
    writer_deinit(&plain);
    writer_deinit(&packed);
}

START_TEST(bodies_of_all_sizes_come_back)
{
    static const size_t sizes[] = {0,     1,     2,     16383,  16384,   16385,
                                   32767, 32768, 32769, 100000, 1 << 20, (1 << 20) + 1};
    struct prng prng;
    prng_init(&prng, 7);
    for (size_t i = 0; i < array_size(sizes); i++) {
        struct writer body = zeros_of(sizes[i]);
        for (size_t at = 0; at < sizes[i]; at += 3)
            body.buffer->data[at] = (uint8_t)prng_below(&prng, 256);
        check_round(writer_slice(&body), HTTP_CODING_GZIP, GZIP_BITS);
        check_round(writer_slice(&body), HTTP_CODING_DEFLATE, ZLIB_BITS);
        writer_deinit(&body);
    }
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    struct writer packed = packed_of(SLICE_LITERAL("{\"TableName\": \"carts\"}"), GZIP_BITS);
    struct slice whole = writer_slice(&packed);
    for (size_t size = 0; size < whole.size; size++)
        ck_assert_int_eq(status_of(HTTP_CODING_GZIP, slice_of(whole.data, size)), 400);
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, whole), 200);
    writer_deinit(&packed);
}
END_TEST

/* A changed byte of the header may go unnoticed (a time, a system), one of the rest may not. */
START_TEST(changed_bytes_are_noticed)
{
    enum { HEADER_SIZE = 10 };
    struct slice text = SLICE_LITERAL("{\"TableName\": \"carts\"}");
    struct writer packed = packed_of(text, GZIP_BITS);
    for (size_t at = HEADER_SIZE; at < packed.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            packed.buffer->data[at] ^= (uint8_t)(1u << bit);
            struct budget budget = {0, SIZE_MAX};
            struct writer plain;
            int status = inflate_status(HTTP_CODING_GZIP, writer_slice(&packed), &budget, &plain);
            ck_assert(status == 400 || slice_equal(writer_slice(&plain), text));
            writer_deinit(&plain);
            packed.buffer->data[at] ^= (uint8_t)(1u << bit);
        }
    }
    writer_deinit(&packed);
}
END_TEST

START_TEST(what_follows_the_stream_is_refused)
{
    struct writer packed = packed_of(SLICE_LITERAL("{}"), GZIP_BITS);
    struct writer again = packed_of(SLICE_LITERAL("{}"), GZIP_BITS);
    size_t size = packed.size;
    writer_put_u8(&packed, 0);
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, writer_slice(&packed)), 400);
    packed.size = size;
    writer_put_slice(&packed, writer_slice(&again));
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, writer_slice(&packed)), 400);
    writer_deinit(&packed);
    writer_deinit(&again);
}
END_TEST

START_TEST(other_formats_are_refused)
{
    struct writer gzip = packed_of(SLICE_LITERAL("{}"), GZIP_BITS);
    struct writer zlib = packed_of(SLICE_LITERAL("{}"), ZLIB_BITS);
    struct writer raw = packed_of(SLICE_LITERAL("{}"), RAW_BITS);
    ck_assert_int_eq(status_of(HTTP_CODING_DEFLATE, writer_slice(&gzip)), 400);
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, writer_slice(&zlib)), 400);
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, writer_slice(&raw)), 400);
    ck_assert_int_eq(status_of(HTTP_CODING_DEFLATE, writer_slice(&raw)), 400);
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, SLICE_LITERAL("{}")), 400);
    ck_assert_int_eq(status_of(HTTP_CODING_GZIP, SLICE_EMPTY), 400);
    writer_deinit(&gzip);
    writer_deinit(&zlib);
    writer_deinit(&raw);
}
END_TEST

START_TEST(bombs_end_at_16_mb)
{
    static const size_t sizes[] = {HTTP_BODY_SIZE_MAX, HTTP_BODY_SIZE_MAX + 1,
                                   4 * HTTP_BODY_SIZE_MAX};
    for (size_t i = 0; i < array_size(sizes); i++) {
        struct writer zeros = zeros_of(sizes[i]);
        struct writer bomb = packed_of(writer_slice(&zeros), GZIP_BITS);
        ck_assert_uint_lt(bomb.size, sizes[i] / 500);
        ck_assert_int_eq(status_of(HTTP_CODING_GZIP, writer_slice(&bomb)), i == 0 ? 200 : 413);
        writer_deinit(&bomb);
        writer_deinit(&zeros);
    }
}
END_TEST

START_TEST(memory_is_asked_for_before_it_is_taken)
{
    struct writer zeros = zeros_of(1 << 20);
    struct writer bomb = packed_of(writer_slice(&zeros), GZIP_BITS);
    struct budget budget = {0, 100000};
    struct writer plain;
    ck_assert_int_eq(inflate_status(HTTP_CODING_GZIP, writer_slice(&bomb), &budget, &plain), 503);
    ck_assert_uint_le(plain.size, budget.most);
    writer_deinit(&plain);
    writer_deinit(&bomb);
    writer_deinit(&zeros);
}
END_TEST

struct acceptance {
    const char *headers;
    bool gzip;
};

static const struct acceptance ACCEPTANCES[] = {
    {"", false},
    {"Accept-Encoding: gzip\r\n", true},
    {"Accept-Encoding: GZip\r\n", true},
    {"Accept-Encoding: x-gzip\r\n", true},
    {"Accept-Encoding:\r\n", false},
    {"Accept-Encoding: identity\r\n", false},
    {"Accept-Encoding: *\r\n", true},
    {"Accept-Encoding: gzip, deflate, br\r\n", true},
    {"Accept-Encoding: br;q=1.0, gzip;q=0.8, *;q=0.1\r\n", true},
    {"Accept-Encoding: deflate , gzip ; q=0.5\r\n", true},
    {"Accept-Encoding: gzip;q=0\r\n", false},
    {"Accept-Encoding: gzip;q=0.0\r\n", false},
    {"Accept-Encoding: gzip;q=0.000\r\n", false},
    {"Accept-Encoding: gzip;q=0.001\r\n", true},
    {"Accept-Encoding: gzip;Q=1\r\n", true},
    {"Accept-Encoding: gzip;q=1.000\r\n", true},
    {"Accept-Encoding: gzip;q=0, *\r\n", false},
    {"Accept-Encoding: *, gzip;q=0\r\n", false},
    {"Accept-Encoding: *;q=0\r\n", false},
    {"Accept-Encoding: gzip, *;q=0\r\n", true},
    {"Accept-Encoding: identity, gzip\r\n", true},
    {"Accept-Encoding: identity;q=1, gzip;q=0.5\r\n", false},
    {"Accept-Encoding: identity;q=0.5, gzip\r\n", true},
    {"Accept-Encoding: identity;q=0, gzip;q=0.1\r\n", true},
    {"Accept-Encoding: identity;q=0\r\n", false},
    {"Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n", true},
    {"Accept-Encoding: gzip\r\nAccept-Encoding: gzip;q=0\r\n", false},
    {"Accept-Encoding: ,,gzip,\r\n", true},
    {"Accept-Encoding: gzipped\r\n", false},
    {"Accept-Encoding: gzi\r\n", false},
    {"Accept-Encoding: gzip deflate\r\n", false},
    {"Accept-Encoding: gzip;\r\n", true},
    {"Accept-Encoding: gzip;q\r\n", false},
    {"Accept-Encoding: gzip;q=\r\n", false},
    {"Accept-Encoding: gzip;q=2\r\n", false},
    {"Accept-Encoding: gzip;q=1.001\r\n", false},
    {"Accept-Encoding: gzip;q=0.0001\r\n", false},
    {"Accept-Encoding: gzip;q=.5\r\n", false},
    {"Accept-Encoding: gzip;q=-1\r\n", false},
    {"Accept-Encoding: gzip;q=1;q=0\r\n", false},
    {"Accept-Encoding: gzip;level=1\r\n", false},
};

static struct http_connection *connection;
static struct writer output;

/* Sends a request with these headers; it is open then. */
static void ask(const char *method, const char *headers, struct slice body)
{
    char head[512];
    size_t consumed;
    connection = http_connection_new();
    writer_init(&output, 0);
    int size =
        snprintf(head, sizeof(head), "%s / HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n",
                 method, headers, body.size);
    (void)http_connection_feed(connection, slice_of(head, (size_t)size), &consumed, &output);
    if (body.size > 0)
        (void)http_connection_feed(connection, body, &consumed, &output);
    ck_assert_uint_eq(output.size, 0);
}

static void answer(struct slice body)
{
    struct http_reply reply = {.status = 200, .content_type = "text/plain", .body = body};
    ck_assert(http_connection_reply(connection, &reply, 0, REQUEST_ID, &output));
}

static void hang_up(void)
{
    http_connection_free(connection);
    writer_deinit(&output);
}

static const char *find(const char *text)
{
    struct slice got = writer_slice(&output);
    return memmem(got.data, got.size, text, strlen(text));
}

/* The body of the reply, behind its head. */
static struct slice sent_body(void)
{
    const uint8_t *begin = (const uint8_t *)find("\r\n\r\n") + 4;
    return slice_of(begin, (size_t)(writer_slice(&output).data + output.size - begin));
}

START_TEST(weights_decide_over_gzip)
{
    struct writer zeros = zeros_of(HTTP_GZIP_SIZE_MIN + 1);
    for (size_t i = 0; i < array_size(ACCEPTANCES); i++) {
        ask("GET", ACCEPTANCES[i].headers, SLICE_EMPTY);
        answer(writer_slice(&zeros));
        ck_assert_msg((find("\r\nContent-Encoding: gzip\r\n") != NULL) == ACCEPTANCES[i].gzip, "%s",
                      ACCEPTANCES[i].headers);
        ck_assert_ptr_nonnull(find("\r\nVary: Accept-Encoding\r\n"));
        hang_up();
    }
    writer_deinit(&zeros);
}
END_TEST

/* The AWS SDK for Java checks the sum of the bytes as they came. */
START_TEST(the_checksum_is_of_the_bytes_sent)
{
    char line[64];
    struct writer zeros = zeros_of(100000);
    struct budget budget = {0, SIZE_MAX};
    struct writer plain;
    ask("POST", "Accept-Encoding: gzip\r\n", SLICE_EMPTY);
    answer(writer_slice(&zeros));
    struct slice sent = sent_body();
    ck_assert_uint_lt(sent.size, 1000);
    snprintf(line, sizeof(line), "\r\nContent-Length: %zu\r\nx-amz-crc32: %lu\r\n", sent.size,
             crc32(0, sent.data, (uInt)sent.size));
    ck_assert_ptr_nonnull(find(line));
    ck_assert_int_eq(inflate_status(HTTP_CODING_GZIP, sent, &budget, &plain), 200);
    ck_assert(slice_equal(writer_slice(&plain), writer_slice(&zeros)));
    writer_deinit(&plain);
    hang_up();
    writer_deinit(&zeros);
}
END_TEST

START_TEST(what_does_not_pay_is_sent_as_it_is)
{
    static const size_t sizes[] = {0, HTTP_GZIP_SIZE_MIN, HTTP_GZIP_SIZE_MAX + 1};
    for (size_t i = 0; i < array_size(sizes); i++) {
        struct writer zeros = zeros_of(sizes[i]);
        ask("GET", "Accept-Encoding: gzip\r\n", SLICE_EMPTY);
        answer(writer_slice(&zeros));
        ck_assert_ptr_null(find("Content-Encoding"));
        ck_assert_uint_eq(sent_body().size, sizes[i]);
        hang_up();
        writer_deinit(&zeros);
    }
    struct writer noise = zeros_of(10000);
    struct prng prng;
    prng_init(&prng, 1);
    for (size_t i = 0; i < noise.size; i++)
        noise.buffer->data[i] = (uint8_t)prng_below(&prng, 256);
    ask("GET", "Accept-Encoding: gzip\r\n", SLICE_EMPTY);
    answer(writer_slice(&noise));
    ck_assert_ptr_null(find("Content-Encoding"));
    ck_assert(slice_equal(sent_body(), writer_slice(&noise)));
    hang_up();
    writer_deinit(&noise);
}
END_TEST

START_TEST(head_is_left_alone)
{
    struct writer zeros = zeros_of(10000);
    ask("HEAD", "Accept-Encoding: gzip\r\n", SLICE_EMPTY);
    answer(writer_slice(&zeros));
    ck_assert_ptr_nonnull(find("\r\nContent-Length: 10000\r\n"));
    ck_assert_ptr_null(find("Content-Encoding"));
    ck_assert_uint_eq(sent_body().size, 0);
    hang_up();
    writer_deinit(&zeros);
}
END_TEST

START_TEST(a_connection_inflates_one_body_after_another)
{
    struct budget budget = {0, SIZE_MAX};
    struct writer packed = packed_of(SLICE_LITERAL("{\"a\": 1}"), GZIP_BITS);
    struct slice body;
    size_t consumed;
    ask("POST", "Content-Encoding: gzip\r\n", writer_slice(&packed));
    const struct http_request *request = http_connection_request(connection);
    ck_assert_int_eq(request->body_coding, HTTP_CODING_GZIP);
    ck_assert(slice_equal(request->body, writer_slice(&packed)));
    ck_assert_ptr_null(http_connection_inflate(connection, take, &budget, &body));
    ck_assert(slice_equal(body, SLICE_LITERAL("{\"a\": 1}")));
    answer(SLICE_LITERAL("ok"));
    (void)http_connection_feed(
        connection,
        SLICE_LITERAL("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                      "Content-Length: 2\r\n\r\n{}"),
        &consumed, &output);
    const struct http_failure *failure = http_connection_inflate(connection, take, &budget, &body);
    ck_assert_ptr_nonnull(failure);
    ck_assert_int_eq(failure->status, 400);
    ck_assert_uint_eq(body.size, 0);
    answer(SLICE_LITERAL("no"));
    (void)http_connection_feed(connection, SLICE_LITERAL("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                               &consumed, &output);
    ck_assert_int_eq(http_connection_request(connection)->body_coding, HTTP_CODING_IDENTITY);
    hang_up();
    writer_deinit(&packed);
}
END_TEST

#define ALLOWED "\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: "

START_TEST(replies_to_other_origins_may_be_read)
{
    ask("GET", "Origin: http://example.com\r\n", SLICE_EMPTY);
    answer(SLICE_LITERAL("ok"));
    ck_assert_ptr_nonnull(find(ALLOWED));
    hang_up();
    ask("GET", "Origin: null\r\n", SLICE_EMPTY);
    answer(SLICE_LITERAL("ok"));
    ck_assert_ptr_nonnull(find(ALLOWED));
    hang_up();
    ask("GET", "Origin:\r\n", SLICE_EMPTY);
    answer(SLICE_LITERAL("ok"));
    ck_assert_ptr_null(find("Access-Control"));
    hang_up();
}
END_TEST

START_TEST(refusals_to_other_origins_may_be_read)
{
    static const char *const requests[] = {
        "POST / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nContent-Length: 16777217\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nContent-Encoding: br\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: h\r\nbad header\r\nOrigin: o\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nX: Origin\r\nbad header\r\n\r\n",
        "nonsense",
    };
    enum { WITH_ORIGIN = 4 };
    for (size_t i = 0; i < array_size(requests); i++) {
        size_t consumed;
        connection = http_connection_new();
        writer_init(&output, 0);
        ck_assert_int_eq(
            http_connection_feed(connection, slice_of_string(requests[i]), &consumed, &output),
            HTTP_BROKEN);
        ck_assert_int_eq(find(ALLOWED) != NULL, i < WITH_ORIGIN);
        hang_up();
    }
}
END_TEST

START_TEST(a_half_received_request_can_be_refused)
{
    static const struct http_failure busy = {503, "{}"};
    size_t consumed;
    connection = http_connection_new();
    writer_init(&output, 0);
    (void)http_connection_feed(connection,
                               SLICE_LITERAL("POST / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\nA: b\r\n"),
                               &consumed, &output);
    http_connection_refuse(connection, &busy, &output);
    ck_assert_ptr_nonnull(find("HTTP/1.1 503 "));
    ck_assert_ptr_nonnull(find(ALLOWED));
    ck_assert_ptr_nonnull(find("\r\nConnection: close\r\n"));
    ck_assert_int_eq(http_connection_feed(connection, SLICE_LITERAL("\r\n"), &consumed, &output),
                     HTTP_BROKEN);
    hang_up();
}
END_TEST

TEST_MAIN("http_coding", bodies_of_all_sizes_come_back, every_truncation_is_refused,
          changed_bytes_are_noticed, what_follows_the_stream_is_refused, other_formats_are_refused,
          bombs_end_at_16_mb, memory_is_asked_for_before_it_is_taken, weights_decide_over_gzip,
          the_checksum_is_of_the_bytes_sent, what_does_not_pay_is_sent_as_it_is, head_is_left_alone,
          a_connection_inflates_one_body_after_another, replies_to_other_origins_may_be_read,
          refusals_to_other_origins_may_be_read, a_half_received_request_can_be_refused)
