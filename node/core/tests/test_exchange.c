/* What exchanges compare, and what that costs on the wire. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "leaf_rows.h"
#include "test_main.h"

enum { NODES = 3, PAIRS = 3, ROWS = 800 /* some 100 a partition */, EQUAL_BYTES_MAX = 300 };

static struct cluster cluster;

/* Frames between nodes since the last look. */
static struct {
    uint64_t sums_bytes;
    uint64_t sums; /* SUMS asked */
    uint64_t keys; /* KEYS asked, of a node itself too */
    uint64_t keys_bytes;
} seen;

static void watch(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    enum frame_type type = cluster_frame_type(frame);
    bool sums = type == FRAME_SUMS || type == FRAME_SUMS_REPLY;
    bool keys = type == FRAME_KEYS || type == FRAME_KEYS_REPLY;
    seen.keys += type == FRAME_KEYS;
    if (frame->from == frame->to)
        return;
    seen.sums += type == FRAME_SUMS;
    seen.sums_bytes += sums ? frame->buffer->size : 0;
    seen.keys_bytes += keys ? frame->buffer->size : 0;
}

static void setup(unsigned rows)
{
    cluster_init(&cluster, NODES, 1);
    for (unsigned i = 0; i < rows; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key-%u", i);
        ck_assert_int_eq(cluster_put(&cluster, i % NODES, name, "a value"), OUTCOME_OK);
    }
    cluster_run_for(&cluster, 5000000);
    cluster.watch = watch;
}

static void commit(size_t node, struct store_commit *change)
{
    store_submit(cluster.nodes[node].store[0], &change->op);
    ck_assert_ptr_eq(memory_store_finish_commit(cluster.nodes[node].disk), &change->op);
    store_commit_deinit(change);
}

/* The rows of the tests' table on a disk; the caller deinits. */
static void read_rows(size_t node, struct store_range *range)
{
    store_range_init(range, STORE_ITEMS, SLICE_EMPTY, SLICE_EMPTY, (store_done)abort);
    while (!store_try_read(cluster.nodes[node].store[0], &range->op))
        continue;
}

static unsigned rows_held(size_t node)
{
    struct store_range range;
    read_rows(node, &range);
    unsigned count = range.rows_count;
    store_range_deinit(&range);
    return count;
}

/* The node misses so many of its rows, as if it had never heard of them. */
static void lose_rows(size_t node, unsigned count)
{
    struct store_range range;
    struct store_commit change;
    struct slice key, value;
    uint64_t seed = cluster_id(membership_cluster(node_membership(cluster.nodes[0].shard[0])));
    cluster_crash(&cluster, node);
    read_rows(node, &range);
    struct reader rows = reader_of(writer_slice(&range.rows));
    store_commit_init(&change, (store_done)abort);
    while (count > 0 && store_rows_next(&rows, &key, &value)) {
        struct item_key item;
        struct row row;
        ck_assert(item_key_decode(key, &item) && row_decode(value, &row));
        if (item.table_id != CLUSTER_TABLE)
            continue;
        store_batch_delete(&change.batch, STORE_ITEMS, key);
        leaf_rows_change(&change.batch, key, &row, NULL, seed);
        count--;
    }
    store_range_deinit(&range);
    commit(node, &change);
}

