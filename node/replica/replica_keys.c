/* KEYS: the keys of some leaves of a table in a partition, with what they hold, for peers whose sums
 * of those leaves differ (anti-entropy; the paper, 4.7). Walks the table's rows in the partition. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "key.h"
#include "operation.h"

enum {
    WALK_PAGE_BYTES = 1 << 20, /* of rows read at once: other work goes on between pages */
    KEYS_PAGE_BYTES = 1 << 20  /* of keys sent at once */
};

struct keys_operation {
    struct replica_work work;
    struct store_range read;
    struct key_range range; /* what is left of it */
    struct leaf_set leaves; /* those wanted */
    struct writer page;     /* sized key, ballot, origin */
    struct writer covered;  /* last key examined */
};

static void on_keys_read(struct store_op *op);

static void keys_release(struct replica_work *work)
{
    struct keys_operation *operation = container_of(work, struct keys_operation, work);
    store_range_deinit(&operation->read);
    key_range_deinit(&operation->range);
    writer_deinit(&operation->page);
    writer_deinit(&operation->covered);
    free(operation);
}

static void keys_finish(struct keys_operation *operation, enum verdict verdict, bool more)
{
    Cartwheel__KeysReply reply = CARTWHEEL__KEYS_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.more = more;
    if (more)
        reply.covered = binary_of(writer_slice(&operation->covered));
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_KEYS_REPLY,
                 &reply.base, writer_slice(&operation->page));
    work_finish(&operation->work);
}

static bool keys_add(struct keys_operation *operation, struct slice key, struct slice stored)
{
    struct row row;
    if (!row_decode(stored, &row))
        return false;
    if (leaf_set_has(&operation->leaves, leaf_of(key))) {
        writer_put_sized(&operation->page, key);
        writer_put_version(&operation->page, row.ballot);
        writer_put_version(&operation->page, row.origin);
    }
    return true;
}

static void keys_read(struct keys_operation *operation)
{
    store_range_deinit(&operation->read);
    store_range_init(&operation->read, STORE_ITEMS, writer_slice(&operation->range.from),
                     writer_slice(&operation->range.to), on_keys_read);
    operation->read.bytes_max = BUGGIFY("keys are found row by row") ? 1 : WALK_PAGE_BYTES;
    store_submit(operation->work.replica->store, &operation->read.op);
}

static void on_keys_read(struct store_op *op)
{
    struct keys_operation *operation = container_of(op, struct keys_operation, read.op);
    struct reader reader = reader_of(writer_slice(&operation->read.rows));
    struct slice key, value, last = SLICE_EMPTY;
    bool good = op->status == STORE_OK;
    while (good && store_rows_next(&reader, &key, &value)) {
        good = keys_add(operation, key, value);
        last = key;
    }
    if (!good || !operation->read.more) {
        keys_finish(operation, good ? VERDICT_OK : VERDICT_FAILED, false);
        return;
    }
    writer_reset(&operation->covered);
    writer_put_slice(&operation->covered, last);
    key_range_go_on(&operation->range, last);
    if (operation->page.size >= KEYS_PAGE_BYTES || BUGGIFY("a tiny page of keys"))
        keys_finish(operation, VERDICT_OK, true);
    else
        keys_read(operation);
}

/* False if what was sent is no set of leaves. */
static bool take_leaves(struct leaf_set *set, const Cartwheel__Keys *keys)
{
    size_t taken = 0;
    set->groups = keys->groups == 0 ? UINT64_MAX : keys->groups;
    if (keys->n_leaves != (size_t)__builtin_popcountll(keys->groups))
        return false;
    for (size_t group = 0; group < LEAF_GROUPS; group++) {
        bool named = (keys->groups >> group & 1) != 0;
        if (named)
            set->leaves[group] = keys->leaves[taken++];
        else if (keys->groups == 0)
            set->leaves[group] = UINT64_MAX;
    }
    return true;
}

/* False if it does not go on within the table. */
static bool bound_range(struct keys_operation *operation, const Cartwheel__Keys *keys)
{
    struct slice after = slice_of_binary(keys->after);
    key_range_table(&operation->range, keys->partition, keys->table);
    if (after.size == 0)
        return true;
    if (!key_in_range(after, writer_slice(&operation->range.from),
                      writer_slice(&operation->range.to)))
        return false;
    key_range_go_on(&operation->range, after);
    return true;
}

/* VERDICT_OK: go on. */
static enum verdict keys_admit(struct keys_operation *operation, const Cartwheel__Keys *keys)
{
    const struct replica *replica = operation->work.replica;
    if (work_excessive(replica))
        return VERDICT_BUSY;
    if (!replica_table_shared(replica, keys->table, 1))
        return VERDICT_REFUSED_TABLE;
    bool valid = take_leaves(&operation->leaves, keys) && bound_range(operation, keys);
    return valid ? VERDICT_OK : VERDICT_FAILED;
}

void replica_on_keys(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Keys *keys)
{
    if (!replica_serves(replica, keys->partition))
        return;
    struct keys_operation *operation = malloc(sizeof(*operation));
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    work_init(&operation->work, replica, frame, keys_release);
    key_range_init(&operation->range);
    writer_init(&operation->page, 0);
    writer_init(&operation->covered, 0);
    writer_init(&operation->read.rows, 0);
    enum verdict admitted = keys_admit(operation, keys);
    if (admitted == VERDICT_OK)
        keys_read(operation);
    else
        keys_finish(operation, admitted, false);
}
