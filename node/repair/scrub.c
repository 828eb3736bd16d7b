#include "scrub.h"

#include <stdlib.h>
#include <string.h>

#include "leaf_rows.h"
#include "probe.h"

enum {
    PAGE_BYTES = 256 * 1024, /* of rows read at once */
    PAUSE_US = 20000         /* after a page or a table: 12 MiB a second at most */
};

static void partition_begin(struct scrub *scrub);
static void table_find(struct scrub *scrub);
static void leaves_read(struct scrub *scrub);
static void rows_read(struct scrub *scrub);

static void on_pause(struct timer *timer, uint64_t now_us)
{
    struct scrub *scrub = container_of(timer, struct scrub, pause);
    (void)now_us;
    scrub->next(scrub);
}

void scrub_init(struct scrub *scrub, struct replica *replica, struct exchange *exchange,
                struct timers *timers, uint16_t shard, uint16_t shards, uint64_t interval_us)
{
    *scrub = (struct scrub){.replica = replica,
                            .exchange = exchange,
                            .timers = timers,
                            .shard = shard,
                            .shards = shards,
                            .interval_us = interval_us};
    key_range_init(&scrub->range);
    timer_init(&scrub->pause, on_pause);
    scrub->sums = calloc(TABLE_LEAVES, sizeof(*scrub->sums));
    ensure(scrub->sums != NULL);
}

static void snapshot_end(struct scrub *scrub)
{
    struct store *store = scrub->replica->store;
    if (scrub->snapshot != NULL)
        store->snapshot_free(store, scrub->snapshot);
    scrub->snapshot = NULL;
}

void scrub_deinit(struct scrub *scrub)
{
    snapshot_end(scrub);
    timers_disarm(scrub->timers, &scrub->pause);
    store_range_deinit(&scrub->read);
    store_commit_deinit(&scrub->mend);
    key_range_deinit(&scrub->range);
    free(scrub->sums);
}

static void go_on_after(struct scrub *scrub, uint64_t pause_us, void (*next)(struct scrub *scrub))
{
    scrub->next = next;
    timers_arm(scrub->timers, &scrub->pause, scrub->replica->outbox->now.monotonic_us + pause_us);
}

void scrub_start(struct scrub *scrub, uint64_t first)
{
    uint32_t partitions = membership_partitions(scrub->replica->members);
    scrub->partition = (uint32_t)(first % partitions);
    go_on_after(scrub, scrub->interval_us, partition_begin);
}

static void partition_begin(struct scrub *scrub)
{
    struct replica *replica = scrub->replica;
    uint32_t partitions = membership_partitions(replica->members);
    for (uint32_t i = 0; i < scrub->shards; i++) {
        scrub->partition = (scrub->partition + 1) % partitions;
        if (scrub->partition % scrub->shards != scrub->shard)
            continue;
        scrub->snapshot = replica->store->snapshot(replica->store);
        scrub->table_id = 0;
        table_find(scrub);
        return;
    }
    go_on_after(scrub, scrub->interval_us, partition_begin); /* more shards than partitions */
}

static void partition_end(struct scrub *scrub)
{
    snapshot_end(scrub);
    go_on_after(scrub, scrub->interval_us, partition_begin);
}

static void table_end(struct scrub *scrub)
{
    if (scrub->table_id == UINT64_MAX) {
        partition_end(scrub);
        return;
    }
    scrub->table_id++;
    go_on_after(scrub, PAUSE_US, table_find);
}

/* Reads of `range`, as it was when the partition's turn began. */
static void read_start(struct scrub *scrub, enum store_family family, store_done done)
{
    store_range_init(&scrub->read, family, writer_slice(&scrub->range.from),
                     writer_slice(&scrub->range.to), done);
    scrub->read.snapshot = scrub->snapshot;
    scrub->read.bytes_max = scrub->finding ? 1 : PAGE_BYTES;
    store_submit(scrub->replica->store, &scrub->read.op);
}

/* False, and the turn is over, if it failed. */
static bool read_done(struct scrub *scrub)
{
    if (scrub->read.op.status == STORE_OK)
        return true;
    PROBE("leaves cannot be verified");
    store_range_deinit(&scrub->read);
    partition_end(scrub);
    return false;
}

/* The table of the first key read; false: there is none. */
static bool first_table(const struct scrub *scrub, uint64_t *table_id)
{
    struct reader rows = reader_of(writer_slice(&scrub->read.rows));
    struct slice key, value;
    if (!store_rows_next(&rows, &key, &value))
        return false;
    struct reader name = reader_of(key);
    (void)reader_get_u32(&name);
    *table_id = reader_get_u64(&name);
    return !name.failed;
}

static void table_begin(struct scrub *scrub)
{
    scrub->finding = false;
    if (!replica_table_shared(scrub->replica, scrub->table_id, 1)) {
        table_end(scrub);
        return;
    }
    memset(scrub->sums, 0, TABLE_LEAVES * sizeof(*scrub->sums));
    key_range_table(&scrub->range, scrub->partition, scrub->table_id);
    leaves_read(scrub);
}

