/* exchange: makes two home replicas of a partition equal (anti-entropy; the paper, 4.7): sums of
 * the partition first, of its tables, of groups of leaves, of leaves, then the keys of leaves that
 * differ, then only the rows that differ, newest ballot winning. One partition at a time; each step
 * asks both sides.
 *
 *     IDLE ──▶ SUMS of the partition ──equal──▶ IDLE
 *                 └──▶ of its tables ──▶ each table that differs: ──none left──▶ IDLE
 *                                         └──▶ of groups ──▶ of leaves ──▶ KEYS, page by page ──▶ COPY
 *
 * Which partitions: after a link came up all that are shared with that peer, by the member that
 * comes first in the configuration; besides, one partition with one peer in turn, at a slow pace.
 */
#pragma once

#include "caller.h"
#include "exchange_wish.h"
#include "leaf.h"
#include "pace.h"
#include "prng.h"
#include "replica.h"
#include "timers.h"

struct exchange_stats {
    uint64_t sessions; /* finished */
    uint64_t aborted;  /* a side did not answer; will be tried again */
    uint64_t items;    /* copied one way or the other */
    uint64_t bytes;    /* of frames to and from peers */
    uint64_t leaves;   /* compared one by one */
    uint64_t rows;     /* whose keys and ballots were compared */
};

struct copy;
struct exchange;

/* What one side said in the step under way. */
struct side_answer {
    struct call call;
    struct exchange *exchange;
    int side;               /* 0: here, 1: the peer */
    struct buffer *payload; /* sums, or a page of keys; NULL: not answered yet */
    bool more;              /* KEYS: it is not the last page */
    struct buffer *covered; /* KEYS */
};

struct differing_table {
    uint64_t id;
    bool few; /* rows on both sides: not worth the sums of its leaves */
};

struct exchange {
    struct caller *caller;
    struct timers *timers;
    struct prng *prng;
    uint16_t shard;
    uint16_t shards;
    uint64_t interval_us;
    uint64_t attempt_timeout_us;
    uint32_t *wanted;       /* per member: partitions still to be compared; counts down to 0 */
    bool *again;            /* per member: some of them could not be, and will be tried again */
    uint64_t again_at_us;   /* not before that */
    size_t next_peer;       /* whose turn it is */
    uint32_t rolling;       /* the slow pace's next partition */
    struct timer tick;      /* starts sessions */
    uint64_t rolling_at_us; /* when the slow pace moves on */
    struct exchange_wishes wishes; /* come before all others */
    struct exchange_wish *wish;    /* the session under way is for it; NULL: for nobody */
    bool busy;
    size_t peer; /* index of the other side */
    uint32_t partition;
    uint32_t replicas;          /* least N of a table that both sides are home nodes of */
    struct timer timeout;       /* of the session's current step */
    struct side_answer side[2]; /* 0: here, 1: the peer */
    enum sums_level level;      /* SUMS: of what */
    struct differing_table *tables;
    size_t tables_count;
    size_t tables_next;     /* the one before it is being compared */
    struct leaf_set leaves; /* of that table, as far as they are known to differ; none: all may */
    struct buffer *after;   /* keys up to here are done */
    struct copy *copies;    /* of the page under way */
    size_t copies_count;
    size_t copies_next; /* first one not yet begun */
    size_t copies_out;
    struct pace pace; /* of copies */
    bool failed;      /* a copy did not work out: the session counts as aborted */
    struct exchange_stats stats;
};

/* Borrows all. */
void exchange_init(struct exchange *exchange, struct caller *caller, struct timers *timers,
                   struct prng *prng, uint16_t shard, uint16_t shards, uint64_t interval_us,
                   uint64_t attempt_timeout_us);
void exchange_deinit(struct exchange *exchange);
void exchange_start(struct exchange *exchange);
/* A peer can be reached again: compare everything that is shared with it. */
void exchange_on_reconnection(struct exchange *exchange, size_t member);
/* The member was removed: what is under way with it ends, and is not tried again. */
void exchange_on_removal(struct exchange *exchange, size_t member);
/* Compares everything that is shared with anybody who can be reached, now. */
void exchange_want_all(struct exchange *exchange);
/* Comparisons of a partition with a peer that are still to be made, but for the slow pace's. At most:
 * some of the partitions may not be shared. */
uint64_t exchange_left(const struct exchange *exchange);
/* Compares a partition with a peer, soon; the wish is the exchange's until it is done. */
void exchange_wish_make(struct exchange *exchange, struct exchange_wish *wish);
/* Nobody waits for it any more: `done` is not called. */
void exchange_wish_drop(struct exchange *exchange, struct exchange_wish *wish);
/* No session is under way and none is due but the slow pace's. */
bool exchange_idle(const struct exchange *exchange);
