/* ring_state: who owns what, as a fact: the value of the register `ring` (the paper, 4.8 and 6.2). A
 * chain of epochs, each of which is the one before and one step (ring_step.h); any node that knows an
 * epoch knows all of it.
 *
 * Each partition has a preference list, of which the first N are the home nodes of a table that wants
 * N replicas. It changes in two steps:
 *
 *     STABLE (list) ──▶ JOINT (list and target) ──▶ STABLE (target)
 *                           └──────────────────────▶ STABLE (list)
 *
 * In JOINT whatever takes a majority takes one of either list, while who is new copies from a majority
 * of the old. A member's life:
 *
 *     JOINING ──its partitions have moved──▶ NORMAL ──▶ LEAVING ──they have moved on──▶ REMOVED
 */
#pragma once

#include "bytes.h"
#include "homes.h"
#include "membership.h"
#include "version.h"

enum { RING_EPOCH_BIRTH = 1, RING_META_MAX = 5, RING_NOBODY = 0xffff };

enum ring_member_state { RING_JOINING, RING_NORMAL, RING_LEAVING, RING_REMOVED };

struct ring_member {
    struct member_config config; /* owned */
    node_id id;                  /* NODE_ID_NONE: one of the birth's, known by its name */
    enum ring_member_state state;
    uint16_t heir; /* LEAVING: who takes over its places, since it is gone for good; RING_NOBODY: it
                      is there, and the others share them */
    bool arrived;  /* it has been NORMAL: to cancel its leaving is to let it stay */
    bool away;     /* it was dead when the targets were planned: it was to copy nothing */
};

enum ring_stage { RING_STABLE, RING_JOINT };

/* A member's number, its index here, never changes, and is never given to another. */
struct ring_state {
    uint64_t epoch; /* RING_EPOCH_BIRTH: the first */
    uint32_t partitions;
    struct ring_member *members;
    size_t members_count;
    uint16_t *lists;   /* partition * REPLICAS_MAX + rank -> number, RING_NOBODY behind the last */
    uint16_t *targets; /* the same, as wanted */
    uint64_t *epochs;  /* partition -> epoch of its last change */
    uint8_t *stages;   /* partition -> enum ring_stage */
    uint32_t joint;    /* partitions in JOINT */
    uint32_t moving;   /* partitions whose list is not their target, those in JOINT included */
    uint32_t
        planned;    /* partitions that were to move when the targets were planned: for operators */
    bool unplanned; /* members have changed since the targets were planned */
    uint16_t meta[RING_META_MAX]; /* who decides the next step */
    uint8_t meta_count;
};

/* Of a cluster's first members: epoch 1. */
void ring_init(struct ring_state *ring, const struct cluster_config *cluster);
void ring_deinit(struct ring_state *ring);
void ring_copy(struct ring_state *to, const struct ring_state *from);
/* The whole of it, for a disk or a peer that is far behind. */
void ring_encode(const struct ring_state *ring, struct writer *out);
/* False, and `ring` is as after deinit, if the bytes are no ring. */
bool must_check ring_decode(struct slice bytes, struct ring_state *ring);
/* The home nodes of a partition's items in a table that wants n replicas. */
void ring_homes(const struct ring_state *ring, uint32_t partition, unsigned n, struct homes *homes);
const uint16_t *ring_list(const struct ring_state *ring, uint32_t partition);
const uint16_t *ring_target(const struct ring_state *ring, uint32_t partition);
/* Members in a list. */
unsigned ring_list_length(const uint16_t *list);
/* Place of a member in a list; REPLICAS_MAX if it has none. */
unsigned ring_list_rank(const uint16_t *list, unsigned member);
bool ring_list_has(const uint16_t *list, unsigned count, unsigned member);
/* Two lists agree on the first n, in whatever order, for every n. */
bool ring_lists_equal(const uint16_t *a, const uint16_t *b);
/* The partition is to have another list than it has. */
bool ring_moves(const struct ring_state *ring, uint32_t partition);
/* Plans where everything should be, given the members as they are: those that are away gain nothing.
 * Pure. `targets` has room for as many entries as ring->lists. */
void ring_plan(const struct ring_state *ring, uint16_t *targets);
/* It is neither removed nor gone for good. */
bool ring_member_present(const struct ring_member *member);
/* Number of the member of that name; RING_NOBODY if none is present. */
unsigned ring_find_name(const struct ring_state *ring, struct slice name);
/* Of the member that has or had that id, as the ring was told; RING_NOBODY if there is none. */
unsigned ring_find_id(const struct ring_state *ring, node_id id);
/* Something is still to be done until it is as its members want it. */
bool ring_changes(const struct ring_state *ring);
/* Members that hold partitions, or are to. */
size_t ring_members_wanted(const struct ring_state *ring);
const char *ring_member_state_name(enum ring_member_state state);
/* Asserts every invariant. */
void ring_check(const struct ring_state *ring);
/* Who has to copy a partition in JOINT before it can be switched: those that stand further to the front
 * of the target than of the list, and so become home nodes of some table; and if the target is
 * shorter, so that a majority of it may have been a minority before, all of it. Numbers; returns how
 * many. */
unsigned ring_copiers(const struct ring_state *ring, uint32_t partition,
                      uint16_t copiers[REPLICAS_MAX]);
/* The partition is in JOINT, and the member one of those. */
bool ring_copies(const struct ring_state *ring, uint32_t partition, unsigned member);
