#include "mailbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void mailbox_init(struct mailbox *mailbox)
{
    ensure(pthread_mutex_init(&mailbox->lock, NULL) == 0);
    letters_init(&mailbox->letters);
    store_ops_init(&mailbox->completions);
    mailbox->closed = false;
    mailbox->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ensure(mailbox->wake_fd >= 0);
}

void mailbox_deinit(struct mailbox *mailbox)
{
    ensure(letters_empty(&mailbox->letters));
    close(mailbox->wake_fd);
    pthread_mutex_destroy(&mailbox->lock);
}

static void wake(struct mailbox *mailbox)
{
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(mailbox->wake_fd, &one, sizeof(one));
    } while (written < 0 && errno == EINTR);
    ensure(written == sizeof(one));
}

/* Only the first thing that waits wakes: the receiver takes all that came until it looks. Under the
 * lock. */
static void wake_if_first(struct mailbox *mailbox)
{
    if (letters_empty(&mailbox->letters) && store_ops_empty(&mailbox->completions))
        wake(mailbox);
}

void mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
    pthread_mutex_lock(&mailbox->lock);
    bool closed = mailbox->closed;
    if (!closed) {
        wake_if_first(mailbox);
        letters_push(&mailbox->letters, letter);
    }
    pthread_mutex_unlock(&mailbox->lock);
    if (closed)
        letter->discard(letter);
}

void mailbox_post_completions(struct mailbox *mailbox, struct store_ops *done)
{
    if (store_ops_empty(done))
        return;
    pthread_mutex_lock(&mailbox->lock);
    if (!mailbox->closed) {
        wake_if_first(mailbox);
        store_ops_append(&mailbox->completions, done);
    }
    pthread_mutex_unlock(&mailbox->lock);
    store_ops_init(done);
}

static void take(struct mailbox *mailbox, struct letters *letters, struct store_ops *completions)
{
    uint64_t count;
    while (read(mailbox->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    letters_move(letters, &mailbox->letters);
    store_ops_move(completions, &mailbox->completions);
}

void mailbox_take(struct mailbox *mailbox, struct letters *letters, struct store_ops *completions)
{
    pthread_mutex_lock(&mailbox->lock);
    take(mailbox, letters, completions);
    pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_close(struct mailbox *mailbox)
{
    struct letters letters;
    struct store_ops forgotten;
    pthread_mutex_lock(&mailbox->lock);
    take(mailbox, &letters, &forgotten);
    mailbox->closed = true;
    pthread_mutex_unlock(&mailbox->lock);
    struct letter *letter;
    while ((letter = letters_pop(&letters)) != NULL)
        letter->discard(letter);
}
