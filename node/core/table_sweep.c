/*
 * READING ──rows──▶ DELETING ──durable──▶ READING     behind them, where nothing is deleted yet
 *    │ ▲                │
 *    │ └────retry───────┘ from the range's start: the disk is too full even for deletes; or it
 *    │                    could not be read
 *    └──no rows──▶ the next family, partition, table
 */
#include "table_sweep.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE_ROWS = 256,          /* a batch that others hardly notice in a group commit */
    PAGE_BYTES = 1024 * 1024, /* values are read along with their keys */
    RETRY_US = 1000000
};

static void sweep_range(struct table_sweep *sweep);
static void sweep_read(struct table_sweep *sweep);
static void on_page_read(struct store_op *op);
static void on_page_deleted(struct store_op *op);
static void on_retry(struct timer *timer, uint64_t now_us);

void table_sweep_init(struct table_sweep *sweep, struct store *store, struct timers *timers,
                      const struct outbox *outbox, uint32_t partitions,
                      void (*done)(struct table_sweep *sweep, uint64_t table_id))
{
    *sweep = (struct table_sweep){
        .store = store, .timers = timers, .outbox = outbox, .partitions = partitions, .done = done};
    key_range_init(&sweep->range);
    timer_init(&sweep->retry, on_retry);
}

void table_sweep_deinit(struct table_sweep *sweep)
{
    timers_disarm(sweep->timers, &sweep->retry);
    store_range_deinit(&sweep->page);
    store_commit_deinit(&sweep->deletion);
    key_range_deinit(&sweep->range);
    free(sweep->tables);
}

static void sweep_begin(struct table_sweep *sweep)
{
    sweep->partition = 0;
    sweep->family = STORE_ITEMS;
    sweep_range(sweep);
}

void table_sweep_add(struct table_sweep *sweep, uint64_t table_id)
{
    if (sweep->tables_count == sweep->tables_capacity) {
        sweep->tables_capacity = sweep->tables_capacity == 0 ? 8 : 2 * sweep->tables_capacity;
        sweep->tables = realloc(sweep->tables, sweep->tables_capacity * sizeof(*sweep->tables));
        ensure(sweep->tables != NULL);
    }
    sweep->tables[sweep->tables_count++] = table_id;
    if (sweep->tables_count == 1)
        sweep_begin(sweep);
}

static void sweep_range(struct table_sweep *sweep)
{
    key_range_table(&sweep->range, sweep->partition, sweep->tables[0]);
    sweep_read(sweep);
}

static void sweep_read(struct table_sweep *sweep)
{
    store_range_init(&sweep->page, sweep->family, writer_slice(&sweep->range.from),
                     writer_slice(&sweep->range.to), on_page_read);
    sweep->page.rows_max = PAGE_ROWS;
    sweep->page.bytes_max = PAGE_BYTES;
    store_submit(sweep->store, &sweep->page.op);
}

static void sweep_end(struct table_sweep *sweep)
{
    uint64_t table_id = sweep->tables[0];
    sweep->tables_count--;
    memmove(sweep->tables, sweep->tables + 1, sweep->tables_count * sizeof(*sweep->tables));
    sweep->done(sweep, table_id);
    if (sweep->tables_count > 0)
        sweep_begin(sweep);
}

static void sweep_go_on(struct table_sweep *sweep)
{
    static const enum store_family next[STORE_FAMILIES] = {[STORE_ITEMS] = STORE_PROMISES,
                                                           [STORE_PROMISES] = STORE_INDEX,
                                                           [STORE_INDEX] = STORE_MERKLE,
                                                           [STORE_MERKLE] = STORE_ITEMS};
    sweep->family = next[sweep->family];
    if (sweep->family == STORE_ITEMS)
        sweep->partition++;
    if (sweep->partition < sweep->partitions)
        sweep_range(sweep);
    else
        sweep_end(sweep);
}

static void sweep_retry(struct table_sweep *sweep)
{
    timers_arm(sweep->timers, &sweep->retry, sweep->outbox->now.monotonic_us + RETRY_US);
}

static void on_retry(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    sweep_range(container_of(timer, struct table_sweep, retry));
}

static void delete_page(struct table_sweep *sweep)
{
    struct reader rows = reader_of(writer_slice(&sweep->page.rows));
    struct slice key = SLICE_EMPTY, value;
    store_commit_init(&sweep->deletion, on_page_deleted);
    while (store_rows_next(&rows, &key, &value))
        store_batch_delete(&sweep->deletion.batch, sweep->family, key);
    key_range_go_on(&sweep->range, key);
    store_submit(sweep->store, &sweep->deletion.op);
}

static void on_page_read(struct store_op *op)
{
    struct table_sweep *sweep = container_of(op, struct table_sweep, page.op);
    bool failed = op->status != STORE_OK;
    bool empty = sweep->page.rows_count == 0;
    if (!failed && !empty)
        delete_page(sweep);
    store_range_deinit(&sweep->page);
    if (failed)
        sweep_retry(sweep);
    else if (empty)
        sweep_go_on(sweep);
}

static void on_page_deleted(struct store_op *op)
{
    struct table_sweep *sweep = container_of(op, struct table_sweep, deletion.op);
    store_commit_deinit(&sweep->deletion);
    if (op->status == STORE_OK)
        sweep_read(sweep);
    else
        sweep_retry(sweep);
}
