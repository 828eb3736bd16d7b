/* coordinator: turns requests into quorums of replicas (the paper, 4.5: any node can coordinate;
 * writes go on to the first live node of the preference list). Conducts plain writes, reads, ranges
 * and announcements, conditional writes (contest.h), and forwards writes to the node that should
 * stamp them; settles registers that others left undecided.
 *
 * A request becomes a task. A task asks replicas through slots: a slot counts once, whatever is
 * repeated or comes late. The request is answered as soon as the quorum allows; the task lives on
 * until every slot has settled, since late answers still feed hints and repair. */
#pragma once

#include "cartwheel.pb-c.h"
#include "evaluator.h"
#include "histogram.h"
#include "map.h"
#include "members.h"
#include "outbox.h"
#include "prng.h"
#include "replica.h"
#include "request.h"
#include "timers.h"

enum {
    FINISH_AT_ONCE_MAX = 16, /* registers that others left undecided: clients come first */
    ANNOUNCEMENTS_MAX = 4096 /* not yet taken by the API; it re-reads what was dropped */
};

struct coordinator_config {
    uint64_t request_timeout_us;
    uint64_t attempt_timeout_us;
    uint64_t speculate_us; /* for a start: until enough reads were measured */
    uint64_t clock_skew_max_us;
    uint32_t requests_max;
};

struct coordinator_stats {
    uint64_t done[OUTCOMES];
    uint64_t writes_sloppy;
    uint64_t writes_restamped;
    uint64_t writes_mixed;    /* had to be settled by a round */
    uint64_t proposals;       /* rows published by rounds */
    uint64_t promises_ridden; /* of them, without a PREPARE */
    uint64_t accepts_uncertain;
    uint64_t settled; /* registers that others had left undecided */
    uint64_t read_repairs;
    uint64_t speculative_reads;
    uint64_t stale_replies;
};

struct task;
LIST_STRUCT(tasks);

struct coordinator {
    struct coordinator_config config;
    struct membership *members;
    struct outbox *outbox;
    struct timers *timers;
    struct hlc *hlc;
    struct prng *prng;
    struct map calls;       /* request id -> struct slot that waits for its reply */
    struct tasks tasks;     /* all that live */
    struct tasks stampless; /* those that wait for the clock's ceiling */
    struct map contests;    /* hash of key -> struct contest; keys of one hash share it */
    uint64_t contest_clock; /* orders who joins a contest and when its rounds begin */
    const struct evaluator *evaluator; /* NULL: programs are refused */
    struct replica *replica; /* knows the keys to settle that nobody else seems to, and N */
    struct timer finish_timer;
    size_t finishing;              /* settlements of such keys under way */
    struct requests submitted;     /* queued by coordinator_submit */
    struct requests answered;      /* `done` is called at the end of the door */
    struct histogram read_latency; /* of single replicas, us; since the last look */
    uint64_t speculate_us;         /* a read not answered after that is sent to one more */
    size_t forwarded_bytes;        /* of writes that other shards forwarded here */
    bool refuses_forwards;         /* the node is behind: other nodes' clients are to wait */
    bool ceiling_wanted;           /* a write waits: the owner must raise the ceiling (see
                                      coordinator_on_ceiling) */
    bool stopping;                 /* being freed: nothing new starts */
    size_t open;                   /* requests taken and not answered */
    struct buffer **announcements; /* received, not yet taken by node_next_announcement() */
    size_t announcements_count;
    struct coordinator_stats stats;
};

/* Borrows all but the configuration. */
void coordinator_init(struct coordinator *coordinator, const struct coordinator_config *config,
                      struct membership *members, struct outbox *outbox, struct timers *timers,
                      struct hlc *hlc, struct prng *prng, struct replica *replica,
                      const struct evaluator *evaluator);
/* Begins to look after registers that others left undecided. */
void coordinator_start(struct coordinator *coordinator);
/* The outbox is closed. Answers what is open (OUTCOME_UNKNOWN for writes already sent, else
 * OUTCOME_UNAVAILABLE) and frees all. */
void coordinator_deinit(struct coordinator *coordinator);
/* Queues a request; it starts in coordinator_run(). */
void coordinator_submit(struct coordinator *coordinator, struct request *request);
/* FORWARD, ANNOUNCE and every *_REPLY of a replica. False if malformed. */
bool must_check coordinator_on_frame(struct coordinator *coordinator, const struct frame *frame,
                                     struct arena *arena);
/* The link to a member broke: what waits for it will not be answered. */
void coordinator_on_peer_down(struct coordinator *coordinator, size_t member);
/* The ceiling was raised, or could not be (no space): writes that waited go on, or fail. */
void coordinator_on_ceiling(struct coordinator *coordinator, bool raised);
/* To be called at the end of every door, until it returns false: starts queued requests, calls
 * `done`. */
bool coordinator_run(struct coordinator *coordinator);
/* No task lives: every slot of every request has settled. */
bool coordinator_idle(const struct coordinator *coordinator);
