#include "memory_store.h"

#include <stdlib.h>

#include "planted.h"
#include "row_tree.h"

enum { FIRST_COMMITS = 10 /* in which a node is born: it never forgets who it is */ };

/* All rows at one point in time. */
struct row_families {
    struct row *families[STORE_FAMILIES];
};

struct store_snapshot {
    struct list_link link;
    struct row_families rows;
};

struct memory_port {
    struct store store; /* first, so that a store is its port */
    struct list_link link;
    struct memory_store *memory;
    void (*submitted)(void *context, struct store_op *op);
    void *context;
};

LIST_DEFINE(snapshots, struct store_snapshot, link)
LIST_DEFINE(memory_ports, struct memory_port, link)

struct memory_store {
    struct memory_store_config config;
    struct prng prng;
    struct row_families visible;
    struct row_families durable; /* empty with config.sync: what is visible is durable, unless... */
    bool diverged;               /* ... PLANTED_SYNC_RETRIED lets a commit pass that is not */
    struct snapshots unsynced;   /* the rows after each commit reported since `durable`, in order */
    struct store_ops commits;    /* pending, oldest first */
    struct store_ops reads;
    uint64_t commits_kept;      /* since its birth; counted only for the tail */
    struct snapshots tail;      /* the rows before each of the newest durable commits, in order */
    struct snapshots snapshots; /* the callers' */
    struct memory_ports ports;
    bool no_space;
    bool sync_fails;
    uint32_t read_failures_per_million;
    uint32_t refusals_per_million;
};

static bool port_try_read(struct store *self, struct store_op *read);
static void port_submit(struct store *self, struct store_op *op);
static struct store_snapshot *port_snapshot(struct store *self);
static void port_snapshot_free(struct store *self, struct store_snapshot *snapshot);
static uint64_t port_family_size(struct store *self, enum store_family family);
static void read_now(struct memory_store *memory, struct store_op *read);
static void rows_apply(struct row_families *rows, const struct store_batch *batch);
static void rows_copy(struct row_families *to, const struct row_families *from);
static void rows_clear(struct row_families *rows);
static struct store_snapshot *snapshot_new(struct snapshots *list, const struct row_families *rows);
static void snapshot_drop(struct snapshots *list, struct store_snapshot *snapshot);
static void snapshots_clear(struct snapshots *list);
static void forget_ops(struct store_ops *ops);
static void commit_apply(struct memory_store *memory, const struct store_batch *batch, bool synced);
static void tail_note(struct memory_store *memory);
static void diverge(struct memory_store *memory);

struct memory_store *memory_store_new(const struct memory_store_config *config)
{
    struct memory_store *memory = calloc(1, sizeof(*memory));
    ensure(memory != NULL);
    memory->config = *config;
    prng_init(&memory->prng, config->seed);
    snapshots_init(&memory->unsynced);
    snapshots_init(&memory->tail);
    snapshots_init(&memory->snapshots);
    store_ops_init(&memory->commits);
    store_ops_init(&memory->reads);
    memory_ports_init(&memory->ports);
    return memory;
}

void memory_store_free(struct memory_store *memory)
{
    ensure(store_ops_empty(&memory->commits));
    ensure(store_ops_empty(&memory->reads));
    snapshots_clear(&memory->unsynced);
    snapshots_clear(&memory->tail);
    snapshots_clear(&memory->snapshots);
    rows_clear(&memory->visible);
    rows_clear(&memory->durable);
    struct memory_port *port;
    while ((port = memory_ports_pop(&memory->ports)) != NULL)
        free(port);
    free(memory);
}

struct store *memory_store_port(struct memory_store *memory,
                                void (*submitted)(void *context, struct store_op *op),
                                void *context)
{
    struct memory_port *port = calloc(1, sizeof(*port));
    ensure(port != NULL);
    port->store = (struct store){port_try_read, port_submit, port_snapshot, port_snapshot_free,
                                 port_family_size};
    port->memory = memory;
    port->submitted = submitted;
    port->context = context;
    memory_ports_push(&memory->ports, port);
    return &port->store;
}

void *memory_store_submitter(const struct store_op *op)
{
    const struct memory_port *port = op->submitter;
    return port->context;
}

struct store_op *memory_store_finish_commit(struct memory_store *memory)
{
    struct store_op *op = store_ops_first(&memory->commits);
    if (op == NULL)
        return NULL;
    bool refused = memory->no_space || prng_chance(&memory->prng, memory->refusals_per_million);
    bool synced = refused || !memory->sync_fails;
    memory->sync_fails = memory->sync_fails && synced;
    op->status = refused ? STORE_NO_SPACE : STORE_OK;
    if (!synced && !PLANTED(SYNC_RETRIED)) {
        op->status = STORE_FAILED;
        return op;
    }
    store_ops_remove(&memory->commits, op);
    if (!refused)
        commit_apply(memory, &container_of(op, struct store_commit, op)->batch, synced);
    return op;
}

