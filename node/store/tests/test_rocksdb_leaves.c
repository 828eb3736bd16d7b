/* Sums of leaves where they stand as RocksDB keeps them: values, and deltas that wait to be added, in
 * memory, in the log and in files of several levels. */
#include <check.h>
#include <stdlib.h>

#include "prng.h"
#include "rocksdb_internal.h"
#include "rocksdb_subject.h"

enum { LEAVES = 20 };

static struct rocksdb_subject subject;
static struct leaf_sum model[LEAVES];

static void setup(void)
{
    rocksdb_subject_init(&subject);
    rocksdb_subject_open(&subject);
    memset(model, 0, sizeof(model));
}

static void teardown(void)
{
    rocksdb_subject_close(&subject);
    rocksdb_subject_deinit(&subject);
}

static struct slice leaf_name(uint16_t leaf, uint8_t bytes[LEAF_KEY_SIZE])
{
    struct leaf_key key = {.partition = 7, .table_id = 100, .leaf = leaf};
    leaf_key_encode(&key, bytes);
    return slice_of(bytes, LEAF_KEY_SIZE);
}

static void write_now(struct store_batch *batch)
{
    ck_assert_int_eq(rocksdb_store_write_now(subject.rocksdb, batch), STORE_OK);
    store_batch_deinit(batch);
}

/* One batch of changes to any of the leaves, in the model too. */
static void change(struct prng *prng, unsigned count)
{
    struct store_batch batch;
    store_batch_init(&batch);
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[LEAF_KEY_SIZE];
        uint16_t leaf = (uint16_t)prng_below(prng, LEAVES);
        struct leaf_key key = {.partition = 7, .table_id = 100, .leaf = leaf};
        struct leaf_sum delta = {{prng_next(prng), prng_next(prng)}, (int64_t)prng_below(prng, 9)};
        delta.rows -= 4;
        uint64_t kind = prng_below(prng, 20);
        if (kind == 0) { /* back to nothing */
            delta = leaf_sum_subtract((struct leaf_sum){0}, model[leaf]);
        } else if (kind == 1) {
            store_batch_delete(&batch, STORE_MERKLE, leaf_name(leaf, bytes));
            model[leaf] = (struct leaf_sum){0};
            continue;
        }
        store_batch_merge(&batch, &key, delta);
        model[leaf] = leaf_sum_add(model[leaf], delta);
    }
    write_now(&batch);
}

static void expect_model(void)
{
    uint8_t bytes[LEAF_KEY_SIZE];
    for (uint16_t leaf = 0; leaf < LEAVES; leaf++) {
        struct buffer *value;
        struct leaf_sum sum = {0};
        ck_assert_int_eq(
            rocksdb_store_read_now(subject.rocksdb, STORE_MERKLE, leaf_name(leaf, bytes), &value),
            STORE_OK);
        ck_assert((value == NULL) == leaf_sum_empty(model[leaf]));
        if (value != NULL)
            ck_assert(leaf_sum_decode(buffer_slice(value), &sum));
        ck_assert_msg(leaf_sum_equal(sum, model[leaf]), "leaf %u", leaf);
        buffer_unref(value);
    }
}

static void flush(void)
{
    char *error = NULL;
    struct database *database = &subject.rocksdb->database;
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flush_cf(database->db, options, database->families[STORE_MERKLE], &error);
    ck_assert_ptr_null(error);
    rocksdb_flushoptions_destroy(options);
}

static void compact(void)
{
    struct database *database = &subject.rocksdb->database;
    rocksdb_compact_range_cf(database->db, database->families[STORE_MERKLE], NULL, 0, NULL, 0);
}

static void reopen(void)
{
    rocksdb_subject_close(&subject);
    rocksdb_subject_open(&subject);
}

START_TEST(test_sums_stay_right_wherever_they_stand)
{
    struct prng prng;
    prng_init(&prng, (uint64_t)_i);
    for (int round = 0; round < 60; round++) {
        change(&prng, (unsigned)prng_between(&prng, 1, 200));
        switch (prng_below(&prng, 6)) {
        case 0:
            flush();
            break;
        case 1:
            compact();
            break;
        case 2:
            reopen();
            break;
        default:
            break;
        }
        expect_model();
    }
}
END_TEST

/* The log is read back without adding anything up. */
START_TEST(test_many_deltas_of_one_leaf)
{
    enum { BATCHES = 100, DELTAS = 500 };
    struct leaf_key key = {.partition = 7, .table_id = 100, .leaf = 3};
    for (int i = 0; i < BATCHES; i++) {
        struct store_batch batch;
        store_batch_init(&batch);
        for (int j = 0; j < DELTAS; j++)
            store_batch_merge(&batch, &key, (struct leaf_sum){{1, 1}, 1});
        write_now(&batch);
    }
    model[3] = (struct leaf_sum){{BATCHES * DELTAS, BATCHES * DELTAS}, BATCHES * DELTAS};
    expect_model();
    reopen();
    expect_model();
    flush();
    expect_model();
    compact();
    expect_model();
}
END_TEST

/* What is no sum makes reads of the leaf fail, and only those. */
START_TEST(test_a_damaged_sum_fails_the_read)
{
    uint8_t bytes[LEAF_KEY_SIZE];
    struct leaf_key damaged = {.partition = 7, .table_id = 100, .leaf = 3}, whole = damaged;
    struct store_batch batch;
    struct buffer *value;
    whole.leaf = 4;
    store_batch_init(&batch);
    store_batch_put(&batch, STORE_MERKLE, leaf_name(3, bytes), SLICE_LITERAL("no sum"));
    for (int i = 0; i < 100; i++) {
        store_batch_merge(&batch, &damaged, (struct leaf_sum){{1, 1}, 1});
        store_batch_merge(&batch, &whole, (struct leaf_sum){{1, 1}, 1});
    }
    write_now(&batch);
    ck_assert_int_eq(
        rocksdb_store_read_now(subject.rocksdb, STORE_MERKLE, leaf_name(3, bytes), &value),
        STORE_FAILED);
    ck_assert_int_eq(
        rocksdb_store_read_now(subject.rocksdb, STORE_MERKLE, leaf_name(4, bytes), &value),
        STORE_OK);
    buffer_unref(value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rocksdb_leaves");
    TCase *leaves = tcase_create("leaves");
    tcase_add_checked_fixture(leaves, setup, teardown);
    tcase_set_timeout(leaves, 120);
    tcase_add_loop_test(leaves, test_sums_stay_right_wherever_they_stand, 0, 5);
    tcase_add_test(leaves, test_many_deltas_of_one_leaf);
    tcase_add_test(leaves, test_a_damaged_sum_fails_the_read);
    suite_add_tcase(suite, leaves);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
