/* ring_step: one step of the ring from an epoch to the next; what the register `ring` decides. Small,
 * so that epochs travel as steps; and pure: the same step makes the same ring on every node. */
#pragma once

#include "arena.h"
#include "ring_state.h"

enum ring_step_kind {
    RING_ADD,    /* a member joins: config, id; with `member` it takes that one's places over */
    RING_LEAVE,  /* member */
    RING_SET,    /* member: another zone, weight or address (config) */
    RING_CANCEL, /* whoever joins leaves, whoever leaves stays; partitions go back */
    RING_PLAN,   /* the targets are planned anew: digest */
    RING_MOVE,   /* partitions: STABLE to JOINT */
    RING_SWITCH, /* partitions: JOINT to STABLE, by their targets */
    RING_BACK,   /* partitions: JOINT to STABLE, by their lists; to be planned anew */
    RING_END,    /* nothing moves any more: who joined is a member, who left is removed */
    RING_META,   /* who decides from now on: group */
    RING_STEP_KINDS
};

enum { RING_STEP_PARTITIONS_MAX = 4096 };

struct ring_step {
    enum ring_step_kind kind;
    uint16_t member;             /* RING_NOBODY: none */
    struct member_config config; /* ADD, SET; borrowed */
    node_id id;                  /* ADD */
    node_id member_id;           /* of `member`, as the proposer knows it */
    uint64_t digest;            /* PLAN: of the targets. Who plans otherwise, because its program is
                                    another version, must not apply the step, but learn its outcome */
    const uint32_t *partitions; /* MOVE, SWITCH, BACK; borrowed, rising */
    size_t partitions_count;
    uint16_t group[RING_META_MAX]; /* META; PLAN: who is away, and is to gain nothing */
    uint8_t group_count;
};

/* Appends the step. */
void ring_step_encode(const struct ring_step *step, struct writer *out);
/* Its strings and arrays are the arena's. False if the bytes are no step. */
bool must_check ring_step_decode(struct slice bytes, struct ring_step *step, struct arena *arena);
/* The next epoch. NULL, or why the step is not possible (static), and the ring is as it was. */
const char *must_check ring_apply(struct ring_state *ring, const struct ring_step *step);
/* Fills in the digest of the plan that this RING_PLAN would make, of its `group`. */
void ring_plan_prepare(const struct ring_state *ring, struct ring_step *step);
