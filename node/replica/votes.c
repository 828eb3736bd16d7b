#include "votes.h"

#include <stdio.h>

void votes_init(struct votes *votes, uint16_t shard, uint64_t durable)
{
    *votes = (struct votes){shard, durable, durable};
}

uint64_t votes_put(struct votes *votes, struct store_batch *batch)
{
    struct votes_key key;
    uint64_t number = ++votes->issued;
    uint64_t big_endian = __builtin_bswap64(number);
    store_batch_put(batch, STORE_META, votes_key(&key, votes->shard),
                    slice_of(&big_endian, sizeof(big_endian)));
    return number;
}

void votes_durable(struct votes *votes, uint64_t number)
{
    ensure(number <= votes->issued);
    if (number > votes->durable)
        votes->durable = number;
}

void votes_skip(struct votes *votes, uint64_t number)
{
    votes->issued = number > votes->issued ? number : votes->issued;
    votes->durable = number > votes->durable ? number : votes->durable;
}

struct slice votes_key(struct votes_key *key, uint16_t shard)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "votes/%u", shard);
    ensure((size_t)size < sizeof(key->bytes));
    return slice_of(key->bytes, (size_t)size);
}
