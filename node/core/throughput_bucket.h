/* throughput_bucket: a bucket that fills at a rate and holds what 300 s of it bring, as DynamoDB
 * keeps unused capacity for bursts (Developer Guide, "Burst capacity"). Requests are admitted while
 * there is something in it and charged what they turned out to consume, so it may be in debt: by no
 * more than it holds, so that nothing keeps a table shut for longer. Amounts: throughput.h. */
#pragma once

#include "throughput.h"

#include <stdbool.h>

enum { THROUGHPUT_BURST_S = 300 /* DynamoDB's */ };

struct throughput_bucket {
    uint64_t rate;
    int64_t balance;
    uint64_t filled_us; /* monotonic: what it has brought until then is in the balance */
};

/* Full. The rate is 1..THROUGHPUT_RATE_MAX. */
void throughput_bucket_init(struct throughput_bucket *bucket, uint64_t rate, uint64_t now_us);
/* What a bucket of that rate holds. */
int64_t throughput_capacity(uint64_t rate);
/* What a rate brings in a time, at most its capacity. */
int64_t throughput_earned(uint64_t rate, uint64_t time_us);
/* Takes in what time has brought. */
void throughput_bucket_fill(struct throughput_bucket *bucket, uint64_t now_us);
/* The balance stays, as far as the new rate has room for it. */
void throughput_bucket_set_rate(struct throughput_bucket *bucket, uint64_t rate, uint64_t now_us);
/* It is known to hold no more than that. */
void throughput_bucket_limit(struct throughput_bucket *bucket, int64_t balance_max);
/* Takes out what was consumed, or puts back what was not (negative). */
void throughput_bucket_spend(struct throughput_bucket *bucket, int64_t amount);
/* Takes out up to `wanted` of what is there; nothing, if that is less than half a unit. */
int64_t throughput_bucket_grant(struct throughput_bucket *bucket, int64_t wanted);
bool throughput_bucket_full(const struct throughput_bucket *bucket);
