#include "database.h"

#include "open_check.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_TIER_MEMORY = 1, /* kBlockCacheTier of rocksdb/options.h */
    MEMORY_SKIPS_MAX =
        2000 /* dead rows that try_read passes on a shard's thread before it gives up */
};

static bool make_directory(const char *path, char **error);
static bool database_open(struct database *database, char **error);
static void database_flush(struct database *database);
static void database_close(struct database *database);
static void snapshots_lose(struct database *database);
static uint64_t background_failures(const struct database *database);
static bool names_file(const char *error, const char *kind);
static enum database_result result_of(const char *error);
static bool came_before_append(const char *error);

bool database_init(struct database *database, const struct rocksdb_store_config *config,
                   char **error)
{
    memset(database, 0, sizeof(*database));
    if (!make_directory(config->path, error))
        return false;
    database->log = config->log;
    database->path = strdup(config->path);
    ensure(database->path != NULL);
    database->cache = rocksdb_cache_create_lru(config->block_cache_bytes);
    rocksdb_options_init(&database->options, config, database->cache);
    database->write_synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(database->write_synced, 1);
    database->write_unsynced = rocksdb_writeoptions_create();
    database->read_memory = rocksdb_readoptions_create();
    database_limit_to_memory(database->read_memory);
    database->read_disk = rocksdb_readoptions_create();
    pthread_rwlockattr_t prefer_reopening;
    pthread_rwlockattr_init(&prefer_reopening);
    pthread_rwlockattr_setkind_np(&prefer_reopening, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&database->lock, &prefer_reopening);
    pthread_rwlockattr_destroy(&prefer_reopening);
    pthread_mutex_init(&database->snapshots_lock, NULL);
    snapshots_init(&database->snapshots);
    if (database_open(database, error))
        return true;
    database_deinit(database);
    return false;
}

void database_deinit(struct database *database)
{
    ensure(snapshots_empty(&database->snapshots));
    database_close(database);
    pthread_mutex_destroy(&database->snapshots_lock);
    pthread_rwlock_destroy(&database->lock);
    rocksdb_readoptions_destroy(database->read_disk);
    rocksdb_readoptions_destroy(database->read_memory);
    rocksdb_writeoptions_destroy(database->write_unsynced);
    rocksdb_writeoptions_destroy(database->write_synced);
    rocksdb_options_deinit(&database->options);
    rocksdb_cache_destroy(database->cache);
    free(database->path);
}

bool database_reopen(struct database *database, char **error)
{
    pthread_rwlock_wrlock(&database->lock);
    snapshots_lose(database);
    database_close(database);
    bool opened = database_open(database, error);
    if (opened)
        database_flush(database);
    pthread_rwlock_unlock(&database->lock);
    return opened;
}

void database_gather(const struct database *database, rocksdb_writebatch_t *write,
                     const struct store_batch *batch)
{
    struct reader reader = reader_of(writer_slice(&batch->encoded));
    struct store_batch_change change;
    while (store_batch_next(&reader, &change)) {
        rocksdb_column_family_handle_t *family = database->families[change.family];
        const char *key = (const char *)change.key.data;
        const char *value = (const char *)change.value.data;
        if (change.change == STORE_PUT)
            rocksdb_writebatch_put_cf(write, family, key, change.key.size, value,
                                      change.value.size);
        else if (change.change == STORE_MERGE)
            rocksdb_writebatch_merge_cf(write, family, key, change.key.size, value,
                                        change.value.size);
        else
            rocksdb_writebatch_delete_cf(write, family, key, change.key.size);
    }
}

enum database_result database_write(struct database *database, rocksdb_writebatch_t *write,
                                    bool sync, char **error)
{
    *error = NULL;
    ensure(database->db != NULL);
    uint64_t failures = background_failures(database);
    rocksdb_write(database->db, sync ? database->write_synced : database->write_unsynced, write,
                  error);
    enum database_result result = result_of(*error);
    if (result == DATABASE_OK)
        atomic_store(&database->failures_survived, failures);
    else if (result == DATABASE_NO_SPACE && !came_before_append(*error) &&
             failures == atomic_load(&database->failures_survived))
        result = DATABASE_BROKEN;
    return result;
}

enum database_result database_sync(struct database *database, char **error)
{
    *error = NULL;
    ensure(database->db != NULL);
    rocksdb_flush_wal(database->db, 1, error);
    return result_of(*error);
}

uint64_t database_memory(const struct database *database)
{
    ensure(database->db != NULL);
    uint64_t total = 0;
    for (size_t i = 0; i < STORE_FAMILIES; i++) {
        uint64_t bytes = 0;
        rocksdb_property_int_cf(database->db, database->families[i],
                                "rocksdb.cur-size-all-mem-tables", &bytes);
        total += bytes;
    }
    return total;
}

void database_limit_to_memory(rocksdb_readoptions_t *options)
{
    rocksdb_readoptions_set_read_tier(options, READ_TIER_MEMORY);
    rocksdb_readoptions_set_max_skippable_internal_keys(options, MEMORY_SKIPS_MAX);
}

struct store_snapshot *database_snapshot(struct database *database)
{
    struct store_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    ensure(snapshot != NULL);
    bool usable = pthread_rwlock_tryrdlock(&database->lock) == 0;
    pthread_mutex_lock(&database->snapshots_lock);
    if (usable && database->db != NULL)
        snapshot->handle = rocksdb_create_snapshot(database->db);
    snapshots_push(&database->snapshots, snapshot);
    pthread_mutex_unlock(&database->snapshots_lock);
    if (usable)
        pthread_rwlock_unlock(&database->lock);
    return snapshot;
}

