/* ring_register: the ring as this node knows it: learns steps and whole rings from others, makes them
 * durable before anything acts on them (which is what fences this node), tells its other shards and
 * whoever asks. What is decided, ring_acceptor.h and ring_proposer.h decide.
 *
 * Every frame tells an epoch; from whoever tells a higher one, this node fetches what it lacks. On
 * shard 0; the other shards only follow. */
#pragma once

#include "cartwheel.pb-c.h"
#include "log.h"
#include "members.h"
#include "outbox.h"
#include "ring_step.h"
#include "store.h"
#include "timers.h"

enum { RING_STEPS_KEPT = 64 /* for those that are a little behind; others fetch the whole ring */ };

struct ring_register {
    struct membership *members;
    struct outbox *outbox;
    struct store *store;
    struct timers *timers;
    struct log_sink *log;
    uint16_t shards;
    struct buffer *steps[RING_STEPS_KEPT]; /* by epoch modulo their number: the one that made it */
    uint64_t steps_from;                   /* the lowest epoch whose step is kept; 0: none is */
    struct ring_state next;                /* on its way to the disk */
    struct buffer *next_steps[RING_STEPS_KEPT]; /* that lead there; none: it came as a whole */
    size_t next_steps_count;
    bool busy;
    bool decided; /* with busy: the step was decided here, and nobody else may know */
    struct store_commit commit;
    struct timer fetch_again;
    node_id fetching;   /* whom; NODE_ID_NONE: nobody */
    uint64_t heard_of;  /* the highest epoch that anybody told */
    node_id heard_from; /* who did */
    bool want_whole;
    void (*changed)(
        struct ring_register *ring); /* the ring is another one; last in a door's handler */
    uint64_t learnt;                 /* steps and rings taken over in this life */
};

/* Borrows all. */
void ring_register_init(struct ring_register *ring, struct membership *members,
                        struct outbox *outbox, struct store *store, struct timers *timers,
                        struct log_sink *log, uint16_t shards,
                        void (*changed)(struct ring_register *ring));
void ring_register_deinit(struct ring_register *ring);
/* Somebody knows a ring of that epoch. */
void ring_register_heard(struct ring_register *ring, node_id from, uint64_t epoch);
/* Decided: the step that leads to the next epoch. It will be told to all members. */
void ring_register_learn(struct ring_register *ring, struct buffer *step);
/* RING_FETCH and RING_NEWS. False if malformed. */
bool must_check ring_register_on_fetch(struct ring_register *ring, const struct frame *frame,
                                       const Cartwheel__RingFetch *fetch);
bool must_check ring_register_on_news(struct ring_register *ring, const struct frame *frame,
                                      const Cartwheel__RingNews *news);
/* The step that made that epoch, if it is still kept; else NULL. */
struct buffer *ring_register_step(const struct ring_register *ring, uint64_t epoch);
