#include "replica.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "hash.h"
#include "item.h"
#include "key.h"
#include "operation.h"
#include "planted.h"
#include "probe.h"
#include "replica_expiry.h"

/* Holds one key; those who wait for it stand in line. Latches are found by the key's hash: two keys
 * that share one merely wait for each other. */
struct replica_latch {
    struct replica_operations waiting;
    unsigned commits; /* under way or waiting: of rows that are decided */
};

void replica_init(struct replica *replica, const struct replica_config *config, struct store *store,
                  struct outbox *outbox, struct membership *members, struct hlc *hlc,
                  struct hints *hints, struct log_sink *log)
{
    memset(replica, 0, sizeof(*replica));
    replica->store = store;
    replica->outbox = outbox;
    replica->members = members;
    replica->hlc = hlc;
    replica->hints = hints;
    replica->log = log;
    replica->config = *config;
    replica->closed = calloc(membership_partitions(members), sizeof(*replica->closed));
    ensure(replica->closed != NULL);
    map_init(&replica->latches);
    map_init(&replica->dropped);
    map_init(&replica->expiry_noted);
    commit_waits_init(&replica->commit_waits);
    map_init(&replica->schemas);
    replica_operations_init(&replica->ready);
    replica_works_init(&replica->works);
    recent_init(&replica->recent);
    undecided_init(&replica->undecided, store, outbox->shard, membership_self(members)->shards);
}

static void free_schemas(struct replica *replica)
{
    size_t cursor = 0;
    struct table_schema *schema;
    while ((schema = map_each(&replica->schemas, &cursor)) != NULL)
        table_schema_free(schema);
    map_deinit(&replica->schemas);
}

void replica_deinit(struct replica *replica)
{
    size_t cursor = 0;
    struct replica_latch *latch;
    while ((latch = map_each(&replica->latches, &cursor)) != NULL)
        free(latch);
    struct replica_work *work;
    while ((work = replica_works_pop(&replica->works)) != NULL)
        work->free(work);
    free(replica->closed);
    map_deinit(&replica->latches);
    map_deinit(&replica->dropped);
    replica_forget_all_expiry(replica);
    free_schemas(replica);
    undecided_deinit(&replica->undecided);
    recent_deinit(&replica->recent);
}

void work_init(struct replica_work *work, struct replica *replica, const struct frame *frame,
               void (*free)(struct replica_work *work))
{
    *work = (struct replica_work){{NULL, NULL}, replica, frame->header, frame->payload.size, free};
    replica->works_bytes += work->size;
    replica_works_push(&replica->works, work);
}

bool work_excessive(const struct replica *replica)
{
    if (PLANTED(UNBOUNDED))
        return false;
    return replica->works.count > replica->config.operations_max ||
           replica->works_bytes > WORKS_BYTES_MAX || BUGGIFY("a replica takes no more operations");
}

void work_finish(struct replica_work *work)
{
    replica_works_remove(&work->replica->works, work);
    work->replica->works_bytes -= work->size;
    work->free(work);
}

bool replica_on_frame(struct replica *replica, const struct frame *frame, struct arena *arena)
{
    ProtobufCMessage *body = frame_decode_body(frame, arena);
    if (body == NULL)
        return false;
    switch (frame->header.type) {
    case FRAME_WRITE:
    case FRAME_REPAIR:
        replica_on_write(replica, frame, (const Cartwheel__Write *)body);
        return true;
    case FRAME_PREPARE:
        replica_on_prepare(replica, frame, (const Cartwheel__Prepare *)body);
        return true;
    case FRAME_ACCEPT:
        replica_on_accept(replica, frame, (const Cartwheel__Accept *)body);
        return true;
    case FRAME_COMMIT:
        replica_on_commit(replica, frame, (const Cartwheel__Commit *)body);
        return true;
    case FRAME_READ:
        replica_on_read(replica, frame, (const Cartwheel__Read *)body);
        return true;
    case FRAME_RANGE:
        replica_on_range(replica, frame, (const Cartwheel__Range *)body);
        return true;
    case FRAME_HINT:
        replica_on_hint(replica, frame, (const Cartwheel__Hint *)body);
        return true;
    case FRAME_SUMS:
        replica_on_sums(replica, frame, (const Cartwheel__Sums *)body);
        return true;
    case FRAME_ACCEPTED:
        replica_on_accepted(replica, frame, (const Cartwheel__Keys *)body);
        return true;
    case FRAME_KEYS:
        replica_on_keys(replica, frame, (const Cartwheel__Keys *)body);
        return true;
    default:
        return false;
    }
}

