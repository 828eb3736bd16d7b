/*
 * MARKING ──▶ HEAD ──complete──▶ the next partition
 *              │
 *              └─else─▶ SWEEPING ──no more entries──▶ WALKING ──no more rows──▶ COMPLETING
 *                          │                                                       │
 *                          └──entries are removed──▶ the next partition ◀──────────┘
 *
 * Each step is repeated after a pause if the disk fails. The mark's commit comes after those of all
 * rows that were written before the table was told: what is walked has them all.
 */
#include "expiry_index.h"

#include <stdlib.h>

#include "expiry_entries.h"
#include "meta.h"
#include "planted.h"
#include "probe.h"

enum {
    ENTRIES_MAX = 256,    /* removed at once */
    PAGE_BYTES = 1 << 18, /* values are read along with their keys */
    PAUSE_US = 20000,     /* after each page: some 3,000 rows a second */
    RETRY_US = 500000,
    LOAD_ROWS = 1 << 20, /* one a table and shard */
    LOAD_BYTES = 64 << 20,
};

struct expiry_row {
    struct expiry_check check;
    struct expiry_index *index;
};

static void job_begin(struct expiry_index *index);
static void job_next(struct expiry_index *index);
static void partition_begin(struct expiry_index *index);
static void sweep(struct expiry_index *index);
static void walk(struct expiry_index *index);
static void load(struct expiry_index *index);

static void on_pause(struct timer *timer, uint64_t now_us)
{
    struct expiry_index *index = container_of(timer, struct expiry_index, pause);
    (void)now_us;
    index->again(index);
}

static void go_on_after(struct expiry_index *index, uint64_t pause_us,
                        void (*step)(struct expiry_index *index))
{
    index->again = step;
    timers_arm(index->timers, &index->pause, index->replica->outbox->now.monotonic_us + pause_us);
}

void expiry_index_init(struct expiry_index *index, struct replica *replica, struct timers *timers,
                       uint16_t shard, uint16_t shards)
{
    *index = (struct expiry_index){.replica = replica,
                                   .timers = timers,
                                   .shard = shard,
                                   .shards = shards,
                                   .rows_max = EXPIRY_ROWS_MAX};
    expiry_jobs_init(&index->jobs);
    key_range_init(&index->range);
    writer_init(&index->head_key, 16);
    timer_init(&index->pause, on_pause);
    index->rows = calloc(EXPIRY_ROWS_MAX, sizeof(*index->rows));
    ensure(index->rows != NULL);
}

void expiry_index_deinit(struct expiry_index *index)
{
    struct expiry_job *job;
    while ((job = expiry_jobs_pop(&index->jobs)) != NULL)
        free(job);
    timers_disarm(index->timers, &index->pause);
    buffer_unref(index->attribute);
    buffer_unref(index->head.value);
    store_range_deinit(&index->load);
    store_range_deinit(&index->page);
    store_commit_deinit(&index->commit);
    key_range_deinit(&index->range);
    writer_deinit(&index->head_key);
    free(index->rows);
}

bool expiry_index_idle(const struct expiry_index *index)
{
    return index->replica->expiry_known && expiry_jobs_empty(&index->jobs);
}

/* Which tables there are entries of. */

/* Each shard that ever was has its row, and those may differ: it served when the attribute was another
 * one. */
static void take_note(struct expiry_index *index, struct slice value)
{
    struct replica *replica = index->replica;
    struct reader reader = reader_of(value);
    uint64_t table_id = reader_get_u64(&reader);
    struct slice attribute = reader_get_sized(&reader);
    if (reader.failed)
        return;
    bool differs = replica_expiry_noted(replica, table_id) &&
                   !slice_equal(replica_noted_expiry(replica, table_id), attribute);
    replica_note_expiry(replica, table_id, differs ? SLICE_EMPTY : attribute);
    expiry_index_look(index, table_id);
}

static void on_loaded(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, load.op);
    if (op->status != STORE_OK) {
        PROBE("the tables with expiring items cannot be loaded");
        store_range_deinit(&index->load);
        go_on_after(index, RETRY_US, load);
        return;
    }
    struct reader reader = reader_of(writer_slice(&index->load.rows));
    struct slice key, value;
    while (store_rows_next(&reader, &key, &value))
        take_note(index, value);
    index->replica->expiry_known = true;
    store_range_deinit(&index->load);
    job_next(index);
}

