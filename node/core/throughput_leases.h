/* throughput_leases: what this shard may spend of tables' throughput. It asks a table's keeper
 * (throughput_keeper.h) for what it will use in some 200 ms, spends that without asking anybody,
 * and asks for more when half of it is gone. While an answer is under way it goes into debt, up to a
 * quarter of a second's worth, and when the keeper has nothing it refuses. All that was consumed is
 * charged to the keeper in the end, so that debts shift what is spent and do not add to it.
 *
 *   flush --the keeper has nothing--> dry --asks again, and is given something--> flush
 *     |                                |
 *     +------- no answer --> alone <---+   --an answer--> flush or dry
 *
 * Alone, it spends its share, the rate divided by the shards of all members that can be reached:
 * a keeper that hangs stops nobody. What a table does not use for half a second is given back.
 *
 * Who the keeper is, throughput_place.h says. Two shards that cannot reach each other have two, and
 * the table more than it is entitled to, until they can. */
#pragma once

#include "cartwheel.pb-c.h"
#include "list.h"
#include "map.h"
#include "members.h"
#include "outbox.h"
#include "throughput.h"
#include "timers.h"

#include <stdbool.h>

enum {
    LEASE_AHEAD_US = 200000,   /* what will be used in this time is asked for */
    LEASE_IDLE_US = 500000,    /* then it is given back: load may have moved elsewhere */
    LEASE_TIMEOUT_US = 500000, /* a keeper that has not answered is silent */
    LEASE_DRY_MIN_US = 20000, /* asked again not sooner: keeps those who wait from asking at once */
    LEASE_DRY_MAX_US = 500000, /* nor later: the rate may have changed, or a lease come back */
    LEASE_DEBT_MIN = 16        /* half units: the first requests of a table come all at once */
};

LIST_STRUCT(throughput_lease_list);

struct throughput_leases {
    struct outbox *outbox;
    struct timers *timers;
    const struct membership *members;
    struct map by_id;                  /* throughput_id() -> struct lease */
    struct map asking;                 /* id of a question -> struct lease */
    struct throughput_lease_list list; /* the same as by_id */
    struct timer tick;
    uint64_t ticked_us;                   /* the last time */
    uint64_t throttled[THROUGHPUT_KINDS]; /* requests refused */
};

/* Borrows all. */
void throughput_leases_init(struct throughput_leases *leases, struct outbox *outbox,
                            struct timers *timers, const struct membership *members);
void throughput_leases_deinit(struct throughput_leases *leases);
/* May a request be served that will consume at least that many half units? They are spent then. */
bool must_check throughput_leases_admit(struct throughput_leases *leases,
                                        const struct throughput_limit *limit, uint64_t halves);
/* A request that was admitted has consumed so much more than was said, or less. */
void throughput_leases_charge(struct throughput_leases *leases,
                              const struct throughput_limit *limit, int64_t halves);
/* LEASE_REPLY. */
void throughput_leases_on_reply(struct throughput_leases *leases, const struct frame *frame,
                                const Cartwheel__LeaseReply *reply);
/* What was asked of it will not be answered. */
void throughput_leases_on_peer_down(struct throughput_leases *leases, node_id peer);
/* The table is gone. */
void throughput_leases_drop(struct throughput_leases *leases, uint64_t table);
