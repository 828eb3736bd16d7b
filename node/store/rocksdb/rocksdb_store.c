#include "rocksdb_store.h"

#include <stdlib.h>

#include "rocksdb_internal.h"

static bool port_try_read(struct store *self, struct store_op *read);
static void port_submit(struct store *self, struct store_op *op);
static struct store_snapshot *port_snapshot(struct store *self);
static void port_snapshot_free(struct store *self, struct store_snapshot *snapshot);
static uint64_t port_family_size(struct store *self, enum store_family family);

void rocksdb_store_config_init(struct rocksdb_store_config *config, const char *path)
{
    *config = (struct rocksdb_store_config){
        .path = path,
        .block_cache_bytes = (size_t)256 << 20,
        .write_buffer_bytes = (size_t)64 << 20,
        .reader_threads = 2,
        .durability = ROCKSDB_DURABILITY_SYNC,
        .interval_ms = 1000,
        .space_reserve_bytes = (uint64_t)64 << 20,
    };
}

struct rocksdb_store *rocksdb_store_open(const struct rocksdb_store_config *config, char **error)
{
    ensure(config->interval_ms > 0);
    struct rocksdb_store *store = calloc(1, sizeof(*store));
    ensure(store != NULL);
    store->config = *config;
    store->config.path = NULL;
    if (!database_init(&store->database, config, error)) {
        free(store);
        return NULL;
    }
    pthread_mutex_init(&store->ports_lock, NULL);
    rocksdb_ports_init(&store->ports);
    committer_start(&store->committer, store);
    readers_start(&store->readers, store, config->reader_threads);
    return store;
}

void rocksdb_store_stop(struct rocksdb_store *store)
{
    struct rocksdb_port *port = rocksdb_ports_first(&store->ports);
    for (; port != NULL; port = rocksdb_ports_next(&store->ports, port))
        rocksdb_store_flush(&port->store);
    committer_stop(&store->committer);
    readers_stop(&store->readers);
    store->stopped = true;
}

void rocksdb_store_close(struct rocksdb_store *store)
{
    struct rocksdb_port *port;
    if (!store->stopped)
        rocksdb_store_stop(store);
    database_deinit(&store->database);
    while ((port = rocksdb_ports_pop(&store->ports)) != NULL)
        free(port);
    pthread_mutex_destroy(&store->ports_lock);
    free(store);
}

struct store *rocksdb_store_port(struct rocksdb_store *store,
                                 void (*post)(void *context, struct store_ops *done), void *context)
{
    struct rocksdb_port *port = calloc(1, sizeof(*port));
    ensure(port != NULL);
    port->store = (struct store){port_try_read, port_submit, port_snapshot, port_snapshot_free,
                                 port_family_size};
    port->owner = store;
    port->post = post;
    port->context = context;
    store_ops_init(&port->gathered);
    pthread_mutex_lock(&store->ports_lock);
    rocksdb_ports_push(&store->ports, port);
    pthread_mutex_unlock(&store->ports_lock);
    return &port->store;
}

static void read_now_done(struct store_op *op)
{
    (void)op; /* never submitted */
}

enum store_status rocksdb_store_read_now(struct rocksdb_store *store, enum store_family family,
                                         struct slice key, struct buffer **value)
{
    struct store_get get;
    store_get_init(&get, family, key, read_now_done);
    read_from_disk(store, &get.op);
    *value = get.value;
    return get.op.status;
}

enum store_status rocksdb_store_write_now(struct rocksdb_store *store,
                                          const struct store_batch *batch)
{
    struct database *database = &store->database;
    rocksdb_writebatch_t *write = rocksdb_writebatch_create();
    char *error = NULL;
    enum database_result result = DATABASE_NO_SPACE;
    pthread_rwlock_rdlock(&database->lock);
    if (database->db != NULL) {
        database_gather(database, write, batch);
        result = database_write(database, write, true, &error);
    }
    pthread_rwlock_unlock(&database->lock);
    rocksdb_writebatch_destroy(write);
    if (result == DATABASE_BROKEN)
        rocksdb_store_fatal(store, error);
    free(error);
    return result == DATABASE_OK ? STORE_OK : STORE_NO_SPACE;
}

void rocksdb_store_get_stats(struct rocksdb_store *store, struct rocksdb_store_stats *stats)
{
    struct rocksdb_counters *counters = &store->counters;
    *stats = (struct rocksdb_store_stats){
        .commits_queued = committer_queued(&store->committer),
        .reads_queued = readers_queued(&store->readers),
        .commits = atomic_load(&counters->commits),
        .commits_refused = atomic_load(&counters->commits_refused),
        .writes = atomic_load(&counters->writes),
        .reads_from_memory = atomic_load(&counters->reads_from_memory),
        .reads_from_disk = atomic_load(&counters->reads_from_disk),
        .reads_failed = atomic_load(&counters->reads_failed),
        .reopens = atomic_load(&counters->reopens),
    };
}

void rocksdb_store_get_waits(struct rocksdb_store *store, struct rocksdb_store_waits *waits)
{
    waits->commits_us = atomic_load_explicit(&store->committer.behind_us, memory_order_relaxed);
    waits->reads_us = atomic_load_explicit(&store->readers.behind_us, memory_order_relaxed);
}

void rocksdb_store_release(struct rocksdb_store *store, size_t size)
{
    if (size > 0)
        readers_release(&store->readers, size);
}

void rocksdb_store_fatal(struct rocksdb_store *store, const char *message)
{
    log_event(store->config.log, LOG_ERROR, "store_failed", "error=\"%s\"", message);
    if (store->config.fatal != NULL)
        store->config.fatal(store->config.fatal_context, message);
    abort();
}

static struct rocksdb_port *port_of(struct store *self)
{
    return container_of(self, struct rocksdb_port, store);
}

static struct rocksdb_store *owner_of(struct store *self)
{
    return port_of(self)->owner;
}

void rocksdb_store_flush(struct store *port)
{
    struct store_ops *gathered = &port_of(port)->gathered;
    if (!store_ops_empty(gathered))
        committer_submit(&owner_of(port)->committer, gathered);
}

/* One list for each port, in the order of its ops: ports are few. */
void rocksdb_store_post(struct store_ops *done)
{
    struct store_op *first;
    while ((first = store_ops_first(done)) != NULL) {
        const struct rocksdb_port *port = first->submitter;
        struct store_ops mine;
        store_ops_init(&mine);
        struct store_op *next;
        for (struct store_op *op = first; op != NULL; op = next) {
            next = store_ops_next(done, op);
            if (op->submitter != port)
                continue;
            store_ops_remove(done, op);
            store_ops_push(&mine, op);
        }
        port->post(port->context, &mine);
    }
}

static bool port_try_read(struct store *self, struct store_op *read)
{
    ensure(read->kind != STORE_COMMIT);
    return read_from_memory(owner_of(self), read);
}

static void port_submit(struct store *self, struct store_op *op)
{
    struct rocksdb_store *store = owner_of(self);
    op->submitter = self;
    if (op->kind == STORE_COMMIT)
        store_ops_push(&port_of(self)->gathered, op);
    else
        readers_submit(&store->readers, op);
}

static struct store_snapshot *port_snapshot(struct store *self)
{
    return database_snapshot(&owner_of(self)->database);
}

static void port_snapshot_free(struct store *self, struct store_snapshot *snapshot)
{
    database_snapshot_free(&owner_of(self)->database, snapshot);
}

static uint64_t port_family_size(struct store *self, enum store_family family)
{
    return database_family_size(&owner_of(self)->database, family);
}
