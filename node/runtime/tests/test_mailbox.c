#include "mailbox.h"

#include "test_main.h"

#include <poll.h>

enum { THREADS = 4, POSTS = 20000 };

struct post {
    struct letter letter;
    int thread;
    int number;
};

struct totals {
    int next[THREADS]; /* the number expected next from each thread */
    int opened;
    int completed;
};

static int discarded;

static void post_open(struct letter *letter, void *receiver)
{
    struct post *post = container_of(letter, struct post, letter);
    struct totals *totals = receiver;
    ck_assert_int_eq(post->number, totals->next[post->thread]);
    totals->next[post->thread]++;
    totals->opened++;
    free(post);
}

static void post_discard(struct letter *letter)
{
    free(container_of(letter, struct post, letter));
    discarded++;
}

static void post(struct mailbox *mailbox, int thread, int number)
{
    struct post *post = calloc(1, sizeof(*post));
    post->letter.open = post_open;
    post->letter.discard = post_discard;
    post->thread = thread;
    post->number = number;
    mailbox_post(mailbox, &post->letter);
}

struct poster {
    struct mailbox *mailbox;
    int thread;
    struct store_op *ops;
};

static void post_completion(struct mailbox *mailbox, struct store_op *op)
{
    struct store_ops done;
    store_ops_init(&done);
    store_ops_push(&done, op);
    mailbox_post_completions(mailbox, &done);
    ck_assert(store_ops_empty(&done));
}

static void *post_many(void *context)
{
    struct poster *poster = context;
    for (int i = 0; i < POSTS; i++) {
        post(poster->mailbox, poster->thread, i);
        post_completion(poster->mailbox, &poster->ops[i]);
    }
    return NULL;
}

static void open_all(struct mailbox *mailbox, struct totals *totals)
{
    struct letters letters;
    struct store_ops completions;
    struct letter *letter;
    mailbox_take(mailbox, &letters, &completions);
    while (store_ops_pop(&completions) != NULL)
        totals->completed++;
    while ((letter = letters_pop(&letters)) != NULL)
        letter->open(letter, totals);
}

START_TEST(nothing_is_lost_or_reordered_between_threads)
{
    struct mailbox mailbox;
    struct totals totals = {.opened = 0};
    struct poster posters[THREADS];
    pthread_t threads[THREADS];
    mailbox_init(&mailbox);
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){&mailbox, i, calloc(POSTS, sizeof(struct store_op))};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    while (totals.opened < THREADS * POSTS || totals.completed < THREADS * POSTS) {
        struct pollfd wake = {.fd = mailbox.wake_fd, .events = POLLIN};
        ck_assert_int_eq(poll(&wake, 1, 30000), 1);
        open_all(&mailbox, &totals);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        free(posters[i].ops);
    }
    mailbox_deinit(&mailbox);
}
END_TEST

START_TEST(the_receiver_is_woken_once_for_many)
{
    struct mailbox mailbox;
    struct totals totals = {.opened = 0};
    struct pollfd wake;
    mailbox_init(&mailbox);
    wake = (struct pollfd){.fd = mailbox.wake_fd, .events = POLLIN};
    ck_assert_int_eq(poll(&wake, 1, 0), 0);
    for (int i = 0; i < 10; i++)
        post(&mailbox, 0, i);
    ck_assert_int_eq(poll(&wake, 1, 0), 1);
    open_all(&mailbox, &totals);
    ck_assert_int_eq(totals.opened, 10);
    ck_assert_int_eq(poll(&wake, 1, 0), 0);
    mailbox_deinit(&mailbox);
}
END_TEST

START_TEST(a_closed_mailbox_discards)
{
    struct mailbox mailbox;
    struct store_op op = {.done = NULL};
    mailbox_init(&mailbox);
    post(&mailbox, 0, 0);
    mailbox_close(&mailbox);
    ck_assert_int_eq(discarded, 1);
    post(&mailbox, 0, 1);
    ck_assert_int_eq(discarded, 2);
    post_completion(&mailbox, &op);
    mailbox_deinit(&mailbox);
}
END_TEST

TEST_MAIN("mailbox", nothing_is_lost_or_reordered_between_threads,
          the_receiver_is_woken_once_for_many, a_closed_mailbox_discards)