START_TEST(equal_partitions_cost_a_sum_each)
{
    setup(ROWS);
    lose_rows(2, 0);
    memset(&seen, 0, sizeof(seen));
    struct node_stats before = cluster_stats_all(&cluster);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 10000000);
    struct node_stats after = cluster_stats_all(&cluster);
    ck_assert_uint_ge(seen.sums, 2 * CLUSTER_PARTITIONS);
    ck_assert_uint_eq(seen.keys, 0);
    ck_assert_uint_le(seen.sums_bytes, seen.sums * EQUAL_BYTES_MAX);
    ck_assert_uint_eq(after.repair_rows - before.repair_rows, 0);
    ck_assert_uint_eq(after.repair_leaves - before.repair_leaves, 0);
    /* A million items of 100 bytes on 1,024 partitions: three pairs compare them all for less than a
     * hundredth of what the three copies of the items take. */
    uint64_t bytes = seen.sums_bytes / seen.sums * 1024 * PAIRS;
    ck_assert_uint_le(bytes, 3 * UINT64_C(100) * 1000000 / 100);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(one_difference_is_found_by_sums)
{
    setup(ROWS);
    lose_rows(2, 1);
    memset(&seen, 0, sizeof(seen));
    struct node_stats before = cluster_stats_all(&cluster);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 10000000);
    struct node_stats after = cluster_stats_all(&cluster);
    ck_assert_uint_eq(rows_held(2), rows_held(0));
    ck_assert_uint_eq(after.repair_aborted - before.repair_aborted, 0);
    /* Both pairs may see it at the same time. */
    ck_assert_uint_ge(after.repair_items - before.repair_items, 1);
    ck_assert_uint_le(after.repair_items - before.repair_items, 2);
    ck_assert_uint_le(seen.keys, 4);
    ck_assert_uint_le(after.repair_leaves - before.repair_leaves, 2 * GROUP_LEAVES);
    ck_assert_uint_le(after.repair_rows - before.repair_rows, 10);
    /* Beside the sums of all partitions: tables, groups, leaves and keys. */
    ck_assert_uint_le(seen.sums_bytes, seen.sums * EQUAL_BYTES_MAX + 2 * UINT64_C(2500));
    ck_assert_uint_le(seen.keys_bytes, 2 * 1000);
    ck_assert_uint_ge(after.repair_bytes - before.repair_bytes, 2048);
    cluster_deinit(&cluster);
}
END_TEST

/* Few rows or many, some missing or all. */
START_TEST(what_is_missing_comes_back)
{
    static const unsigned all[] = {10, 100, ROWS}, missing[] = {1, 3, 60, ROWS};
    unsigned rows = all[_i / 4], lost = missing[_i % 4];
    setup(rows);
    lose_rows(2, lost);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 20000000);
    ck_assert_uint_eq(rows_held(2), rows_held(0));
    ck_assert_uint_ge(rows_held(2), rows);
    ck_assert_uint_eq(cluster_stats_all(&cluster).repair_aborted, 0);
    struct node_stats before = cluster_stats_all(&cluster);
    cluster_run_for(&cluster, 10000000);
    struct node_stats after = cluster_stats_all(&cluster);
    ck_assert_uint_eq(after.repair_rows, before.repair_rows);
    ck_assert_uint_gt(after.repair_sessions, before.repair_sessions);
    cluster_deinit(&cluster);
}
END_TEST

/* A node that has not heard of the table yet is sent nothing of it, again and again; then it is told. */
START_TEST(a_table_that_a_side_does_not_know_is_left_out)
{
    setup(ROWS);
    lose_rows(2, 5);
    cluster.untold = true;
    cluster_start(&cluster, 2);
    struct node_stats before = cluster_stats_all(&cluster);
    cluster_run_for(&cluster, 30000000);
    struct node_stats after = cluster_stats_all(&cluster);
    ck_assert_uint_eq(after.repair_items, before.repair_items);
    ck_assert_uint_eq(after.repair_rows, before.repair_rows);
    ck_assert_uint_eq(after.repair_aborted, before.repair_aborted);
    ck_assert_uint_lt(rows_held(2), rows_held(0));
    struct table_schema schema = {.replicas = 3};
    node_set_table(cluster.nodes[2].shard[0], CLUSTER_TABLE, &schema);
    cluster_run_for(&cluster, 60000000);
    ck_assert_uint_eq(rows_held(2), rows_held(0));
    cluster_deinit(&cluster);
}
END_TEST

static uint32_t leaves_held(size_t node)
{
    struct store_range range;
    store_range_init(&range, STORE_MERKLE, SLICE_EMPTY, SLICE_EMPTY, (store_done)abort);
    while (!store_try_read(cluster.nodes[node].store[0], &range.op))
        continue;
    uint32_t count = range.rows_count;
    store_range_deinit(&range);
    return count;
}

