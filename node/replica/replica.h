/* replica: serves the registers, ranges, hints and leaf sums that this shard's store holds, to
 * coordinators and peers alike, the own node's included (the paper, 4.5: the N home nodes).
 *
 * One operation per frame asked. A vote goes: latch (per key, spans read and commit) -> read promise
 * and item -> acceptor's verdict -> commit -> reply. No reply before durable. Reads take no latch:
 * the store shows only what is durable. */
#pragma once

#include "acceptor.h"
#include "cartwheel.pb-c.h"
#include "commit_waits.h"
#include "hints.h"
#include "instant.h"
#include "key.h"
#include "list.h"
#include "log.h"
#include "map.h"
#include "members.h"
#include "outbox.h"
#include "recent.h"
#include "store.h"
#include "table_schema.h"
#include "votes.h"
#include "undecided.h"

struct replica;
struct replica_operation;

LIST_STRUCT(replica_operations);

/* What every operation begins with: so that all can be freed when the store will not complete them
 * any more. */
struct replica_work {
    struct list_link link; /* replica->works */
    struct replica *replica;
    struct frame_header asker;
    size_t size; /* bytes of the row that came with it */
    void (*free)(struct replica_work *work);
};

LIST_DEFINE(replica_works, struct replica_work, link)

enum {
    SYSTEM_TABLES = 16, /* table ids below it are the system's own */
    SYSTEM_REPLICAS = 5 /* of fewer members: all */
};

enum {
    WORKS_BYTES_MAX = 128 << 20 /* rows to be written, then VERDICT_BUSY: some twenty groups of
                                   commits are a second's work, and each row is there three times */
};

/* What peers ask sums of, coarse to fine. The numbers travel: they never change. */
enum sums_level {
    SUMS_PARTITION = 1, /* all tables that both sides are home nodes of, together */
    SUMS_TABLES = 2,    /* each of them */
    SUMS_GROUPS = 3,    /* each group of leaves of one table */
    SUMS_LEAVES = 4     /* each leaf of some groups */
};

struct replica_config {
    uint32_t operations_max;    /* at once; then VERDICT_BUSY */
    uint64_t clock_skew_max_us; /* new versions further ahead than twice this are refused */
    uint64_t digest_seed; /* keys the leaf digests, so that no client can craft cancelling items */
};

struct replica {
    struct store *store;
    struct outbox *outbox;
    struct membership *members;
    struct hlc *hlc;
    struct hints *hints;
    struct log_sink *log;
    struct replica_config config;
    struct commit_waits commit_waits;
    struct map latches;              /* hash of key -> struct replica_latch */
    struct replica_operations ready; /* got their latch; run at the end of the door */
    struct replica_works works;      /* being served */
    size_t works_bytes;              /* of the rows that came with them */
    struct map schemas;              /* table id -> struct table_schema, as far as told */
    struct map dropped;              /* table ids that were dropped; the object is the map itself */
    struct map expiry_noted; /* tables that may have entries of expiring items here -> the attribute
                                (struct buffer) that those are of */
    bool expiry_known;       /* those of earlier lives are among them */
    struct undecided undecided;
    struct recent recent;
    uint8_t *closed;    /* per partition: nothing is taken part in, for now */
    bool recovering;    /* this node may have lost its memory: it promises and takes nothing */
    struct votes votes; /* numbers what it promised and took */
};

/* Borrows everything. */
void replica_init(struct replica *replica, const struct replica_config *config, struct store *store,
                  struct outbox *outbox, struct membership *members, struct hlc *hlc,
                  struct hints *hints, struct log_sink *log);
/* Frees what is being served: the store must have stopped. */
void replica_deinit(struct replica *replica);
/* PREPARE, ACCEPT, COMMIT, WRITE, REPAIR, READ, RANGE, HINT, SUMS, KEYS or ACCEPTED. False if malformed. */
bool must_check replica_on_frame(struct replica *replica, const struct frame *frame,
                                 struct arena *arena);
/* To be called at the end of every door: runs what got its latch. */
void replica_run(struct replica *replica);
/* The partition exists and this shard serves it. Latches and clocks are per shard: two shards that
 * served one register would not know of each other's writes. */
bool replica_serves(const struct replica *replica, uint32_t partition);
/* This node is a home node of the item, or to become one; also if its table was not heard of. */
bool replica_is_home(const struct replica *replica, const struct item_key *key);
/* The ring is another one: what was remembered of partitions that have moved may be deleted. */
void replica_on_ring(struct replica *replica);
/* Votes on items of the partition that were begun under an older ring are still under way: what they
 * make is not on the disk yet. */
bool replica_draining(const struct replica *replica, uint32_t partition);
/* From now on nothing of the partition is voted on or told (VERDICT_BUSY), or it is again. */
void replica_close(struct replica *replica, uint32_t partition, bool closed);
/* This node is one of the partition's owners in that epoch of it, or to become one: VERDICT_OK, or
 * VERDICT_REFUSED_EPOCH; whoever assumes another epoch may count on other owners. Or VERDICT_BUSY. */
enum verdict replica_owns(const struct replica *replica, uint32_t partition, uint64_t epoch);
/* Nothing is ready to run. */
bool replica_idle(const struct replica *replica);
/* Tells what a table is like; copies. */
void replica_set_table(struct replica *replica, uint64_t table_id,
                       const struct table_schema *schema);
/* NULL if it was not told. */
const struct table_schema *replica_table(const struct replica *replica, uint64_t table_id);
/* How many home nodes a table wants, as far as it is known; 0 if it is not. */
uint8_t replica_table_replicas(const struct replica *replica, uint64_t table_id);
/* It is known here, was not dropped, and has so many home nodes at least. */
bool replica_table_shared(const struct replica *replica, uint64_t table_id, uint32_t replicas);
/* From now on nothing of the table is taken. */
void replica_drop_table(struct replica *replica, uint64_t table_id);
bool replica_table_dropped(const struct replica *replica, uint64_t table_id);
