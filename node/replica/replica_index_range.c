/*
 * ACCEPTED ──all are known──▶ ENTRIES ──some are known──▶ ITEMS ──page not full──▶ ENTRIES
 *
 * All of it as it was at one time. The walk takes index entries and accepted rows' entries side by
 * side, reads the items of a few at once, and puts them into the page in order. */
#include "replica_index_range.h"

#include <stdlib.h>
#include <string.h>

#include "accepted_rows.h"
#include "index_entries.h"
#include "planted.h"
#include "probe.h"
#include "replica_page.h"

enum {
    ITEMS_AT_ONCE = 64,       /* reads that one range may have in the reader pool; */
    ITEMS_AT_FIRST = 16,      /* as long as nobody knows how large they are, */
    ITEMS_BYTES = 512 << 10,  /* and about as many as bring so much */
    PROMISES_AT_ONCE = 256,   /* rarely are there any */
    READ_BYTES_MAX = 1 << 20, /* of entries or promises at once */
    ACCEPTED_BYTES_MAX =
        8 << 20 /* rows of one range that wait for their commits: then it is busy */
};

/* The item of one entry. */
struct item_lookup {
    struct index_operation *operation;
    struct slice entry;
    struct writer key;
    struct writer behind; /* the first key behind it */
    struct store_range read;
};

struct index_operation {
    struct replica_work work;
    struct replica_page page;
    struct commit_wait wait;
    struct index_range range;
    struct store_snapshot *snapshot;
    struct accepted_rows accepted;
    struct key_range promises; /* still to be read, if any are left of those read last */
    bool promises_left;
    struct slice *keys; /* of items with something accepted, as far as they are known */
    size_t keys_count;
    size_t keys_taken;
    struct writer from; /* of the entries still to be read */
    struct writer to;
    struct store_range read;
    struct reader entries; /* of what was read */
    struct slice entry;    /* the next; empty: not known */
    bool entries_end;      /* nothing is behind what was read */
    struct item_lookup items[ITEMS_AT_ONCE];
    size_t items_count;
    size_t items_most; /* at once, by the size of those before */
    size_t items_out;  /* still being read */
    bool failed;
};

static void read_accepted(struct index_operation *operation);
static void index_advance(struct index_operation *operation);

static void release(struct replica_work *work)
{
    struct index_operation *operation = container_of(work, struct index_operation, work);
    struct store *store = work->replica->store;
    for (size_t i = 0; i < ITEMS_AT_ONCE; i++) {
        writer_deinit(&operation->items[i].key);
        writer_deinit(&operation->items[i].behind);
        store_range_deinit(&operation->items[i].read);
    }
    store_range_deinit(&operation->read);
    if (operation->snapshot != NULL)
        store->snapshot_free(store, operation->snapshot);
    key_range_deinit(&operation->promises);
    writer_deinit(&operation->from);
    writer_deinit(&operation->to);
    accepted_rows_deinit(&operation->accepted);
    replica_page_deinit(&operation->page);
    free(operation);
}

/* An accepted row that the page does not tell at its entry may have taken the place, here, of one that
 * others rightly show: they must hear of it. */
static void put_beside(struct index_operation *operation, bool more)
{
    struct slice covered = writer_slice(&operation->page.covered);
    for (size_t i = 0; i < operation->accepted.count; i++) {
        const struct accepted_row *accepted = &operation->accepted.all[i];
        bool told =
            accepted->entry.size > 0 &&
            (!more || key_walk_compare(operation->page.reverse, accepted->entry, covered) <= 0);
        if (!told)
            replica_page_put_beside(&operation->page, accepted->key, accepted->row);
    }
}

static void index_finish(struct index_operation *operation, enum verdict verdict, bool more)
{
    if (verdict == VERDICT_FAILED)
        log_event(operation->work.replica->log, LOG_ERROR, "index_range_unreadable", "rows=%u",
                  operation->page.count);
    if (verdict == VERDICT_OK)
        put_beside(operation, more);
    replica_page_reply(&operation->page, &operation->work, verdict, more);
}

