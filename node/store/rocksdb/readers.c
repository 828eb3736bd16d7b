#include "readers.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "rocksdb_internal.h"

enum {
    RESULTS_MAX = 16 << 20, /* bytes read that no shard has taken yet: a turn of theirs */
    AVERAGE_OF = 16         /* reads that the mean time is about */
};

enum read_result { READ_DONE, READ_NOT_IN_MEMORY };

static void *readers_run(void *context);
static enum read_result read_now(struct rocksdb_store *store, struct store_op *read,
                                 bool memory_only);
static void read_fail(struct rocksdb_store *store, struct store_op *read, const char *error);

void readers_start(struct readers *readers, struct rocksdb_store *store, uint32_t threads)
{
    *readers = (struct readers){.store = store, .threads_count = threads};
    ensure(threads > 0);
    readers->threads = calloc(threads, sizeof(*readers->threads));
    ensure(readers->threads != NULL);
    pthread_mutex_init(&readers->lock, NULL);
    pthread_cond_init(&readers->wake, NULL);
    pthread_cond_init(&readers->room, NULL);
    store_ops_init(&readers->queued);
    for (uint32_t i = 0; i < threads; i++)
        ensure(pthread_create(&readers->threads[i], NULL, readers_run, readers) == 0);
}

void readers_stop(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    readers->closing = true;
    pthread_cond_broadcast(&readers->wake);
    pthread_cond_broadcast(&readers->room);
    pthread_mutex_unlock(&readers->lock);
    for (uint32_t i = 0; i < readers->threads_count; i++)
        pthread_join(readers->threads[i], NULL);
    free(readers->threads);
    pthread_cond_destroy(&readers->wake);
    pthread_cond_destroy(&readers->room);
    pthread_mutex_destroy(&readers->lock);
}

void readers_submit(struct readers *readers, struct store_op *op)
{
    pthread_mutex_lock(&readers->lock);
    ensure(!readers->closing);
    store_ops_push(&readers->queued, op);
    pthread_cond_signal(&readers->wake);
    pthread_mutex_unlock(&readers->lock);
}

uint64_t readers_queued(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    uint64_t count = readers->queued.count;
    pthread_mutex_unlock(&readers->lock);
    return count;
}

bool read_from_memory(struct rocksdb_store *store, struct store_op *read)
{
    /* A shard's thread never waits for a reopening; a reader does. */
    if (pthread_rwlock_tryrdlock(&store->database.lock) != 0)
        return false;
    rocksdb_store_mute_counters();
    enum read_result result = read_now(store, read, true);
    pthread_rwlock_unlock(&store->database.lock);
    if (result == READ_DONE)
        counter_add(&store->counters.reads_from_memory, 1);
    return result == READ_DONE;
}

void read_from_disk(struct rocksdb_store *store, struct store_op *read)
{
    pthread_rwlock_rdlock(&store->database.lock);
    enum read_result result = read_now(store, read, false);
    pthread_rwlock_unlock(&store->database.lock);
    ensure(result == READ_DONE);
    counter_add(&store->counters.reads_from_disk, 1);
}

/* With the lock held: until there is something to read, and room for it. */
static void readers_wait(struct readers *readers)
{
    while (!readers->closing) {
        if (store_ops_empty(&readers->queued))
            pthread_cond_wait(&readers->wake, &readers->lock);
        else if (atomic_load(&readers->results) > RESULTS_MAX)
            pthread_cond_wait(&readers->room, &readers->lock);
        else
            return;
    }
}

/* With the lock held. */
static void readers_measure(struct readers *readers)
{
    uint64_t behind_us = readers->queued.count * readers->read_us / readers->threads_count;
    atomic_store_explicit(&readers->behind_us, behind_us, memory_order_relaxed);
}

static void readers_note(struct readers *readers, uint64_t took_us, size_t size)
{
    atomic_fetch_add(&readers->results, size);
    pthread_mutex_lock(&readers->lock);
    readers->read_us = (readers->read_us * (AVERAGE_OF - 1) + took_us) / AVERAGE_OF;
    pthread_mutex_unlock(&readers->lock);
}

void readers_release(struct readers *readers, size_t size)
{
    size_t before = atomic_fetch_sub(&readers->results, size);
    if (before <= RESULTS_MAX || before - size > RESULTS_MAX)
        return;
    pthread_mutex_lock(&readers->lock);
    pthread_cond_broadcast(&readers->room);
    pthread_mutex_unlock(&readers->lock);
}

static void *readers_run(void *context)
{
    struct readers *readers = context;
    rocksdb_store_mute_counters();
    for (;;) {
        pthread_mutex_lock(&readers->lock);
        readers_wait(readers);
        struct store_op *op = store_ops_pop(&readers->queued);
        readers_measure(readers);
        pthread_mutex_unlock(&readers->lock);
        if (op == NULL)
            return NULL;
        uint64_t began_us = clock_us();
        read_from_disk(readers->store, op);
        readers_note(readers, clock_us() - began_us, store_result_size(op));
        struct store_ops done;
        store_ops_init(&done);
        store_ops_push(&done, op);
        rocksdb_store_post(&done);
    }
}

