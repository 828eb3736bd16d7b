/* leaf: the leaves of the hash tree of one table in one partition, as the store keeps them
 * (anti-entropy; the paper, 4.7). A leaf is a sum over its rows that does not depend on their order,
 * so a row's change is one delta, and deltas may be added in any order.
 *
 *   key     partition (u32), table id (u64), leaf (u16)
 *   value   sum of the rows' digests modulo 2^128 (16 bytes), how many rows (i64)
 *
 * Integers are big-endian. */
#pragma once

#include "bytes.h"
#include "hash.h"

enum {
    TABLE_LEAVES = 4096, /* a leaf of a million rows has 244: what one difference has listed */
    LEAF_GROUPS = 64,    /* what one difference costs: the sums of 64 groups, then of 64 leaves */
    GROUP_LEAVES = TABLE_LEAVES / LEAF_GROUPS,
    LEAF_KEY_SIZE = 4 + 8 + 2,
    LEAF_SUM_SIZE = 16 + 8,
    DIGEST_SIZE = 16
};

struct leaf_key {
    uint32_t partition;
    uint64_t table_id;
    uint16_t leaf; /* below TABLE_LEAVES */
};

/* A leaf's value, or what is to be added to it. */
struct leaf_sum {
    struct digest digest;
    int64_t rows;
};

/* Some of a table's leaves. */
struct leaf_set {
    uint64_t groups;              /* bit i: some of group i, which begins at leaf 64 i */
    uint64_t leaves[LEAF_GROUPS]; /* of each group */
};

static inline bool leaf_set_has(const struct leaf_set *set, uint16_t leaf)
{
    return (set->leaves[leaf / GROUP_LEAVES] >> (leaf % GROUP_LEAVES) & 1) != 0;
}

/* The leaf that an item's row counts in. */
uint16_t leaf_of(struct slice item_key);
void leaf_key_encode(const struct leaf_key *key, uint8_t bytes[LEAF_KEY_SIZE]);
/* False if it is not of that size, or the leaf not below TABLE_LEAVES. */
bool must_check leaf_key_decode(struct slice bytes, struct leaf_key *key);

struct leaf_sum leaf_sum_add(struct leaf_sum a, struct leaf_sum b);
struct leaf_sum leaf_sum_subtract(struct leaf_sum a, struct leaf_sum b);
bool leaf_sum_equal(struct leaf_sum a, struct leaf_sum b);
/* Neither digest nor rows: as good as none. */
bool leaf_sum_empty(struct leaf_sum sum);
void leaf_sum_encode(struct leaf_sum sum, uint8_t bytes[LEAF_SUM_SIZE]);
/* False unless it is of that size. */
bool must_check leaf_sum_decode(struct slice bytes, struct leaf_sum *sum);

void writer_put_digest(struct writer *writer, struct digest digest);
struct digest reader_get_digest(struct reader *reader);
