/* The table of raw requests, each fed whole, byte by byte, split in two at every position, and cut
 * at random: how the bytes arrive must make no difference. Behind each comes one request more,
 * which must be served, or must not. */
#include "http_connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "raw_requests.h"
#include "test_main.h"

enum {
    SHORT_MAX = 1024,       /* split at every position */
    BYTEWISE_MAX = 1 << 20, /* fed byte by byte */
    SHOWN_MAX = 200,        /* bytes of a row that failed */
    CUTS = 8,               /* times that a row is cut at random */
    PIECE_MAX = 40          /* bytes between two cuts, of short rows */
};

#define REQUEST_ID "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOP"
#define CANARY     "GET /canary HTTP/1.1\r\nHost: h\r\n\r\n"

static struct raw_requests table;
static struct http_connection *connection;
static struct writer output;
static bool closed;
static unsigned canaries; /* how often it was served */
static unsigned failures;

static void load(void)
{
    table = raw_requests_load(RAW_REQUESTS);
}

/* As the daemon routes what is no operation. */
static void serve(void)
{
    const struct http_request *request = http_connection_request(connection);
    bool read = slice_equal(request->method, SLICE_LITERAL("GET")) ||
                slice_equal(request->method, SLICE_LITERAL("HEAD"));
    bool found = slice_equal(request->method, SLICE_LITERAL("OPTIONS")) ||
                 (read && slice_equal(request->path, SLICE_LITERAL("/")));
    canaries += slice_equal(request->path, SLICE_LITERAL("/canary"));
    struct http_reply reply = {.status = found ? 200 : 404, .body = SLICE_LITERAL("body")};
    closed |= !http_connection_reply(connection, &reply, 0, REQUEST_ID, &output);
}

static void feed(struct slice bytes)
{
    enum http_event event;
    do {
        size_t consumed;
        event = http_connection_feed(connection, bytes, &consumed, &output);
        bytes = slice_of(bytes.data + consumed, bytes.size - consumed);
        closed |= event == HTTP_BROKEN;
        if (event == HTTP_REQUEST)
            serve();
    } while (event == HTTP_REQUEST);
    ck_assert_uint_eq(bytes.size, 0);
}

/* The status at `at`, which moves behind the reply; 0 at the end. */
static int next_status(const char **at, const char *end, bool bodiless)
{
    int status;
    if (*at == end)
        return 0;
    ck_assert_int_eq(sscanf(*at, "HTTP/1.1 %d ", &status), 1);
    const char *head_end = strstr(*at, "\r\n\r\n");
    ck_assert_ptr_nonnull(head_end);
    const char *length = strstr(*at, "\r\nContent-Length: ");
    size_t size = 0;
    if (!bodiless && length != NULL && length < head_end)
        size = strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
    *at = head_end + 4 + size;
    ck_assert(*at <= end);
    return status;
}

/* Whether the output is what `expected` lists. */
static bool replies_fit(const char *expected)
{
    writer_put_u8(&output, '\0');
    const char *at = (const char *)writer_slice(&output).data;
    const char *end = at + output.size - 1;
    bool waits = false;
    char *words = strdup(expected);
    char *rest = words;
    char *word;
    bool fits = true;
    while (fits && (word = strsep(&rest, " ")) != NULL) {
        waits = strcmp(word, "...") == 0;
        if (waits)
            break;
        bool optional = word[0] == '(';
        const char *before = at;
        int status = next_status(&at, end, strchr(word, '-') != NULL);
        fits = status == atoi(word + optional);
        if (!fits && optional) {
            at = before;
            fits = true;
        }
    }
    free(words);
    bool closes = strchr(expected, '!') != NULL;
    return fits && at == end && closes == closed &&
           waits == (!closed && http_connection_in_request(connection));
}

static void begin(void)
{
    connection = http_connection_new();
    writer_init(&output, 0);
    closed = false;
    canaries = 0;
}

static void end(void)
{
    http_connection_free(connection);
    writer_deinit(&output);
}

