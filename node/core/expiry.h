/* expiry: deletes items that have expired. Of each partition the first home node that can be reached
 * looks in turn at the entries that are due (expiry_index.h), and asks for an ordinary conditional
 * delete of each item: the condition, on the newest state that a majority holds, is that the item has
 * expired. An entry whose item has not is looked at on its own disk, and removed if it is stale.
 *
 * What expired more than five years ago stays (Amazon DynamoDB Developer Guide, "Using time to
 * live"). What fails is tried again in the next round. */
#pragma once

#include "coordinator.h"
#include "replica_expiry.h"

enum {
    DELETIONS_MAX = 64, /* at once, and in each tick of 100 ms: clients come first */
    EXPIRY_YEARS_SECONDS = 5 * 365 * 86400
};

struct deletion;
LIST_STRUCT(deletions);

struct expiry_stats {
    uint64_t deleted;
    uint64_t spared; /* the item had not expired */
    uint64_t failed; /* not deleted for certain; or its entry could not be looked at */
};

struct expiry {
    struct coordinator *coordinator;
    struct replica *replica;
    struct timers *timers;
    const struct evaluator *evaluator; /* NULL: nothing is deleted */
    uint16_t shard;
    uint16_t shards;
    struct timer tick;
    uint64_t round_at_us; /* the next one begins not before */
    uint64_t *tables;     /* of this round, and what there is room for */
    size_t tables_count;
    size_t tables_capacity;
    size_t table;         /* the one it is at; tables_count: the round is over */
    uint32_t partition;   /* at which it is */
    bool going_on;        /* `range` is what is left of the partition */
    uint32_t places_left; /* of this tick: partitions of tables */
    uint32_t places_each; /* in each tick of this round */
    uint32_t deletions_left;
    bool reading;
    struct key_range range;
    struct store_range page;
    struct deletions open;
    struct expiry_stats stats;
};

/* Borrows all. */
void expiry_init(struct expiry *expiry, struct coordinator *coordinator, uint16_t shard,
                 uint16_t shards);
/* Coordinator and replica are gone, and the store completes nothing any more. */
void expiry_deinit(struct expiry *expiry);
void expiry_start(struct expiry *expiry);
