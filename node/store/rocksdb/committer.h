/* committer: the thread that writes. It takes all commits that are queued, from all shards, and
 * writes them in the order of submission as one RocksDB batch with one fsync (group commit). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "space.h"
#include "store.h"

struct rocksdb_store;

struct committer {
    struct rocksdb_store *store;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `queued` and `closing` */
    pthread_cond_t wake;
    struct store_ops queued;
    bool closing;
    /* The thread's own: */
    struct space space;
    bool full;             /* commits are being refused: said once in the log */
    bool stuck;            /* RocksDB ran out of space: it is reopened when there is some */
    uint64_t reopen_bytes; /* free beyond the reserve before a reopening is tried */
    bool unsynced;         /* something was written since the last sync (durability `interval`) */
    uint64_t synced_us;    /* when that was, monotonic */
    uint64_t retried_us;   /* when a reopening was last tried */
    size_t left;           /* commits that the last group had no room for */
    atomic_uint_fast64_t behind_us; /* how long the next commit waits for these; any thread reads */
};

void committer_start(struct committer *committer, struct rocksdb_store *store);
/* Commits what is queued, then ends the thread. */
void committer_stop(struct committer *committer);
/* Takes all of `ops` until they are posted, and leaves the list empty. */
void committer_submit(struct committer *committer, struct store_ops *ops);
uint64_t committer_queued(struct committer *committer);
