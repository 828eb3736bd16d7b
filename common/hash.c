#include "hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash64(struct slice bytes)
{
    return XXH3_64bits(bytes.data, bytes.size);
}

uint64_t hash64_id(struct slice bytes)
{
    uint64_t hash = hash64(bytes);
    return hash == 0 ? 1 : hash;
}

struct digest digest_of(struct slice bytes, uint64_t secret_seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data, bytes.size, secret_seed);
    return (struct digest){hash.high64, hash.low64};
}

struct digest digest_add(struct digest a, struct digest b)
{
    struct digest sum = {a.high + b.high, a.low + b.low};
    sum.high += sum.low < a.low;
    return sum;
}

struct digest digest_subtract(struct digest a, struct digest b)
{
    struct digest difference = {a.high - b.high, a.low - b.low};
    difference.high -= a.low < b.low;
    return difference;
}

bool digest_equal(struct digest a, struct digest b)
{
    return a.high == b.high && a.low == b.low;
}
