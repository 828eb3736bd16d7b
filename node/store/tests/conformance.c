#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include "subject.h"

static struct subject *subject;

static void setup(void)
{
    subject = subject_open();
}

static void teardown(void)
{
    subject_close(subject);
}

static void ignore_done(struct store_op *op)
{
    (void)op;
}

static struct slice text(const char *bytes)
{
    return slice_of_string(bytes);
}

static void commit_now(struct store_commit *commit)
{
    store_submit(subject->store, &commit->op);
    subject_settle(subject);
    ck_assert_int_eq(commit->op.status, STORE_OK);
    store_commit_deinit(commit);
}

static void put(enum store_family family, const char *key, const char *value)
{
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    store_batch_put(&commit.batch, family, text(key), text(value));
    commit_now(&commit);
}

static void delete (const char *key)
{
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    store_batch_delete(&commit.batch, STORE_ITEMS, text(key));
    commit_now(&commit);
}

/* Reads by both ways if memory can answer; they must agree. NULL: absent. */
static struct buffer *get(enum store_family family, const char *key)
{
    struct store_get read, tried;
    store_get_init(&read, family, text(key), ignore_done);
    store_submit(subject->store, &read.op);
    subject_settle(subject);
    ck_assert_int_eq(read.op.status, STORE_OK);
    store_get_init(&tried, family, text(key), ignore_done);
    if (store_try_read(subject->store, &tried.op)) {
        ck_assert_int_eq(tried.op.status, STORE_OK);
        ck_assert((tried.value == NULL) == (read.value == NULL));
        if (tried.value != NULL)
            ck_assert(slice_equal(buffer_slice(tried.value), buffer_slice(read.value)));
        buffer_unref(tried.value);
    }
    return read.value;
}

static void expect(enum store_family family, const char *key, const char *value)
{
    struct buffer *found = get(family, key);
    ck_assert_msg((found == NULL) == (value == NULL), "key %s", key);
    if (found != NULL)
        ck_assert(slice_equal(buffer_slice(found), text(value)));
    buffer_unref(found);
}

/* The rows as "key=value " each, with "+" at the end if there may be more; the caller's. */
static char *rows_text(const struct store_range *range)
{
    struct writer out;
    writer_init(&out, 0);
    struct reader reader = reader_of(writer_slice(&range->rows));
    struct slice key, value;
    uint32_t count = 0;
    for (; store_rows_next(&reader, &key, &value); count++) {
        writer_put_slice(&out, key);
        writer_put_u8(&out, '=');
        writer_put_slice(&out, value);
        writer_put_u8(&out, ' ');
    }
    ck_assert_uint_eq(count, range->rows_count);
    if (range->more)
        writer_put_u8(&out, '+');
    char *result = slice_to_string(writer_slice(&out));
    writer_deinit(&out);
    return result;
}

static void expect_rows(struct store_range *range, const char *expected)
{
    store_submit(subject->store, &range->op);
    subject_settle(subject);
    ck_assert_int_eq(range->op.status, STORE_OK);
    char *found = rows_text(range);
    ck_assert_str_eq(found, expected);
    free(found);
    if (store_try_read(subject->store, &range->op)) {
        found = rows_text(range);
        ck_assert_str_eq(found, expected);
        free(found);
    }
    store_range_deinit(range);
}

