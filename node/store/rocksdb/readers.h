/* readers: threads for the reads that would wait for a disk, and the reads themselves. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "store.h"

struct rocksdb_store;

struct readers {
    struct rocksdb_store *store;
    pthread_t *threads;
    uint32_t threads_count;
    pthread_mutex_t lock; /* guards what follows, up to the counters */
    pthread_cond_t wake;
    pthread_cond_t room; /* results were taken: readers may go on */
    struct store_ops queued;
    bool closing;
    uint64_t read_us;               /* what a read takes, on average of late */
    atomic_uint_fast64_t behind_us; /* how long the next read waits for its turn */
    atomic_size_t results;          /* bytes read that nobody took yet */
};

void readers_start(struct readers *readers, struct rocksdb_store *store, uint32_t threads);
/* Answers what is queued, then ends the threads. */
void readers_stop(struct readers *readers);
/* Takes `op` until it is posted. */
void readers_submit(struct readers *readers, struct store_op *op);
uint64_t readers_queued(struct readers *readers);
/* Any thread: a result of that size was taken. */
void readers_release(struct readers *readers, size_t size);

/* Answers from memory, never waiting. False: it takes the disk, and `read` is as before. */
bool must_check read_from_memory(struct rocksdb_store *store, struct store_op *read);
/* Answers, waiting for the disk. */
void read_from_disk(struct rocksdb_store *store, struct store_op *read);
