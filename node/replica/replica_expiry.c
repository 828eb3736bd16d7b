#include "replica_expiry.h"

#include "expiry_entries.h"
#include "operation.h"
#include "probe.h"

bool replica_expires(const struct replica *replica, uint64_t table_id)
{
    const struct table_schema *schema = replica_table(replica, table_id);
    return schema != NULL && schema->expiry.size > 0;
}

void replica_set_indexed_expiry(struct replica *replica, uint64_t table_id, bool indexed)
{
    map_remove(&replica->expiry_indexed, table_id);
    if (indexed)
        map_put(&replica->expiry_indexed, table_id, &replica->expiry_indexed);
}

bool replica_indexed_expiry(const struct replica *replica, uint64_t table_id)
{
    return map_find(&replica->expiry_indexed, table_id) != NULL;
}

bool replica_may_index_expiry(const struct replica *replica, uint64_t table_id)
{
    bool known = replica->expiry_known || table_id < SYSTEM_TABLES;
    return !known || replica_indexed_expiry(replica, table_id);
}

static void delete_head(struct store_batch *batch, const struct item_key *key)
{
    struct writer head;
    writer_init(&head, 16);
    expiry_head_encode(&head, key->partition, key->table_id);
    store_batch_delete(batch, STORE_INDEX, writer_slice(&head));
    writer_deinit(&head);
}

void replica_change_expiry(struct replica *replica, struct store_batch *batch,
                           const struct item_key *key, struct slice before, struct slice after)
{
    if (replica_expires(replica, key->table_id)) {
        expiry_entries_change(batch, replica_table(replica, key->table_id), key, before, after);
        return;
    }
    if (replica_may_index_expiry(replica, key->table_id)) {
        PROBE("a row comes where entries of expiring items are not kept");
        delete_head(batch, key);
    }
}

static void check_finish(struct replica_operation *operation, bool failed)
{
    struct expiry_check *check = operation->expiry_check;
    operation_free(operation);
    check->done(check, failed);
}

static void on_check_committed(struct store_op *op)
{
    struct replica_operation *operation = container_of(op, struct replica_operation, commit.op);
    check_finish(operation, op->status != STORE_OK);
}

/* True if there is something to commit. */
static bool correct(struct replica_operation *operation)
{
    const struct replica *replica = operation->work.replica;
    const struct expiry_check *check = operation->expiry_check;
    const struct acceptor *acceptor = &operation->acceptor;
    struct item_key key;
    uint64_t seconds;
    bool decoded = item_key_decode(operation->key, &key);
    ensure(decoded);
    if (!replica_expires(replica, key.table_id) || replica_table_dropped(replica, key.table_id))
        return false;
    struct slice item = acceptor->has_item ? acceptor->item.value : SLICE_EMPTY;
    bool expires = expiry_of_item(replica_table(replica, key.table_id)->expiry, item, &seconds);
    bool right = check->suspected && expires && seconds == check->seconds;
    if (check->suspected && !right) {
        PROBE("an entry of an expiring item is stale");
        expiry_entry_delete(&operation->commit.batch, &key, check->seconds);
    }
    if (expires && !right)
        expiry_entry_put(&operation->commit.batch, &key, seconds);
    return operation->commit.batch.count > 0;
}

static void on_check_read(struct replica_operation *operation, bool failed)
{
    store_commit_init(&operation->commit, on_check_committed);
    if (!failed && correct(operation))
        store_submit(operation->work.replica->store, &operation->commit.op);
    else
        check_finish(operation, failed);
}

static void check_start(struct replica_operation *operation)
{
    operation_read(operation, on_check_read);
}

bool replica_check_expiry(struct replica *replica, struct slice key, struct expiry_check *check)
{
    const struct frame none = {.payload = SLICE_EMPTY};
    if (work_excessive(replica))
        return false;
    struct replica_operation *operation = operation_new(replica, &none, key);
    operation->expiry_check = check;
    operation->item_only = true;
    operation->start = check_start;
    operation_latch(operation);
    return true;
}
