/* votes: numbers what this shard has made durable and others rely on: promises, rows taken, clock
 * ceilings (register protocol, "Amnesia"). The number of the last one that is durable goes out with
 * every frame; peers remember it. So a node that starts with a lower one has lost the end of its
 * durable state, and must not vote again.
 *
 * To be called by whoever commits a vote:
 *
 *     number = votes_put(&replica->votes, batch);     right before the batch is submitted: rows must
 *     store_submit(...);                              reach the store in the order of their numbers
 *     ...
 *     if (op->status == STORE_OK)                     once it is reported, and before the reply, so
 *         votes_durable(&replica->votes, number);     that the reply carries the number
 *
 * A batch that fails (no space) uses up its number; that does no harm. */
#pragma once

#include "store.h"

struct votes {
    uint16_t shard;
    uint64_t issued;  /* the highest number given to a batch */
    uint64_t durable; /* the highest whose batch was reported durable */
};

/* `durable`: as read from the row, 0 if there is none. */
void votes_init(struct votes *votes, uint16_t shard, uint64_t durable);
/* The next number; the batch that is given makes its row durable too. */
uint64_t must_check votes_put(struct votes *votes, struct store_batch *batch);
/* The batch with that number is durable. */
void votes_durable(struct votes *votes, uint64_t number);

/* The next number will be above `number`. */
void votes_skip(struct votes *votes, uint64_t number);

struct votes_key {
    uint8_t bytes[16];
};

/* "votes/" and the shard: where the number stands in the meta family, as a u64. Borrows `key`. */
struct slice votes_key(struct votes_key *key, uint16_t shard);
