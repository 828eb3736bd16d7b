#include "ring_cleanup.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "leaf_rows.h"
#include "meta.h"
#include "planted.h"
#include "probe.h"

enum {
    TICK_US = 50000,
    PAGE_ROWS = 256,         /* a batch that others hardly notice in a group commit */
    PAGE_BYTES = 1024 * 1024 /* values are read along with their keys */
};

static void on_tick(struct timer *timer, uint64_t now_us);
static void on_looked_loaded(struct store_op *op);
static void on_page(struct store_op *op);
static void on_deleted(struct store_op *op);
static void on_noted(struct store_op *op);

static const struct ring_state *ring_of(const struct ring_cleanup *cleanup)
{
    return &cleanup->replica->members->ring;
}

void ring_cleanup_init(struct ring_cleanup *cleanup, struct replica *replica, struct timers *timers)
{
    *cleanup = (struct ring_cleanup){.replica = replica, .timers = timers};
    uint32_t partitions = membership_partitions(replica->members);
    cleanup->dirty = calloc(partitions, sizeof(*cleanup->dirty));
    cleanup->looked = calloc(partitions, sizeof(*cleanup->looked));
    cleanup->seen = calloc(partitions, sizeof(*cleanup->seen));
    ensure(cleanup->dirty != NULL);
    ensure(cleanup->looked != NULL);
    ensure(cleanup->seen != NULL);
    writer_init(&cleanup->from, 16);
    writer_init(&cleanup->to, 16);
    writer_init(&cleanup->page.rows, 0);
    store_commit_init(&cleanup->commit, on_deleted);
    timer_init(&cleanup->tick, on_tick);
}

void ring_cleanup_deinit(struct ring_cleanup *cleanup)
{
    timers_disarm(cleanup->timers, &cleanup->tick);
    store_range_deinit(&cleanup->page);
    store_commit_deinit(&cleanup->commit);
    writer_deinit(&cleanup->from);
    writer_deinit(&cleanup->to);
    free(cleanup->dirty);
    free(cleanup->looked);
    free(cleanup->seen);
}

static void arm(struct ring_cleanup *cleanup)
{
    uint64_t now_us = cleanup->replica->outbox->now.monotonic_us;
    timers_arm(cleanup->timers, &cleanup->tick, now_us + TICK_US);
}

static bool is_copier(const struct ring_cleanup *cleanup, uint32_t partition)
{
    return ring_copies(ring_of(cleanup), partition, (unsigned)cleanup->replica->members->self);
}

static void set_dirty(struct ring_cleanup *cleanup, uint32_t partition, bool dirty)
{
    cleanup->dirty_count += dirty;
    cleanup->dirty_count -= cleanup->dirty[partition];
    cleanup->dirty[partition] = dirty;
}

/* Until it has been looked at. */
static void gate(struct ring_cleanup *cleanup, uint32_t partition)
{
    bool copied = is_copier(cleanup, partition);
    bool closed = copied && cleanup->looked[partition] != ring_of(cleanup)->epochs[partition];
    replica_close(cleanup->replica, partition, closed);
    if (copied)
        set_dirty(cleanup, partition, closed);
}

/* Of a partition in JOINT all is kept from the moment it was looked at; of one that has never changed,
 * always. */
static void react(struct ring_cleanup *cleanup, uint32_t partition)
{
    const struct ring_state *ring = ring_of(cleanup);
    if (!replica_serves(cleanup->replica, partition) ||
        cleanup->seen[partition] == ring->epochs[partition])
        return;
    cleanup->seen[partition] = ring->epochs[partition];
    if (ring->stages[partition] == RING_STABLE && ring->epochs[partition] > RING_EPOCH_BIRTH)
        set_dirty(cleanup, partition, true);
    gate(cleanup, partition);
}

void ring_cleanup_on_ring(struct ring_cleanup *cleanup)
{
    for (uint32_t i = 0; i < ring_of(cleanup)->partitions; i++)
        react(cleanup, i);
}

void ring_cleanup_start(struct ring_cleanup *cleanup)
{
    ring_cleanup_on_ring(cleanup);
    store_range_init(&cleanup->page, STORE_META, META_LOOKED_PREFIX, META_LOOKED_END,
                     on_looked_loaded);
    store_submit(cleanup->replica->store, &cleanup->page.op);
}