static void load(struct expiry_index *index)
{
    store_range_init(&index->load, STORE_META, META_EXPIRY_PREFIX, META_EXPIRY_END, on_loaded);
    index->load.rows_max = LOAD_ROWS;
    index->load.bytes_max = LOAD_BYTES;
    store_submit(index->replica->store, &index->load.op);
}

void expiry_index_start(struct expiry_index *index)
{
    load(index);
}

/* Jobs. */

static uint64_t table_of(const struct expiry_index *index)
{
    return expiry_jobs_first(&index->jobs)->table_id;
}

static struct expiry_job *job_find(const struct expiry_index *index, uint64_t table_id)
{
    struct expiry_job *job = expiry_jobs_first(&index->jobs);
    while (job != NULL && job->table_id != table_id)
        job = expiry_jobs_next(&index->jobs, job);
    return job;
}

static void job_add(struct expiry_index *index, uint64_t table_id)
{
    struct expiry_job *job = calloc(1, sizeof(*job));
    ensure(job != NULL);
    job->table_id = table_id;
    expiry_jobs_push(&index->jobs, job);
    if (index->jobs.count == 1)
        job_next(index);
}

void expiry_index_look(struct expiry_index *index, uint64_t table_id)
{
    struct replica *replica = index->replica;
    bool known = replica_table(replica, table_id) != NULL;
    bool dropped = replica_table_dropped(replica, table_id);
    bool expires = !dropped && replica_expires(replica, table_id);
    bool unwanted = (known || dropped) && replica_expiry_noted(replica, table_id);
    struct expiry_job *job = job_find(index, table_id);
    if (job == NULL && (expires || unwanted))
        job_add(index, table_id);
    else if (job != NULL && job == expiry_jobs_first(&index->jobs))
        index->anew = index->begun;
}

/* What earlier lives left is known first: then no job of this one is taken for theirs. */
static void job_next(struct expiry_index *index)
{
    if (index->replica->expiry_known && !expiry_jobs_empty(&index->jobs) && !index->begun &&
        !timer_armed(&index->pause))
        go_on_after(index, 0, job_begin);
}

static void job_end(struct expiry_index *index)
{
    struct expiry_job *job = expiry_jobs_pop(&index->jobs);
    index->begun = false;
    free(job);
    job_next(index);
}

/* The table has changed meanwhile: true, and its job begins once more. */
static bool changed(struct expiry_index *index)
{
    if (!index->anew)
        return false;
    PROBE("a table changes while entries of its expiring items are made");
    go_on_after(index, 0, job_begin);
    return true;
}

static bool dropped(const struct expiry_index *index)
{
    return replica_table_dropped(index->replica, table_of(index));
}

static void on_marked(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, commit.op);
    store_commit_deinit(&index->commit);
    if (op->status != STORE_OK) {
        go_on_after(index, RETRY_US, job_begin);
        return;
    }
    replica_note_expiry(index->replica, table_of(index), buffer_slice(index->attribute));
    if (!changed(index))
        partition_begin(index);
}

/* Heads of another attribute would be right again if that one came back before its entries are
 * removed; but from now on it is not kept. */
static void delete_heads(struct expiry_index *index)
{
    uint32_t partitions = membership_partitions(index->replica->members);
    for (uint32_t at = index->shard; at < partitions; at += index->shards)
        expiry_head_delete(&index->commit.batch, at, table_of(index));
}

static void mark(struct expiry_index *index)
{
    const struct replica *replica = index->replica;
    struct meta_key key;
    struct writer note;
    writer_init(&note, 64);
    writer_put_u64(&note, table_of(index));
    writer_put_sized(&note, buffer_slice(index->attribute));
    store_commit_init(&index->commit, on_marked);
    store_batch_put(&index->commit.batch, STORE_META,
                    meta_key_expiry(&key, table_of(index), index->shard), writer_slice(&note));
    if (replica_expiry_noted(replica, table_of(index)) &&
        !slice_equal(replica_noted_expiry(replica, table_of(index)),
                     buffer_slice(index->attribute)))
        delete_heads(index);
    writer_deinit(&note);
    store_submit(index->replica->store, &index->commit.op);
}

