/* bench_keys: which of the items 0, 1, 2, ... a request asks for: uniform, or YCSB's "zipfian" and
 * "latest". Zipf's numbers are drawn as in Gray et al., "Quickly Generating Billion-Record
 * Synthetic Databases" (1994). */
#pragma once

#include "bench_workload.h"

#define BENCH_ZIPFIAN_THETA 0.99

/* Ranks from 0 on, the lower the likelier. */
struct bench_zipf {
    uint64_t count;
    double theta;
    double zeta; /* the sum of 1 / i^theta, for i from 1 to count */
    double alpha;
    double eta;
};

struct bench_keys {
    enum bench_distribution distribution;
    struct prng *prng;
    struct bench_zipf zipf;
};

/* Takes time proportional to `count`. */
void bench_zipf_init(struct bench_zipf *zipf, uint64_t count, double theta);
/* Takes time proportional to what is added. */
void bench_zipf_grow(struct bench_zipf *zipf, uint64_t count);
uint64_t bench_zipf_draw(const struct bench_zipf *zipf, struct prng *prng);

/* Keeps `prng`; `count` is how many items there are at first. */
void bench_keys_init(struct bench_keys *keys, enum bench_distribution distribution, uint64_t count,
                     struct prng *prng);
/* One of the items 0 to `count` - 1; `count` never falls, and is at least 1. */
uint64_t bench_keys_draw(struct bench_keys *keys, uint64_t count);