static void expect_all(enum store_family family, const char *expected)
{
    struct store_range range;
    store_range_init(&range, family, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
    expect_rows(&range, expected);
}

static void put_letters(void)
{
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    for (char letter = 'b'; letter <= 'f'; letter++)
        store_batch_put(&commit.batch, STORE_ITEMS, slice_of(&letter, 1), slice_of(&letter, 1));
    commit_now(&commit);
}

START_TEST(test_rows_come_change_and_go)
{
    expect(STORE_ITEMS, "a", NULL);
    put(STORE_ITEMS, "a", "1");
    expect(STORE_ITEMS, "a", "1");
    put(STORE_ITEMS, "a", "second");
    expect(STORE_ITEMS, "a", "second");
    expect(STORE_ITEMS, "ab", NULL);
    put(STORE_ITEMS, "a", "");
    expect(STORE_ITEMS, "a", "");
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    store_batch_delete(&commit.batch, STORE_ITEMS, text("a"));
    store_batch_delete(&commit.batch, STORE_ITEMS, text("never there"));
    commit_now(&commit);
    expect(STORE_ITEMS, "a", NULL);
}
END_TEST

START_TEST(test_an_empty_commit_completes)
{
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    commit_now(&commit);
}
END_TEST

START_TEST(test_families_are_apart)
{
    for (int i = 0; i < STORE_FAMILIES; i++)
        put((enum store_family)i, "key", store_family_name((enum store_family)i));
    for (int i = 0; i < STORE_FAMILIES; i++)
        expect((enum store_family)i, "key", store_family_name((enum store_family)i));
    delete ("key");
    expect(STORE_ITEMS, "key", NULL);
    expect(STORE_PROMISES, "key", "promises");
    expect_all(STORE_META, "key=meta ");
}
END_TEST

static const struct range_row {
    const char *from;
    const char *to;
    bool reverse;
    uint32_t rows_max;
    const char *expected;
} range_table[] = {
    {"", "", false, 100, "b=b c=c d=d e=e f=f "},
    {"", "", true, 100, "f=f e=e d=d c=c b=b "},
    {"c", "e", false, 100, "c=c d=d "},
    {"c", "e", true, 100, "d=d c=c "},
    {"bb", "dd", false, 100, "c=c d=d "},
    {"bb", "dd", true, 100, "d=d c=c "},
    {"c", "", false, 100, "c=c d=d e=e f=f "},
    {"", "c", true, 100, "b=b "},
    {"", "", false, 4, "b=b c=c d=d e=e +"},
    {"", "", false, 5, "b=b c=c d=d e=e f=f "},
    {"", "", true, 4, "f=f e=e d=d c=c +"},
    {"c", "e", false, 2, "c=c d=d "},
    {"c", "e", false, 1, "c=c +"},
    {"c", "e", true, 2, "d=d c=c "},
    {"c", "e", true, 1, "d=d +"},
    {"d", "d", false, 100, ""},
    {"e", "c", false, 100, ""},
    {"e", "c", true, 100, ""},
    {"g", "", false, 100, ""},
    {"g", "", true, 100, ""},
    {"", "a", true, 100, ""},
};

START_TEST(test_ranges)
{
    const struct range_row *row = &range_table[_i];
    put_letters();
    struct store_range range;
    store_range_init(&range, STORE_ITEMS, text(row->from), text(row->to), ignore_done);
    range.reverse = row->reverse;
    range.rows_max = row->rows_max;
    expect_rows(&range, row->expected);
}
END_TEST

START_TEST(test_bytes_max_ends_a_range_after_the_row_that_reaches_it)
{
    put_letters();
    static const char *const expected[] = {
        "b=b +",         "b=b +",         "b=b +",         "b=b +",
        "b=b c=c +",     "b=b c=c +",     "b=b c=c +",     "b=b c=c +",
        "b=b c=c d=d +", "b=b c=c d=d +", "b=b c=c d=d +", "b=b c=c d=d +",
    };
    /* A row of these takes four bytes: two lengths, a key and a value. */
    for (size_t bytes = 1; bytes <= array_size(expected); bytes++) {
        struct store_range range;
        store_range_init(&range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
        range.bytes_max = bytes;
        expect_rows(&range, expected[bytes - 1]);
    }
    struct store_range range;
    store_range_init(&range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
    range.bytes_max = 20;
    expect_rows(&range, "b=b c=c d=d e=e f=f ");
}
END_TEST

START_TEST(test_what_is_deleted_is_gone)
{
    put_letters();
    delete ("c");
    delete ("f");
    delete ("nobody");
    expect_all(STORE_ITEMS, "b=b d=d e=e ");
    expect(STORE_ITEMS, "c", NULL);
    put(STORE_ITEMS, "c", "again");
    expect_all(STORE_ITEMS, "b=b c=again d=d e=e ");
}
END_TEST

START_TEST(test_changes_of_a_batch_take_effect_in_order)
{
    put(STORE_ITEMS, "a", "old");
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    store_batch_put(&commit.batch, STORE_ITEMS, text("a"), text("new"));
    store_batch_put(&commit.batch, STORE_ITEMS, text("b"), text("1"));
    store_batch_delete(&commit.batch, STORE_ITEMS, text("a"));
    store_batch_delete(&commit.batch, STORE_ITEMS, text("b"));
    memcpy(store_batch_put_in_place(&commit.batch, STORE_ITEMS, text("b"), 3), "two", 3);
    store_batch_put(&commit.batch, STORE_LOG, text("b"), text("x"));
    store_batch_put(&commit.batch, STORE_LOG, text("b"), text("y"));
    store_batch_put(&commit.batch, STORE_LOG, text("c"), text("z"));
    store_batch_delete(&commit.batch, STORE_LOG, text("c"));
    commit_now(&commit);
    expect_all(STORE_ITEMS, "b=two ");
    expect_all(STORE_LOG, "b=y ");
}
END_TEST

static struct leaf_key leaf_at(uint16_t leaf)
{
    return (struct leaf_key){.partition = 1, .table_id = 100, .leaf = leaf};
}

static void add(struct store_batch *batch, uint16_t leaf, uint64_t low, int64_t rows)
{
    struct leaf_key key = leaf_at(leaf);
    store_batch_merge(batch, &key, (struct leaf_sum){{0, low}, rows});
}

/* The sum as it is read both ways; an empty one must not be found. */
static void expect_sum(uint16_t leaf, struct digest digest, int64_t rows)
{
    uint8_t bytes[LEAF_KEY_SIZE];
    struct leaf_key key = leaf_at(leaf);
    struct leaf_sum expected = {digest, rows}, sum = {0};
    struct store_get read;
    leaf_key_encode(&key, bytes);
    store_get_init(&read, STORE_MERKLE, slice_of(bytes, sizeof(bytes)), ignore_done);
    for (int tried = 0; tried < 2; tried++) {
        if (tried == 0)
            store_submit(subject->store, &read.op);
        else if (!store_try_read(subject->store, &read.op))
            return;
        subject_settle(subject);
        ck_assert_int_eq(read.op.status, STORE_OK);
        ck_assert((read.value == NULL) == leaf_sum_empty(expected));
        if (read.value != NULL)
            ck_assert(leaf_sum_decode(buffer_slice(read.value), &sum));
        ck_assert(leaf_sum_equal(sum, expected));
        buffer_unref(read.value);
    }
}

static uint32_t leaves_found(struct store_snapshot *snapshot)
{
    struct store_range range;
    store_range_init(&range, STORE_MERKLE, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
    range.snapshot = snapshot;
    store_submit(subject->store, &range.op);
    subject_settle(subject);
    ck_assert_int_eq(range.op.status, STORE_OK);
    ck_assert(!range.more);
    uint32_t count = range.rows_count;
    store_range_deinit(&range);
    return count;
}

START_TEST(test_sums_add_up)
{
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    add(&commit.batch, 1, UINT64_MAX, 1);
    add(&commit.batch, 1, 2, 1);
    add(&commit.batch, 2, 5, 1);
    store_batch_put(&commit.batch, STORE_ITEMS, text("item"), text("beside"));
    commit_now(&commit);
    expect_sum(1, (struct digest){1, 1}, 2);
    expect_sum(2, (struct digest){0, 5}, 1);
    expect_sum(3, (struct digest){0, 0}, 0);
    struct store_snapshot *snapshot = subject->store->snapshot(subject->store);
    store_commit_init(&commit, ignore_done);
    add(&commit.batch, 2, (uint64_t)0 - 5, -1);
    add(&commit.batch, 3, 7, 1);
    commit_now(&commit);
    expect_sum(2, (struct digest){1, 0}, 0);
    ck_assert_uint_eq(leaves_found(NULL), 3);
    ck_assert_uint_eq(leaves_found(snapshot), 2);
    subject->store->snapshot_free(subject->store, snapshot);
}
END_TEST

START_TEST(test_a_sum_of_nothing_is_not_there)
{
    struct store_commit commit;
    struct leaf_key key = leaf_at(9);
    for (int round = 0; round < 3; round++) {
        store_commit_init(&commit, ignore_done);
        store_batch_merge(&commit.batch, &key, (struct leaf_sum){{3, 4}, 1});
        if (round == 1) {
            commit_now(&commit);
            store_commit_init(&commit, ignore_done);
        }
        store_batch_merge(&commit.batch, &key,
                          leaf_sum_subtract((struct leaf_sum){0}, (struct leaf_sum){{3, 4}, 1}));
        commit_now(&commit);
        expect_sum(9, (struct digest){0, 0}, 0);
        ck_assert_uint_eq(leaves_found(NULL), 0);
    }
}
END_TEST

START_TEST(test_a_deleted_sum_begins_anew)
{
    uint8_t bytes[LEAF_KEY_SIZE];
    struct leaf_key key = leaf_at(4);
    struct store_commit commit;
    leaf_key_encode(&key, bytes);
    store_commit_init(&commit, ignore_done);
    add(&commit.batch, 4, 5, 1);
    commit_now(&commit);
    store_commit_init(&commit, ignore_done);
    add(&commit.batch, 4, 6, 1);
    store_batch_delete(&commit.batch, STORE_MERKLE, slice_of(bytes, sizeof(bytes)));
    add(&commit.batch, 4, 7, 1);
    commit_now(&commit);
    expect_sum(4, (struct digest){0, 7}, 1);
}
END_TEST

/* Two leaves, one of which is changed a thousand times as often. */
START_TEST(test_many_deltas)
{
    enum { COMMITS = 100, DELTAS = 500 };
    struct store_commit commit;
    for (int i = 0; i < COMMITS; i++) {
        store_commit_init(&commit, ignore_done);
        add(&commit.batch, 2, 1, 1);
        for (int j = 0; j < DELTAS; j++)
            add(&commit.batch, 1, 3, j % 2);
        commit_now(&commit);
    }
    expect_sum(1, (struct digest){0, 3 * COMMITS * DELTAS}, COMMITS * DELTAS / 2);
    expect_sum(2, (struct digest){0, COMMITS}, COMMITS);
}
END_TEST

START_TEST(test_a_snapshot_stays_as_it_was)
{
    put_letters();
    struct store_snapshot *snapshot = subject->store->snapshot(subject->store);
    put(STORE_ITEMS, "c", "later");
    put(STORE_ITEMS, "x", "later");
    delete ("d");
    delete ("e");
    expect_all(STORE_ITEMS, "b=b c=later f=f x=later ");
    for (int reverse = 0; reverse <= 1; reverse++) {
        struct store_range range;
        store_range_init(&range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, ignore_done);
        range.snapshot = snapshot;
        range.reverse = reverse == 1;
        expect_rows(&range, reverse == 1 ? "f=f e=e d=d c=c b=b " : "b=b c=c d=d e=e f=f ");
    }
    subject->store->snapshot_free(subject->store, snapshot);
    expect_all(STORE_ITEMS, "b=b c=later f=f x=later ");
}
END_TEST

static int next_done;

struct numbered_commit {
    struct store_commit commit;
    int number;
};

static void numbered_done(struct store_op *op)
{
    struct numbered_commit *done = container_of(op, struct numbered_commit, commit.op);
    ck_assert_int_eq(op->status, STORE_OK);
    ck_assert_int_eq(done->number, next_done);
    next_done++;
}

START_TEST(test_commits_take_effect_and_complete_in_order)
{
    enum { COMMITS = 500 };
    struct numbered_commit *commits = calloc(COMMITS, sizeof(*commits));
    next_done = 0;
    for (int i = 0; i < COMMITS; i++) {
        char value[16];
        snprintf(value, sizeof(value), "%d", i);
        commits[i].number = i;
        store_commit_init(&commits[i].commit, numbered_done);
        store_batch_put(&commits[i].commit.batch, STORE_ITEMS, text("key"), text(value));
        store_batch_put(&commits[i].commit.batch, STORE_LOG, text(value), text(value));
        store_submit(subject->store, &commits[i].commit.op);
    }
    subject_settle(subject);
    ck_assert_int_eq(next_done, COMMITS);
    for (int i = 0; i < COMMITS; i++)
        store_commit_deinit(&commits[i].commit);
    free(commits);
    expect(STORE_ITEMS, "key", "499");
    expect(STORE_LOG, "0", "0");
}
END_TEST

START_TEST(test_family_size_grows)
{
    uint64_t before = subject->store->family_size(subject->store, STORE_HINTS);
    struct store_commit commit;
    store_commit_init(&commit, ignore_done);
    for (uint32_t i = 0; i < 1000; i++)
        memset(store_batch_put_in_place(&commit.batch, STORE_HINTS, slice_of(&i, sizeof(i)), 1000),
               (int)(i % 251), 1000);
    commit_now(&commit);
    ck_assert_uint_gt(subject->store->family_size(subject->store, STORE_HINTS), before + 900000);
}
END_TEST

/* The model: one value, or none, for each of few keys. */
enum { MODEL_KEYS = 60 };

static void model_key(uint64_t number, char key[8])
{
    snprintf(key, 8, "%03u", (unsigned)number);
}

static void model_change(struct store_batch *batch, struct prng *prng, int model[MODEL_KEYS])
{
    char key[8], value[16];
    uint64_t number = prng_below(prng, MODEL_KEYS);
    model_key(number, key);
    int drawn = (int)prng_below(prng, 1000000);
    snprintf(value, sizeof(value), "%d", drawn);
    if (prng_below(prng, 4) == 0) {
        store_batch_delete(batch, STORE_ITEMS, text(key));
        model[number] = -1;
    } else {
        store_batch_put(batch, STORE_ITEMS, text(key), text(value));
        model[number] = drawn;
    }
}

static void model_expect(const int model[MODEL_KEYS], uint64_t from, uint64_t to)
{
    struct writer expected;
    writer_init(&expected, 0);
    for (uint64_t i = from; i < to; i++) {
        char row[32];
        int size = snprintf(row, sizeof(row), "%03u=%d ", (unsigned)i, model[i]);
        if (model[i] >= 0)
            writer_put(&expected, row, (size_t)size);
    }
    char *rows = slice_to_string(writer_slice(&expected));
    char from_key[8], to_key[8];
    model_key(from, from_key);
    model_key(to, to_key);
    struct store_range range;
    store_range_init(&range, STORE_ITEMS, text(from_key), text(to_key), ignore_done);
    expect_rows(&range, rows);
    free(rows);
    writer_deinit(&expected);
}

START_TEST(test_random_changes_agree_with_a_model)
{
    struct prng prng;
    prng_init(&prng, (uint64_t)_i);
    int model[MODEL_KEYS];
    for (size_t i = 0; i < MODEL_KEYS; i++)
        model[i] = -1;
    for (int round = 0; round < 200; round++) {
        struct store_commit commit;
        store_commit_init(&commit, ignore_done);
        for (uint64_t changes = prng_between(&prng, 1, 6); changes > 0; changes--)
            model_change(&commit.batch, &prng, model);
        commit_now(&commit);
        uint64_t from = prng_below(&prng, MODEL_KEYS);
        model_expect(model, from, prng_between(&prng, from, MODEL_KEYS));
    }
    model_expect(model, 0, MODEL_KEYS);
}
END_TEST

TCase *conformance_case(void)
{
    TCase *conformance = tcase_create("conformance");
    tcase_add_checked_fixture(conformance, setup, teardown);
    tcase_set_timeout(conformance, 60);
    tcase_add_test(conformance, test_rows_come_change_and_go);
    tcase_add_test(conformance, test_an_empty_commit_completes);
    tcase_add_test(conformance, test_families_are_apart);
    tcase_add_loop_test(conformance, test_ranges, 0, (int)array_size(range_table));
    tcase_add_test(conformance, test_bytes_max_ends_a_range_after_the_row_that_reaches_it);
    tcase_add_test(conformance, test_what_is_deleted_is_gone);
    tcase_add_test(conformance, test_changes_of_a_batch_take_effect_in_order);
    tcase_add_test(conformance, test_sums_add_up);
    tcase_add_test(conformance, test_a_sum_of_nothing_is_not_there);
    tcase_add_test(conformance, test_a_deleted_sum_begins_anew);
    tcase_add_test(conformance, test_many_deltas);
    tcase_add_test(conformance, test_a_snapshot_stays_as_it_was);
    tcase_add_test(conformance, test_commits_take_effect_and_complete_in_order);
    tcase_add_test(conformance, test_family_size_grows);
    tcase_add_loop_test(conformance, test_random_changes_agree_with_a_model, 0, 5);
    return conformance;
}
