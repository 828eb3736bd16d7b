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
/* The part of an item's batch that keeps its entry: of the attribute that the table was told with,
 * and until it is told, of the one noted. If heads may be there of a time when another was kept, or
 * none, notes that entries are not complete any more. */
void replica_change_expiry(struct replica *replica, struct store_batch *batch,
                           const struct item_key *key, struct slice before, struct slice after);
/* The table was told, and its items expire. */
bool replica_expires(const struct replica *replica, uint64_t table_id);

/* There may be entries and heads of that attribute on the disk from now on; empty: of any. Copies
 * it. */
void replica_note_expiry(struct replica *replica, uint64_t table_id, struct slice attribute);
/* There are none of the table. */
void replica_forget_expiry(struct replica *replica, uint64_t table_id);
bool replica_expiry_noted(const struct replica *replica, uint64_t table_id);
/* Empty also if nothing is noted. */
struct slice replica_noted_expiry(const struct replica *replica, uint64_t table_id);
/* To be called when the replica ends. */
void replica_forget_all_expiry(struct replica *replica);
