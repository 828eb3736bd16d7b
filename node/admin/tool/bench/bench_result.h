/* bench_result: what was measured: latencies by operation, failures by type. */
#pragma once

#include "bench_workload.h"
#include "histogram.h"

#include <stddef.h>

enum {
    BENCH_FAILURES_MAX = 24, /* different ones; what comes on top counts as "other" */
    BENCH_FAILURE_SIZE = 64
};

struct bench_failure {
    char name[BENCH_FAILURE_SIZE]; /* "ThrottlingException", "timeout" */
    uint64_t count;
};

struct bench_result {
    /* Of the requests that were answered well, and of those that nobody answered in time: an
     * answer that is not there is a slow one. */
    struct histogram latencies[BENCH_OPERATIONS];
    uint64_t done;   /* answered well */
    uint64_t failed; /* the sum of `failures` */
    uint64_t absent; /* of those done: gets that found no item */
    struct bench_failure failures[BENCH_FAILURES_MAX];
    size_t failures_count;
    uint64_t begin_us; /* monotonic: when measuring began, after the warm-up */
    uint64_t end_us;   /* when it ended, or the last answer came */
};

void bench_result_init(struct bench_result *result);
void bench_result_fail(struct bench_result *result, const char *name, uint64_t count);
/* Adds all of `from`; the times are the earliest begin and the latest end. */
void bench_result_merge(struct bench_result *into, const struct bench_result *from);
/* Requests answered well, a second. */
double bench_result_rate(const struct bench_result *result);
