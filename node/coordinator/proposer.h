/* proposer: one coordinator's rounds on one register (docs/protocol.md; Lamport's
 * single-decree Paxos per item, with a value computed from the state found, as in CASPaxos).
 *
 *     IDLE ──proposer_prepare──▶ PREPARING ──majority promised──▶ PREPARED (events->prepared)
 *       ▲                          │    ▲                             │
 *       │                    refused    └──a moment later──┐          │ proposer_publish
 *       │                          └──▶ PAUSED ────────────┘          ▼
 *       └────── events->decided, or events->uncertain ◀────────── ACCEPTING
 *
 * With a riding promise `decided` leaves the proposer PREPARED again, on the state it has just
 * written. What was published lives on until every home node has answered it, or will not. */
#pragma once

#include "row.h"
#include "task.h"

struct proposer;
struct publication;

/* Each is called last in a door's handler: it may start the next step, or free the proposer. */
struct proposer_events {
    /* A majority has promised: see `state`. */
    void (*prepared)(struct proposer *proposer);
    /* A majority holds what was published. */
    void (*decided)(struct proposer *proposer);
    /* What was published may be on a majority, or get there, or not. */
    void (*uncertain)(struct proposer *proposer);
    /* No majority can be brought to promise: UNAVAILABLE, NO_SPACE or OVERLOADED. */
    void (*failed)(struct proposer *proposer, enum outcome outcome);
};

enum proposer_phase {
    PROPOSER_IDLE,
    PROPOSER_PREPARING,
    PROPOSER_PAUSED,
    PROPOSER_PREPARED,
    PROPOSER_ACCEPTING
};

/* What one home node told with its promise. */
struct promise {
    bool given;
    bool applied; /* its row stands in the item's place */
    struct version ballot;
};

struct proposer {
    struct task task; /* waits, pauses, and the PREPARE calls */
    const struct proposer_events *events;
    struct buffer *key;
    uint32_t partition;
    uint8_t n;          /* replicas that the table wants */
    struct homes homes; /* of the round: before the first, nobody */
    enum proposer_phase phase;
    struct version ballot;
    struct version next; /* ACCEPTING: the promise that rides along; VERSION_NONE: none does */
    struct slot home[HOMES_MAX];
    struct promise promise[HOMES_MAX];
    bool full;              /* the whole row was asked of everybody, not only of the first */
    unsigned refusals;      /* rounds in a row that were refused: the pause grows */
    bool hear_all;          /* wait for all that can be reached, not only a majority */
    bool retry_unreachable; /* go on trying while no majority can be reached, not `failed` */
    struct version highest; /* of all that was seen: the next stamp is above it */
    uint64_t started;       /* on coordinator->contest_clock: when the round's PREPARE was sent */

    /* PREPARED: the highest row that a majority holds or held; has_state is false if none does. */
    bool has_state;
    struct row state; /* borrows from state_bytes */
    struct buffer *state_bytes;
    home_mask state_holders; /* home nodes that told it */
    bool state_applied;      /* by one of them in the item's place */
    bool state_own;          /* it was decided here, and the promise rode along */

    struct publication *publication; /* ACCEPTING */
    struct publication *uncommitted; /* decided; its commit is still to be told */
};

/* `key` is referenced. IDLE. */
void proposer_init(struct proposer *proposer, struct coordinator *coordinator, struct buffer *key,
                   uint8_t n, const struct proposer_events *events);
/* The ring has not changed under it: a promise that rode along still holds. */
bool proposer_is_current(const struct proposer *proposer);
/* In any phase; tells the commit that is still to be told. */
void proposer_deinit(struct proposer *proposer);
/* IDLE or PREPARED: begins a round above everything seen. Never calls an event from within. */
void proposer_prepare(struct proposer *proposer);
/* The same, after a pause that grows with the refusals. */
void proposer_prepare_later(struct proposer *proposer);
/* PREPARED: proposes a row under proposer->ballot (it must carry that), with a promise for the next
 * ballot if `ride`. Never calls an event from within. */
void proposer_publish(struct proposer *proposer, const struct row *row, bool ride);
/* PREPARED: the state was decided: a majority told it with their promises, or somebody holds it in
 * the item's place after it was proposed. */
bool proposer_state_decided(const struct proposer *proposer);
/* After `decided`: the row that was published, referenced for the caller. */
struct buffer *proposer_published(const struct proposer *proposer);
/* PREPARED and decided: brings the state to the home nodes that told less, and commits it; with
 * `silent` to those too that have not told anything: somebody waits for them to have it. */
void proposer_spread_state(struct proposer *proposer, bool silent);