static void on_unmarked(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, commit.op);
    store_commit_deinit(&index->commit);
    if (op->status != STORE_OK) {
        go_on_after(index, RETRY_US, job_begin);
        return;
    }
    replica_forget_expiry(index->replica, table_of(index));
    if (!changed(index))
        job_end(index);
}

/* Nothing is left of the table's entries (or its sweep will see to them). */
static void unmark(struct expiry_index *index)
{
    struct meta_key key;
    store_commit_init(&index->commit, on_unmarked);
    store_batch_delete(&index->commit.batch, STORE_META,
                       meta_key_expiry(&key, table_of(index), index->shard));
    store_submit(index->replica->store, &index->commit.op);
}

static void job_begin(struct expiry_index *index)
{
    index->begun = true;
    index->anew = false;
    index->partition = index->shard;
    buffer_unref(index->attribute);
    index->attribute = NULL;
    if (dropped(index)) {
        unmark(index);
    } else if (replica_expires(index->replica, table_of(index))) {
        index->attribute = buffer_from(replica_table(index->replica, table_of(index))->expiry);
        mark(index);
    } else {
        partition_begin(index);
    }
}

static void partition_next(struct expiry_index *index)
{
    index->partition += index->shards;
    partition_begin(index);
}

/* Heads. */

static bool home_here(const struct expiry_index *index)
{
    uint16_t list[PREFERENCE_MAX];
    const struct membership *members = index->replica->members;
    uint8_t replicas = replica_table_replicas(index->replica, table_of(index));
    size_t homes = membership_preference_list(members, index->partition, list, replicas);
    for (size_t i = 0; i < homes; i++)
        if (list[i] == members->self)
            return true;
    return false;
}

static bool complete(const struct expiry_index *index)
{
    return index->attribute != NULL && index->head.value != NULL &&
           slice_equal(buffer_slice(index->head.value), buffer_slice(index->attribute));
}

static void on_head(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, head.op);
    bool is_complete = complete(index);
    buffer_unref(index->head.value);
    index->head.value = NULL;
    if (changed(index))
        return;
    if (op->status != STORE_OK) {
        go_on_after(index, RETRY_US, partition_begin);
    } else if (is_complete) {
        PROBE("entries of expiring items are complete");
        partition_next(index);
    } else {
        expiry_range_all(&index->range, index->partition, table_of(index));
        sweep(index);
    }
}

static void partition_begin(struct expiry_index *index)
{
    uint32_t partitions = membership_partitions(index->replica->members);
    if (dropped(index)) {
        unmark(index);
        return;
    }
    while (index->partition < partitions && index->attribute != NULL && !home_here(index))
        index->partition += index->shards;
    if (index->partition >= partitions) {
        if (index->attribute == NULL)
            unmark(index);
        else
            job_end(index);
        return;
    }
    writer_reset(&index->head_key);
    expiry_head_encode(&index->head_key, index->partition, table_of(index));
    store_get_init(&index->head, STORE_INDEX, writer_slice(&index->head_key), on_head);
    store_submit(index->replica->store, &index->head.op);
}

static void on_completed(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, commit.op);
    store_commit_deinit(&index->commit);
    if (changed(index))
        return;
    if (op->status == STORE_OK)
        partition_next(index);
    else
        go_on_after(index, RETRY_US, walk);
}

static void set_complete(struct expiry_index *index)
{
    store_commit_init(&index->commit, on_completed);
    store_batch_put(&index->commit.batch, STORE_INDEX, writer_slice(&index->head_key),
                    buffer_slice(index->attribute));
    store_submit(index->replica->store, &index->commit.op);
}

/* What is left of another attribute, or of a time when none was kept. */

static void on_swept(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, commit.op);
    store_commit_deinit(&index->commit);
    if (!changed(index))
        go_on_after(index, op->status == STORE_OK ? PAUSE_US : RETRY_US, sweep);
}

