/* Range reads: the registers of one partition in key order. Two forms: values of live items, for an
 * eventually consistent page; or the highest row held of each key, tombstones and rows that are only
 * accepted too, for a coordinator that merges several replicas' pages.
 *
 * The second form walks two families side by side, as they were at one time: items, and the
 * promises, among which the accepted rows are. The page always takes the smaller key of the two, so
 * it ends at a key up to which both were seen. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "probe.h"
#include "replica_index_range.h"
#include "replica_page.h"

enum { PROMISES_AT_ONCE = 256 /* rarely are there any; most of them carry no row */ };

enum walk_state {
    WALK_WANTING, /* must read on before its next key is known */
    WALK_READING, /* waits for the disk */
    WALK_AT_ROW,  /* `key` and `value` are its next row */
    WALK_ENDED
};

/* The rows of one family, read as many at a time as the page has room for. */
struct family_walk {
    struct range_operation *operation;
    enum walk_state state;
    enum store_family family;
    struct store_range read;
    struct reader left; /* of what was read */
    struct writer from; /* bounds of what is still to be read */
    struct writer to;
    struct slice key;
    struct slice value;
};

enum { ITEMS, PROMISES, WALKS };

struct range_operation {
    struct replica_work work;
    struct family_walk walks[WALKS];
    struct store_snapshot *snapshot; /* NULL: one family is walked, as it is */
    struct replica_page page;
    struct commit_wait wait;
    bool failed;
};

static void range_advance(struct range_operation *operation);

static void range_release(struct replica_work *work)
{
    struct range_operation *operation = container_of(work, struct range_operation, work);
    for (size_t i = 0; i < WALKS; i++) {
        store_range_deinit(&operation->walks[i].read);
        writer_deinit(&operation->walks[i].from);
        writer_deinit(&operation->walks[i].to);
    }
    if (operation->snapshot != NULL)
        work->replica->store->snapshot_free(work->replica->store, operation->snapshot);
    replica_page_deinit(&operation->page);
    free(operation);
}

/* Moves the bound behind the walk's last key. */
static void walk_narrow(struct family_walk *walk)
{
    struct writer *bound = walk->operation->page.reverse ? &walk->to : &walk->from;
    writer_reset(bound);
    writer_put_slice(bound, walk->key);
    if (!walk->operation->page.reverse)
        writer_put_u8(bound, 0);
}

static void walk_next(struct family_walk *walk)
{
    struct slice key, value;
    if (store_rows_next(&walk->left, &key, &value)) {
        walk->state = WALK_AT_ROW;
        walk->key = key;
        walk->value = value;
    } else if (walk->read.more) {
        ensure(walk->read.rows_count > 0);
        walk->state = WALK_WANTING;
        walk_narrow(walk);
    } else {
        walk->state = WALK_ENDED;
    }
}

static void walk_take(struct family_walk *walk)
{
    bool good = walk->read.op.status == STORE_OK;
    walk->operation->failed |= !good;
    walk->left = reader_of(good ? writer_slice(&walk->read.rows) : SLICE_EMPTY);
    walk->state = WALK_ENDED;
    if (good)
        walk_next(walk);
}

static void on_walk_read(struct store_op *op)
{
    struct family_walk *walk = container_of(op, struct family_walk, read.op);
    walk_take(walk);
    range_advance(walk->operation);
}

static void walk_read(struct family_walk *walk)
{
    struct range_operation *operation = walk->operation;
    struct store *store = operation->work.replica->store;
    store_range_deinit(&walk->read);
    store_range_init(&walk->read, walk->family, writer_slice(&walk->from), writer_slice(&walk->to),
                     on_walk_read);
    walk->read.reverse = operation->page.reverse;
    walk->read.rows_max = walk->family == STORE_PROMISES
                              ? PROMISES_AT_ONCE
                              : operation->page.rows_max - operation->page.count;
    if (BUGGIFY("a range is read row by row"))
        walk->read.rows_max = 1;
    walk->read.bytes_max = operation->page.bytes_max - operation->page.rows.size;
    walk->read.snapshot = operation->snapshot;
    walk->state = WALK_READING;
    if (store_try_read(store, &walk->read.op))
        walk_take(walk);
    else
        store_submit(store, &walk->read.op);
}

/* The highest of what is held of one key. False if it is corrupt. */
static bool page_add_top(struct range_operation *operation, struct slice key,
                         const struct slice *item, const struct slice *promise)
{
    struct acceptor held = {.has_item = item != NULL};
    if ((item != NULL && !row_decode(*item, &held.item)) ||
        (promise != NULL && !promise_decode(*promise, &held)))
        return false;
    bool accepted = held.has_accepted &&
                    (item == NULL || version_compare(held.accepted.ballot, held.item.ballot) > 0);
    if (accepted) {
        PROBE("a range shows a row that is only accepted");
        replica_page_put_row(&operation->page, key,
                             slice_of(promise->data + VERSION_SIZE, promise->size - VERSION_SIZE),
                             false);
    } else if (item != NULL) {
        replica_page_put_row(&operation->page, key, *item, true);
    }
    return true;
}

/* False if the row is corrupt. */
static bool page_add_value(struct range_operation *operation, struct slice key, struct slice stored)
{
    struct row row;
    if (!row_decode(stored, &row))
        return false;
    if (!row.tombstone)
        replica_page_put_value(&operation->page, key, row.value);
    return true;
}