/* Told of the table as long as there is one: definitions with indexes are told first of all. */
static const struct table_schema *schema_of(const struct index_operation *operation)
{
    return replica_table(operation->work.replica, operation->range.table_id);
}

/* True if it was answered at once. */
static bool submit(struct index_operation *operation, struct store_range *read, uint32_t rows_max,
                   size_t bytes_max)
{
    struct store *store = operation->work.replica->store;
    read->rows_max = rows_max;
    read->bytes_max = bytes_max;
    read->snapshot = operation->snapshot;
    if (store_try_read(store, &read->op))
        return true;
    store_submit(store, &read->op);
    return false;
}

/* Accepted rows. */

static bool has_entry(const struct index_operation *operation, const struct item_key *key,
                      struct slice item, struct writer *entry)
{
    return index_entry(entry, schema_of(operation), operation->range.index, key, item) &&
           key_in_range(writer_slice(entry), writer_slice(&operation->from),
                        writer_slice(&operation->to));
}

static void note_promise(struct index_operation *operation, struct slice key, struct slice promise)
{
    struct acceptor held = {.has_item = false};
    struct item_key decoded;
    struct writer entry;
    if (!promise_decode(promise, &held) || !item_key_decode(key, &decoded)) {
        operation->failed = true;
        return;
    }
    if (!held.has_accepted)
        return;
    writer_init(&entry, 0);
    struct accepted_row accepted = {
        .key = key,
        .row = slice_of(promise.data + VERSION_SIZE, promise.size - VERSION_SIZE),
        .ballot = held.accepted.ballot};
    if (has_entry(operation, &decoded, held.accepted.value, &entry))
        accepted.entry = writer_slice(&entry);
    accepted_rows_add(&operation->accepted, &accepted);
    writer_deinit(&entry);
}

/* False: the operation has ended. */
static bool take_promises(struct index_operation *operation)
{
    struct reader rows = reader_of(writer_slice(&operation->read.rows));
    struct slice key = SLICE_EMPTY, promise;
    operation->failed |= operation->read.op.status != STORE_OK;
    while (!operation->failed && store_rows_next(&rows, &key, &promise))
        note_promise(operation, key, promise);
    operation->promises_left = operation->read.more;
    writer_reset(&operation->promises.from);
    writer_put_slice(&operation->promises.from, key);
    writer_put_u8(&operation->promises.from, 0);
    store_range_deinit(&operation->read);
    if (operation->failed) {
        index_finish(operation, VERDICT_FAILED, false);
    } else if (operation->accepted.bytes > ACCEPTED_BYTES_MAX) {
        index_finish(operation, VERDICT_BUSY, false);
    } else {
        return true;
    }
    return false;
}

/* Bounds of the next promises to be read; false if all were. */
static bool next_promises(struct index_operation *operation)
{
    if (operation->promises_left)
        return true;
    if (operation->keys_taken == operation->keys_count)
        return false;
    struct slice key = operation->keys[operation->keys_taken++];
    writer_reset(&operation->promises.from);
    writer_put_slice(&operation->promises.from, key);
    writer_reset(&operation->promises.to);
    writer_put_slice(&operation->promises.to, key);
    writer_put_u8(&operation->promises.to, 0);
    return true;
}

static void on_promises(struct store_op *op)
{
    struct index_operation *operation = container_of(op, struct index_operation, read.op);
    if (take_promises(operation))
        read_accepted(operation);
}

static void read_accepted(struct index_operation *operation)
{
    while (next_promises(operation)) {
        store_range_init(&operation->read, STORE_PROMISES, writer_slice(&operation->promises.from),
                         writer_slice(&operation->promises.to), on_promises);
        if (!submit(operation, &operation->read, PROMISES_AT_ONCE, READ_BYTES_MAX) ||
            !take_promises(operation))
            return;
    }
    accepted_rows_order(&operation->accepted);
    index_advance(operation);
}

