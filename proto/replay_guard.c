#include "replay_guard.h"

#include <stdlib.h>
#include <string.h>

struct replay_sender {
    node_id sender;
    uint64_t highest;                  /* id seen */
    uint64_t seen[REPLAY_WINDOW / 64]; /* bit id % REPLAY_WINDOW, for ids in the window */
};

void replay_guard_init(struct replay_guard *guard)
{
    *guard = (struct replay_guard){NULL, 0};
}

void replay_guard_deinit(struct replay_guard *guard)
{
    free(guard->senders);
    replay_guard_init(guard);
}

static struct replay_sender *sender_get(struct replay_guard *guard, node_id sender)
{
    for (size_t i = 0; i < guard->count; i++) {
        if (guard->senders[i].sender == sender)
            return &guard->senders[i];
    }
    guard->senders = realloc(guard->senders, (guard->count + 1) * sizeof(*guard->senders));
    ensure(guard->senders != NULL);
    struct replay_sender *added = &guard->senders[guard->count++];
    memset(added, 0, sizeof(*added));
    added->sender = sender;
    return added;
}

static void forget(struct replay_sender *sender, uint64_t id)
{
    sender->seen[id % REPLAY_WINDOW / 64] &= ~(UINT64_C(1) << (id % 64));
}

/* Moves the window up to `id`: the places of ids that come into it are free. */
static void advance(struct replay_sender *sender, uint64_t id)
{
    if (id - sender->highest >= REPLAY_WINDOW)
        memset(sender->seen, 0, sizeof(sender->seen));
    for (uint64_t next = sender->highest + 1; id - sender->highest < REPLAY_WINDOW && next <= id;
         next++)
        forget(sender, next);
    sender->highest = id;
}

bool replay_guard_admit(struct replay_guard *guard, node_id sender_id, uint64_t request_id)
{
    struct replay_sender *sender = sender_get(guard, sender_id);
    if (request_id > sender->highest)
        advance(sender, request_id);
    else if (sender->highest - request_id >= REPLAY_WINDOW)
        return false;
    uint64_t bit = UINT64_C(1) << (request_id % 64);
    uint64_t *word = &sender->seen[request_id % REPLAY_WINDOW / 64];
    bool first = (*word & bit) == 0;
    *word |= bit;
    return first;
}
