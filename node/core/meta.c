#include "meta.h"

#include <stdio.h>

struct slice meta_key_ceiling(struct meta_key *key, uint16_t shard)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "ceiling/%u", shard);
    return slice_of(key->bytes, (size_t)size);
}

struct slice meta_key_peer(struct meta_key *key, const char *name)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "peer/%s", name);
    ensure((size_t)size < sizeof(key->bytes));
    return slice_of(key->bytes, (size_t)size);
}

struct slice meta_key_dropped(struct meta_key *key, uint64_t table_id)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "dropped/%016llx",
                        (unsigned long long)table_id);
    return slice_of(key->bytes, (size_t)size);
}

struct slice meta_key_expiry(struct meta_key *key, uint64_t table_id, uint16_t shard)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "expiry/%016llx/%u",
                        (unsigned long long)table_id, shard);
    return slice_of(key->bytes, (size_t)size);
}

struct slice meta_key_looked(struct meta_key *key, uint32_t partition)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "looked/%u", partition);
    return slice_of(key->bytes, (size_t)size);
}

struct slice meta_key_heard(struct meta_key *key, uint16_t shard, node_id peer)
{
    int size = snprintf((char *)key->bytes, sizeof(key->bytes), "heard/%u/%016llx", shard,
                        (unsigned long long)peer);
    return slice_of(key->bytes, (size_t)size);
}
