/* bench_pace: when requests are due, and which of them count. In an open loop they are due at a
 * fixed rate whatever the server does, and a request that had to wait for a free connection is as
 * old as its due time: a server that stalls cannot hide it by asking less of itself ("coordinated
 * omission", Tene). Pure: time is passed in. */
#pragma once

#include "ensure.h"

#include <stdbool.h>
#include <stdint.h>

struct bench_pace {
    double interval_us; /* between two requests; 0: closed loop, always due */
    uint64_t start_us;  /* the first is due */
    uint64_t begin_us;  /* those due from here on count: the end of the warm-up */
    uint64_t end_us;    /* none is due from here on */
    uint64_t requests;  /* none is due after so many that count; 0: no such end */
    uint64_t taken;
    uint64_t counted; /* of those taken */
};

/* Times are monotonic; `rate` is in requests a second, 0 for a closed loop. */
void bench_pace_init(struct bench_pace *pace, double rate, uint64_t start_us, uint64_t warmup_us,
                     uint64_t duration_us, uint64_t requests);
/* When the next is due: UINT64_MAX after the last. In a closed loop that is `now_us`. */
uint64_t bench_pace_next(const struct bench_pace *pace, uint64_t now_us);
/* Takes the next, which is due: returns when it was. */
uint64_t bench_pace_take(struct bench_pace *pace, uint64_t now_us);
/* Whether a request due then counts. */
bool bench_pace_counts(const struct bench_pace *pace, uint64_t due_us);
