/* ring_transfer: copies the partitions that are to become this shard's, while they are in JOINT
 * (ring_state.h; docs/protocol.md, "Ring changes"). The sources are a majority of the old owners. Where
 * something is promised or accepted at one of them, the register is settled by a round, which brings it
 * onto a majority of either list: a promise that a source gave under the old ring would not be kept by
 * who never gave it (docs/models, ring.pml). Then each of them and this node are made equal
 * (repair/exchange.h): what is known decided is copied, and what all sources hold at the same ballot;
 * the rest is settled too. Each source is fenced before it is asked anything: it refuses whoever assumes
 * an older ring, and has finished what it had begun for them.
 *
 *     each source ──▶ LIST (pages of keys) ──▶ SETTLE each
 *     each source ──▶ COMPARE ──▶ SETTLE what they do not agree on ──▶ COMPARE again
 *
 * What is copied is reported to the members that decide on the ring (ring_driver.h), again and again,
 * until the partition is switched. */
#pragma once

#include "coordinator.h"
#include "exchange.h"

enum { TRANSFER_SETTLED_AT_ONCE = 16 /* at most: clients come first */ };

struct ring_transfer {
    struct coordinator *coordinator;
    struct caller *caller;
    struct exchange *exchange;
    struct timers *timers;
    struct timer tick;
    uint64_t *copied; /* per partition: the epoch as of which it is copied; 0: none */
    bool busy;        /* with the partition, and the source, below */
    uint32_t partition;
    uint64_t epoch;
    struct homes homes; /* the old owners, all of the list */
    home_mask listed;   /* of them, those whose promises are settled */
    home_mask done;     /* and of these, those that are copied from */
    bool listing;       /* at `source`; else it is compared with */
    unsigned source;
    unsigned
        first_source; /* where the next search begins: one that fails must not be all there is */
    uint64_t again_at_us; /* after a failure: not before that */
    struct call call;     /* LIST */
    uint64_t asked_us;    /* when it was made */
    struct buffer *keys;  /* of a page; settlements borrow from it */
    struct reader keys_left;
    struct buffer *after; /* the next page begins behind it; NULL: there is none */
    size_t settling_out;
    size_t settling_max; /* falls when replicas are busy, rises again */
    struct writer again; /* keys (sized) of the page that could not be settled yet */
    bool paused;         /* until they are tried once more */
    uint64_t attempt;    /* settlements of earlier ones are not waited for */
    struct exchange_wish wish;
    bool comparing;
    uint64_t partitions_copied; /* in this life */
};

/* Borrows all. */
void ring_transfer_init(struct ring_transfer *transfer, struct coordinator *coordinator,
                        struct caller *caller, struct exchange *exchange, struct timers *timers);
/* Before the exchange's; after the coordinator's, which ends settlements. */
void ring_transfer_deinit(struct ring_transfer *transfer);
void ring_transfer_start(struct ring_transfer *transfer);
/* The ring is another one: what is copied for an older one is given up. */
void ring_transfer_on_ring(struct ring_transfer *transfer);
/* Nothing is to be copied. */
bool ring_transfer_idle(const struct ring_transfer *transfer);
