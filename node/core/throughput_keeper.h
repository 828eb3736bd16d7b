/* throughput_keeper: the buckets (throughput_bucket.h) that this shard keeps for the cluster. Of each
 * table one shard is the keeper (throughput_place.h); all shards that serve the table
 * ask it for what they may spend, tell it what they have spent without asking, and give back what
 * they do not need. What a table's limit is it hears from those who ask.
 *
 * A keeper that begins takes a bucket for full, and lowers it to what those say who have heard from
 * the one before it: each of them knows a bound, and the least holds. So a change of keepers takes
 * nothing from a table's clients, and gives them no more than what somebody was granted before all
 * who knew had asked. Since those may all have been on the keeper's own node, it tells its heir every
 * second, as if it asked for nothing. Only when that is gone too is the bucket full again. */
#pragma once

#include "cartwheel.pb-c.h"
#include "frame.h"
#include "list.h"
#include "map.h"
#include "members.h"
#include "outbox.h"
#include "timers.h"

enum {
    KEEPER_SWEEP_US = 1000000 /* heirs are told so often, and buckets that are full forgotten */
};

LIST_STRUCT(throughput_accounts);

struct throughput_keeper {
    struct outbox *outbox;
    struct timers *timers;
    const struct membership *members;
    struct map accounts;             /* throughput_id() -> struct account */
    struct throughput_accounts list; /* the same */
    struct timer sweep;
};

/* Borrows all. */
void throughput_keeper_init(struct throughput_keeper *keeper, struct outbox *outbox,
                            struct timers *timers, const struct membership *members);
void throughput_keeper_deinit(struct throughput_keeper *keeper);
/* How many of its buckets it has given from; the others it has as an heir. */
uint64_t throughput_keeper_serves(const struct throughput_keeper *keeper);
/* LEASE of any shard. False if malformed. */
bool must_check throughput_keeper_on_frame(struct throughput_keeper *keeper,
                                           const struct frame *frame,
                                           const Cartwheel__Lease *lease);
