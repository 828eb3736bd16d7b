/* operation: one frame being served; shared by the files of the replica. */
#pragma once

#include "replica.h"

struct replica_operation {
    struct replica_work work;
    struct list_link link; /* waiting for its latch, or in replica->ready */
    void (*start)(struct replica_operation *operation); /* called once the latch is held */

    struct slice key;   /* in `bytes` below, as are all slices here */
    struct slice row;   /* WRITE, REPAIR: as received */
    bool want_old_size; /* WRITE */
    bool full;          /* READ */
    bool counted;       /* HINT: this one was not known before */

    struct store_get item;
    struct store_get promise;
    unsigned gets_pending;
    void (*read_done)(struct replica_operation *operation, bool failed);
    struct acceptor acceptor; /* what the gets told; borrows from their values */
    struct store_commit commit;
    struct acceptance acceptance;
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
/* Reads item and promise, then calls `then` with operation->acceptor filled in; `failed` if a read
 * or decoding failed. */
void operation_read(struct replica_operation *operation,
                    void (*then)(struct replica_operation *operation, bool failed));

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
void replica_on_keys(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Keys *keys);