struct store_op *memory_store_finish_read(struct memory_store *memory)
{
    if (store_ops_empty(&memory->reads))
        return NULL;
    struct store_op *op = store_ops_first(&memory->reads);
    for (uint64_t skip = prng_below(&memory->prng, memory->reads.count); skip > 0; skip--)
        op = store_ops_next(&memory->reads, op);
    store_ops_remove(&memory->reads, op);
    if (prng_chance(&memory->prng, memory->read_failures_per_million))
        op->status = STORE_FAILED;
    else
        read_now(memory, op);
    return op;
}

size_t memory_store_commits_pending(const struct memory_store *memory)
{
    return memory->commits.count;
}

size_t memory_store_reads_pending(const struct memory_store *memory)
{
    return memory->reads.count;
}

void memory_store_sync(struct memory_store *memory)
{
    if (memory->config.sync)
        return;
    snapshots_clear(&memory->unsynced);
    rows_clear(&memory->durable);
    rows_copy(&memory->durable, &memory->visible);
}

void memory_store_crash(struct memory_store *memory, struct prng *prng)
{
    /* A full disk refused what is pending. */
    size_t pending = memory->no_space ? 0 : memory->commits.count;
    uint64_t kept = prng_below(prng, memory->unsynced.count + pending + 1);
    bool all_durable = memory->config.sync && !memory->diverged;
    struct row_families rows;
    rows_copy(&rows, all_durable ? &memory->visible : &memory->durable);
    struct store_snapshot *after;
    for (; kept > 0 && (after = snapshots_first(&memory->unsynced)) != NULL; kept--) {
        rows_clear(&rows);
        rows_copy(&rows, &after->rows);
        snapshot_drop(&memory->unsynced, after);
    }
    rows_clear(&memory->visible);
    memory->visible = rows;
    rows_clear(&memory->durable);
    memory->diverged = false;
    memory->sync_fails = false;
    for (; kept > 0; kept--) {
        struct store_op *op = store_ops_pop(&memory->commits);
        tail_note(memory);
        rows_apply(&memory->visible, &container_of(op, struct store_commit, op)->batch);
    }
    memory_store_sync(memory);
    forget_ops(&memory->commits);
    forget_ops(&memory->reads);
}

size_t memory_store_shorten(struct memory_store *memory, struct prng *prng)
{
    if (snapshots_empty(&memory->tail))
        return 0;
    size_t lost = 1 + prng_below(prng, memory->tail.count);
    struct store_snapshot *before = snapshots_first(&memory->tail);
    for (size_t skip = memory->tail.count - lost; skip > 0; skip--)
        before = snapshots_next(&memory->tail, before);
    rows_clear(&memory->visible);
    rows_copy(&memory->visible, &before->rows);
    snapshots_clear(&memory->tail);
    memory_store_sync(memory);
    return lost;
}

void memory_store_wipe(struct memory_store *memory)
{
    rows_clear(&memory->visible);
    memory_store_sync(memory);
    forget_ops(&memory->commits);
    forget_ops(&memory->reads);
}

void memory_store_set_no_space(struct memory_store *memory, bool no_space)
{
    memory->no_space = no_space;
}

void memory_store_set_refusals(struct memory_store *memory, uint32_t per_million)
{
    memory->refusals_per_million = per_million;
}

void memory_store_set_sync_fails(struct memory_store *memory, bool sync_fails)
{
    memory->sync_fails = sync_fails;
}

void memory_store_set_read_failures(struct memory_store *memory, uint32_t per_million)
{
    memory->read_failures_per_million = per_million;
}

static struct memory_store *memory_of(struct store *self)
{
    return container_of(self, struct memory_port, store)->memory;
}

static bool port_try_read(struct store *self, struct store_op *read)
{
    ensure(read->kind != STORE_COMMIT);
    struct memory_store *memory = memory_of(self);
    if (memory->read_failures_per_million > 0)
        return false;
    if (prng_chance(&memory->prng, memory->config.miss_per_million))
        return false;
    read_now(memory, read);
    return true;
}

static void port_submit(struct store *self, struct store_op *op)
{
    struct memory_port *port = container_of(self, struct memory_port, store);
    op->submitter = port;
    if (op->kind == STORE_COMMIT)
        store_ops_push(&port->memory->commits, op);
    else
        store_ops_push(&port->memory->reads, op);
    port->submitted(port->context, op);
}

static struct store_snapshot *port_snapshot(struct store *self)
{
    struct memory_store *memory = memory_of(self);
    return snapshot_new(&memory->snapshots, &memory->visible);
}

static void port_snapshot_free(struct store *self, struct store_snapshot *snapshot)
{
    snapshot_drop(&memory_of(self)->snapshots, snapshot);
}

