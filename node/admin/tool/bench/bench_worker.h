/* bench_worker: one thread's connections, driven by epoll: sends what is due, times the answers. */
#pragma once

#include "bench_connection.h"
#include "bench_maker.h"
#include "bench_pace.h"
#include "bench_result.h"

/* What others may look at while it runs. Written by the worker alone, but for `slowest_us`, which
 * a reader may set back to 0. */
struct bench_gauge {
    _Atomic uint64_t done;
    _Atomic uint64_t failed;
    _Atomic uint64_t sum_us;
    _Atomic uint64_t slowest_us;
};

struct bench_task {
    const struct bench_order *order;
    const struct bench_address *addresses; /* of the order's targets */
    atomic_bool *stop;                     /* set: take no more requests */
    unsigned thread;
    size_t connections;
    struct bench_pace pace;
};

/* Works until the pace is at its end and everything is answered or given up. Borrows `task`. */
void bench_worker_run(const struct bench_task *task, struct bench_gauge *gauge,
                      struct bench_result *result);
/* CLOCK_MONOTONIC. */
uint64_t bench_now_us(void);
