/* index_key: keys of the entries of local secondary indexes, as the store sorts them, and bounds of
 * their ranges. An entry is its key: it says where the item stands in the index and which item it
 * is; what the item holds, the item says.
 *
 *   partition (u32), table id (u64), index (u8), position (u64), size of the partition key (u16),
 *   partition key, index sort key, sort key
 *
 * Header and partition key are those of the item (key.h), so that an index lies beside its items. The
 * index sort key is the attribute's value as it stands in keys, each 0 byte followed by 0xff, and 0
 * and 1 at the end: so one index of one collection is one range in the order of the attribute, and
 * then of the table's own sort key; and one index of a table in a partition is one range in ring
 * order. */
#pragma once

#include "key.h"

struct index_key {
    uint8_t index;
    struct item_key item;  /* of the table; borrowed */
    struct slice position; /* the index sort key as it stands in the encoded key; borrowed */
};

/* Appends the key of an item's entry; `value` is the attribute as key_value_encode() has it. */
void index_key_encode(struct writer *writer, uint8_t index, const struct item_key *item,
                      struct slice value);
/* Borrows from `encoded`. False, and `key` is empty, if it is no such key. */
bool must_check index_key_decode(struct slice encoded, struct index_key *key);

/* All entries of an index at positions from `first` to `last`, both included. */
void index_range_positions(struct key_range *range, uint32_t partition, uint64_t table_id,
                           uint8_t index, uint64_t first, uint64_t last);
/* All entries of the collection of `key`; its sort key does not matter here or below. */
void index_range_collection(struct key_range *range, uint8_t index, const struct item_key *key);
/* Those whose attribute stands in that relation to `bound`, and for SORT_BETWEEN is at most
 * `bound_high` (else unused). The range is empty if from >= to. */
void index_range_sort(struct key_range *range, uint8_t index, const struct item_key *key,
                      enum sort_bound relation, struct slice bound, struct slice bound_high);

/* What lies behind a range of entries: the positions of the items they can be of. `to` may be empty.
 * False if `from` is no bound of such a range. */
struct index_range {
    uint32_t partition;
    uint64_t table_id;
    uint8_t index;
    uint64_t first_position;
    uint64_t last_position;
};
bool must_check index_range_decode(struct slice from, struct slice to, struct index_range *range);
