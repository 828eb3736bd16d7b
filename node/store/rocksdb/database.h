/* database: an open RocksDB that can be closed and opened again under its readers.
 *
 * RocksDB 7.8 recovers by itself when a flush found no space, but not always when the WAL did (it
 * waits until more is free than its write buffers take), and its C API cannot tell it to resume. So
 * after such an error the commit thread reopens it. (If RocksDB recovers first, it completes the
 * record that found no space in the old WAL, then drops that WAL: only a crash between the two lets
 * a refused commit come back.)
 *
 * Invariants: `db` changes only under the exclusive lock; it is NULL only if a reopening failed.
 * Snapshots do not outlive the database they were taken of: reads of one that was lost fail. */
#pragma once

#include <pthread.h>
#include <rocksdb/c.h>
#include <stdatomic.h>

#include "rocksdb_options.h"

struct store_snapshot {
    struct list_link link;
    const rocksdb_snapshot_t *handle; /* NULL: lost with a database that was reopened */
};

LIST_DEFINE(snapshots, struct store_snapshot, link)

struct database {
    struct log_sink *log; /* may be NULL */
    char *path;
    rocksdb_cache_t *cache;
    struct rocksdb_options options;
    rocksdb_writeoptions_t *write_synced;
    rocksdb_writeoptions_t *write_unsynced;
    rocksdb_readoptions_t *read_memory; /* only what is in memory, else "Result incomplete" */
    rocksdb_readoptions_t *read_disk;
    pthread_rwlock_t lock; /* shared: `db` and the handles are in use; exclusive: they change */
    rocksdb_t *db;
    /* Failures in the background that writes did not mind. After another one RocksDB takes no more
     * writes, so an error of a write is not of its own doing. */
    atomic_uint_fast64_t failures_survived;
    rocksdb_column_family_handle_t *families[STORE_FAMILIES];
    rocksdb_column_family_handle_t *default_family;
    pthread_mutex_t snapshots_lock;
    struct snapshots snapshots; /* all that callers hold */
};

enum database_result {
    DATABASE_OK,
    DATABASE_NO_SPACE, /* nothing was written, and nothing will be until database_reopen() */
    DATABASE_BROKEN    /* what is on disk is unknown */
};

/* False: *error is a message that the caller frees by free(), and nothing is left to deinit. */
bool must_check database_init(struct database *database, const struct rocksdb_store_config *config,
                              char **error);
void database_deinit(struct database *database);
/* Closes and opens, which may write all memtables to table files: see to space for them first.
 * False: it stays closed, *error as above; may be tried again. */
bool must_check database_reopen(struct database *database, char **error);
/* Adds the changes of `batch` to `write`. This and the next three need an open database; the caller
 * holds the lock or is the thread that reopens. */
void database_gather(const struct database *database, rocksdb_writebatch_t *write,
                     const struct store_batch *batch);
/* Writes. *error: NULL if OK, else as above. */
enum database_result must_check database_write(struct database *database,
                                               rocksdb_writebatch_t *write, bool sync,
                                               char **error);
/* Fsyncs the WAL. *error: the same. */
enum database_result must_check database_sync(struct database *database, char **error);

/* Bytes of memtables that are not in table files yet. */
uint64_t database_memory(const struct database *database);
/* Makes reads with `options` end with "Result incomplete" where they would need the disk or much
 * time. */
void database_limit_to_memory(rocksdb_readoptions_t *options);
/* Never waits for a reopening; the snapshot may be lost from the start. */
struct store_snapshot *database_snapshot(struct database *database);
void database_snapshot_free(struct database *database, struct store_snapshot *snapshot);
/* Approximate; 0 during a reopening. */
uint64_t database_family_size(struct database *database, enum store_family family);
