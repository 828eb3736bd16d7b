/* mailbox: how other threads hand letters and finished store operations to a shard. Any thread
 * posts; one thread takes all that is there at once. */
#pragma once

#include <pthread.h>

#include "list.h"
#include "store.h"

struct mailbox;

/* Embedded in what is posted. */
struct letter {
    struct list_link link; /* the mailbox's */
    /* For the receiver to call on its thread, once, without any lock; may free the letter. */
    void (*open)(struct letter *letter, void *receiver);
    /* Called instead of open() when the mailbox is closed first. */
    void (*discard)(struct letter *letter);
};

LIST_DEFINE(letters, struct letter, link)

struct mailbox {
    pthread_mutex_t lock;
    struct letters letters;       /* under the lock */
    struct store_ops completions; /* under the lock; the submitters' memory */
    bool closed;                  /* under the lock */
    int wake_fd;                  /* an eventfd: readable when something waits */
};

void mailbox_init(struct mailbox *mailbox);
/* All other threads must have stopped posting. */
void mailbox_deinit(struct mailbox *mailbox);
/* Any thread. A closed mailbox discards the letter. */
void mailbox_post(struct mailbox *mailbox, struct letter *letter);
/* Any thread. Empties `done`; a closed mailbox forgets the operations. */
void mailbox_post_completions(struct mailbox *mailbox, struct store_ops *done);
/* The receiver: everything that waits, in order, as lists that need no initialization. */
void mailbox_take(struct mailbox *mailbox, struct letters *letters, struct store_ops *completions);
/* The receiver: discards what waits and whatever is posted later. */
void mailbox_close(struct mailbox *mailbox);
