/* key: item keys as the store sorts them, and bounds of their ranges.
 *
 *   partition (u32), table id (u64), position (u64), size of the partition key (u16),
 *   partition key, sort key
 *
 * Integers are big-endian. So one partition of one table is one range in ring order, and one item
 * collection is one range in the order of its sort keys. Key values are the bytes of S and B and
 * the decimal encoding of N, which sort as DynamoDB says. */
#pragma once

#include "bytes.h"
#include "item.h"

enum {
    ITEM_KEY_HEADER_SIZE = 4 + 8 + 8 + 2,
    ITEM_KEY_SIZE_MAX = 128 * 1024 /* far above the API's limits: bounds what a peer may send */
};

struct item_key {
    uint32_t partition;
    uint64_t table_id;
    uint64_t position;          /* on the ring: hash64 of partition_key */
    struct slice partition_key; /* at most 65,535 bytes; borrowed */
    struct slice sort_key;      /* empty in a table without sort keys; borrowed */
};

/* Appends an attribute value as it stands in keys. False, and nothing is written, unless it is a
 * string, number or binary. */
bool must_check key_value_encode(struct slice value, struct writer *writer);
/* Appends the attribute value of `type` that `bytes` stand for. False, and nothing is written, if
 * they are no such value. */
bool must_check key_value_decode(enum value_type type, struct slice bytes, struct writer *writer);

/* Fills in position and partition for a ring of `partitions` arcs; borrows the keys. */
struct item_key item_key_of(uint64_t table_id, struct slice partition_key, struct slice sort_key,
                            uint32_t partitions);
void item_key_encode(struct writer *writer, const struct item_key *key);
/* Borrows from `encoded`. False, and `key` is empty, if it is cut short or longer than
 * ITEM_KEY_SIZE_MAX; any rest is a sort key. */
bool must_check item_key_decode(struct slice encoded, struct item_key *key);

/* Appends the smallest byte string above all that begin with `prefix`; nothing if there is none,
 * which as the end of a range means "to the end". */
void bytes_successor(struct slice prefix, struct writer *writer);

/* Whether an encoded key is in the range from `from` to before `to`; an empty `to` means "to the
 * end". */
static inline bool key_in_range(struct slice key, struct slice from, struct slice to)
{
    return slice_compare(key, from) >= 0 && (to.size == 0 || slice_compare(key, to) < 0);
}

/* <0 if `a` comes before `b` in a walk over encoded keys, >0 if after it. */
static inline int key_walk_compare(bool reverse, struct slice a, struct slice b)
{
    return reverse ? slice_compare(b, a) : slice_compare(a, b);
}

/* Bounds for struct store_range: `from` is the first key in the range, `to` the first past it. The
 * writers are reset first. */
struct key_range {
    struct writer from;
    struct writer to;
};

void key_range_init(struct key_range *range);
void key_range_deinit(struct key_range *range);
/* All items of a table in a partition. */
void key_range_table(struct key_range *range, uint32_t partition, uint64_t table_id);
/* Those at `position` and after. */
void key_range_table_from(struct key_range *range, uint32_t partition, uint64_t table_id,
                          uint64_t position);
/* Those at positions from `first` to `last`, both included. */
void key_range_positions(struct key_range *range, uint32_t partition, uint64_t table_id,
                         uint64_t first, uint64_t last);
/* All items with the partition key of `key`; its sort key does not matter here or below. */
void key_range_collection(struct key_range *range, const struct item_key *key);

enum sort_bound {
    SORT_EQUAL,
    SORT_LESS,
    SORT_LESS_OR_EQUAL,
    SORT_GREATER,
    SORT_GREATER_OR_EQUAL,
    SORT_BETWEEN,    /* both ends included */
    SORT_BEGINS_WITH /* makes sense for strings and binaries only */
};

/* The items of the collection whose sort key stands in that relation to `bound`, and for
 * SORT_BETWEEN is at most `bound_high` (else unused). The range is empty if from >= to. */
void key_range_sort(struct key_range *range, const struct item_key *key, enum sort_bound relation,
                    struct slice bound, struct slice bound_high);
/* Begins the range behind an encoded key, the last of a page. */
void key_range_go_on(struct key_range *range, struct slice encoded);
/* Narrows the range to keys after `key`: to go on where a page ended. */
void key_range_after(struct key_range *range, const struct item_key *key);
/* Narrows the range to keys before `key`: to go on backwards. */
void key_range_before(struct key_range *range, const struct item_key *key);
