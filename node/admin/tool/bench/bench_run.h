/* bench_run: a whole run: threads, progress, and their results put together. */
#pragma once

#include "bench_worker.h"

#include <stdio.h>

struct bench_run {
    struct bench_order order;
    const struct bench_address *addresses; /* of the order's targets */
    atomic_bool *stop;
    FILE *progress; /* a line a second; NULL: none */
};

/* Runs the order's workload with its options. Overwrites `result`. */
void bench_run(const struct bench_run *run, struct bench_result *result);
