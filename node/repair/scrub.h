/* scrub: verifies, in the background, that the leaves on the disk are those of the rows (leaf.h): one
 * partition of this shard after another, read as it was at one time, table by table. What differs is
 * logged and mended, by adding the difference: what has changed meanwhile stays right. Then all that
 * is shared with peers is compared.
 *
 *     IDLE ──▶ FIND the next table ──none──▶ IDLE
 *                ▲      └──▶ LEAVES ──▶ ROWS, page by page ──equal──┐
 *                │                          └──▶ MEND ──────────────┤
 *                └──────────────────────────────────────────────────┘
 *
 * A read that fails ends the partition's turn: the store has said so. */
#pragma once

#include "exchange.h"
#include "key.h"
#include "replica.h"
#include "timers.h"

struct scrub_stats {
    uint64_t tables; /* verified, each partition's counted */
    uint64_t leaves; /* mended */
};

struct scrub {
    struct replica *replica;
    struct exchange *exchange;
    struct timers *timers;
    uint16_t shard;
    uint16_t shards;
    uint64_t interval_us;
    uint32_t partition;              /* whose turn it is, or will be */
    uint64_t table_id;               /* at which it is; tables below it are done */
    bool finding;                    /* the first key of a table, and no more, is read */
    bool found;                      /* the table has leaves */
    struct store_snapshot *snapshot; /* NULL: idle */
    struct key_range range;          /* what is left of the table's rows */
    struct store_range read;
    struct store_commit mend;
    struct leaf_sum *sums; /* of each leaf: as kept, less the rows seen */
    void (*next)(struct scrub *scrub);
    struct timer pause; /* then `next` */
    struct scrub_stats stats;
};

/* Borrows all. */
void scrub_init(struct scrub *scrub, struct replica *replica, struct exchange *exchange,
                struct timers *timers, uint16_t shard, uint16_t shards, uint64_t interval_us);
/* The store completes nothing any more; before the replica's end. */
void scrub_deinit(struct scrub *scrub);
/* Begins at the partition that `first` stands for. */
void scrub_start(struct scrub *scrub, uint64_t first);
