/* States of registers that rounds are under way on. */
#include "recent.h"

#include <stdio.h>

#include "test_main.h"

static struct slice key_of(unsigned n)
{
    static char text[32];
    snprintf(text, sizeof(text), "key %u", n);
    return slice_of_string(text);
}

static struct buffer *bytes_of(size_t size)
{
    struct buffer *buffer = buffer_new(size);
    for (size_t i = 0; i < size; i++)
        buffer->data[i] = (uint8_t)i;
    return buffer;
}

static bool take(struct recent *recent, unsigned n)
{
    struct buffer *item = NULL;
    struct buffer *promise = NULL;
    bool known = recent_take(recent, key_of(n), &item, &promise);
    buffer_unref(item);
    buffer_unref(promise);
    return known;
}

START_TEST(a_state_is_taken_once)
{
    struct recent recent;
    recent_init(&recent);
    struct buffer *row = bytes_of(10);
    struct buffer *item, *promise;
    recent_put(&recent, key_of(1), row, NULL);
    recent_put(&recent, key_of(2), NULL, row);
    ck_assert(!take(&recent, 3));
    ck_assert(recent_take(&recent, key_of(1), &item, &promise));
    ck_assert_ptr_eq(item, row);
    ck_assert_ptr_null(promise);
    buffer_unref(item);
    ck_assert(!take(&recent, 1));
    ck_assert(recent_take(&recent, key_of(2), &item, &promise));
    ck_assert_ptr_null(item);
    ck_assert_ptr_eq(promise, row);
    buffer_unref(promise);
    buffer_unref(row);
    recent_deinit(&recent);
}
END_TEST

START_TEST(the_newest_state_of_a_key_counts)
{
    struct recent recent;
    recent_init(&recent);
    struct buffer *first = bytes_of(1);
    struct buffer *second = bytes_of(2);
    struct buffer *item, *promise;
    recent_put(&recent, key_of(1), first, first);
    recent_put(&recent, key_of(1), second, NULL);
    ck_assert(recent_take(&recent, key_of(1), &item, &promise));
    ck_assert_ptr_eq(item, second);
    ck_assert_ptr_null(promise);
    buffer_unref(item);
    ck_assert(!take(&recent, 1));
    buffer_unref(first);
    buffer_unref(second);
    recent_deinit(&recent);
}
END_TEST

START_TEST(the_oldest_make_room)
{
    struct recent recent;
    recent_init(&recent);
    struct buffer *row = bytes_of(4);
    for (unsigned n = 0; n < RECENT_STATES_MAX + 10; n++)
        recent_put(&recent, key_of(n), row, row);
    ck_assert_uint_eq(recent.states.count, RECENT_STATES_MAX);
    for (unsigned n = 0; n < RECENT_STATES_MAX + 10; n++)
        ck_assert_int_eq(take(&recent, n), n >= 10);
    buffer_unref(row);
    recent_deinit(&recent);
}
END_TEST

START_TEST(large_states_are_not_kept)
{
    struct recent recent;
    recent_init(&recent);
    struct buffer *half = bytes_of(RECENT_STATE_BYTES_MAX / 2);
    struct buffer *more = bytes_of(RECENT_STATE_BYTES_MAX / 2 + 1);
    recent_put(&recent, key_of(1), half, half);
    recent_put(&recent, key_of(2), half, more);
    ck_assert(take(&recent, 1));
    ck_assert(!take(&recent, 2));
    buffer_unref(half);
    buffer_unref(more);
    recent_deinit(&recent);
}
END_TEST

TEST_MAIN("recent", a_state_is_taken_once, the_newest_state_of_a_key_counts, the_oldest_make_room,
          large_states_are_not_kept)