/* A failed condition leaves a promise for good: there may be many with nothing accepted. Those that
 * matter are noted, once all of earlier lives have been found. What is durable and not noted yet is not
 * told yet, either. */
static void begin_accepted(struct index_operation *operation)
{
    const struct undecided *undecided = &operation->work.replica->undecided;
    struct slice from = writer_slice(&operation->promises.from);
    struct slice to = writer_slice(&operation->promises.to);
    operation->promises_left = !undecided->loaded || undecided->incomplete;
    if (!operation->promises_left)
        operation->keys = arena_alloc(&operation->accepted.arena,
                                      undecided->keys.count * sizeof(*operation->keys));
    struct undecided_key *at = undecided_keys_first(&undecided->keys);
    for (; at != NULL && !operation->promises_left; at = undecided_keys_next(&undecided->keys, at))
        if (at->accepted && key_in_range(at->key, from, to))
            operation->keys[operation->keys_count++] =
                arena_copy(&operation->accepted.arena, at->key);
    slices_sort(operation->keys, operation->keys_count);
    read_accepted(operation);
}

/* Entries. */

/* Moves on to the next entry that was read. */
static void next_entry(struct index_operation *operation)
{
    struct slice value;
    if (!store_rows_next(&operation->entries, &operation->entry, &value))
        operation->entry = SLICE_EMPTY;
}

static void take_entries(struct index_operation *operation)
{
    operation->failed |= operation->read.op.status != STORE_OK;
    operation->entries = reader_of(writer_slice(&operation->read.rows));
    operation->entries_end = !operation->read.more;
    next_entry(operation);
}

static void on_entries(struct store_op *op)
{
    struct index_operation *operation = container_of(op, struct index_operation, read.op);
    take_entries(operation);
    index_advance(operation);
}

/* True if it was answered at once. */
static bool read_entries(struct index_operation *operation)
{
    uint32_t left = operation->page.rows_max - operation->page.count;
    store_range_deinit(&operation->read);
    store_range_init(&operation->read, STORE_INDEX, writer_slice(&operation->from),
                     writer_slice(&operation->to), on_entries);
    operation->read.reverse = operation->page.reverse;
    if (!submit(operation, &operation->read, left < ITEMS_AT_ONCE ? left : ITEMS_AT_ONCE,
                READ_BYTES_MAX))
        return false;
    take_entries(operation);
    return true;
}

/* Moves the bound behind an entry of the page that was read, which is used up. */
static void narrow(struct index_operation *operation, struct slice entry)
{
    struct writer *bound = operation->page.reverse ? &operation->to : &operation->from;
    writer_reset(bound);
    writer_put_slice(bound, entry);
    if (!operation->page.reverse)
        writer_put_u8(bound, 0);
}

/* Items. */

static void look_up(struct index_operation *operation, struct slice entry)
{
    struct item_lookup *item = &operation->items[operation->items_count];
    struct index_key key;
    if (!index_key_decode(entry, &key)) {
        operation->failed = true;
        return;
    }
    operation->items_count++;
    item->operation = operation;
    item->entry = entry;
    writer_reset(&item->key);
    item_key_encode(&item->key, &key.item);
    writer_reset(&item->behind);
    writer_put_slice(&item->behind, writer_slice(&item->key));
    writer_put_u8(&item->behind, 0);
}

/* The next of both walks; empty at the end of what is known. */
static struct slice take_next(struct index_operation *operation)
{
    const struct accepted_row *accepted =
        accepted_rows_next(&operation->accepted, operation->page.reverse);
    struct slice entry = operation->entry;
    int order = -1;
    if (accepted != NULL)
        order =
            entry.size == 0 ? 1 : key_walk_compare(operation->page.reverse, entry, accepted->entry);
    if (accepted != NULL && order > 0)
        entry = accepted->entry;
    if (accepted != NULL && order >= 0)
        operation->accepted.candidates_taken++;
    if (order <= 0 && entry.size > 0)
        next_entry(operation);
    return entry;
}