static void on_row_found(struct store_op *op)
{
    struct scrub *scrub = container_of(op, struct scrub, read.op);
    uint64_t table_id;
    if (!read_done(scrub))
        return;
    bool rows = first_table(scrub, &table_id);
    store_range_deinit(&scrub->read);
    if (rows && (!scrub->found || table_id < scrub->table_id))
        scrub->table_id = table_id;
    if (rows || scrub->found)
        table_begin(scrub);
    else
        partition_end(scrub);
}

static void bound_rest(struct scrub *scrub)
{
    writer_reset(&scrub->range.from);
    writer_reset(&scrub->range.to);
    writer_put_u32(&scrub->range.from, scrub->partition);
    writer_put_u64(&scrub->range.from, scrub->table_id);
    writer_put_u32(&scrub->range.to, scrub->partition + 1);
}

static void on_leaf_found(struct store_op *op)
{
    struct scrub *scrub = container_of(op, struct scrub, read.op);
    uint64_t table_id;
    if (!read_done(scrub))
        return;
    scrub->found = first_table(scrub, &table_id);
    store_range_deinit(&scrub->read);
    bound_rest(scrub); /* of rows, from where the leaves were looked for */
    if (scrub->found)
        scrub->table_id = table_id;
    read_start(scrub, STORE_ITEMS, on_row_found);
}

/* The next table that has leaves or rows. */
static void table_find(struct scrub *scrub)
{
    scrub->finding = true;
    bound_rest(scrub);
    read_start(scrub, STORE_MERKLE, on_leaf_found);
}

static void on_leaves_read(struct store_op *op)
{
    struct scrub *scrub = container_of(op, struct scrub, read.op);
    struct slice name, value, last = SLICE_EMPTY;
    if (!read_done(scrub))
        return;
    struct reader rows = reader_of(writer_slice(&scrub->read.rows));
    while (store_rows_next(&rows, &name, &value)) {
        struct leaf_key key;
        struct leaf_sum sum;
        if (leaf_key_decode(name, &key) && leaf_sum_decode(value, &sum))
            scrub->sums[key.leaf] = sum;
        last = name;
    }
    bool more = scrub->read.more && last.size > 0;
    if (more)
        key_range_go_on(&scrub->range, last);
    else
        key_range_table(&scrub->range, scrub->partition, scrub->table_id);
    store_range_deinit(&scrub->read);
    if (more)
        leaves_read(scrub);
    else
        rows_read(scrub);
}

static void leaves_read(struct scrub *scrub)
{
    read_start(scrub, STORE_MERKLE, on_leaves_read);
}

static void on_mended(struct store_op *op)
{
    struct scrub *scrub = container_of(op, struct scrub, mend.op);
    if (op->status == STORE_OK)
        scrub->stats.leaves += scrub->mend.batch.count;
    store_commit_deinit(&scrub->mend);
    exchange_want_all(scrub->exchange);
    table_end(scrub);
}

static void mend(struct scrub *scrub)
{
    log_event(scrub->replica->log, LOG_ERROR, "leaves_wrong",
              "partition=%u table=%016llx leaves=%u", scrub->partition,
              (unsigned long long)scrub->table_id, scrub->mend.batch.count);
    store_submit(scrub->replica->store, &scrub->mend.op);
}

static void compare(struct scrub *scrub)
{
    store_commit_init(&scrub->mend, on_mended);
    for (uint16_t leaf = 0; leaf < TABLE_LEAVES; leaf++) {
        struct leaf_key key = {scrub->partition, scrub->table_id, leaf};
        struct leaf_sum excess = scrub->sums[leaf];
        if (!leaf_sum_empty(excess))
            store_batch_merge(&scrub->mend.batch, &key,
                              leaf_sum_subtract((struct leaf_sum){0}, excess));
    }
    scrub->stats.tables++;
    /* Dropped meanwhile, its rows may go before its leaves do. */
    bool shared = replica_table_shared(scrub->replica, scrub->table_id, 1);
    if (scrub->mend.batch.count > 0 && shared) {
        mend(scrub);
        return;
    }
    store_commit_deinit(&scrub->mend);
    table_end(scrub);
}

static void row_subtract(struct scrub *scrub, struct slice key, struct slice stored)
{
    struct row row;
    struct leaf_sum *sum = &scrub->sums[leaf_of(key)];
    uint64_t seed = scrub->replica->config.digest_seed;
    if (row_decode(stored, &row))
        *sum = leaf_sum_subtract(*sum, leaf_of_row(key, &row, seed));
}

static void on_rows_read(struct store_op *op)
{
    struct scrub *scrub = container_of(op, struct scrub, read.op);
    struct slice key, stored, last = SLICE_EMPTY;
    if (!read_done(scrub))
        return;
    struct reader rows = reader_of(writer_slice(&scrub->read.rows));
    while (store_rows_next(&rows, &key, &stored)) {
        row_subtract(scrub, key, stored);
        last = key;
    }
    bool more = scrub->read.more;
    if (more)
        key_range_go_on(&scrub->range, last);
    store_range_deinit(&scrub->read);
    if (more)
        go_on_after(scrub, PAUSE_US, rows_read);
    else
        compare(scrub);
}

static void rows_read(struct scrub *scrub)
{
    read_start(scrub, STORE_ITEMS, on_rows_read);
}
