#include "leaf_rows.h"

struct leaf_sum leaf_of_row(struct slice key, const struct row *row, uint64_t seed)
{
    uint64_t origin[] = {__builtin_bswap64(row->origin.hlc), __builtin_bswap64(row->origin.node)};
    return (struct leaf_sum){digest_of(slice_of(origin, sizeof(origin)), hash64(key) ^ seed), 1};
}

void leaf_rows_change(struct store_batch *batch, struct slice key, const struct row *before,
                      const struct row *after, uint64_t seed)
{
    struct item_key item;
    struct leaf_sum delta = {0};
    bool decoded = item_key_decode(key, &item);
    ensure(decoded);
    if (after != NULL)
        delta = leaf_of_row(key, after, seed);
    if (before != NULL)
        delta = leaf_sum_subtract(delta, leaf_of_row(key, before, seed));
    struct leaf_key leaf = {item.partition, item.table_id, leaf_of(key)};
    if (!leaf_sum_empty(delta))
        store_batch_merge(batch, &leaf, delta);
}
