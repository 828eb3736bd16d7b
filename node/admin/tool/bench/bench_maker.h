/* bench_maker: makes the requests of one thread: draws operation and keys, fills the templates in,
 * signs. Allocates nothing once it is there. */
#pragma once

#include "bench_head.h"
#include "bench_keys.h"
#include "bench_template.h"

#include <stdatomic.h>

enum { BENCH_TARGETS_MAX = 16 };

/* What all threads make requests of; borrowed. */
struct bench_order {
    const struct bench_options *options;
    const struct endpoint *targets;
    size_t targets_count;
    const struct crypto *crypto;
    struct credentials credentials;
    const char *region;
    _Atomic uint64_t *items; /* how many there are: the next new key */
};

struct bench_request {
    enum bench_operation operation; /* that counts */
    uint64_t key;                   /* the first of its keys */
    struct slice bytes;             /* in the maker, until its next request */
};

struct bench_maker {
    const struct bench_order *order;
    struct prng prng;
    struct bench_keys keys;
    struct bench_pool pool;
    struct bench_signer signer;
    struct bench_template templates[BENCH_OPERATIONS];
    bool used[BENCH_OPERATIONS]; /* the workload has it, or a step of it */
    struct bench_head *heads;    /* BENCH_OPERATIONS per target */
    char *buffer;
    uint64_t drawn[BENCH_BATCH_MAX];
};

/* Stays where it is. `thread` tells the threads' random numbers apart. */
void bench_maker_init(struct bench_maker *maker, const struct bench_order *order, unsigned thread,
                      uint64_t wall_us);
void bench_maker_deinit(struct bench_maker *maker);
/* To be called more often than once a second: signatures carry the time. */
void bench_maker_tick(struct bench_maker *maker, uint64_t wall_us);
/* Draws the next request, to the target of that index. */
struct bench_request bench_maker_next(struct bench_maker *maker, size_t target);
/* The second step of BENCH_READ_MODIFY_WRITE. */
struct bench_request bench_maker_modify(struct bench_maker *maker, size_t target, uint64_t key);
