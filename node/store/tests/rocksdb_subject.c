#include "rocksdb_subject.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts what passes, so that settle() knows what to wait for. */
struct counting_store {
    struct store store; /* first: it stands in for the port */
    struct store *port;
    struct rocksdb_subject *subject;
};

static void post(void *context, struct store_ops *done)
{
    struct rocksdb_subject *subject = context;
    pthread_mutex_lock(&subject->lock);
    store_ops_append(&subject->posted, done);
    pthread_cond_signal(&subject->wake);
    pthread_mutex_unlock(&subject->lock);
}

static struct counting_store *counting_of(struct store *self)
{
    return container_of(self, struct counting_store, store);
}

static bool counting_try_read(struct store *self, struct store_op *read)
{
    return counting_of(self)->port->try_read(counting_of(self)->port, read);
}

static void counting_submit(struct store *self, struct store_op *op)
{
    counting_of(self)->subject->outstanding++;
    counting_of(self)->port->submit(counting_of(self)->port, op);
    rocksdb_store_flush(counting_of(self)->port);
}

static struct store_snapshot *counting_snapshot(struct store *self)
{
    return counting_of(self)->port->snapshot(counting_of(self)->port);
}

static void counting_snapshot_free(struct store *self, struct store_snapshot *snapshot)
{
    counting_of(self)->port->snapshot_free(counting_of(self)->port, snapshot);
}

static uint64_t counting_family_size(struct store *self, enum store_family family)
{
    return counting_of(self)->port->family_size(counting_of(self)->port, family);
}

void rocksdb_subject_init(struct rocksdb_subject *subject)
{
    memset(subject, 0, sizeof(*subject));
    strcpy(subject->directory, "/tmp/cartwheel-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(subject->directory));
    snprintf(subject->path, sizeof(subject->path), "%s/database", subject->directory);
    rocksdb_store_config_init(&subject->config, subject->path);
    subject->config.block_cache_bytes = 8 << 20;
    subject->config.write_buffer_bytes = 4 << 20;
    subject->config.space_reserve_bytes = 1 << 20;
    pthread_mutex_init(&subject->lock, NULL);
    pthread_cond_init(&subject->wake, NULL);
    store_ops_init(&subject->posted);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void rocksdb_subject_deinit(struct rocksdb_subject *subject)
{
    nftw(subject->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    pthread_cond_destroy(&subject->wake);
    pthread_mutex_destroy(&subject->lock);
}

void rocksdb_subject_open(struct rocksdb_subject *subject)
{
    char *error;
    subject->rocksdb = rocksdb_store_open(&subject->config, &error);
    ck_assert_msg(subject->rocksdb != NULL, "%s", error);
    struct counting_store *counting = calloc(1, sizeof(*counting));
    counting->store = (struct store){counting_try_read, counting_submit, counting_snapshot,
                                     counting_snapshot_free, counting_family_size};
    counting->port = rocksdb_store_port(subject->rocksdb, post, subject);
    counting->subject = subject;
    subject->subject.store = &counting->store;
}

void rocksdb_subject_close(struct rocksdb_subject *subject)
{
    rocksdb_store_close(subject->rocksdb);
    free(counting_of(subject->subject.store));
    subject->rocksdb = NULL;
}

struct store_op *rocksdb_subject_next(struct rocksdb_subject *subject)
{
    pthread_mutex_lock(&subject->lock);
    while (store_ops_empty(&subject->posted))
        pthread_cond_wait(&subject->wake, &subject->lock);
    struct store_op *op = store_ops_pop(&subject->posted);
    pthread_mutex_unlock(&subject->lock);
    subject->outstanding--;
    rocksdb_store_release(subject->rocksdb, store_result_size(op));
    op->done(op);
    return op;
}

struct rocksdb_subject *rocksdb_subject_of(struct subject *subject)
{
    return container_of(subject, struct rocksdb_subject, subject);
}

struct subject *subject_open(void)
{
    struct rocksdb_subject *subject = malloc(sizeof(*subject));
    rocksdb_subject_init(subject);
    rocksdb_subject_open(subject);
    return &subject->subject;
}

void subject_close(struct subject *subject)
{
    struct rocksdb_subject *rocksdb = rocksdb_subject_of(subject);
    rocksdb_subject_close(rocksdb);
    rocksdb_subject_deinit(rocksdb);
    free(rocksdb);
}

void subject_settle(struct subject *subject)
{
    struct rocksdb_subject *rocksdb = rocksdb_subject_of(subject);
    while (rocksdb->outstanding > 0)
        rocksdb_subject_next(rocksdb);
}
