/* expiry_key: keys of the entries by which items of a table are found when they expire, as the store
 * sorts them beside those of local secondary indexes (index_key.h), and bounds of their ranges. An
 * entry is its key:
 *
 *   partition (u32), table id (u64), 255 (u8), seconds since 1970 (u64), position (u64), size of the
 *   partition key (u16), partition key, sort key
 *
 * So of a table in a partition, what expires first comes first. The first 13 bytes alone are the key
 * of the head: a row whose value is the attribute that the entries were made of, and that is there
 * only while no entry is missing. */
#pragma once

#include "key.h"

enum { EXPIRY_INDEX = 255 /* far above the number of any local secondary index */ };

struct expiry_key {
    uint64_t seconds;
    struct item_key item; /* borrowed */
};

/* Appends the key of an item's entry. */
void expiry_key_encode(struct writer *writer, const struct item_key *item, uint64_t seconds);
/* Borrows from `encoded`. False, and `key` is empty, if it is no such key. */
bool must_check expiry_key_decode(struct slice encoded, struct expiry_key *key);
/* Appends the key of the head. */
void expiry_head_encode(struct writer *writer, uint32_t partition, uint64_t table_id);

/* The head and all entries. */
void expiry_range_all(struct key_range *range, uint32_t partition, uint64_t table_id);
/* The entries of more than `after` seconds, and of at most `until`, which is not UINT64_MAX. */
void expiry_range_due(struct key_range *range, uint32_t partition, uint64_t table_id,
                      uint64_t after, uint64_t until);
