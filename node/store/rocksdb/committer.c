#include "committer.h"
#include "probe.h"

#include <stdlib.h>

#include "rocksdb_internal.h"

enum {
    GROUP_COMMITS_MAX = 4096, /* what four thousand clients have out: more wait for the next */
    GROUP_BYTES_MAX = 8 * 1024 * 1024, /* an fsync of it stays within some tens of ms */
    RETRY_US = 1000 * 1000,            /* between looks whether a full disk has space again */
    REOPEN_FILES_BYTES = 1024 * 1024   /* what a reopening writes besides tables */
};

static void *committer_run(void *context);
static bool committer_take(struct committer *committer, struct store_ops *group);
static void committer_measure(struct committer *committer, size_t count, uint64_t took_us);
static void committer_tick(struct committer *committer);
static void committer_sync(struct committer *committer, uint64_t now_us);
static void commit_group(struct committer *committer, struct store_ops *group);
static void committer_log_space(struct committer *committer, bool full, const char *why);

void committer_start(struct committer *committer, struct rocksdb_store *store)
{
    *committer = (struct committer){.store = store, .synced_us = clock_us()};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&committer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&committer->lock, NULL);
    store_ops_init(&committer->queued);
    space_init(&committer->space, store->database.path, store->config.space_reserve_bytes);
    ensure(pthread_create(&committer->thread, NULL, committer_run, committer) == 0);
}

void committer_stop(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    committer->closing = true;
    pthread_cond_signal(&committer->wake);
    pthread_mutex_unlock(&committer->lock);
    pthread_join(committer->thread, NULL);
    pthread_cond_destroy(&committer->wake);
    pthread_mutex_destroy(&committer->lock);
}

void committer_submit(struct committer *committer, struct store_ops *ops)
{
    pthread_mutex_lock(&committer->lock);
    ensure(!committer->closing);
    bool sleeps = store_ops_empty(&committer->queued);
    store_ops_append(&committer->queued, ops);
    pthread_mutex_unlock(&committer->lock);
    if (sleeps)
        pthread_cond_signal(&committer->wake);
}

uint64_t committer_queued(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    uint64_t count = committer->queued.count;
    pthread_mutex_unlock(&committer->lock);
    return count;
}

static void *committer_run(void *context)
{
    struct committer *committer = context;
    rocksdb_store_mute_counters();
    struct store_ops group;
    while (committer_take(committer, &group)) {
        committer_tick(committer);
        size_t count = group.count;
        uint64_t began_us = clock_us();
        commit_group(committer, &group);
        committer_measure(committer, count, clock_us() - began_us);
    }
    if (committer->unsynced && !committer->stuck)
        committer_sync(committer, clock_us());
    return NULL;
}

/* When the thread must wake even if nobody commits; UINT64_MAX: never. */
static uint64_t committer_deadline(const struct committer *committer)
{
    if (committer->stuck)
        return committer->retried_us + RETRY_US;
    if (committer->unsynced)
        return committer->synced_us + (uint64_t)committer->store->config.interval_ms * 1000;
    return UINT64_MAX;
}

/* Waits, with the lock held, until something is queued or due. */
static void committer_wait(struct committer *committer)
{
    uint64_t deadline_us = committer_deadline(committer);
    struct timespec deadline = {(time_t)(deadline_us / 1000000),
                                (long)(deadline_us % 1000000) * 1000};
    while (store_ops_empty(&committer->queued) && !committer->closing) {
        if (deadline_us == UINT64_MAX)
            pthread_cond_wait(&committer->wake, &committer->lock);
        else if (pthread_cond_timedwait(&committer->wake, &committer->lock, &deadline) != 0)
            return;
    }
}

/* The next group, maybe empty if something else is due; false: closing and all is done. */
static bool committer_take(struct committer *committer, struct store_ops *group)
{
    store_ops_init(group);
    size_t bytes = 0;
    pthread_mutex_lock(&committer->lock);
    committer_wait(committer);
    bool goes_on = !committer->closing || !store_ops_empty(&committer->queued);
    while (group->count < GROUP_COMMITS_MAX && bytes < GROUP_BYTES_MAX) {
        struct store_op *op = store_ops_pop(&committer->queued);
        if (op == NULL)
            break;
        bytes += container_of(op, struct store_commit, op)->batch.encoded.size;
        store_ops_push(group, op);
    }
    committer->left = committer->queued.count;
    pthread_mutex_unlock(&committer->lock);
    return goes_on;
}

/* A slow disk alone is no backlog: what queues while it works goes in one group. */
static void committer_measure(struct committer *committer, size_t count, uint64_t took_us)
{
    uint64_t behind_us = count == 0 ? 0 : committer->left * took_us / count;
    atomic_store_explicit(&committer->behind_us, behind_us, memory_order_relaxed);
}

