#include "recent.h"

#include <stdlib.h>

#include "buggify.h"
#include "hash.h"

static void state_free(struct recent_state *state)
{
    buffer_unref(state->key);
    buffer_unref(state->item);
    buffer_unref(state->promise);
    free(state);
}

static void state_remove(struct recent *recent, struct recent_state *state)
{
    (void)map_remove(&recent->by_hash, hash64_id(buffer_slice(state->key)));
    recent_states_remove(&recent->states, state);
}

void recent_init(struct recent *recent)
{
    recent_states_init(&recent->states);
    map_init(&recent->by_hash);
}

void recent_deinit(struct recent *recent)
{
    struct recent_state *state;
    while ((state = recent_states_pop(&recent->states)) != NULL)
        state_free(state);
    map_deinit(&recent->by_hash);
}

static size_t size_of(const struct buffer *buffer)
{
    return buffer == NULL ? 0 : buffer->size;
}

void recent_put(struct recent *recent, struct slice key, struct buffer *item,
                struct buffer *promise)
{
    if (size_of(item) + size_of(promise) > RECENT_STATE_BYTES_MAX ||
        BUGGIFY("a register's state is not kept in memory"))
        return;
    /* Another key of the same hash, or the oldest. */
    struct recent_state *leaving = map_find(&recent->by_hash, hash64_id(key));
    if (leaving == NULL && recent->states.count == RECENT_STATES_MAX)
        leaving = recent_states_first(&recent->states);
    if (leaving != NULL) {
        state_remove(recent, leaving);
        state_free(leaving);
    }
    struct recent_state *state = calloc(1, sizeof(*state));
    ensure(state != NULL);
    state->key = buffer_from(key);
    state->item = item == NULL ? NULL : buffer_ref(item);
    state->promise = promise == NULL ? NULL : buffer_ref(promise);
    recent_states_push(&recent->states, state);
    map_put(&recent->by_hash, hash64_id(key), state);
}

bool recent_take(struct recent *recent, struct slice key, struct buffer **item,
                 struct buffer **promise)
{
    struct recent_state *state = map_find(&recent->by_hash, hash64_id(key));
    if (state == NULL || !slice_equal(buffer_slice(state->key), key))
        return false;
    state_remove(recent, state);
    *item = state->item;
    *promise = state->promise;
    state->item = NULL;
    state->promise = NULL;
    state_free(state);
    return true;
}