static bool entries_wanting(const struct index_operation *operation)
{
    return operation->entry.size == 0 && !operation->entries_end;
}

static bool walk_ended(const struct index_operation *operation)
{
    return operation->entry.size == 0 && operation->entries_end &&
           accepted_rows_next(&operation->accepted, operation->page.reverse) == NULL;
}

static void gather(struct index_operation *operation)
{
    uint32_t left = operation->page.rows_max - operation->page.count;
    size_t most = left < operation->items_most ? left : operation->items_most;
    operation->items_count = 0;
    while (operation->items_count < most && !operation->failed && !walk_ended(operation)) {
        struct slice entry = take_next(operation);
        look_up(operation, entry);
        if (entries_wanting(operation)) {
            narrow(operation, entry);
            break;
        }
    }
}

static void on_item(struct store_op *op)
{
    struct item_lookup *item = container_of(op, struct item_lookup, read.op);
    struct index_operation *operation = item->operation;
    ensure(operation->items_out > 0);
    operation->items_out--;
    if (operation->items_out == 0)
        index_advance(operation);
}

static void read_items(struct index_operation *operation)
{
    for (size_t i = 0; i < operation->items_count; i++) {
        struct item_lookup *item = &operation->items[i];
        store_range_deinit(&item->read);
        store_range_init(&item->read, STORE_ITEMS, writer_slice(&item->key),
                         writer_slice(&item->behind), on_item);
        if (!submit(operation, &item->read, 1, 1))
            operation->items_out++;
    }
}

/* `stored` is the item's row; empty: there is none. */
static void put_top(struct index_operation *operation, const struct item_lookup *item,
                    struct slice stored, const struct row *row)
{
    const struct accepted_row *accepted =
        accepted_rows_find(&operation->accepted, writer_slice(&item->key));
    bool above = accepted != NULL &&
                 (stored.size == 0 || version_compare(accepted->ballot, row->ballot) > 0);
    if (above) {
        PROBE("a range of an index shows a row that is only accepted");
        replica_page_put_row(&operation->page, item->entry, accepted->row, false);
    } else if (stored.size > 0) {
        replica_page_put_row(&operation->page, item->entry, stored, true);
    }
}

/* An item that stands at another entry is not this one. */
static void put_value(struct index_operation *operation, const struct item_lookup *item,
                      const struct row *row)
{
    struct index_key key;
    struct writer entry;
    bool decoded = index_key_decode(item->entry, &key);
    ensure(decoded);
    writer_init(&entry, item->entry.size);
    if (index_entry(&entry, schema_of(operation), operation->range.index, &key.item, row->value) &&
        slice_equal(writer_slice(&entry), item->entry))
        replica_page_put_value(&operation->page, item->entry, row->value);
    writer_deinit(&entry);
}

static void put_item(struct index_operation *operation, const struct item_lookup *item)
{
    struct reader rows = reader_of(writer_slice(&item->read.rows));
    struct slice key, stored = SLICE_EMPTY;
    struct row row = {.tombstone = true};
    bool good = item->read.op.status == STORE_OK;
    if (good && store_rows_next(&rows, &key, &stored))
        good = row_decode(stored, &row);
    operation->failed |= !good;
    if (operation->failed)
        return;
    if (operation->page.whole)
        put_top(operation, item, stored, &row);
    else
        put_value(operation, item, &row);
    replica_page_cover(&operation->page, item->entry, item->entry.size + stored.size);
}