static void sweep_page(struct expiry_index *index)
{
    struct reader rows = reader_of(writer_slice(&index->page.rows));
    struct slice key, value;
    store_commit_init(&index->commit, on_swept);
    while (store_rows_next(&rows, &key, &value))
        store_batch_delete(&index->commit.batch, STORE_INDEX, key);
    store_submit(index->replica->store, &index->commit.op);
}

static void on_sweep_read(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, page.op);
    bool empty = index->page.rows_count == 0;
    if (changed(index)) {
        store_range_deinit(&index->page);
        return;
    }
    if (op->status == STORE_OK && !empty)
        sweep_page(index);
    store_range_deinit(&index->page);
    if (op->status != STORE_OK) {
        go_on_after(index, RETRY_US, sweep);
    } else if (empty && index->attribute == NULL) {
        partition_next(index);
    } else if (empty) {
        key_range_table(&index->range, index->partition, table_of(index));
        walk(index);
    }
}

static void read_page(struct expiry_index *index, enum store_family family, uint32_t rows_max,
                      store_done done)
{
    store_range_init(&index->page, family, writer_slice(&index->range.from),
                     writer_slice(&index->range.to), done);
    index->page.rows_max = rows_max;
    index->page.bytes_max = PAGE_BYTES;
    store_submit(index->replica->store, &index->page.op);
}

static void sweep(struct expiry_index *index)
{
    read_page(index, STORE_INDEX, ENTRIES_MAX, on_sweep_read);
}

/* Rows. */

/* All entries of the page are there, or the page is to be walked again, a little slower. */
static void rows_end(struct expiry_index *index)
{
    bool failed = index->rows_failed;
    bool more = index->page.more;
    if (!failed && more) {
        struct reader rows = reader_of(writer_slice(&index->page.rows));
        struct slice key = SLICE_EMPTY, value;
        while (store_rows_next(&rows, &key, &value))
            continue;
        key_range_go_on(&index->range, key);
    }
    store_range_deinit(&index->page);
    index->rows_max = failed                                  ? 1
                      : 2 * index->rows_max < EXPIRY_ROWS_MAX ? 2 * index->rows_max
                                                              : EXPIRY_ROWS_MAX;
    if (changed(index))
        return;
    if (failed || more)
        go_on_after(index, PAUSE_US, walk);
    else
        set_complete(index);
}

static void on_checked(struct expiry_check *check, bool failed)
{
    struct expiry_index *index = container_of(check, struct expiry_row, check)->index;
    index->rows_failed |= failed;
    ensure(index->rows_out > 0);
    index->rows_out--;
    if (index->rows_out == 0)
        rows_end(index);
}

static bool expires(const struct expiry_index *index, struct slice bytes)
{
    struct row row;
    uint64_t seconds;
    return row_decode(bytes, &row) &&
           expiry_of_item(buffer_slice(index->attribute), row.value, &seconds);
}

/* A row that has no such attribute now gets its entry by the write that gives it one. */
static void check_rows(struct expiry_index *index)
{
    struct reader rows = reader_of(writer_slice(&index->page.rows));
    struct slice key, bytes;
    index->rows_out = 0;
    index->rows_failed = false;
    while (!index->rows_failed && store_rows_next(&rows, &key, &bytes)) {
        if (!expires(index, bytes))
            continue;
        struct expiry_row *row = &index->rows[index->rows_out];
        *row = (struct expiry_row){.check = {.done = on_checked}, .index = index};
        if (replica_check_expiry(index->replica, key, &row->check))
            index->rows_out++;
        else
            index->rows_failed = true;
    }
    if (index->rows_out == 0)
        rows_end(index);
}

static void on_walk_read(struct store_op *op)
{
    struct expiry_index *index = container_of(op, struct expiry_index, page.op);
    bool failed = op->status != STORE_OK;
    if (!failed && !index->anew) {
        check_rows(index);
        return;
    }
    store_range_deinit(&index->page);
    if (!changed(index))
        go_on_after(index, RETRY_US, walk);
}

static void walk(struct expiry_index *index)
{
    if (dropped(index))
        unmark(index);
    else
        read_page(index, STORE_ITEMS, index->rows_max, on_walk_read);
}
