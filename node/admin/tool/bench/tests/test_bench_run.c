#include "test_main.h"

#include "bench_run.h"
#include "crypto.h"
#include "fake_server.h"

#include <string.h>

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static void run(const struct bench_address *address, struct bench_options *options,
                struct bench_result *result)
{
    static const struct endpoint target = {.authority = "fake:1"};
    _Atomic uint64_t items = options->keys;
    atomic_bool stop = false;
    struct bench_run run = {
        .order = {.options = options,
                  .targets = &target,
                  .targets_count = 1,
                  .crypto = crypto_openssl(),
                  .credentials = {"any", "any"},
                  .region = "us-east-1",
                  .items = &items},
        .addresses = address,
        .stop = &stop,
    };
    bench_run(&run, result);
}

static struct bench_options options_of(const char *workload)
{
    return (struct bench_options){
        .workload = bench_workload_find(workload),
        .table = "T",
        .path = "/",
        .connections = 8,
        .threads = 1,
        .seconds = 1,
        .timeout_seconds = 5,
        .keys = 100,
        .fields = 1,
        .field_size = 10,
        .collection = 1,
        .limit = 1,
        .batch = 1,
    };
}

START_TEST(test_so_many_requests)
{
    struct fake_server server = {.reply = GOOD};
    fake_server_start(&server);
    struct bench_options options = options_of("get");
    options.requests = 1001;
    options.threads = 3;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    ck_assert_uint_eq(server.requests, 1001);
    ck_assert_uint_eq(result->done, 1001);
    ck_assert_uint_eq(result->absent, 1001);
    ck_assert_uint_eq(result->failed, 0);
    ck_assert_uint_eq(result->latencies[BENCH_GET].count, 1001);
    free(result);
}
END_TEST

START_TEST(test_server_that_closes)
{
    struct fake_server server = {
        .reply = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", .closes = true};
    fake_server_start(&server);
    struct bench_options options = options_of("http");
    options.requests = 50;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    ck_assert_uint_eq(result->done, 50);
    ck_assert_uint_eq(result->failed, 0);
    free(result);
}
END_TEST

/* The two steps of one read-modify-write are one operation. */
START_TEST(test_two_steps_count_as_one)
{
    struct fake_server server = {.reply = GOOD};
    fake_server_start(&server);
    struct bench_options options = options_of("f");
    options.requests = 400;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    uint64_t modified = result->latencies[BENCH_READ_MODIFY_WRITE].count;
    ck_assert_uint_eq(result->done, 400);
    ck_assert_uint_gt(modified, 100);
    ck_assert_uint_eq(server.requests, 400 + modified);
    free(result);
}
END_TEST

/* A stall of half a second holds up a quarter of two seconds' requests, and the percentiles say so:
 * though all but eight of them were not even sent while it lasted. */
START_TEST(test_open_loop_shows_a_stall)
{
    struct fake_server server = {.reply = GOOD, .stall_at_requests = 200, .stall_us = 500000};
    fake_server_start(&server);
    struct bench_options options = options_of("get");
    options.rate = 400;
    options.seconds = 2;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    const struct histogram *latencies = &result->latencies[BENCH_GET];
    ck_assert_uint_eq(result->done, 800);
    ck_assert_uint_ge(latencies->max, 490000);
    ck_assert_uint_ge(histogram_percentile(latencies, 99), 450000);
    ck_assert_uint_ge(histogram_percentile(latencies, 90), 200000);
    ck_assert_uint_lt(histogram_percentile(latencies, 50), 100000);
    free(result);
}
END_TEST

/* What is never answered is a failure, and slow. */
START_TEST(test_open_loop_without_answers)
{
    struct fake_server server = {.reply = GOOD, .stall_at_requests = 1, .stall_us = 3000000};
    fake_server_start(&server);
    struct bench_options options = options_of("get");
    options.rate = 100;
    options.timeout_seconds = 1;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    ck_assert_uint_gt(result->failed, 0);
    ck_assert_uint_eq(result->done + result->failed, 100);
    ck_assert_uint_ge(histogram_percentile(&result->latencies[BENCH_GET], 50), 900000);
    free(result);
}
END_TEST

START_TEST(test_failures_by_type)
{
    struct fake_server server = {.reply = "HTTP/1.1 400 Bad Request\r\nContent-Length: 33\r\n\r\n"
                                          "{\"__type\":\"x#ThrottlingMischief\"}"};
    fake_server_start(&server);
    struct bench_options options = options_of("get");
    options.requests = 10;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    ck_assert_uint_eq(result->done, 0);
    ck_assert_uint_eq(result->failed, 10);
    ck_assert_uint_eq(result->failures_count, 1);
    ck_assert_str_eq(result->failures[0].name, "ThrottlingMischief");
    ck_assert_uint_eq(result->latencies[BENCH_GET].count, 0);
    free(result);
}
END_TEST

/* What DynamoDB did not write it says in an answer of status 200. */
START_TEST(test_unprocessed)
{
    struct fake_server server = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n"
                                          "{\"UnprocessedItems\":{\"T\":[]}}"};
    fake_server_start(&server);
    struct bench_options options = options_of("batch-write");
    options.requests = 5;
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    fake_server_stop(&server);
    ck_assert_uint_eq(result->failed, 5);
    ck_assert_str_eq(result->failures[0].name, "UnprocessedItems");
    free(result);
}
END_TEST

START_TEST(test_nobody_listens)
{
    struct fake_server server = {.reply = GOOD};
    fake_server_start(&server);
    fake_server_stop(&server);
    struct bench_options options = options_of("get");
    struct bench_result *result = malloc(sizeof(*result));
    run(&server.address, &options, result);
    ck_assert_uint_eq(result->done, 0);
    ck_assert_uint_gt(result->failed, 0);
    ck_assert_str_eq(result->failures[0].name, "connect: Connection refused");
    free(result);
}
END_TEST

START_TEST(test_many_failures)
{
    struct bench_result *result = malloc(sizeof(*result));
    bench_result_init(result);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "failure %d", i);
        bench_result_fail(result, name, 2);
    }
    ck_assert_uint_eq(result->failed, 200);
    ck_assert_uint_eq(result->failures_count, BENCH_FAILURES_MAX);
    ck_assert_str_eq(result->failures[BENCH_FAILURES_MAX - 1].name, "other");
    free(result);
}
END_TEST

TEST_MAIN("bench-run", test_so_many_requests, test_server_that_closes, test_two_steps_count_as_one,
          test_open_loop_shows_a_stall, test_open_loop_without_answers, test_failures_by_type,
          test_unprocessed, test_nobody_listens, test_many_failures)
