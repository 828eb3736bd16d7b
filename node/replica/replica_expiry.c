#include "replica_expiry.h"

#include "expiry_entries.h"
#include "operation.h"
#include "probe.h"

bool replica_expires(const struct replica *replica, uint64_t table_id)
{
    const struct table_schema *schema = replica_table(replica, table_id);
    return schema != NULL && schema->expiry.size > 0;
}

bool replica_expiry_noted(const struct replica *replica, uint64_t table_id)
{
    return map_find(&replica->expiry_noted, table_id) != NULL;
}

void replica_note_expiry(struct replica *replica, uint64_t table_id, struct slice attribute)
{
    replica_forget_expiry(replica, table_id);
    map_put(&replica->expiry_noted, table_id, buffer_from(attribute));
}

void replica_forget_expiry(struct replica *replica, uint64_t table_id)
{
    buffer_unref(map_remove(&replica->expiry_noted, table_id));
}

void replica_forget_all_expiry(struct replica *replica)
{
    size_t cursor = 0;
    struct buffer *attribute;
    while ((attribute = map_each(&replica->expiry_noted, &cursor)) != NULL)
        buffer_unref(attribute);
    map_deinit(&replica->expiry_noted);
}

struct slice replica_noted_expiry(const struct replica *replica, uint64_t table_id)
{
    const struct buffer *attribute = map_find(&replica->expiry_noted, table_id);
    return attribute == NULL ? SLICE_EMPTY : buffer_slice(attribute);
}

/* The attribute that entries are kept of; empty: of none. */
static struct slice kept(const struct replica *replica, uint64_t table_id)
{
    const struct table_schema *schema = replica_table(replica, table_id);
    return schema == NULL ? replica_noted_expiry(replica, table_id) : schema->expiry;
}

/* While it is not known what earlier lives noted, there may be heads of anything. */
static bool heads_unknown(const struct replica *replica, uint64_t table_id)
{
    return !replica->expiry_known && table_id >= SYSTEM_TABLES;
}

void replica_change_expiry(struct replica *replica, struct store_batch *batch,
                           const struct item_key *key, struct slice before, struct slice after)
{
    struct slice attribute = kept(replica, key->table_id);
    if (attribute.size > 0)
        expiry_entries_change(batch, attribute, key, before, after);
    bool as_noted =
        attribute.size > 0 && slice_equal(attribute, replica_noted_expiry(replica, key->table_id));
    bool other = replica_expiry_noted(replica, key->table_id) && !as_noted;
    if (other || heads_unknown(replica, key->table_id)) {
        PROBE("a row comes while entries of expiring items are not kept as noted");
        expiry_head_delete(batch, key->partition, key->table_id);
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
    struct item_key decoded;
    if (work_excessive(replica) || !item_key_decode(key, &decoded))
        return false;
    struct replica_operation *operation = operation_new(replica, &none, key);
    operation->expiry_check = check;
    operation->item_only = true;
    operation->start = check_start;
    operation_latch(operation);
    return true;
}