/* What an error of a read means; takes the text. */
static enum read_result read_error(struct rocksdb_store *store, struct store_op *read,
                                   bool memory_only, char *error)
{
    static const char incomplete[] = "Result incomplete";
    bool missed = memory_only && strncmp(error, incomplete, sizeof(incomplete) - 1) == 0;
    if (!missed)
        read_fail(store, read, error);
    free(error);
    return missed ? READ_NOT_IN_MEMORY : READ_DONE;
}

/* A leaf that has become empty may stay on the disk. */
static bool row_there(enum store_family family, struct slice value)
{
    struct leaf_sum sum;
    return family != STORE_MERKLE || !leaf_sum_decode(value, &sum) || !leaf_sum_empty(sum);
}

static enum read_result read_get(struct rocksdb_store *store, struct store_get *get,
                                 bool memory_only)
{
    struct database *database = &store->database;
    char *error = NULL;
    get->value = NULL;
    rocksdb_pinnableslice_t *pinned = rocksdb_get_pinned_cf(
        database->db, memory_only ? database->read_memory : database->read_disk,
        database->families[get->family], (const char *)get->key.data, get->key.size, &error);
    if (error != NULL)
        return read_error(store, &get->op, memory_only, error);
    if (pinned != NULL) {
        size_t size;
        const char *value = rocksdb_pinnableslice_value(pinned, &size);
        if (row_there(get->family, slice_of(value, size)))
            get->value = buffer_from(slice_of(value, size));
        rocksdb_pinnableslice_destroy(pinned);
    }
    return READ_DONE;
}

static rocksdb_iterator_t *range_iterate(struct database *database, const struct store_range *range,
                                         rocksdb_readoptions_t *options)
{
    if (range->from.size > 0)
        rocksdb_readoptions_set_iterate_lower_bound(options, (const char *)range->from.data,
                                                    range->from.size);
    if (range->to.size > 0)
        rocksdb_readoptions_set_iterate_upper_bound(options, (const char *)range->to.data,
                                                    range->to.size);
    if (range->snapshot != NULL)
        rocksdb_readoptions_set_snapshot(options, range->snapshot->handle);
    rocksdb_iterator_t *iterator =
        rocksdb_create_iterator_cf(database->db, options, database->families[range->family]);
    if (range->reverse)
        rocksdb_iter_seek_to_last(iterator);
    else
        rocksdb_iter_seek_to_first(iterator);
    return iterator;
}

/* Moves rows from the iterator to the result; NULL or an error's text, the caller's. */
static char *range_gather(struct store_range *range, rocksdb_iterator_t *iterator)
{
    char *error = NULL;
    for (; rocksdb_iter_valid(iterator) != 0 && !store_rows_full(range);) {
        size_t key_size, value_size;
        const char *key = rocksdb_iter_key(iterator, &key_size);
        const char *value = rocksdb_iter_value(iterator, &value_size);
        if (row_there(range->family, slice_of(value, value_size)))
            store_rows_put(range, slice_of(key, key_size), slice_of(value, value_size));
        if (range->reverse)
            rocksdb_iter_prev(iterator);
        else
            rocksdb_iter_next(iterator);
    }
    range->more = rocksdb_iter_valid(iterator) != 0;
    rocksdb_iter_get_error(iterator, &error);
    return error;
}

static enum read_result read_range(struct rocksdb_store *store, struct store_range *range,
                                   bool memory_only)
{
    store_rows_begin(range);
    if (range->to.size > 0 && slice_compare(range->from, range->to) >= 0)
        return READ_DONE;
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    if (memory_only)
        database_limit_to_memory(options);
    rocksdb_iterator_t *iterator = range_iterate(&store->database, range, options);
    char *error = range_gather(range, iterator);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(options);
    if (error == NULL)
        return READ_DONE;
    store_rows_begin(range);
    return read_error(store, &range->op, memory_only, error);
}

/* The caller holds the database's lock. */
static enum read_result read_now(struct rocksdb_store *store, struct store_op *read,
                                 bool memory_only)
{
    read->status = STORE_OK;
    if (store->database.db == NULL) {
        read_fail(store, read, "closed after a full disk");
        return READ_DONE;
    }
    if (read->kind == STORE_GET)
        return read_get(store, container_of(read, struct store_get, op), memory_only);
    ensure(read->kind == STORE_RANGE);
    struct store_range *range = container_of(read, struct store_range, op);
    if (range->snapshot != NULL && range->snapshot->handle == NULL) {
        read_fail(store, read, "snapshot lost");
        return READ_DONE;
    }
    return read_range(store, range, memory_only);
}

/* Keys are the clients' data: the log shows only a hash, enough to tell whether it is one row. */
static void read_fail(struct rocksdb_store *store, struct store_op *read, const char *error)
{
    bool get = read->kind == STORE_GET;
    struct slice key = get ? container_of(read, struct store_get, op)->key
                           : container_of(read, struct store_range, op)->from;
    enum store_family family = get ? container_of(read, struct store_get, op)->family
                                   : container_of(read, struct store_range, op)->family;
    read->status = STORE_FAILED;
    counter_add(&store->counters.reads_failed, 1);
    log_event(store->config.log, LOG_ERROR, "store_read_failed",
              "family=%s key_hash=%016llx error=\"%s\"", store_family_name(family),
              (unsigned long long)hash64(key), error);
}
