/* replica_expiry: what a replica does so that items are found when they expire (expiry_entries.h),
 * besides votes: it makes the entry of one item right, and knows where entries may be missing. */
#pragma once

#include "key.h"
#include "replica.h"

/* Makes an item's entry right; embedded in its caller's object. */
struct expiry_check {
    bool suspected; /* the item may have an entry of `seconds` that is not its own */
    uint64_t seconds;
    /* `failed`: the disk could not be read or is full. Not called if the replica is freed before. */
    void (*done)(struct expiry_check *check, bool failed);
};

/* Puts the entry of the item of `key` (copied) and takes out the one suspected, if it is another,
 * under the key's latch. `done` comes later. False, and nothing comes, if the replica is full. */
bool must_check replica_check_expiry(struct replica *replica, struct slice key,
                                     struct expiry_check *check);
/* The part of an item's batch that keeps its entry. Where no entries are kept, but there may be some
 * of a time when they were: notes that they are not complete any more. */
void replica_change_expiry(struct replica *replica, struct store_batch *batch,
                           const struct item_key *key, struct slice before, struct slice after);
/* Items of the table expire, as far as is known here. */
bool replica_expires(const struct replica *replica, uint64_t table_id);
/* There may be entries of the table on the disk, or not any more. */
void replica_set_indexed_expiry(struct replica *replica, uint64_t table_id, bool indexed);
bool replica_indexed_expiry(const struct replica *replica, uint64_t table_id);
/* The same, while it is not known which tables earlier lives made entries of. */
bool replica_may_index_expiry(const struct replica *replica, uint64_t table_id);