static void on_looked_loaded(struct store_op *op)
{
    struct ring_cleanup *cleanup = container_of(op, struct ring_cleanup, page.op);
    struct reader rows = reader_of(writer_slice(&cleanup->page.rows));
    struct slice key, value;
    if (op->status != STORE_OK) {
        store_range_deinit(&cleanup->page);
        ring_cleanup_start(cleanup);
        return;
    }
    while (store_rows_next(&rows, &key, &value)) {
        struct reader reader = reader_of(value);
        uint32_t partition = reader_get_u32(&reader);
        uint64_t epoch = reader_get_u64(&reader);
        if (!reader_done(&reader) || partition >= ring_of(cleanup)->partitions)
            continue;
        cleanup->looked[partition] = epoch;
        if (replica_serves(cleanup->replica, partition))
            gate(cleanup, partition);
    }
    store_range_deinit(&cleanup->page);
    cleanup->loaded = true;
    arm(cleanup);
}

bool ring_cleanup_idle(const struct ring_cleanup *cleanup)
{
    return cleanup->loaded && !cleanup->busy && cleanup->dirty_count == 0;
}

/* What is going on with the partition may have been overtaken by the ring. */
static bool current(const struct ring_cleanup *cleanup)
{
    return ring_of(cleanup)->epochs[cleanup->partition] == cleanup->epoch;
}

/* Rows of the table are this node's to keep. */
static bool keeps(struct ring_cleanup *cleanup, uint64_t table_id)
{
    const struct replica *replica = cleanup->replica;
    unsigned n = replica_table_replicas(replica, table_id);
    struct homes homes;
    if (n == 0) {
        cleanup->unknown |= !replica_table_dropped(replica, table_id);
        return true;
    }
    membership_homes(replica->members, cleanup->partition, n, &homes);
    return homes_find(&homes, (unsigned)replica->members->self) < homes.n;
}

static void read_from(struct ring_cleanup *cleanup, bool one)
{
    writer_reset(&cleanup->from);
    writer_put_u32(&cleanup->from, cleanup->partition);
    writer_put_u64(&cleanup->from, cleanup->table);
    writer_reset(&cleanup->to);
    if (one)
        writer_put_u32(&cleanup->to, cleanup->partition + 1);
    else
        bytes_successor(writer_slice(&cleanup->from), &cleanup->to);
    store_range_deinit(&cleanup->page);
    store_range_init(&cleanup->page, cleanup->family, writer_slice(&cleanup->from),
                     writer_slice(&cleanup->to), on_page);
    cleanup->page.rows_max = one ? 1 : BUGGIFY("rows are cleaned up one by one") ? 1 : PAGE_ROWS;
    cleanup->page.bytes_max = PAGE_BYTES;
    store_submit(cleanup->replica->store, &cleanup->page.op);
}

static void look_on(struct ring_cleanup *cleanup)
{
    cleanup->deleting = false;
    read_from(cleanup, true);
}

static void stop(struct ring_cleanup *cleanup)
{
    store_range_deinit(&cleanup->page);
    cleanup->busy = false;
    arm(cleanup);
}

/* It is clean: of one that is to be copied that must be durable before anything is taken. */
static void note_looked(struct ring_cleanup *cleanup)
{
    struct meta_key key;
    struct writer row;
    writer_init(&row, 12);
    writer_put_u32(&row, cleanup->partition);
    writer_put_u64(&row, cleanup->epoch);
    store_commit_deinit(&cleanup->commit);
    store_commit_init(&cleanup->commit, on_noted);
    store_batch_put(&cleanup->commit.batch, STORE_META, meta_key_looked(&key, cleanup->partition),
                    writer_slice(&row));
    writer_deinit(&row);
    store_submit(cleanup->replica->store, &cleanup->commit.op);
}

static void finish(struct ring_cleanup *cleanup)
{
    if (is_copier(cleanup, cleanup->partition) && !cleanup->unknown) {
        note_looked(cleanup);
        return;
    }
    set_dirty(cleanup, cleanup->partition, cleanup->unknown);
    stop(cleanup);
}

