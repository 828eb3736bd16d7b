/* histogram: latencies in fixed memory, log-linear buckets as in Tene's HdrHistogram: each power of
 * two is cut into equal buckets, so a value is known to about two significant digits. */
#pragma once

#include <stdint.h>

enum {
    HISTOGRAM_LINEAR_BITS = 6, /* 64 buckets per power of two: within 0.8 % of the true value */
    HISTOGRAM_VALUE_BITS = 36, /* 19 hours in microseconds; what is longer counts as that */
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_LINEAR_BITS + 1) << HISTOGRAM_LINEAR_BITS
};

struct histogram {
    uint64_t count;
    uint64_t sum;                        /* of the exact values, for the mean */
    uint64_t max;                        /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS]; /* values in each */
};

void histogram_init(struct histogram *histogram);
void histogram_record(struct histogram *histogram, uint64_t value_us);
/* Adds all of `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The value that `percent` (0 to 100) of the recorded ones do not exceed; 0 when empty. At 100 the
 * exact maximum. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);
/* 0 when empty. */
uint64_t histogram_mean(const struct histogram *histogram);
