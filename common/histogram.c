#include "histogram.h"

#include <string.h>

#include "ensure.h"

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

/* Bits that a value loses in its bucket. */
static unsigned shift_of(uint64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return bits > HISTOGRAM_LINEAR_BITS + 1 ? bits - HISTOGRAM_LINEAR_BITS - 1 : 0;
}

static size_t bucket_of(uint64_t value)
{
    if (value >> HISTOGRAM_VALUE_BITS != 0)
        return HISTOGRAM_BUCKETS - 1;
    unsigned shift = shift_of(value);
    return ((size_t)shift << HISTOGRAM_LINEAR_BITS) + (size_t)(value >> shift);
}

static uint64_t middle_of(size_t bucket)
{
    if (bucket >> HISTOGRAM_LINEAR_BITS <= 1)
        return bucket;
    size_t shift = (bucket >> HISTOGRAM_LINEAR_BITS) - 1;
    uint64_t first = (uint64_t)(bucket - (shift << HISTOGRAM_LINEAR_BITS)) << shift;
    return first + (UINT64_C(1) << shift) / 2;
}

void histogram_record(struct histogram *histogram, uint64_t value_us)
{
    histogram->count++;
    histogram->sum += value_us;
    histogram->buckets[bucket_of(value_us)]++;
    if (value_us > histogram->max)
        histogram->max = value_us;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    into->sum += from->sum;
    if (from->max > into->max)
        into->max = from->max;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    ensure(percent >= 0);
    ensure(percent <= 100);
    /* The addition makes up for percentages that binary fractions miss, as 99.9. */
    uint64_t allowed_above = (uint64_t)((double)histogram->count * (100 - percent) / 100 + 1e-6);
    if (allowed_above >= histogram->count)
        allowed_above = histogram->count - (histogram->count > 0);
    uint64_t above = 0;
    for (size_t i = HISTOGRAM_BUCKETS; i-- > 0;) {
        above += histogram->buckets[i];
        if (above <= allowed_above || histogram->buckets[i] == 0)
            continue;
        if (allowed_above == 0 || i == HISTOGRAM_BUCKETS - 1)
            return histogram->max;
        uint64_t middle = middle_of(i);
        return middle < histogram->max ? middle : histogram->max;
    }
    return 0;
}

uint64_t histogram_mean(const struct histogram *histogram)
{
    return histogram->count == 0 ? 0 : histogram->sum / histogram->count;
}