static void on_noted(struct store_op *op)
{
    struct ring_cleanup *cleanup = container_of(op, struct ring_cleanup, commit.op);
    if (op->status == STORE_OK && current(cleanup)) {
        PROBE("a partition that is to be copied is clean");
        set_dirty(cleanup, cleanup->partition, false);
        cleanup->looked[cleanup->partition] = cleanup->epoch;
        gate(cleanup, cleanup->partition);
    }
    stop(cleanup);
}

static void next_family(struct ring_cleanup *cleanup)
{
    static const enum store_family next[STORE_FAMILIES] = {[STORE_ITEMS] = STORE_PROMISES,
                                                           [STORE_PROMISES] = STORE_INDEX,
                                                           [STORE_INDEX] = STORE_ITEMS};
    cleanup->family = next[cleanup->family];
    cleanup->table = 0;
    if (cleanup->family == STORE_ITEMS)
        finish(cleanup);
    else
        look_on(cleanup);
}

/* The first row of the next table, or of none. */
static void on_looked(struct ring_cleanup *cleanup)
{
    struct reader rows = reader_of(writer_slice(&cleanup->page.rows));
    struct slice key, value;
    if (!store_rows_next(&rows, &key, &value)) {
        next_family(cleanup);
        return;
    }
    struct reader reader = reader_of(key);
    (void)reader_get_u32(&reader);
    cleanup->table = reader_get_u64(&reader);
    if (keeps(cleanup, cleanup->table)) {
        cleanup->table++;
        look_on(cleanup);
    } else {
        PROBE("rows that are not owned any more are deleted");
        cleanup->deleting = true;
        read_from(cleanup, false);
    }
}

static void delete_page(struct ring_cleanup *cleanup)
{
    struct reader rows = reader_of(writer_slice(&cleanup->page.rows));
    struct slice key, value;
    struct row row;
    store_commit_deinit(&cleanup->commit);
    store_commit_init(&cleanup->commit, on_deleted);
    struct store_batch *batch = &cleanup->commit.batch;
    while (store_rows_next(&rows, &key, &value)) {
        store_batch_delete(batch, cleanup->family, key);
        if (cleanup->family == STORE_PROMISES)
            undecided_remove(&cleanup->replica->undecided, key);
        if (cleanup->family == STORE_ITEMS && row_decode(value, &row))
            leaf_rows_change(batch, key, &row, NULL, cleanup->replica->config.digest_seed);
        cleanup->deleted++;
    }
    store_submit(cleanup->replica->store, &cleanup->commit.op);
}

static void on_page(struct store_op *op)
{
    struct ring_cleanup *cleanup = container_of(op, struct ring_cleanup, page.op);
    if (op->status != STORE_OK || !current(cleanup)) {
        stop(cleanup);
    } else if (!cleanup->deleting) {
        on_looked(cleanup);
    } else if (cleanup->page.rows_count > 0) {
        delete_page(cleanup);
    } else {
        cleanup->table++;
        look_on(cleanup);
    }
}

static void on_deleted(struct store_op *op)
{
    struct ring_cleanup *cleanup = container_of(op, struct ring_cleanup, commit.op);
    if (op->status == STORE_OK && current(cleanup))
        read_from(cleanup, false);
    else
        stop(cleanup);
}

/* Those that somebody waits for come first. */
static bool choose(struct ring_cleanup *cleanup)
{
    const struct ring_state *ring = ring_of(cleanup);
    bool found = false;
    uint32_t last = cleanup->partition;
    for (uint32_t i = 0; i < ring->partitions; i++) {
        uint32_t partition = (last + 1 + i) % ring->partitions;
        bool copied = is_copier(cleanup, partition);
        if (!cleanup->dirty[partition] || (ring->stages[partition] == RING_JOINT && !copied) ||
            replica_draining(cleanup->replica, partition))
            continue;
        if (!found || copied) {
            found = true;
            cleanup->epoch = ring->epochs[partition];
            cleanup->family = STORE_ITEMS;
            cleanup->table = 0;
            cleanup->unknown = false;
            cleanup->deleting = false;
            cleanup->partition = partition;
            if (copied)
                return true;
        }
    }
    return found;
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    struct ring_cleanup *cleanup = container_of(timer, struct ring_cleanup, tick);
    ensure(!cleanup->busy);
    if (cleanup->dirty_count > 0 && choose(cleanup)) {
        cleanup->busy = true;
        look_on(cleanup);
    } else {
        arm(cleanup);
    }
}
