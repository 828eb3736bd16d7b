/* rocksdb_store: the store on a disk: one RocksDB database per node, shared by all its shards.
 *
 * Threads: a commit thread writes what all shards have queued with one fsync (group commit); a few
 * readers take the reads that memory could not answer. Shards talk to it through ports, one each.
 *
 * Failures: an error of a write or an fsync stops the process, for what is on disk is then unknown,
 * and a node that stops is repaired by the others. A full disk is no such error: commits are
 * refused with STORE_NO_SPACE, reads go on, and commits go on once there is space again. */
#pragma once

#include "log.h"
#include "store.h"

struct rocksdb_store;

enum rocksdb_durability {
    ROCKSDB_DURABILITY_SYNC,    /* a commit is reported after its fsync */
    ROCKSDB_DURABILITY_INTERVAL /* reported when written; an fsync every interval_ms */
};

struct rocksdb_store_config {
    const char *path;          /* the database's directory; made if missing, its parent must be */
    size_t block_cache_bytes;  /* blocks, filters and indexes of files kept in memory */
    size_t write_buffer_bytes; /* memtables of all families together */
    uint32_t reader_threads;   /* > 0 */
    enum rocksdb_durability durability;
    uint32_t interval_ms;         /* for ROCKSDB_DURABILITY_INTERVAL; > 0 */
    uint64_t space_reserve_bytes; /* commits are refused while less than this is free */
    struct log_sink *log;         /* may be NULL; called from several threads at once */
    /* The store can no longer be trusted. Must not return; NULL: abort(). */
    void (*fatal)(void *context, const char *message);
    void *fatal_context;
};

/* Counters since the start, unless a comment says "now". */
struct rocksdb_store_stats {
    uint64_t commits_queued;    /* now: submitted and not yet taken by the commit thread */
    uint64_t reads_queued;      /* now: submitted and not yet taken by a reader */
    uint64_t commits;           /* written */
    uint64_t commits_refused;   /* for want of space */
    uint64_t writes;            /* groups of commits written: one fsync each */
    uint64_t reads_from_memory; /* answered by try_read */
    uint64_t reads_from_disk;   /* answered by readers */
    uint64_t reads_failed;      /* STORE_FAILED */
    uint64_t reopens;           /* of the database, after a full disk */
};

/* Defaults for a database at `path`, which stays borrowed until the store is open. */
void rocksdb_store_config_init(struct rocksdb_store_config *config, const char *path);
/* Opens or creates the database. NULL: *error is a message that the caller frees by free(). */
struct rocksdb_store *must_check rocksdb_store_open(const struct rocksdb_store_config *config,
                                                    char **error);
/* Completes what was submitted and ends the threads: nothing may be submitted any more, but snapshots
 * may still be freed. */
void rocksdb_store_stop(struct rocksdb_store *store);
/* Stops, if that is still to be done, and closes; frees the ports. Snapshots must be freed before. */
void rocksdb_store_close(struct rocksdb_store *store);

/* A store for one shard, owned by `store`. Completions are given to `post` on a thread of the
 * store: all there are, in order; it moves them to the shard's thread and leaves the list empty. May
 * be called from any thread. */
struct store *rocksdb_store_port(struct rocksdb_store *store,
                                 void (*post)(void *context, struct store_ops *done),
                                 void *context);
/* On the shard's thread: commits that were submitted through the port wait for this, so that those of
 * one turn of its loop become one group. To be called before the thread sleeps. */
void rocksdb_store_flush(struct store *port);

/* Blocking, for start and stop. *value: the caller's; NULL: absent (if the result is STORE_OK). */
enum store_status must_check rocksdb_store_read_now(struct rocksdb_store *store,
                                                    enum store_family family, struct slice key,
                                                    struct buffer **value);
/* Blocking and durable when it returns STORE_OK. Not ordered against submitted commits. */
enum store_status must_check rocksdb_store_write_now(struct rocksdb_store *store,
                                                     const struct store_batch *batch);

/* How far the store's threads are behind: what the next operation waits for its turn. */
struct rocksdb_store_waits {
    uint64_t commits_us;
    uint64_t reads_us; /* from disk */
};

/* Cheap: no lock. */
void rocksdb_store_get_waits(struct rocksdb_store *store, struct rocksdb_store_waits *waits);
/* To be called for each completion that was posted, once what it read is done with: `size` is its
 * store_result_size(). Readers wait while too much lies about. */
void rocksdb_store_release(struct rocksdb_store *store, size_t size);

void rocksdb_store_get_stats(struct rocksdb_store *store, struct rocksdb_store_stats *stats);
