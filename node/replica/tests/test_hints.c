/* The book-keeping of hints: what is counted, for whom, and what a restart finds. */
#include "hints.h"

#include <stdlib.h>
#include <string.h>

#include "memory_store.h"
#include "prng.h"
#include "test_main.h"

static struct memory_store *memory;
static struct store *store;
static struct hints hints;

enum { BYTES_MAX = 1000 };

static void submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static void setup(void)
{
    struct memory_store_config config = {.seed = 1, .sync = true};
    memory = memory_store_new(&config);
    store = memory_store_port(memory, submitted, NULL);
    hints_init(&hints, store, BYTES_MAX);
}

static void teardown(void)
{
    hints_deinit(&hints);
    memory_store_free(memory);
}

static void load(void)
{
    struct store_op *op;
    hints_load(&hints);
    while ((op = memory_store_finish_read(memory)) != NULL)
        op->done(op);
}

struct hint_key {
    uint8_t bytes[HINT_KEY_SIZE];
};

static struct slice key_of(struct hint_key *key, node_id target, unsigned number)
{
    uint8_t item[2] = {(uint8_t)number, (uint8_t)(number >> 8)};
    hint_key_write(key->bytes, target, (struct version){number + 1, 1 << 16},
                   slice_of(item, sizeof(item)));
    return slice_of(key->bytes, sizeof(key->bytes));
}

static void put_row(node_id target, unsigned number, size_t size)
{
    struct store_commit commit;
    struct hint_key key;
    uint8_t value[BYTES_MAX] = {0};
    store_commit_init(&commit, (store_done)abort);
    store_batch_put(&commit.batch, STORE_HINTS, key_of(&key, target, number),
                    slice_of(value, size));
    store_submit(store, &commit.op);
    ck_assert_ptr_eq(memory_store_finish_commit(memory), &commit.op);
    store_commit_deinit(&commit);
}

