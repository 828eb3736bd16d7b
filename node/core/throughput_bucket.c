#include "throughput_bucket.h"

#include "ensure.h"

static int64_t clamp(int64_t amount, int64_t least, int64_t most)
{
    if (amount < least)
        return least;
    return amount < most ? amount : most;
}

int64_t throughput_capacity(uint64_t rate)
{
    ensure(rate > 0);
    ensure(rate <= THROUGHPUT_RATE_MAX);
    return (int64_t)(rate * THROUGHPUT_BURST_S * THROUGHPUT_HALF);
}

int64_t throughput_earned(uint64_t rate, uint64_t time_us)
{
    uint64_t burst_us = THROUGHPUT_BURST_S * UINT64_C(1000000);
    return time_us < burst_us ? (int64_t)(rate * time_us) : throughput_capacity(rate);
}

void throughput_bucket_init(struct throughput_bucket *bucket, uint64_t rate, uint64_t now_us)
{
    *bucket = (struct throughput_bucket){rate, throughput_capacity(rate), now_us};
}

/* All amounts are at most THROUGHPUT_RATE_MAX * 300 s, a thirtieth of what 63 bits hold. */
static void add(struct throughput_bucket *bucket, int64_t amount)
{
    int64_t capacity = throughput_capacity(bucket->rate);
    bucket->balance = clamp(bucket->balance + amount, -capacity, capacity);
}

void throughput_bucket_fill(struct throughput_bucket *bucket, uint64_t now_us)
{
    if (now_us <= bucket->filled_us)
        return;
    add(bucket, throughput_earned(bucket->rate, now_us - bucket->filled_us));
    bucket->filled_us = now_us;
}

void throughput_bucket_set_rate(struct throughput_bucket *bucket, uint64_t rate, uint64_t now_us)
{
    throughput_bucket_fill(bucket, now_us);
    bucket->rate = rate;
    add(bucket, 0);
}

void throughput_bucket_limit(struct throughput_bucket *bucket, int64_t balance_max)
{
    if (bucket->balance > balance_max)
        bucket->balance = balance_max;
    add(bucket, 0);
}

void throughput_bucket_spend(struct throughput_bucket *bucket, int64_t amount)
{
    add(bucket, -amount);
}

int64_t throughput_bucket_grant(struct throughput_bucket *bucket, int64_t wanted)
{
    if (bucket->balance < (int64_t)THROUGHPUT_HALF)
        return 0;
    int64_t granted = clamp(wanted, 0, bucket->balance);
    bucket->balance -= granted;
    return granted;
}

bool throughput_bucket_full(const struct throughput_bucket *bucket)
{
    return bucket->balance >= throughput_capacity(bucket->rate);
}
