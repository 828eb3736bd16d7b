/* ring_acceptor: this node's vote on the next step of the ring ("Paxos Made Simple", Lamport 2001). The
 * step that leads from epoch e to e + 1 is decided by a vote of its own, instance e + 1, among the
 * members that the ring of epoch e names: so who votes never changes within one, and a vote for an
 * instance is given only by who knows the ring before it. What was promised and accepted is durable
 * before it is told, and is forgotten once the step is known.
 *
 * On shard 0. */
#pragma once

#include "cartwheel.pb-c.h"
#include "members.h"
#include "outbox.h"
#include "store.h"
#include "votes.h"

enum ring_verdict {
    RING_GRANTED,
    RING_REFUSED, /* something higher is promised, and told */
    RING_KNOWN,   /* the asker is behind: the step is known */
    RING_UNKNOWN, /* this node is behind: it does not know the ring before the step */
    RING_NO_VOTE  /* it does not vote, or not now */
};

struct ring_vote {
    uint64_t instance;
    struct version promised;
    struct version accepted; /* VERSION_NONE: nothing is */
    struct buffer *step;     /* that was accepted, encoded */
};

struct ring_acceptor {
    const struct membership *members;
    struct outbox *outbox;
    struct store *store;
    struct votes *votes;
    const bool *recovering;
    struct ring_vote vote;    /* durable */
    struct ring_vote casting; /* on its way to the disk */
    bool busy;
    struct frame_header asker; /* while busy */
    uint64_t number;           /* of the vote being cast */
    struct store_commit commit;
};

/* Borrows all; `row` is what is on the disk, or empty. */
void ring_acceptor_init(struct ring_acceptor *acceptor, const struct membership *members,
                        struct outbox *outbox, struct store *store, struct votes *votes,
                        const bool *recovering, struct slice row);
void ring_acceptor_deinit(struct ring_acceptor *acceptor);
/* RING_PREPARE or RING_ACCEPT. Whoever asks while a vote is being cast must ask again. False if it is
 * malformed. */
bool must_check ring_acceptor_on_ask(struct ring_acceptor *acceptor, const struct frame *frame,
                                     const Cartwheel__RingAsk *ask);
