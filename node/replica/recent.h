/* recent: the state of registers that a round is under way on, as it was made durable last. ACCEPT
 * and COMMIT follow a PREPARE within milliseconds, and find here what they would else read again.
 *
 * Taking a state removes it: whoever holds the key's latch takes it, and puts back what he has made
 * durable. So a state that is here is what the store holds. */
#pragma once

#include "bytes.h"
#include "list.h"
#include "map.h"

enum {
    RECENT_STATES_MAX = 512,
    RECENT_STATE_BYTES_MAX = 32 * 1024 /* larger ones are not kept: 16 MiB in all at most */
};

struct recent_state {
    struct list_link link; /* recent->states, oldest first */
    struct buffer *key;
    struct buffer *item;    /* the row in the item's place; NULL: none */
    struct buffer *promise; /* what is promised and accepted; NULL: nothing */
};

LIST_DEFINE(recent_states, struct recent_state, link)

struct recent {
    struct recent_states states;
    struct map by_hash;
};

void recent_init(struct recent *recent);
void recent_deinit(struct recent *recent);
/* Keeps references to both, which may be NULL. The oldest state makes room. */
void recent_put(struct recent *recent, struct slice key, struct buffer *item,
                struct buffer *promise);
/* True if the key's state is known: removes it, and hands both over. */
bool recent_take(struct recent *recent, struct slice key, struct buffer **item,
                 struct buffer **promise);
