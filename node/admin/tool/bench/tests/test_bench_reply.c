#include "test_main.h"

#include "bench_reply.h"

#include <string.h>

#define ERROR_BODY \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#SlowException\",\"message\":\"x\"}"

static const struct {
    const char *text;
    unsigned status;
    size_t body_size;
    bool keep_alive;
    const char *failure;
} cases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, true, "HTTP 200"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200,
     5, true, "HTTP 200"},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 0\r\n\r\n", 200, 0, false,
     "HTTP 200"},
    {"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", 502, 0, true, "HTTP 502"},
    {"HTTP/1.1 400 Bad\r\nContent-Length: 73\r\n\r\n" ERROR_BODY, 400, 73, true, "SlowException"},
    {"HTTP/1.1 400 Bad\r\nContent-Length: 19\r\n\r\n{\"__type\":\"Plain\"} ", 400, 19, true,
     "Plain"},
    {"HTTP/1.1 400 Bad\r\nContent-Length: 13\r\n\r\n{\"__type\":\"Cu", 400, 13, true, "HTTP 400"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, 1, true,
     "HTTP 200"},
};

static void check_case(size_t at, size_t piece)
{
    struct bench_reply reply;
    bench_reply_init(&reply);
    bench_reply_expect(&reply);
    size_t size = strlen(cases[at].text);
    for (size_t sent = 0; sent < size; sent += piece) {
        ck_assert(!reply.complete);
        size_t length = size - sent < piece ? size - sent : piece;
        ck_assert(bench_reply_feed(&reply, cases[at].text + sent, length));
    }
    ck_assert(reply.complete);
    ck_assert_uint_eq(bench_reply_status(&reply), cases[at].status);
    ck_assert_uint_eq(reply.body_size, cases[at].body_size);
    ck_assert_int_eq(reply.keep_alive, cases[at].keep_alive);
    char name[64];
    bench_reply_failure(&reply, name, sizeof(name));
    ck_assert_str_eq(name, cases[at].failure);
}

START_TEST(test_whole_and_in_pieces)
{
    for (size_t at = 0; at < array_size(cases); at++) {
        check_case(at, 1);
        check_case(at, 7);
        check_case(at, 100000);
    }
}
END_TEST

START_TEST(test_one_after_the_other)
{
    struct bench_reply reply;
    bench_reply_init(&reply);
    for (size_t i = 0; i < 3; i++) {
        bench_reply_expect(&reply);
        ck_assert(bench_reply_feed(&reply, cases[i % 2].text, strlen(cases[i % 2].text)));
        ck_assert(reply.complete);
        ck_assert_uint_eq(reply.body_size, 5);
        ck_assert_int_eq(memcmp(bench_reply_beginning(&reply).data, "hello", 5), 0);
    }
}
END_TEST

START_TEST(test_ended_by_the_connection)
{
    static const char text[] = "HTTP/1.1 200 OK\r\n\r\nhello";
    struct bench_reply reply;
    bench_reply_init(&reply);
    bench_reply_expect(&reply);
    ck_assert(bench_reply_feed(&reply, text, strlen(text)));
    ck_assert(!reply.complete);
    ck_assert(bench_reply_feed(&reply, NULL, 0));
    ck_assert(reply.complete);
    ck_assert(!reply.keep_alive);
}
END_TEST

START_TEST(test_nonsense)
{
    static const char two[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char *const texts[] = {"SSH-2.0-OpenSSH\r\n", two};
    for (size_t i = 0; i < array_size(texts); i++) {
        struct bench_reply reply;
        bench_reply_init(&reply);
        bench_reply_expect(&reply);
        ck_assert(!bench_reply_feed(&reply, texts[i], strlen(texts[i])));
    }
}
END_TEST

TEST_MAIN("bench-reply", test_whole_and_in_pieces, test_one_after_the_other,
          test_ended_by_the_connection, test_nonsense)
