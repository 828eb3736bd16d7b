/* Three nodes, of which one goes and comes back. */
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "test_main.h"

static struct cluster cluster;

static void everybody_serves(void)
{
    for (unsigned i = 0; i < 12; i++) {
        enum outcome outcome;
        ck_assert_int_eq(cluster_put(&cluster, i % 3, cluster_key_name(i), "x"), OUTCOME_OK);
        for (size_t by = 0; by < 3; by++) {
            ck_assert_str_eq(cluster_get(&cluster, by, cluster_key_name(i), true, &outcome), "x");
            ck_assert_int_eq(outcome, OUTCOME_OK);
        }
    }
    cluster_run_for(&cluster, 100000);
    for (unsigned i = 0; i < 12; i++) {
        for (size_t by = 1; by < 3; by++)
            ck_assert(version_equal(cluster_held(&cluster, by, cluster_key_name(i)),
                                    cluster_held(&cluster, 0, cluster_key_name(i))));
    }
}

START_TEST(any_node_serves_any_key)
{
    cluster_with_shards(&cluster, 3, everybody_serves);
}
END_TEST

static uint64_t hints_kept(void)
{
    uint64_t hints = 0;
    for (size_t i = 0; i < 3; i++) {
        struct node_stats stats;
        if (cluster.nodes[i].shard[0] == NULL)
            continue;
        node_stats(cluster.nodes[i].shard[0], &stats);
        hints += stats.hints_pending;
    }
    return hints;
}

static void one_goes_and_comes_back(void)
{
    cluster_crash(&cluster, 2);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(cluster_put(&cluster, i % 2, cluster_key_name(i), "missed"), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    ck_assert_uint_eq(hints_kept(), 12);
    cluster_start(&cluster, 2);
    for (int i = 0; i < 50 && hints_kept() > 0; i++)
        cluster_run_for(&cluster, 100000);
    ck_assert_uint_eq(hints_kept(), 0);
    for (unsigned i = 0; i < 12; i++)
        ck_assert(version_equal(cluster_held(&cluster, 2, cluster_key_name(i)),
                                cluster_held(&cluster, 0, cluster_key_name(i))));
    struct node_stats one, other;
    node_stats(cluster.nodes[0].shard[0], &one);
    node_stats(cluster.nodes[1].shard[0], &other);
    ck_assert_uint_gt(one.hints_delivered + other.hints_delivered, 0);
}

START_TEST(what_a_node_missed_is_kept_and_delivered)
{
    cluster_with_shards(&cluster, 3, one_goes_and_comes_back);
}
END_TEST

START_TEST(hints_survive_the_restart_of_their_keeper)
{
    cluster_init(&cluster, 3, 1);
    cluster_crash(&cluster, 2);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(cluster_put(&cluster, i % 2, cluster_key_name(i), "missed"), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    uint64_t kept = hints_kept();
    cluster_crash(&cluster, 0);
    cluster_start(&cluster, 0);
    cluster_run_for(&cluster, 100000);
    ck_assert_uint_eq(hints_kept(), kept);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 5000000);
    ck_assert_uint_eq(hints_kept(), 0);
    cluster_deinit(&cluster);
}
END_TEST

static bool all_quiet(void)
{
    for (size_t i = 0; i < 3; i++) {
        for (uint16_t shard = 0; shard < cluster.shards; shard++) {
            if (!node_quiet(cluster.nodes[i].shard[shard]))
                return false;
        }
    }
    return true;
}

static void a_disk_is_lost_but_its_identity(void)
{
    /* Node 3 was born but away while everything happened, and nobody could keep hints. */
    cluster_crash(&cluster, 2);
    for (unsigned i = 0; i < 30; i++)
        ck_assert_int_eq(cluster_put(&cluster, i % 2, cluster_key_name(i), i % 4 == 0 ? NULL : "x"),
                         OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    for (size_t i = 0; i < 2; i++) {
        struct store_commit commit;
        struct store_range hints;
        cluster_crash(&cluster, i);
        store_range_init(&hints, STORE_HINTS, SLICE_EMPTY, SLICE_EMPTY, (store_done)abort);
        while (!store_try_read(cluster.nodes[i].store[0], &hints.op))
            continue;
        store_commit_init(&commit, (store_done)abort);
        struct reader rows = reader_of(writer_slice(&hints.rows));
        struct slice key, value;
        while (store_rows_next(&rows, &key, &value))
            store_batch_delete(&commit.batch, STORE_HINTS, key);
        store_range_deinit(&hints);
        store_submit(cluster.nodes[i].store[0], &commit.op);
        ck_assert_ptr_eq(memory_store_finish_commit(cluster.nodes[i].disk), &commit.op);
        store_commit_deinit(&commit);
        cluster_start(&cluster, i);
    }
    cluster_start(&cluster, 2);
    ck_assert_uint_eq(hints_kept(), 0);
    for (int i = 0; i < 100 && !all_quiet(); i++)
        cluster_run_for(&cluster, 100000);
    ck_assert(all_quiet());
    for (unsigned i = 0; i < 30; i++)
        ck_assert(version_equal(cluster_held(&cluster, 2, cluster_key_name(i)),
                                cluster_held(&cluster, 0, cluster_key_name(i))));
}

START_TEST(exchanges_repair_what_hints_do_not)
{
    cluster_with_shards(&cluster, 3, a_disk_is_lost_but_its_identity);
}
END_TEST

static void two_of_three_are_gone(void)
{
    enum outcome outcome;
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    cluster_crash(&cluster, 1);
    cluster_crash(&cluster, 2);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "y"), OUTCOME_UNAVAILABLE);
    (void)cluster_get(&cluster, 0, "k", true, &outcome);
    ck_assert_int_eq(outcome, OUTCOME_UNAVAILABLE);
    (void)cluster_get(&cluster, 0, "k", false, &outcome);
    ck_assert_int_eq(outcome, OUTCOME_UNAVAILABLE);
    cluster_start(&cluster, 1);
    cluster_run_for(&cluster, 15000000); /* until the other is known dead, no witness */
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "z"), OUTCOME_OK);
    ck_assert_str_eq(cluster_get(&cluster, 1, "k", true, &outcome), "z");
}

START_TEST(a_minority_says_so_at_once)
{
    cluster_with_shards(&cluster, 3, two_of_three_are_gone);
}
END_TEST

static void somebody_leaves(void)
{
    node_on_leave(cluster.nodes[2].shard[0], cluster_clock(&cluster, 2));
    cluster_run_for(&cluster, 50000);
    for (size_t i = 0; i < 2; i++) {
        for (uint16_t shard = 0; shard < cluster.shards; shard++)
            ck_assert_int_eq(
                membership_at(node_membership(cluster.nodes[i].shard[shard]), 2)->status,
                MEMBER_LEFT);
    }
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 50000);
    for (size_t i = 0; i < 2; i++)
        ck_assert(member_usable(membership_at(node_membership(cluster.nodes[i].shard[0]), 2)));
}

START_TEST(who_left_is_welcome_in_its_next_life)
{
    cluster_with_shards(&cluster, 3, somebody_leaves);
}
END_TEST

TEST_MAIN("cluster", any_node_serves_any_key, what_a_node_missed_is_kept_and_delivered,
          hints_survive_the_restart_of_their_keeper, exchanges_repair_what_hints_do_not,
          a_minority_says_so_at_once, who_left_is_welcome_in_its_next_life)