START_TEST(a_hint_told_twice_counts_once)
{
    struct hint_key key;
    setup();
    load();
    ck_assert_uint_eq(hints_pending(&hints), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(hints_add(&hints, 7 << 16, key_of(&key, 7 << 16, 1), 100),
                         i == 0 ? HINTS_ADDED : HINTS_KNOWN);
    ck_assert_uint_eq(hints_pending(&hints), 1);
    ck_assert_uint_eq(hints_pending_for(&hints, 7 << 16), 1);
    ck_assert_uint_eq(hints_pending_for(&hints, 8 << 16), 0);
    ck_assert_uint_eq(hints.bytes, 100);
    hints_forget(&hints, key_of(&key, 7 << 16, 1));
    hints_forget(&hints, key_of(&key, 7 << 16, 1));
    ck_assert_uint_eq(hints_pending(&hints), 0);
    ck_assert_uint_eq(hints.bytes, 0);
    teardown();
}
END_TEST

START_TEST(a_full_store_of_hints_refuses_and_drops_nothing)
{
    struct hint_key key;
    setup();
    load();
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(hints_add(&hints, 7 << 16, key_of(&key, 7 << 16, i), 100), HINTS_ADDED);
    ck_assert_int_eq(hints_add(&hints, 8 << 16, key_of(&key, 8 << 16, 0), 1), HINTS_FULL);
    ck_assert_uint_eq(hints.refused, 1);
    ck_assert_uint_eq(hints_pending(&hints), 10);
    ck_assert_uint_eq(hints_pending_for(&hints, 8 << 16), 0);
    hints_forget(&hints, key_of(&key, 7 << 16, 4));
    ck_assert_int_eq(hints_add(&hints, 8 << 16, key_of(&key, 8 << 16, 0), 100), HINTS_ADDED);
    ck_assert_int_eq(hints_add(&hints, 8 << 16, key_of(&key, 8 << 16, 1), 1), HINTS_FULL);
    teardown();
}
END_TEST

START_TEST(a_restart_finds_what_was_kept)
{
    setup();
    for (unsigned i = 0; i < 500; i++)
        put_row((node_id)(i % 2 == 0 ? 7 : 8) << 16, i, i % 5);
    ck_assert_msg(!hints.loaded, "not quiet before it has looked");
    load();
    ck_assert_uint_eq(hints_pending(&hints), 500);
    ck_assert_uint_eq(hints_pending_for(&hints, 7 << 16), 250);
    ck_assert_uint_eq(hints.bytes, 1000);
    teardown();
}
END_TEST

START_TEST(loading_does_not_count_what_came_meanwhile_twice)
{
    struct hint_key key;
    setup();
    put_row(7 << 16, 1, 50);
    hints_load(&hints);
    ck_assert_int_eq(hints_add(&hints, 7 << 16, key_of(&key, 7 << 16, 1), 50), HINTS_ADDED);
    struct store_op *op;
    while ((op = memory_store_finish_read(memory)) != NULL)
        op->done(op);
    ck_assert_uint_eq(hints_pending(&hints), 1);
    ck_assert_uint_eq(hints.bytes, 50);
    teardown();
}
END_TEST

START_TEST(pages_of_hints_are_all_loaded)
{
    enum { ROWS = 40, SIZE = 100000 };
    static uint8_t value[SIZE];
    setup();
    for (unsigned i = 0; i < ROWS; i++) {
        struct store_commit commit;
        struct hint_key key;
        store_commit_init(&commit, (store_done)abort);
        store_batch_put(&commit.batch, STORE_HINTS, key_of(&key, 7 << 16, i),
                        slice_of(value, SIZE));
        store_submit(store, &commit.op);
        ck_assert_ptr_eq(memory_store_finish_commit(memory), &commit.op);
        store_commit_deinit(&commit);
    }
    load();
    ck_assert_uint_eq(hints_pending(&hints), ROWS);
    ck_assert_uint_eq(hints.bytes, (uint64_t)ROWS * SIZE);
    teardown();
}
END_TEST

START_TEST(keys_sort_by_target_then_by_time)
{
    uint8_t from[8], to[8];
    struct hint_key one, other;
    hint_key_range(7 << 16, from, to);
    struct slice first = slice_of(from, sizeof(from)), past = slice_of(to, sizeof(to));
    for (unsigned i = 0; i < 100; i++) {
        struct slice key = key_of(&one, 7 << 16, i);
        ck_assert_int_le(slice_compare(first, key), 0);
        ck_assert_int_lt(slice_compare(key, past), 0);
        ck_assert_int_lt(slice_compare(key, key_of(&other, 7 << 16, i + 1)), 0);
    }
    ck_assert_int_lt(slice_compare(key_of(&one, 6 << 16, 999), first), 0);
    ck_assert_int_gt(slice_compare(key_of(&one, (7 << 16) + 1, 0), past), -1);
}
END_TEST

START_TEST(values_come_back_and_cut_ones_are_refused)
{
    struct writer writer;
    struct slice key, row;
    writer_init(&writer, 0);
    hint_encode(&writer, SLICE_LITERAL("a key"), SLICE_LITERAL("a row"));
    ck_assert(hint_decode(writer_slice(&writer), &key, &row));
    ck_assert(slice_equal(key, SLICE_LITERAL("a key")));
    ck_assert(slice_equal(row, SLICE_LITERAL("a row")));
    for (size_t size = 0; size < 6; size++)
        ck_assert(!hint_decode(slice_of(writer.buffer->data, size), &key, &row));
    writer_deinit(&writer);
}
END_TEST

TEST_MAIN("hints", a_hint_told_twice_counts_once, a_full_store_of_hints_refuses_and_drops_nothing,
          a_restart_finds_what_was_kept, loading_does_not_count_what_came_meanwhile_twice,
          pages_of_hints_are_all_loaded, keys_sort_by_target_then_by_time,
          values_come_back_and_cut_ones_are_refused)