void database_snapshot_free(struct database *database, struct store_snapshot *snapshot)
{
    /* While a snapshot has its handle, the database is open: snapshots_lose() waits for the mutex.
     */
    pthread_mutex_lock(&database->snapshots_lock);
    if (snapshot->handle != NULL)
        rocksdb_release_snapshot(database->db, snapshot->handle);
    snapshots_remove(&database->snapshots, snapshot);
    pthread_mutex_unlock(&database->snapshots_lock);
    free(snapshot);
}

uint64_t database_family_size(struct database *database, enum store_family family)
{
    ensure(family < STORE_FAMILIES);
    uint64_t files = 0, memory = 0;
    if (pthread_rwlock_tryrdlock(&database->lock) != 0)
        return 0;
    if (database->db != NULL) {
        rocksdb_property_int_cf(database->db, database->families[family],
                                "rocksdb.live-sst-files-size", &files);
        rocksdb_property_int_cf(database->db, database->families[family],
                                "rocksdb.cur-size-all-mem-tables", &memory);
    }
    pthread_rwlock_unlock(&database->lock);
    return files + memory;
}

static char *error_of_path(const char *what, const char *path)
{
    char *text = NULL;
    ensure(asprintf(&text, "%s %s: %s", what, path, strerror(errno)) >= 0);
    return text;
}

/* A directory made now must survive a power cut, so its parent is synced. */
static bool make_directory(const char *path, char **error)
{
    *error = NULL;
    if (mkdir(path, 0700) != 0) {
        if (errno == EEXIST)
            return true;
        *error = error_of_path("cannot make", path);
        return false;
    }
    char *copy = strdup(path);
    ensure(copy != NULL);
    const char *parent = dirname(copy);
    int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fsync(directory) != 0)
        *error = error_of_path("cannot sync", parent);
    if (directory >= 0)
        close(directory);
    free(copy);
    return *error == NULL;
}

static bool database_open(struct database *database, char **error)
{
    const char *names[STORE_FAMILIES + 1];
    const rocksdb_options_t *options[STORE_FAMILIES + 1];
    rocksdb_column_family_handle_t *handles[STORE_FAMILIES + 1];
    for (size_t i = 0; i < STORE_FAMILIES; i++) {
        names[i] = store_family_name((enum store_family)i);
        options[i] = database->options.families[i];
    }
    names[STORE_FAMILIES] = "default"; /* RocksDB insists on it */
    options[STORE_FAMILIES] = database->options.database;
    if (!open_check(database->path, database->log, error))
        return false;
    database->db = rocksdb_open_column_families(database->options.database, database->path,
                                                array_size(names), names, options, handles, error);
    if (*error != NULL) {
        database->db = NULL;
        return false;
    }
    memcpy(database->families, handles, sizeof(database->families));
    atomic_store(&database->failures_survived, 0);
    database->default_family = handles[STORE_FAMILIES];
    return true;
}

/* Starts to move what was recovered into table files, so that the old WALs go: they may end in a
 * torn record, and be not yet synced with durability `interval`. */
static void database_flush(struct database *database)
{
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(options, 0);
    for (size_t i = 0; i < STORE_FAMILIES; i++) {
        char *error = NULL;
        rocksdb_flush_cf(database->db, options, database->families[i], &error);
        free(error); /* the next write meets it again */
    }
    rocksdb_flushoptions_destroy(options);
}

static void database_close(struct database *database)
{
    if (database->db == NULL)
        return;
    for (size_t i = 0; i < STORE_FAMILIES; i++)
        rocksdb_column_family_handle_destroy(database->families[i]);
    rocksdb_column_family_handle_destroy(database->default_family);
    rocksdb_close(database->db);
    database->db = NULL;
}

static void snapshots_lose(struct database *database)
{
    pthread_mutex_lock(&database->snapshots_lock);
    struct store_snapshot *snapshot = snapshots_first(&database->snapshots);
    for (; snapshot != NULL; snapshot = snapshots_next(&database->snapshots, snapshot)) {
        if (snapshot->handle != NULL)
            rocksdb_release_snapshot(database->db, snapshot->handle);
        snapshot->handle = NULL;
    }
    pthread_mutex_unlock(&database->snapshots_lock);
}

/* Flushes and compactions that failed since the database was opened. */
static uint64_t background_failures(const struct database *database)
{
    uint64_t count = 0;
    rocksdb_property_int(database->db, "rocksdb.background-errors", &count);
    return count;
}

/* Whether the error is about a file of that kind; directories may have any name. */
static bool names_file(const char *error, const char *kind)
{
    const char *slash = strrchr(error, '/');
    return strstr(slash == NULL ? error : slash, kind) != NULL;
}

/* The C API gives texts, not codes. No space while the WAL is synced is as bad as any other failed
 * fsync: the records are written, so they may come back after a crash. */
static enum database_result result_of(const char *error)
{
    if (error == NULL)
        return DATABASE_OK;
    bool no_space = strstr(error, "No space left on device") != NULL;
    bool sync = strstr(error, "While fdatasync") != NULL || strstr(error, "While fsync") != NULL;
    bool wal = names_file(error, ".log");
    return no_space && !(sync && wal) ? DATABASE_NO_SPACE : DATABASE_BROKEN;
}

/* A write makes a new WAL, appends to it, syncs it, notes in the MANIFEST that the one before it is
 * complete, and syncs the directory: only until it has appended is it sure that nothing is durable.
 * An error of a table file is one of the background that stopped it before that. */
static bool came_before_append(const char *error)
{
    return names_file(error, ".log") || names_file(error, ".sst");
}
