/* ring_proposer: has steps of the ring decided (ring_acceptor.h tells by whom). A proposal is made
 * anew for each epoch that it meets: what others decide meanwhile comes first, and may make it
 * impossible.
 *
 *     IDLE ──▶ PREPARING ──majority──▶ ACCEPTING ──majority──▶ decided: ring_register_learn()
 *               ▲   └── refused ──▶ PAUSED ◀── refused ──┘            │
 *               └───────────────────┘◀── the ring is another one ─────┘
 *
 * A step that others have accepted is brought to its end first: it may be decided already. On shard
 * 0. */
#pragma once

#include "coordinator.h"
#include "list.h"
#include "ring_acceptor.h"
#include "ring_register.h"

struct ring_proposal {
    struct list_link link;
    /* Fills in a step for this ring; its slices must live until the next call. NULL, or why there is
     * none to be made (static). */
    const char *(*make)(struct ring_proposal *proposal, const struct ring_state *ring,
                        struct ring_step *step);
    /* It is in force (NULL), or was not possible: why (static). Called last in a door's handler; the
     * proposal is the owner's again. */
    void (*done)(struct ring_proposal *proposal, const char *problem);
    uint64_t deadline_us;
};

/* The problem of a proposal whose time is over. */
extern const char ring_undecided[];

LIST_DEFINE(ring_proposals, struct ring_proposal, link)

enum ring_proposer_phase { RING_IDLE, RING_PAUSED, RING_PREPARING, RING_ACCEPTING };

struct ring_proposer {
    struct ring_register *ring;
    struct coordinator *coordinator; /* stamps ballots */
    struct ring_proposals waiting;   /* the first is under way */
    enum ring_proposer_phase phase;
    uint64_t instance;
    struct version ballot;
    struct version highest;        /* of refusals */
    struct buffer *own;            /* the first one's step, made for this instance */
    struct buffer *step;           /* that is proposed: its own, or what others have accepted */
    struct version accepted;       /* under which ballot; VERSION_NONE: its own */
    uint64_t asked[RING_META_MAX]; /* request ids; 0: has answered, or will not */
    uint16_t granted;              /* a bit for each of the group */
    unsigned refusals;             /* in a row */
    struct timer timer;
    uint64_t decided; /* in this life */
};

/* Borrows all. */
void ring_proposer_init(struct ring_proposer *proposer, struct ring_register *ring,
                        struct coordinator *coordinator);
/* Proposals that wait are forgotten. */
void ring_proposer_deinit(struct ring_proposer *proposer);
/* Queues a proposal; with deadline_us 0 it has as long as a request. `done` is called later. */
void ring_propose(struct ring_proposer *proposer, struct ring_proposal *proposal);
/* RING_VOTE. False if malformed. */
bool must_check ring_proposer_on_vote(struct ring_proposer *proposer, const struct frame *frame,
                                      const Cartwheel__RingVote *vote);
/* The ring is another one. */
void ring_proposer_on_ring(struct ring_proposer *proposer);
