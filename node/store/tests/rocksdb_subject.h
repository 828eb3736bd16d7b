/* rocksdb_subject: a RocksDB store in a directory of its own, and its completions. */
#pragma once

#include <pthread.h>

#include "rocksdb_store.h"
#include "subject.h"

struct rocksdb_subject {
    struct subject subject;
    struct rocksdb_store_config config; /* to open with; `path` is inside the directory */
    struct rocksdb_store *rocksdb;
    char directory[64];   /* temporary, of this test alone */
    char path[80];        /* the database */
    size_t outstanding;   /* submitted by subject_submit and not yet settled */
    pthread_mutex_t lock; /* guards `posted` */
    pthread_cond_t wake;
    struct store_ops posted;
};

/* Makes the directory and fills in a config; nothing is open yet. */
void rocksdb_subject_init(struct rocksdb_subject *subject);
/* Removes the directory. */
void rocksdb_subject_deinit(struct rocksdb_subject *subject);
void rocksdb_subject_open(struct rocksdb_subject *subject);
void rocksdb_subject_close(struct rocksdb_subject *subject);
/* Waits for one completion and calls its `done`. */
struct store_op *rocksdb_subject_next(struct rocksdb_subject *subject);
struct rocksdb_subject *rocksdb_subject_of(struct subject *subject);