static int shown(struct slice bytes)
{
    return bytes.size < SHOWN_MAX ? (int)bytes.size : SHOWN_MAX;
}

/* All rows that fail are told. */
static void check(const struct raw_request *row, const char *how, size_t where)
{
    if (replies_fit(row->replies))
        return;
    failures++;
    fprintf(stderr, "%s %zu: expected %s of\n%.*s\ngot%s\n%s\n\n", how, where, row->replies,
            shown(row->bytes), (const char *)row->bytes.data, closed ? " closed" : "",
            (const char *)writer_slice(&output).data);
}

/* The canary behind it is served exactly if the connection stays, and no request waits for it. */
static void check_canary(const struct raw_request *row)
{
    bool served = strchr(row->replies, '!') == NULL && strstr(row->replies, "...") == NULL;
    struct writer bytes;
    if (strstr(row->replies, "...") != NULL)
        return;
    writer_init(&bytes, row->bytes.size + sizeof(CANARY));
    writer_put_slice(&bytes, row->bytes);
    writer_put_slice(&bytes, SLICE_LITERAL(CANARY CANARY));
    begin();
    feed(writer_slice(&bytes));
    if (canaries != (served ? 2 : 0)) {
        failures++;
        fprintf(stderr, "%u canaries behind %.*s\n", canaries, shown(row->bytes),
                (const char *)row->bytes.data);
    }
    end();
    writer_deinit(&bytes);
}

START_TEST(rows_fed_whole)
{
    load();
    ck_assert_uint_ge(table.count, 60);
    for (size_t i = 0; i < table.count; i++) {
        begin();
        feed(table.rows[i].bytes);
        check(&table.rows[i], "whole", 0);
        end();
        check_canary(&table.rows[i]);
    }
    raw_requests_free(&table);
    ck_assert_uint_eq(failures, 0);
}
END_TEST

START_TEST(rows_fed_byte_by_byte)
{
    load();
    for (size_t i = 0; i < table.count; i++) {
        struct slice bytes = table.rows[i].bytes;
        if (bytes.size > BYTEWISE_MAX)
            continue;
        begin();
        for (size_t at = 0; at < bytes.size; at++)
            feed(slice_of(bytes.data + at, 1));
        check(&table.rows[i], "bytewise", 0);
        end();
    }
    raw_requests_free(&table);
    ck_assert_uint_eq(failures, 0);
}
END_TEST

START_TEST(rows_split_in_two)
{
    load();
    for (size_t i = 0; i < table.count; i++) {
        struct slice bytes = table.rows[i].bytes;
        for (size_t split = 1; bytes.size <= SHORT_MAX && split < bytes.size; split++) {
            begin();
            feed(slice_of(bytes.data, split));
            feed(slice_of(bytes.data + split, bytes.size - split));
            check(&table.rows[i], "split at", split);
            end();
        }
    }
    raw_requests_free(&table);
    ck_assert_uint_eq(failures, 0);
}
END_TEST

static void feed_cut(struct slice bytes, struct prng *prng)
{
    size_t piece_max = bytes.size / 100 > PIECE_MAX ? bytes.size / 100 : PIECE_MAX;
    size_t at = 0;
    while (at < bytes.size) {
        size_t size = 1 + (size_t)prng_below(prng, piece_max);
        if (size > bytes.size - at)
            size = bytes.size - at;
        feed(slice_of(bytes.data + at, size));
        at += size;
    }
}

START_TEST(rows_cut_at_random)
{
    struct prng prng;
    prng_init(&prng, 1);
    load();
    for (size_t i = 0; i < table.count; i++) {
        for (size_t cut = 0; cut < CUTS; cut++) {
            begin();
            feed_cut(table.rows[i].bytes, &prng);
            check(&table.rows[i], "cut", cut);
            end();
        }
    }
    raw_requests_free(&table);
    ck_assert_uint_eq(failures, 0);
}
END_TEST

TEST_MAIN("http_raw", rows_fed_whole, rows_fed_byte_by_byte, rows_split_in_two, rows_cut_at_random)
