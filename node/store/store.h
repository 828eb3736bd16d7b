/* store: what the core knows of disks. A port: a few functions behind which stand RocksDB
 * (node/store/rocksdb) and an in-memory twin for the simulator (memory_store.h). Both keep sorted
 * rows in families.
 *
 * Rules: submit() never calls back; a result comes once, later, through node_on_store_done().
 * Commits take effect in the order of submission, each as a whole; a commit is reported only when
 * it is durable (or, with durability `interval`, when it is written), and reads never show a commit
 * before that. Reads try memory first, by store_try_read(), and are submitted only if that would
 * touch a disk. */
#pragma once

#include "bytes.h"
#include "leaf.h"
#include "list.h"

/* Families of rows, each sorted by key bytes. What stands where: docs/architecture.md. */
enum store_family {
    STORE_ITEMS,    /* registers: item key -> ballot, origin, lineage, value */
    STORE_PROMISES, /* acceptor state beside the item: item key -> promised, accepted */
    STORE_INDEX,    /* local secondary indexes */
    STORE_HINTS,    /* target node, time -> the write kept for it */
    STORE_LOG,      /* change log */
    STORE_MERKLE,   /* leaves of the hash trees: leaf.h */
    STORE_META,     /* the node's own facts: identity, incarnation, clock ceiling, members */
    STORE_FAMILIES
};

enum store_status {
    STORE_OK,
    /* Commits only: nothing of it was written; reads go on; try again later. Later commits may
     * pass, above all those that only delete. */
    STORE_NO_SPACE,
    STORE_FAILED /* reads only: I/O error or corruption: an answer must fail, never say "absent" */
};

enum store_kind { STORE_GET, STORE_RANGE, STORE_COMMIT };

struct store_op;
typedef void (*store_done)(struct store_op *op);

/* Embedded in the caller's object, which must live until `done`. */
struct store_op {
    struct list_link link; /* the store's while it is submitted */
    enum store_kind kind;
    enum store_status status; /* set by the store */
    store_done done;          /* called by node_on_store_done(), on the submitter's thread */
    void *submitter;          /* the store's own: where to post the completion */
};

LIST_DEFINE(store_ops, struct store_op, link)

/* Reads one row. */
struct store_get {
    struct store_op op;
    enum store_family family;
    struct slice key;     /* borrowed until done */
    struct buffer *value; /* result, owned by the caller; NULL: absent (if status is STORE_OK) */
};

/* A point in time that reads can be pinned to. */
struct store_snapshot;

/* Reads rows of [from, to) in order, or backwards from the end of it. */
struct store_range {
    struct store_op op;
    enum store_family family;
    struct slice from; /* first key that may be returned; borrowed until done */
    struct slice to;   /* first key past the range; empty: to the family's end; borrowed */
    bool reverse;      /* from the end of the range to its start */
    uint32_t rows_max; /* stop after so many rows; > 0 */
    size_t bytes_max;  /* stop once so many bytes of keys and values were gathered; > 0 */
    struct store_snapshot *snapshot; /* NULL: as of now */
    struct writer rows;  /* result: per row sized key, sized value (see store_rows_next) */
    uint32_t rows_count; /* result: how many */
    bool more;           /* result: the range may hold more rows past the last one returned */
};

/* A set of changes that become visible and durable together, in order. */
struct store_batch {
    struct writer encoded; /* see store_batch_next */
    uint32_t count;        /* changes in it */
};

struct store_commit {
    struct store_op op;
    struct store_batch batch; /* read by the store until done; may be several MiB */
};

enum store_change { STORE_PUT, STORE_DELETE, STORE_MERGE };

struct store {
    /* True if the read was answered from memory: its result is set as if done, and it must not be
     * submitted. */
    bool (*try_read)(struct store *self, struct store_op *read);
    /* Starts `op`; its completion comes back once, later. */
    void (*submit)(struct store *self, struct store_op *op);
    struct store_snapshot *(*snapshot)(struct store *self);
    void (*snapshot_free)(struct store *self, struct store_snapshot *snapshot);
    /* Approximate bytes the rows of a family take on disk, for admin output and quotas. */
    uint64_t (*family_size)(struct store *self, enum store_family family);
};

const char *store_family_name(enum store_family family);

/* `key` stays borrowed until done. */
void store_get_init(struct store_get *get, enum store_family family, struct slice key,
                    store_done done);
void store_range_init(struct store_range *range, enum store_family family, struct slice from,
                      struct slice to, store_done done);
/* Frees the rows. */
void store_range_deinit(struct store_range *range);
void store_commit_init(struct store_commit *commit, store_done done);
void store_commit_deinit(struct store_commit *commit);

static inline bool must_check store_try_read(struct store *store, struct store_op *read)
{
    return store->try_read(store, read);
}

static inline void store_submit(struct store *store, struct store_op *op)
{
    store->submit(store, op);
}

void store_batch_init(struct store_batch *batch);
void store_batch_deinit(struct store_batch *batch);
/* The batch copies keys and values. */
void store_batch_put(struct store_batch *batch, enum store_family family, struct slice key,
                     struct slice value);
/* Room for a value of `value_size` bytes, which the caller fills before the next call: saves a
 * copy. */
uint8_t *store_batch_put_in_place(struct store_batch *batch, enum store_family family,
                                  struct slice key, size_t value_size);
void store_batch_delete(struct store_batch *batch, enum store_family family, struct slice key);
/* Adds to a leaf, without reading it: a row of STORE_MERKLE whose value is a leaf_sum, and of no other
 * family. One that becomes empty is not there any more. */
void store_batch_merge(struct store_batch *batch, const struct leaf_key *key,
                       struct leaf_sum delta);

/* One change of a batch; slices borrow from it. */
struct store_batch_change {
    enum store_change change;
    enum store_family family;
    struct slice key;
    struct slice value; /* STORE_PUT; STORE_MERGE: a leaf_sum */
};

/* Walks a batch: start with reader_of(writer_slice(&batch->encoded)); false at the end. */
bool store_batch_next(struct reader *reader, struct store_batch_change *change);
/* Bytes that a completed read brought; 0 for a commit. */
size_t store_result_size(struct store_op *op);
/* For store implementations: empties the result, adds a row to it, tells whether it has reached
 * rows_max or bytes_max. */
void store_rows_begin(struct store_range *range);
void store_rows_put(struct store_range *range, struct slice key, struct slice value);
bool store_rows_full(const struct store_range *range);
/* Walks the rows of a range: start with reader_of(writer_slice(&range->rows)); false at the end. */
bool store_rows_next(struct reader *reader, struct slice *key, struct slice *value);