/* Which of the walks stand at the page's next key. False: none, all is examined. */
static bool range_next(const struct range_operation *operation, bool here[WALKS])
{
    const struct family_walk *items = &operation->walks[ITEMS];
    const struct family_walk *promises = &operation->walks[PROMISES];
    here[ITEMS] = items->state == WALK_AT_ROW;
    here[PROMISES] = promises->state == WALK_AT_ROW;
    if (here[ITEMS] && here[PROMISES]) {
        int order = slice_compare(items->key, promises->key);
        here[ITEMS] = operation->page.reverse ? order >= 0 : order <= 0;
        here[PROMISES] = operation->page.reverse ? order <= 0 : order >= 0;
    }
    return here[ITEMS] || here[PROMISES];
}

/* Examines one key. */
static void range_examine(struct range_operation *operation, const bool here[WALKS])
{
    struct family_walk *items = &operation->walks[ITEMS];
    struct family_walk *promises = &operation->walks[PROMISES];
    struct slice key = here[ITEMS] ? items->key : promises->key;
    size_t size = key.size + (here[ITEMS] ? items->value.size : 0) +
                  (here[PROMISES] ? promises->value.size : 0);
    bool good = operation->page.whole
                    ? page_add_top(operation, key, here[ITEMS] ? &items->value : NULL,
                                   here[PROMISES] ? &promises->value : NULL)
                    : page_add_value(operation, key, items->value);
    operation->failed |= !good;
    replica_page_cover(&operation->page, key, size);
    for (size_t i = 0; i < WALKS; i++) {
        if (here[i])
            walk_next(&operation->walks[i]);
    }
}

static bool range_any(const struct range_operation *operation, enum walk_state state)
{
    return operation->walks[ITEMS].state == state || operation->walks[PROMISES].state == state;
}

static void range_read(struct range_operation *operation)
{
    for (size_t i = 0; i < WALKS; i++) {
        if (operation->walks[i].state == WALK_WANTING)
            walk_read(&operation->walks[i]);
    }
}

static bool range_done(const struct range_operation *operation)
{
    return operation->failed || replica_page_full(&operation->page) ||
           (operation->walks[ITEMS].state == WALK_ENDED &&
            operation->walks[PROMISES].state == WALK_ENDED);
}

/* The page has all it will have. */
static void range_conclude(struct range_operation *operation)
{
    bool more = operation->walks[ITEMS].state != WALK_ENDED ||
                operation->walks[PROMISES].state != WALK_ENDED;
    if (operation->failed)
        log_event(operation->work.replica->log, LOG_ERROR, "range_unreadable", "rows=%u",
                  operation->page.count);
    if (more && operation->walks[ITEMS].state == WALK_ENDED)
        PROBE("a range goes on with promises alone");
    replica_page_reply(&operation->page, &operation->work,
                       operation->failed ? VERDICT_FAILED : VERDICT_OK, more && !operation->failed);
}

/* Goes on as far as memory reaches; may free the operation. */
static void range_advance(struct range_operation *operation)
{
    bool here[WALKS];
    while (!range_any(operation, WALK_READING)) {
        if (range_done(operation)) {
            range_conclude(operation);
            return;
        }
        if (range_any(operation, WALK_WANTING))
            range_read(operation);
        else if (range_next(operation, here))
            range_examine(operation, here);
    }
}

static void walk_init(struct range_operation *operation, size_t index,
                      const Cartwheel__Range *range)
{
    struct family_walk *walk = &operation->walks[index];
    walk->operation = operation;
    walk->family = index == ITEMS ? STORE_ITEMS : STORE_PROMISES;
    walk->state = index == ITEMS || operation->page.whole ? WALK_WANTING : WALK_ENDED;
    writer_init(&walk->from, range->from.len + 1);
    writer_init(&walk->to, range->to.len + 1);
    writer_put_slice(&walk->from, slice_of_binary(range->from));
    writer_put_slice(&walk->to, slice_of_binary(range->to));
    writer_init(&walk->read.rows, 0);
}

static struct range_operation *range_new(struct replica *replica, const struct frame *frame,
                                         const Cartwheel__Range *range)
{
    struct range_operation *operation = malloc(sizeof(*operation));
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    work_init(&operation->work, replica, frame, range_release);
    replica_page_init(&operation->page, range);
    for (size_t i = 0; i < WALKS; i++)
        walk_init(operation, i, range);
    return operation;
}

static void range_start(struct commit_wait *wait)
{
    PROBE("a range waits for a commit");
    range_advance(container_of(wait, struct range_operation, wait));
}

/* VERDICT_OK: go on. */
static enum verdict range_admit(const struct replica *replica, const struct frame *frame,
                                const Cartwheel__Range *range)
{
    struct reader from = reader_of(slice_of_binary(range->from));
    uint32_t partition = reader_get_u32(&from);
    if (!replica_serves(replica, partition))
        return VERDICT_REFUSED_SHARD;
    enum verdict owns = replica_owns(replica, partition, frame->header.epoch);
    if (owns != VERDICT_OK)
        return owns;
    if (range->rows_max == 0 || range->bytes_max == 0)
        return VERDICT_FAILED;
    return replica->recovering && range->rows ? VERDICT_RECOVERING : VERDICT_OK;
}

void replica_on_range(struct replica *replica, const struct frame *frame,
                      const Cartwheel__Range *range)
{
    enum verdict admitted = range_admit(replica, frame, range);
    if (range->index && admitted == VERDICT_OK) {
        replica_on_index_range(replica, frame, range);
        return;
    }
    struct range_operation *operation = range_new(replica, frame, range);
    if (admitted == VERDICT_OK && work_excessive(replica))
        admitted = VERDICT_BUSY;
    if (admitted != VERDICT_OK) {
        replica_page_reply(&operation->page, &operation->work, admitted, false);
        return;
    }
    if (range->rows)
        operation->snapshot = replica->store->snapshot(replica->store);
    struct slice from = writer_slice(&operation->walks[ITEMS].from);
    if (range->rows ||
        !commit_waits_add(&replica->commit_waits, &operation->wait, from, range_start))
        range_advance(operation);
}