void replica_run(struct replica *replica)
{
    struct replica_operation *operation;
    while ((operation = replica_operations_pop(&replica->ready)) != NULL)
        operation->start(operation);
}

enum verdict replica_admit(const struct replica *replica, const struct frame *frame,
                           const struct item_key *key)
{
    if (key->partition >= membership_partitions(replica->members))
        return VERDICT_FAILED;
    if (frame->header.epoch != membership_partition_epoch(replica->members, key->partition) &&
        !PLANTED(RING_EPOCH_IGNORED))
        return VERDICT_REFUSED_EPOCH;
    if (replica_table_dropped(replica, key->table_id))
        return VERDICT_REFUSED_TABLE;
    if ((key->table_id & TABLE_ID_INDEXED) != 0 && replica_table(replica, key->table_id) == NULL)
        return VERDICT_REFUSED_SCHEMA;
    if (work_excessive(replica)) {
        PROBE("a replica is full");
        return VERDICT_BUSY;
    }
    return VERDICT_OK;
}

bool row_valid(struct slice bytes, struct row *row)
{
    return row_decode(bytes, row) && (row->tombstone || item_valid(row->value));
}

bool replica_serves(const struct replica *replica, uint32_t partition)
{
    uint16_t shards = membership_self(replica->members)->shards;
    return partition < membership_partitions(replica->members) &&
           partition % shards == replica->outbox->shard;
}

bool replica_is_home(const struct replica *replica, const struct item_key *key)
{
    struct homes homes;
    unsigned n = replica_table_replicas(replica, key->table_id);
    membership_homes(replica->members, key->partition, n == 0 ? REPLICAS_MAX : n, &homes);
    return homes_find(&homes, (unsigned)replica->members->self) != HOMES_MAX;
}

void replica_on_ring(struct replica *replica)
{
    recent_deinit(&replica->recent);
    recent_init(&replica->recent);
}

bool replica_draining(const struct replica *replica, uint32_t partition)
{
    struct replica_work *work;
    uint64_t epoch = membership_partition_epoch(replica->members, partition);
    for (work = replica_works_first(&replica->works); work != NULL;
         work = replica_works_next(&replica->works, work)) {
        if (work->asker.epoch >= epoch || !frame_is_vote(work->asker.type))
            continue;
        struct reader key = reader_of(container_of(work, struct replica_operation, work)->key);
        if (reader_get_u32(&key) == partition)
            return true;
    }
    return false;
}

void replica_close(struct replica *replica, uint32_t partition, bool closed)
{
    replica->closed[partition] = closed;
}

enum verdict replica_owns(const struct replica *replica, uint32_t partition, uint64_t epoch)
{
    const struct ring_state *ring = &replica->members->ring;
    unsigned self = (unsigned)replica->members->self;
    bool owns = ring_list_has(ring_list(ring, partition), REPLICAS_MAX, self) ||
                (ring->stages[partition] == RING_JOINT &&
                 ring_list_has(ring_target(ring, partition), REPLICAS_MAX, self));
    if (!owns || epoch != ring->epochs[partition])
        return VERDICT_REFUSED_EPOCH;
    return replica->closed[partition] ? VERDICT_BUSY : VERDICT_OK;
}

bool replica_idle(const struct replica *replica)
{
    return replica_operations_empty(&replica->ready);
}

void replica_set_table(struct replica *replica, uint64_t table_id,
                       const struct table_schema *schema)
{
    ensure(schema->replicas > 0);
    table_schema_free(map_remove(&replica->schemas, table_id));
    map_put(&replica->schemas, table_id, table_schema_copy(schema));
}

const struct table_schema *replica_table(const struct replica *replica, uint64_t table_id)
{
    return map_find(&replica->schemas, table_id);
}

uint8_t replica_table_replicas(const struct replica *replica, uint64_t table_id)
{
    if (table_id < SYSTEM_TABLES)
        return SYSTEM_REPLICAS;
    const struct table_schema *schema = replica_table(replica, table_id);
    return schema == NULL ? 0 : schema->replicas;
}

