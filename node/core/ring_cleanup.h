/* ring_cleanup: deletes what this shard holds of partitions, or of tables in them, that it does not own
 * any more. Only once the ring says so, durably: from then on nobody counts on it, and whatever an
 * older ring had asked for is refused.
 *
 * A partition that comes back later is copied like any other, so it must have been emptied before: what
 * was deleted since, and forgotten, would return with an old row. So who is to copy a partition takes
 * part in nothing before it has looked whether anything is left of it, and that it has looked is
 * durable too: the votes it casts from then on must stay.
 *
 *     DIRTY ──looked, and deleted──▶ CLEAN ──it is an owner no more, or of fewer tables──▶ DIRTY
 *
 * After a start every partition that has ever changed its owners is dirty, unless it is being copied
 * and had been looked at. */
#pragma once

#include "coordinator.h"
#include "key.h"

struct ring_cleanup {
    struct replica *replica;
    struct timers *timers;
    struct timer tick;
    uint8_t *dirty;   /* per partition */
    uint64_t *looked; /* per partition: the epoch, of one that is being copied, as of which that is
                            durable */
    uint64_t *seen;   /* per partition: the epoch that was last reacted to */
    uint32_t dirty_count;
    bool loaded; /* `looked` has been read */
    bool busy;   /* with the partition, family and table below */
    uint32_t partition;
    uint64_t epoch; /* of the partition, when it was begun */
    enum store_family family;
    uint64_t table; /* tables before it are done */
    bool deleting;  /* that table's rows; else looking for the next one */
    bool unknown;   /* a table was met that was not heard of yet */
    struct writer from;
    struct writer to;
    struct store_range page;
    struct store_commit commit;
    uint64_t deleted; /* rows, in this life */
};

/* Borrows all. Until it has been started, nothing is taken part in that is being copied. */
void ring_cleanup_init(struct ring_cleanup *cleanup, struct replica *replica,
                       struct timers *timers);
/* The store has stopped. */
void ring_cleanup_deinit(struct ring_cleanup *cleanup);
void ring_cleanup_start(struct ring_cleanup *cleanup);
/* The ring is another one. */
void ring_cleanup_on_ring(struct ring_cleanup *cleanup);
/* Nothing is left to be deleted, as far as is known. */
bool ring_cleanup_idle(const struct ring_cleanup *cleanup);