/* Items are read whole before the page is looked at: large ones few at a time. */
static void adapt(struct index_operation *operation)
{
    size_t bytes = 0;
    if (operation->items_count == 0)
        return;
    for (size_t i = 0; i < operation->items_count; i++)
        bytes += operation->items[i].read.rows.size;
    if (bytes > ITEMS_BYTES && operation->items_most > 1)
        operation->items_most /= 2;
    else if (bytes < ITEMS_BYTES / 2 && operation->items_most < ITEMS_AT_ONCE)
        operation->items_most *= 2;
}

/* False if the page was full before all were in it. */
static bool put_items(struct index_operation *operation)
{
    for (size_t i = 0; i < operation->items_count && !operation->failed; i++) {
        if (replica_page_full(&operation->page))
            return false;
        put_item(operation, &operation->items[i]);
    }
    adapt(operation);
    operation->items_count = 0;
    return true;
}

/* One step; false if an answer of the store is waited for, or the operation has ended. */
static bool step(struct index_operation *operation)
{
    bool all = put_items(operation);
    bool more = !all || !walk_ended(operation);
    if (operation->failed) {
        index_finish(operation, VERDICT_FAILED, false);
    } else if (!more || replica_page_full(&operation->page)) {
        index_finish(operation, VERDICT_OK, more);
    } else if (entries_wanting(operation)) {
        return read_entries(operation);
    } else {
        gather(operation);
        read_items(operation);
        return operation->items_out == 0;
    }
    return false;
}

/* Goes on as far as memory reaches; may free the operation. */
static void index_advance(struct index_operation *operation)
{
    while (step(operation))
        continue;
}

static struct index_operation *index_new(struct replica *replica, const struct frame *frame,
                                         const Cartwheel__Range *range)
{
    struct index_operation *operation = calloc(1, sizeof(*operation));
    ensure(operation != NULL);
    work_init(&operation->work, replica, frame, release);
    operation->items_most = ITEMS_AT_FIRST;
    replica_page_init(&operation->page, range);
    accepted_rows_init(&operation->accepted);
    key_range_init(&operation->promises);
    writer_init(&operation->from, range->from.len + 1);
    writer_init(&operation->to, range->to.len + 1);
    writer_put_slice(&operation->from, slice_of_binary(range->from));
    writer_put_slice(&operation->to, slice_of_binary(range->to));
    return operation;
}

/* Whether the range can be walked here; VERDICT_OK: it can. */
static enum verdict index_admit(struct index_operation *operation, const Cartwheel__Range *range)
{
    if (work_excessive(operation->work.replica))
        return VERDICT_BUSY;
    if (!index_range_decode(slice_of_binary(range->from), slice_of_binary(range->to),
                            &operation->range))
        return VERDICT_FAILED;
    const struct table_schema *schema = schema_of(operation);
    bool known = schema != NULL && operation->range.index < schema->local_count;
    return known ? VERDICT_OK : VERDICT_REFUSED_SCHEMA;
}

static void index_start(struct index_operation *operation)
{
    struct store *store = operation->work.replica->store;
    operation->snapshot = store->snapshot(store);
    if (operation->page.whole && !PLANTED(INDEX_HIDES_ACCEPTED))
        begin_accepted(operation);
    else
        index_advance(operation);
}

static void on_commits(struct commit_wait *wait)
{
    index_start(container_of(wait, struct index_operation, wait));
}

void replica_on_index_range(struct replica *replica, const struct frame *frame,
                            const Cartwheel__Range *range)
{
    struct index_operation *operation = index_new(replica, frame, range);
    enum verdict admitted = index_admit(operation, range);
    if (admitted != VERDICT_OK) {
        replica_page_reply(&operation->page, &operation->work, admitted, false);
        return;
    }
    const struct index_range *wanted = &operation->range;
    key_range_positions(&operation->promises, wanted->partition, wanted->table_id,
                        wanted->first_position, wanted->last_position);
    struct slice from = writer_slice(&operation->from);
    if (operation->page.whole ||
        !commit_waits_add(&replica->commit_waits, &operation->wait, from, on_commits))
        index_start(operation);
}
