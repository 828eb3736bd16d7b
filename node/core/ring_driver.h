/* ring_driver: carries changes of the ring out, step by step: plans, moves partitions a few at a time,
 * switches them once who is new has copied (node/repair/transfer.h says so in its reports), ends the
 * change. All that it knows stands in the ring: whichever node drives goes on where another stopped,
 * and two that do at once are in each other's way only.
 *
 *     members have changed ──▶ PLAN ──▶ MOVE (some) ──all new ones have copied──▶ SWITCH ──▶ … ──▶ END
 *                                          └── one of them is dead ──▶ BACK, and it leaves
 *
 * The first of the members that decide on the ring who can be reached drives. On shard 0. */
#pragma once

#include "ring_proposer.h"

/* What a member's shards have reported of the partitions that it copies. */
struct ring_copied {
    uint64_t epoch; /* of the partition: reports of another one do not count */
    home_mask done; /* places in ring_copiers() */
};

struct ring_driver {
    struct ring_register *ring;
    struct ring_proposer *proposer;
    struct timers *timers;
    struct timer tick;
    struct ring_proposal proposal; /* of the step under way */
    bool proposing;
    enum ring_step_kind kind; /* of it */
    uint32_t *partitions;     /* of it, RING_STEP_PARTITIONS_MAX at most */
    size_t partitions_count;
    uint16_t member;
    uint16_t group[RING_META_MAX];
    uint8_t group_count;
    struct ring_copied *copied; /* per partition */
    uint64_t *dead_since_us;    /* per member; 0: it is not */
    uint64_t *drained;          /* per member: the epoch at which it kept no hints any more */
};

/* Borrows all. */
void ring_driver_init(struct ring_driver *driver, struct ring_register *ring,
                      struct ring_proposer *proposer, struct timers *timers);
void ring_driver_deinit(struct ring_driver *driver);
void ring_driver_start(struct ring_driver *driver);
/* RING_REPORT of a member's shard. False if malformed. */
bool must_check ring_driver_on_report(struct ring_driver *driver, const struct frame *frame,
                                      const Cartwheel__RingReport *report);
/* The ring is another one: looks at once. */
void ring_driver_on_ring(struct ring_driver *driver);