START_TEST(a_dropped_table_is_left_out_and_its_leaves_go)
{
    setup(ROWS);
    ck_assert_uint_gt(leaves_held(2), ROWS / 2);
    node_drop_table(cluster.nodes[2].shard[0], cluster_clock(&cluster, 2), CLUSTER_TABLE);
    cluster_run_for(&cluster, 20000000);
    ck_assert_uint_eq(rows_held(2), 0);
    ck_assert_uint_eq(leaves_held(2), 0);
    ck_assert_uint_eq(rows_held(0), ROWS);
    ck_assert_uint_eq(cluster_stats_all(&cluster).repair_items, 0);
    cluster_deinit(&cluster);
}
END_TEST

/* All leaves on a disk, as they stand there; the caller unrefs. */
static struct buffer *leaves_of(size_t node)
{
    struct store_range range;
    store_range_init(&range, STORE_MERKLE, SLICE_EMPTY, SLICE_EMPTY, (store_done)abort);
    while (!store_try_read(cluster.nodes[node].store[0], &range.op))
        continue;
    struct buffer *leaves = buffer_from(writer_slice(&range.rows));
    store_range_deinit(&range);
    return leaves;
}

static void expect_equal_leaves(bool equal)
{
    struct buffer *one = leaves_of(0), *other = leaves_of(2);
    ck_assert(slice_equal(buffer_slice(one), buffer_slice(other)) == equal);
    buffer_unref(one);
    buffer_unref(other);
}

/* Leaves that are wrong, too many or gone are found by reading the rows, while clients write. */
START_TEST(wrong_leaves_are_mended)
{
    setup(ROWS);
    cluster.rude = true;
    struct buffer *before = leaves_of(2);
    struct store_commit change;
    struct slice name, value;
    cluster_crash(&cluster, 2);
    store_commit_init(&change, (store_done)abort);
    struct reader rows = reader_of(buffer_slice(before));
    for (unsigned i = 0; store_rows_next(&rows, &name, &value); i++) {
        struct leaf_key key;
        ck_assert(leaf_key_decode(name, &key));
        if (i % 50 == 0)
            store_batch_delete(&change.batch, STORE_MERKLE, name);
        else if (i % 50 == 1)
            store_batch_merge(&change.batch, &key, (struct leaf_sum){{1, 2}, 3});
        key.leaf = (uint16_t)(key.leaf + 1) % TABLE_LEAVES;
        if (i % 50 == 2)
            store_batch_merge(&change.batch, &key, (struct leaf_sum){{7, 7}, -1});
    }
    unsigned wrong = change.batch.count;
    buffer_unref(before);
    commit(2, &change);
    expect_equal_leaves(false);
    cluster_start(&cluster, 2);
    for (unsigned i = 0; i < 600; i++) {
        char key[16];
        snprintf(key, sizeof(key), "key-%u", i);
        ck_assert_int_eq(cluster_put(&cluster, i % NODES, key, "another"), OUTCOME_OK);
        cluster_run_for(&cluster, 1000000);
    }
    struct node_stats stats = cluster_stats_all(&cluster);
    ck_assert_uint_eq(stats.scrub_leaves, wrong);
    ck_assert_uint_ge(stats.scrub_tables, CLUSTER_PARTITIONS * NODES);
    expect_equal_leaves(true);
    cluster_deinit(&cluster);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange");
    TCase *stories = tcase_create("stories");
    tcase_set_timeout(stories, 60);
    tcase_add_test(stories, equal_partitions_cost_a_sum_each);
    tcase_add_test(stories, one_difference_is_found_by_sums);
    tcase_add_loop_test(stories, what_is_missing_comes_back, 0, 12);
    tcase_add_test(stories, a_table_that_a_side_does_not_know_is_left_out);
    tcase_add_test(stories, a_dropped_table_is_left_out_and_its_leaves_go);
    tcase_add_test(stories, wrong_leaves_are_mended);
    suite_add_tcase(suite, stories);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
