/* rocksdb_internal: what the parts of the RocksDB store know of each other. */
#pragma once

#include <stdatomic.h>
#include <time.h>

#include "committer.h"
#include "database.h"
#include "readers.h"
#include "rocksdb_store.h"

/* What a shard sees. */
struct rocksdb_port {
    struct store store; /* first, so that a store is its port */
    struct list_link link;
    struct rocksdb_store *owner;
    void (*post)(void *context, struct store_ops *done);
    void *context;
    struct store_ops
        gathered; /* commits submitted since the last flush; its shard's thread alone */
};

LIST_DEFINE(rocksdb_ports, struct rocksdb_port, link)

/* See struct rocksdb_store_stats. */
struct rocksdb_counters {
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t commits_refused;
    atomic_uint_fast64_t writes;
    atomic_uint_fast64_t reads_from_memory;
    atomic_uint_fast64_t reads_from_disk;
    atomic_uint_fast64_t reads_failed;
    atomic_uint_fast64_t reopens;
};

struct rocksdb_store {
    struct rocksdb_store_config config; /* without the path: that is the database's */
    struct database database;
    struct committer committer;
    struct readers readers;
    struct rocksdb_counters counters;
    pthread_mutex_t ports_lock;
    struct rocksdb_ports ports;
    bool stopped; /* its threads have ended */
};

/* Monotonic. */
static inline uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Logs, tells the owner and does not return. */
_Noreturn void rocksdb_store_fatal(struct rocksdb_store *store, const char *message);

/* RocksDB counts for its profiler, per thread, every comparison of two keys: a sixth of a write's
 * instructions, for figures that nobody reads. */
static inline void rocksdb_store_mute_counters(void)
{
    rocksdb_set_perf_level(rocksdb_disable);
}

/* Hands completed ops to their ports, and empties the list. They may be freed before this returns. */
void rocksdb_store_post(struct store_ops *done);

static inline void counter_add(atomic_uint_fast64_t *counter, uint64_t count)
{
    atomic_fetch_add_explicit(counter, count, memory_order_relaxed);
}
