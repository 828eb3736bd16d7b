/* operation: one frame being served; shared by the files of the replica. */
#pragma once

#include "key.h"
#include "replica.h"

struct replica_operation {
    struct replica_work work;
    struct list_link link; /* waiting for its latch, or in replica->ready */
    void (*start)(struct replica_operation *operation); /* called once the latch is held */

    struct commit_mark mark;  /* COMMIT */
    struct slice key;         /* in `bytes` below, as are all slices here */
    struct slice row;         /* WRITE, REPAIR, ACCEPT: as received */
    struct version ballot;    /* PREPARE, COMMIT */
    struct version committed; /* ACCEPT: to be applied first */
    struct version next;      /* ACCEPT */
    bool want_old_size;       /* WRITE */
    bool decided;             /* REPAIR */
    bool proposed;            /* the row must be one that was proposed; else it must not */
    bool full;                /* READ, PREPARE */
    bool top;                 /* READ */
    bool item_only;           /* READ: what is accepted does not matter, or is nothing */
    bool counted;             /* HINT: this one was not known before */
    bool answered;
    uint64_t vote; /* number of the vote being made durable; 0: none */

    struct store_get item;
    struct store_get promise;
    void (*read_done)(struct replica_operation *operation, bool failed);
    struct acceptor acceptor;     /* what the gets told; borrows from their values */
    struct buffer *promise_after; /* what is committed in the promise's place; NULL: nothing */
    struct store_commit commit;
    struct acceptance acceptance;
    struct expiry_check *expiry_check; /* this is one, and no frame; else NULL */
    uint64_t old_size;
    bool latched;
    uint8_t bytes[]; /* copies of key and row */
};

LIST_FUNCTIONS(replica_operations, struct replica_operation, link)

/* Makes an operation for the frame; copies the key, and the payload behind it. */
struct replica_operation *operation_new(struct replica *replica, const struct frame *frame,
                                        struct slice key);
/* Counts `work` as being served; `free` frees the object that embeds it. */
void work_init(struct replica_work *work, struct replica *replica, const struct frame *frame,
               void (*free)(struct replica_work *work));
/* Too many are being served, this one included. */
bool work_excessive(const struct replica *replica);
/* The asker was answered: frees. */
void work_finish(struct replica_work *work);

/* Gives the latch on, and frees. */
void operation_free(struct replica_operation *operation);
/* Calls `start` at the end of this door, when the key's latch is held. */
void operation_latch(struct replica_operation *operation);
/* A decided row of the key is on its way into the item's place. */
bool operation_commits(const struct replica *replica, struct slice key);
/* Reads promise and item, in that order, then calls `then` with operation->acceptor filled in;
 * `failed` if a read or decoding failed. Without a latch other operations may commit in between: a
 * row that moves from `accepted` into the item's place meanwhile is then seen in both, never in
 * neither. */
void operation_read(struct replica_operation *operation,
                    void (*then)(struct replica_operation *operation, bool failed));

/* The row that was accepted, as stored; empty if there is none. Borrows from what was read. */
struct slice operation_accepted(const struct replica_operation *operation);

/* The highest row held. */
struct operation_top {
    struct version ballot; /* VERSION_NONE: none */
    struct slice row;
    bool applied; /* it stands in the item's place */
};

struct operation_top operation_top(const struct replica_operation *operation);

/* Checks of every frame that changes something: epoch, partition, table, load. VERDICT_OK: go on. */
enum verdict replica_admit(const struct replica *replica, const struct frame *frame,
                           const struct item_key *key);
/* A row from outside is well-formed, and what a client put in it too. */
bool row_valid(struct slice bytes, struct row *row);

void replica_on_prepare(struct replica *replica, const struct frame *frame,
                        const Cartwheel__Prepare *prepare);
void replica_on_accept(struct replica *replica, const struct frame *frame,
                       const Cartwheel__Accept *accept);
void replica_on_commit(struct replica *replica, const struct frame *frame,
                       const Cartwheel__Commit *decision);
void replica_on_write(struct replica *replica, const struct frame *frame,
                      const Cartwheel__Write *write);
void replica_on_read(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Read *read);
void replica_on_range(struct replica *replica, const struct frame *frame,
                      const Cartwheel__Range *range);
void replica_on_hint(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Hint *hint);
void replica_on_sums(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Sums *sums);
void replica_on_accepted(struct replica *replica, const struct frame *frame,
                         const Cartwheel__Keys *keys);
void replica_on_keys(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Keys *keys);