static void committer_sync(struct committer *committer, uint64_t now_us)
{
    char *error;
    if (database_sync(&committer->store->database, &error) != DATABASE_OK)
        rocksdb_store_fatal(committer->store, error);
    committer->unsynced = false;
    committer->synced_us = now_us;
}

static void committer_reopen(struct committer *committer, uint64_t now_us)
{
    struct rocksdb_store *store = committer->store;
    committer->retried_us = now_us;
    space_look(&committer->space, now_us);
    if (committer->space.free_bytes < committer->space.reserve_bytes + committer->reopen_bytes)
        return;
    char *error;
    if (!database_reopen(&store->database, &error)) {
        log_event(store->config.log, LOG_ERROR, "store_reopen_failed", "error=\"%s\"", error);
        free(error);
        return;
    }
    committer->stuck = false;
    counter_add(&store->counters.reopens, 1);
}

/* Does what is due by the clock. */
static void committer_tick(struct committer *committer)
{
    uint64_t now_us = clock_us();
    uint64_t interval_us = (uint64_t)committer->store->config.interval_ms * 1000;
    if (committer->stuck) {
        if (now_us - committer->retried_us >= RETRY_US)
            committer_reopen(committer, now_us);
    } else if (committer->unsynced && now_us - committer->synced_us >= interval_us) {
        committer_sync(committer, now_us);
    }
}

static bool batch_only_deletes(const struct store_batch *batch)
{
    struct reader reader = reader_of(writer_slice(&batch->encoded));
    struct store_batch_change change;
    while (store_batch_next(&reader, &change))
        if (change.change == STORE_PUT)
            return false;
    return true;
}

static bool commit_admitted(const struct committer *committer, enum space_level level,
                            const struct store_batch *batch)
{
    if (committer->stuck || level == SPACE_OUT)
        return false;
    return level == SPACE_ENOUGH || batch_only_deletes(batch);
}

/* Gathers what is admitted and marks the rest as refused; how many were admitted. */
static size_t group_gather(struct committer *committer, struct store_ops *group,
                           rocksdb_writebatch_t *write)
{
    enum space_level level = space_level(&committer->space, clock_us());
    if (!committer->stuck)
        committer_log_space(committer, level != SPACE_ENOUGH, "reserve reached");
    size_t admitted = 0;
    struct store_op *op = store_ops_first(group);
    for (; op != NULL; op = store_ops_next(group, op)) {
        const struct store_batch *batch = &container_of(op, struct store_commit, op)->batch;
        op->status = STORE_NO_SPACE;
        if (!commit_admitted(committer, level, batch))
            continue;
        database_gather(&committer->store->database, write, batch);
        space_used(&committer->space, batch->encoded.size);
        op->status = STORE_OK;
        admitted++;
    }
    return admitted;
}

/* False: there was no space, and nothing was written. */
static bool group_write(struct committer *committer, rocksdb_writebatch_t *write)
{
    struct rocksdb_store *store = committer->store;
    bool sync = store->config.durability == ROCKSDB_DURABILITY_SYNC;
    char *error;
    PROBE("a group is written");
    enum database_result result = database_write(&store->database, write, sync, &error);
    if (result == DATABASE_BROKEN)
        rocksdb_store_fatal(store, error);
    if (result == DATABASE_NO_SPACE) {
        committer_log_space(committer, true, error);
        committer->stuck = true;
        committer->reopen_bytes = REOPEN_FILES_BYTES + database_memory(&store->database);
        committer->retried_us = clock_us();
        free(error);
        return false;
    }
    committer->unsynced = !sync;
    PROBE("a group is durable, and nobody told");
    counter_add(&store->counters.writes, 1);
    return true;
}

static void commit_group(struct committer *committer, struct store_ops *group)
{
    if (store_ops_empty(group))
        return;
    struct rocksdb_counters *counters = &committer->store->counters;
    rocksdb_writebatch_t *write = rocksdb_writebatch_create();
    size_t admitted = group_gather(committer, group, write);
    bool written = admitted > 0 && group_write(committer, write);
    rocksdb_writebatch_destroy(write);
    size_t done = written ? admitted : 0;
    counter_add(&counters->commits, done);
    counter_add(&counters->commits_refused, group->count - done);
    struct store_op *op = written ? NULL : store_ops_first(group);
    for (; op != NULL; op = store_ops_next(group, op))
        op->status = STORE_NO_SPACE;
    rocksdb_store_post(group);
}

static void committer_log_space(struct committer *committer, bool full, const char *why)
{
    if (full == committer->full)
        return;
    committer->full = full;
    struct log_sink *log = committer->store->config.log;
    unsigned long long free_bytes = committer->space.free_bytes;
    if (full)
        log_event(log, LOG_ERROR, "store_full", "free_bytes=%llu reason=\"%s\"", free_bytes, why);
    else
        log_event(log, LOG_INFO, "store_has_space", "free_bytes=%llu", free_bytes);
}
