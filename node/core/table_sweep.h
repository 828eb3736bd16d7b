/* table_sweep: deletes the rows of dropped tables, one page after another.
 *
 * Row by row, although stores like RocksDB can delete a range at once: RocksDB 7.8 forgets that a
 * file could not be read when an iterator has passed a deleted range, and silently leaves rows out
 * (docs/decisions/0015-no-deleted-ranges.md). */
#pragma once

#include "key.h"
#include "outbox.h"
#include "store.h"
#include "timers.h"

struct table_sweep {
    struct store *store;
    struct timers *timers;
    const struct outbox *outbox; /* its clock */
    uint32_t partitions;
    /* All rows of a table are gone, durably. */
    void (*done)(struct table_sweep *sweep, uint64_t table_id);

    uint64_t *tables; /* to be swept, in order; the first one is being swept */
    size_t tables_count;
    size_t tables_capacity;
    uint32_t partition;       /* at which the first one is */
    enum store_family family; /* STORE_ITEMS, STORE_PROMISES, STORE_INDEX, STORE_MERKLE */
    struct key_range range;   /* of that partition; what is left of it */
    struct store_range page;
    struct store_commit deletion;
    struct timer retry; /* after a read or a commit that failed */
};

void table_sweep_init(struct table_sweep *sweep, struct store *store, struct timers *timers,
                      const struct outbox *outbox, uint32_t partitions,
                      void (*done)(struct table_sweep *sweep, uint64_t table_id));
/* The store must not complete anything any more. */
void table_sweep_deinit(struct table_sweep *sweep);
/* Starts now, or when the tables before it are done. What is not done when the process ends is
 * begun anew when the table's end is heard of again. */
void table_sweep_add(struct table_sweep *sweep, uint64_t table_id);