bool replica_table_shared(const struct replica *replica, uint64_t table_id, uint32_t replicas)
{
    uint8_t wanted = replica_table_replicas(replica, table_id);
    return wanted > 0 && wanted >= replicas && !replica_table_dropped(replica, table_id);
}

void replica_drop_table(struct replica *replica, uint64_t table_id)
{
    if (!replica_table_dropped(replica, table_id))
        map_put(&replica->dropped, table_id, &replica->dropped);
}

bool replica_table_dropped(const struct replica *replica, uint64_t table_id)
{
    return map_find(&replica->dropped, table_id) != NULL;
}

static void operation_release(struct replica_work *work)
{
    struct replica_operation *operation = container_of(work, struct replica_operation, work);
    buffer_unref(operation->item.value);
    buffer_unref(operation->promise.value);
    buffer_unref(operation->promise_after);
    store_commit_deinit(&operation->commit);
    free(operation);
}

struct replica_operation *operation_new(struct replica *replica, const struct frame *frame,
                                        struct slice key)
{
    size_t bytes = key.size + frame->payload.size;
    struct replica_operation *operation = malloc(sizeof(*operation) + bytes);
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    work_init(&operation->work, replica, frame, operation_release);
    if (key.size > 0)
        memcpy(operation->bytes, key.data, key.size);
    if (frame->payload.size > 0)
        memcpy(operation->bytes + key.size, frame->payload.data, frame->payload.size);
    operation->key = slice_of(operation->bytes, key.size);
    operation->row = slice_of(operation->bytes + key.size, frame->payload.size);
    return operation;
}

static void unlatch(struct replica_operation *operation)
{
    struct replica *replica = operation->work.replica;
    struct replica_latch *latch = map_find(&replica->latches, hash64_id(operation->key));
    ensure(latch != NULL);
    latch->commits -= operation->work.asker.type == FRAME_COMMIT;
    struct replica_operation *next = replica_operations_pop(&latch->waiting);
    if (next != NULL) {
        next->latched = true;
        replica_operations_push(&replica->ready, next);
        return;
    }
    map_remove(&replica->latches, hash64_id(operation->key));
    free(latch);
}

void operation_free(struct replica_operation *operation)
{
    if (operation->latched)
        unlatch(operation);
    commit_waits_end(&operation->work.replica->commit_waits, &operation->mark);
    work_finish(&operation->work);
}

bool operation_commits(const struct replica *replica, struct slice key)
{
    const struct replica_latch *latch = map_find(&replica->latches, hash64_id(key));
    return latch != NULL && latch->commits > 0;
}

void operation_latch(struct replica_operation *operation)
{
    struct replica *replica = operation->work.replica;
    uint64_t id = hash64_id(operation->key);
    if (operation->work.asker.type == FRAME_COMMIT)
        commit_waits_begin(&replica->commit_waits, &operation->mark, operation->key);
    if (PLANTED(NO_LATCH)) {
        replica_operations_push(&replica->ready, operation);
        return;
    }
    struct replica_latch *latch = map_find(&replica->latches, id);
    if (latch != NULL) {
        PROBE("a vote waits for another on its register");
        latch->commits += operation->work.asker.type == FRAME_COMMIT;
        replica_operations_push(&latch->waiting, operation);
        return;
    }
    latch = malloc(sizeof(*latch));
    ensure(latch != NULL);
    replica_operations_init(&latch->waiting);
    latch->commits = operation->work.asker.type == FRAME_COMMIT;
    map_put(&replica->latches, id, latch);
    operation->latched = true;
    replica_operations_push(&replica->ready, operation);
}

struct slice operation_accepted(const struct replica_operation *operation)
{
    if (!operation->acceptor.has_accepted)
        return SLICE_EMPTY;
    struct slice stored = buffer_slice(operation->promise.value);
    return slice_of(stored.data + VERSION_SIZE, stored.size - VERSION_SIZE);
}