static uint64_t port_family_size(struct store *self, enum store_family family)
{
    ensure(family < STORE_FAMILIES);
    return row_tree_bytes(memory_of(self)->visible.families[family]);
}

static void read_get(struct memory_store *memory, struct store_get *get)
{
    struct buffer *value = row_tree_find(memory->visible.families[get->family], get->key);
    get->value = value == NULL ? NULL : buffer_ref(value);
}

static bool range_visit(void *context, const struct row *row)
{
    struct store_range *range = context;
    range->more = store_rows_full(range);
    if (!range->more)
        store_rows_put(range, buffer_slice(row->key), buffer_slice(row->value));
    return !range->more;
}

static void read_range(struct memory_store *memory, struct store_range *range)
{
    const struct row_families *rows =
        range->snapshot == NULL ? &memory->visible : &range->snapshot->rows;
    store_rows_begin(range);
    row_tree_walk(rows->families[range->family], range->from, range->to, range->reverse,
                  range_visit, range);
}

static void read_now(struct memory_store *memory, struct store_op *read)
{
    if (read->kind == STORE_GET)
        read_get(memory, container_of(read, struct store_get, op));
    else
        read_range(memory, container_of(read, struct store_range, op));
    read->status = STORE_OK;
}

static struct row *leaf_merge(struct row *leaves, const struct store_batch_change *change)
{
    struct leaf_sum sum = {0}, delta;
    const struct buffer *value = row_tree_find(leaves, change->key);
    bool good = leaf_sum_decode(change->value, &delta);
    if (value != NULL)
        good = good && leaf_sum_decode(buffer_slice(value), &sum);
    ensure(good);
    sum = leaf_sum_add(sum, delta);
    if (leaf_sum_empty(sum))
        return row_tree_delete(leaves, change->key);
    struct buffer *merged = buffer_new(LEAF_SUM_SIZE);
    leaf_sum_encode(sum, merged->data);
    return row_tree_put(leaves, change->key, merged);
}

static void rows_apply(struct row_families *rows, const struct store_batch *batch)
{
    struct reader reader = reader_of(writer_slice(&batch->encoded));
    struct store_batch_change change;
    while (store_batch_next(&reader, &change)) {
        struct row **family = &rows->families[change.family];
        if (change.change == STORE_PUT)
            *family = row_tree_put(*family, change.key, buffer_from(change.value));
        else if (change.change == STORE_MERGE)
            *family = leaf_merge(*family, &change);
        else
            *family = row_tree_delete(*family, change.key);
    }
}

static void commit_apply(struct memory_store *memory, const struct store_batch *batch, bool synced)
{
    tail_note(memory);
    if (!synced)
        diverge(memory);
    rows_apply(&memory->visible, batch);
    if (memory->diverged && synced)
        rows_apply(&memory->durable, batch);
    if (!memory->config.sync)
        snapshot_new(&memory->unsynced, &memory->visible);
}

static void tail_note(struct memory_store *memory)
{
    if (memory->config.tail_max == 0 || ++memory->commits_kept <= FIRST_COMMITS)
        return;
    if (memory->tail.count == memory->config.tail_max)
        snapshot_drop(&memory->tail, snapshots_first(&memory->tail));
    snapshot_new(&memory->tail, &memory->visible);
}

/* The oldest commit will be visible, but the disk has only what came before it. */
static void diverge(struct memory_store *memory)
{
    if (memory->diverged)
        return;
    memory->diverged = true;
    rows_copy(&memory->durable, &memory->visible);
}

static void rows_copy(struct row_families *to, const struct row_families *from)
{
    for (size_t i = 0; i < STORE_FAMILIES; i++)
        to->families[i] = row_tree_ref(from->families[i]);
}

static void rows_clear(struct row_families *rows)
{
    for (size_t i = 0; i < STORE_FAMILIES; i++) {
        row_tree_unref(rows->families[i]);
        rows->families[i] = NULL;
    }
}

static struct store_snapshot *snapshot_new(struct snapshots *list, const struct row_families *rows)
{
    struct store_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    ensure(snapshot != NULL);
    rows_copy(&snapshot->rows, rows);
    snapshots_push(list, snapshot);
    return snapshot;
}

static void snapshot_drop(struct snapshots *list, struct store_snapshot *snapshot)
{
    snapshots_remove(list, snapshot);
    rows_clear(&snapshot->rows);
    free(snapshot);
}

static void snapshots_clear(struct snapshots *list)
{
    struct store_snapshot *snapshot;
    while ((snapshot = snapshots_first(list)) != NULL)
        snapshot_drop(list, snapshot);
}

static void forget_ops(struct store_ops *ops)
{
    while (store_ops_pop(ops) != NULL)
        ;
}