struct operation_top operation_top(const struct replica_operation *operation)
{
    const struct acceptor *acceptor = &operation->acceptor;
    struct operation_top top = {.ballot = acceptor_top(acceptor)};
    top.applied = acceptor->has_item && version_equal(top.ballot, acceptor->item.ballot);
    top.row = top.applied ? acceptor->item_bytes : operation_accepted(operation);
    return top;
}

/* What is remembered of a ballot this old would be forgotten. */
static bool expired(const struct replica *replica, struct version ballot)
{
    uint64_t wall_ms = replica->outbox->now.wall_us / 1000;
    return PLANTED(STATE_EXPIRES) && hlc_to_ms(ballot.hlc) + 1000 < wall_ms;
}

/* Bytes from the own disk that do not decode are corruption: the operation fails, it never sees
 * "absent". */
static bool acceptor_decode(struct replica_operation *operation)
{
    struct acceptor *acceptor = &operation->acceptor;
    bool good = true;
    acceptor->has_item = operation->item.value != NULL;
    if (acceptor->has_item) {
        acceptor->item_bytes = buffer_slice(operation->item.value);
        good = row_decode(acceptor->item_bytes, &acceptor->item);
    }
    if (operation->promise.value != NULL)
        good &= promise_decode(buffer_slice(operation->promise.value), acceptor);
    if (expired(operation->work.replica, acceptor->promised))
        acceptor->promised = VERSION_NONE;
    if (acceptor->has_accepted && expired(operation->work.replica, acceptor->accepted.ballot))
        acceptor->has_accepted = false;
    /* Read without a latch, the item may be newer than the promise row. */
    if (acceptor->has_accepted && acceptor->has_item &&
        version_compare(acceptor->accepted.ballot, acceptor->item.ballot) <= 0) {
        PROBE("an accepted row is older than the item");
        acceptor->has_accepted = false;
    }
    return good;
}

static bool read_usable(const struct store_get *get)
{
    return get->op.status == STORE_OK || PLANTED(READ_ERROR_ABSENT);
}

static bool acceptor_load(struct replica_operation *operation)
{
    if (!read_usable(&operation->item) || !read_usable(&operation->promise)) {
        PROBE("a register cannot be read");
        return false;
    }
    bool good = acceptor_decode(operation);
    if (!good)
        log_event(operation->work.replica->log, LOG_ERROR, "row_corrupt", "key_hash=%016llx",
                  (unsigned long long)hash64(operation->key));
    return good;
}

static void on_item_read(struct store_op *op)
{
    struct replica_operation *operation = container_of(op, struct replica_operation, item.op);
    operation->read_done(operation, !acceptor_load(operation));
}

static void read_item(struct replica_operation *operation)
{
    struct store *store = operation->work.replica->store;
    if (store_try_read(store, &operation->item.op))
        on_item_read(&operation->item.op);
    else
        store_submit(store, &operation->item.op);
}

/* A commit of what is not accepted here changes nothing. Else the item is needed too: what it counts
 * for in its leaf, and its entries in indexes, go with it. */
static bool promise_suffices(const struct replica_operation *operation)
{
    const struct buffer *promise = operation->promise.value;
    bool accepted = promise != NULL && promise->size > VERSION_SIZE;
    return operation->work.asker.type == FRAME_COMMIT && !accepted;
}

static void on_promise_read(struct store_op *op)
{
    struct replica_operation *operation = container_of(op, struct replica_operation, promise.op);
    if (promise_suffices(operation)) {
        operation->read_done(operation, !acceptor_load(operation));
        return;
    }
    read_item(operation);
}

void operation_read(struct replica_operation *operation,
                    void (*then)(struct replica_operation *operation, bool failed))
{
    struct store *store = operation->work.replica->store;
    operation->read_done = then;
    store_get_init(&operation->item, STORE_ITEMS, operation->key, on_item_read);
    store_get_init(&operation->promise, STORE_PROMISES, operation->key, on_promise_read);
    bool votes = operation->latched && operation->work.asker.type != FRAME_READ;
    if (votes && recent_take(&operation->work.replica->recent, operation->key,
                             &operation->item.value, &operation->promise.value)) {
        then(operation, !acceptor_load(operation));
        return;
    }
    if (operation->item_only)
        read_item(operation);
    else if (store_try_read(store, &operation->promise.op))
        on_promise_read(&operation->promise.op);
    else
        store_submit(store, &operation->promise.op);
}
