/* Members that are added to a running cluster, and removed from it. */
#include <string.h>

#include "cluster.h"
#include "planted.h"
#include "test_main.h"

static struct cluster cluster;

enum { ADDED = 3 };

static void add_one(void)
{
    ck_assert_uint_eq(cluster_add(&cluster), ADDED);
    cluster_start(&cluster, ADDED);
    cluster_run_for(&cluster, 2000000);
}

static void expect_usable(size_t of)
{
    for (size_t by = 0; by < cluster.count; by++) {
        for (uint16_t shard = 0; shard < cluster.shards; shard++) {
            const struct member *member = cluster_view(&cluster, by, shard, of);
            ck_assert_int_eq(member->status, MEMBER_ALIVE);
            ck_assert(member_usable(member));
            ck_assert_uint_eq(member->id, cluster.nodes[of].id);
        }
    }
}

static void one_is_added(void)
{
    enum outcome outcome;
    ck_assert_int_eq(cluster_put(&cluster, 0, "before", "x"), OUTCOME_OK);
    add_one();
    for (size_t of = 0; of <= ADDED; of++)
        expect_usable(of);
    ck_assert_str_eq(cluster_get(&cluster, ADDED, "before", true, &outcome), "x");
    for (unsigned i = 0; i < 12; i++) {
        ck_assert_int_eq(cluster_put(&cluster, ADDED, cluster_key_name(i), "x"), OUTCOME_OK);
        ck_assert_str_eq(cluster_get(&cluster, i % 3, cluster_key_name(i), true, &outcome), "x");
    }
    cluster_run_for(&cluster, 15000000);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_msg(
            version_equal(cluster_held(&cluster, ADDED, cluster_key_name(i)), VERSION_NONE),
            "it owns nothing");
    ck_assert_uint_eq(cluster_stats(&cluster, ADDED).repair_aborted, 0);
    /* It knows the others in its next life too, and they know it. */
    cluster_crash(&cluster, ADDED);
    cluster_start(&cluster, ADDED);
    cluster_run_for(&cluster, 2000000);
    expect_usable(ADDED);
    ck_assert_uint_eq(cluster_stats(&cluster, ADDED).recovering, 0);
}

START_TEST(who_is_added_takes_part)
{
    cluster_with_shards(&cluster, 3, one_is_added);
}
END_TEST

static void one_stands_in(void)
{
    struct cluster_request write;
    add_one();
    size_t away = cluster_home(&cluster, "k", 1);
    cluster_crash(&cluster, away);
    cluster_request_init(&write, REQUEST_WRITE, "k", 0);
    cluster_value(&write.value, "text");
    write.request.value = writer_slice(&write.value);
    write.request.quorum = (struct quorum){3, 2, 3, true};
    ck_assert_int_eq(cluster_ask(&cluster, cluster_home(&cluster, "k", 0), 0, &write), OUTCOME_OK);
    ck_assert_uint_eq(cluster_stats(&cluster, ADDED).hints_pending, 1);
    cluster_request_deinit(&write);
    cluster_start(&cluster, away);
    cluster_run_for(&cluster, 5000000);
    ck_assert_uint_eq(cluster_stats(&cluster, ADDED).hints_pending, 0);
    ck_assert(version_equal(cluster_held(&cluster, away, "k"),
                            cluster_held(&cluster, cluster_home(&cluster, "k", 0), "k")));
}

START_TEST(who_is_added_stands_in)
{
    cluster_with_shards(&cluster, 3, one_stands_in);
}
END_TEST

static bool removed_for_all(void)
{
    bool all = true;
    for (size_t by = 0; by < ADDED; by++) {
        for (uint16_t shard = 0; shard < cluster.shards; shard++)
            all &= cluster_view(&cluster, by, shard, ADDED)->status == MEMBER_REMOVED;
    }
    return all;
}

/* It does not know it, and starts once more; and the others learn of it one after the other. */
static void remove_one(void)
{
    add_one();
    for (size_t by = 0; by < ADDED; by++) {
        cluster_remove(&cluster, by, ADDED);
        cluster_crash(&cluster, ADDED);
        cluster_start(&cluster, ADDED);
        cluster_run_for(&cluster, 2000000);
    }
}

static void one_is_removed(void)
{
    enum outcome outcome;
    remove_one();
    ck_assert(removed_for_all());
    for (size_t by = 0; by < ADDED; by++)
        ck_assert_uint_eq(cluster_stats(&cluster, by).frames_malformed, 0);
    ck_assert_int_ne(cluster_put(&cluster, ADDED, "k", "x"), OUTCOME_OK);
    ck_assert_str_eq(cluster_get(&cluster, 0, "k", true, &outcome), "");
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "y"), OUTCOME_OK);
    cluster_remove(&cluster, 0, ADDED);
    cluster_run_for(&cluster, 30000000);
    ck_assert(removed_for_all());
}

START_TEST(who_is_removed_stays_removed)
{
    cluster_with_shards(&cluster, 3, one_is_removed);
}
END_TEST

#ifdef CARTWHEEL_TESTING
START_TEST(the_planted_bug_is_one)
{
    cluster_init(&cluster, 3, 1);
    planted_bug = PLANTED_REMOVED_RETURNS;
    remove_one();
    cluster_run_for(&cluster, 30000000);
    ck_assert(!removed_for_all());
    planted_bug = PLANTED_NONE;
    cluster_deinit(&cluster);
}
END_TEST
#else
START_TEST(the_planted_bug_is_one)
{
    ck_assert(!PLANTED(REMOVED_RETURNS));
}
END_TEST
#endif

START_TEST(who_removes_itself_must_stop)
{
    cluster_init(&cluster, 3, 1);
    ck_assert_ptr_null(node_failure(cluster.nodes[1].shard[0]));
    cluster_remove(&cluster, 1, 1);
    ck_assert_ptr_nonnull(node_failure(cluster.nodes[1].shard[0]));
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(a_name_comes_back_with_another_node)
{
    struct member_config config = {(char *)(uintptr_t) "n2", (char *)(uintptr_t) "127.0.0.9:7000",
                                   (char *)(uintptr_t) "", 100};
    cluster_init(&cluster, 3, 1);
    struct node *node = cluster.nodes[0].shard[0];
    struct instant now = cluster_clock(&cluster, 0);
    cluster_remove(&cluster, 0, 1);
    ck_assert_uint_eq(node_add_member(node, now, &config, NODE_ID_NONE), 3);
    cluster_link(&cluster, 0, 1);
    ck_assert_uint_eq(cluster_view(&cluster, 0, 0, 3)->id, NODE_ID_NONE);
    struct peer_identity other = {77 << 16, "n2", 1, UINT64_C(1) << INCARNATION_START_SHIFT};
    node_on_peer_up(node, now, &other);
    ck_assert(member_usable(cluster_view(&cluster, 0, 0, 3)));
    node_change_member(node, now, 3, "z", 50, "127.0.0.10:7000");
    ck_assert_str_eq(cluster_view(&cluster, 0, 0, 3)->config->address, "127.0.0.10:7000");
    node_remove_member(node, now, 3);
    /* With an id that is known from elsewhere, nobody else can take the name; but not with one that
     * was removed. */
    ck_assert_uint_eq(node_add_member(node, now, &config, 88 << 16), 4);
    ck_assert_uint_eq(cluster_view(&cluster, 0, 0, 4)->id, 88 << 16);
    node_remove_member(node, now, 4);
    ck_assert_uint_eq(node_add_member(node, now, &config, 77 << 16), 5);
    ck_assert_uint_eq(cluster_view(&cluster, 0, 0, 5)->id, NODE_ID_NONE);
    cluster_deinit(&cluster);
}
END_TEST

static bool lose_replies_of_added(struct cluster *from, const struct cluster_frame *frame)
{
    (void)from;
    return frame->from == ADDED && cluster_frame_type(frame) == FRAME_CENSUS_REPLY;
}

static bool lose_census_replies(struct cluster *from, const struct cluster_frame *frame)
{
    (void)from;
    return cluster_frame_type(frame) == FRAME_CENSUS_REPLY;
}

static void removed_in_a_census(void)
{
    add_one();
    cluster.loses = lose_replies_of_added;
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 3000000);
    ck_assert_uint_eq(cluster_stats(&cluster, 2).recovering, cluster.shards);
    cluster_remove(&cluster, 2, ADDED);
    ck_assert_uint_eq(cluster_stats(&cluster, 2).recovering, 0);
    cluster_run_for(&cluster, 3000000);
    cluster.loses = NULL;
}

START_TEST(a_census_does_not_wait_for_who_is_removed)
{
    cluster_with_shards(&cluster, 3, removed_in_a_census);
}
END_TEST

START_TEST(a_census_ends_when_nobody_else_is_left)
{
    cluster_init(&cluster, 1, 2);
    ck_assert_uint_eq(cluster_add(&cluster), 1);
    cluster_start(&cluster, 1);
    cluster_run_for(&cluster, 1000000);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    cluster_crash(&cluster, 1);
    cluster_crash(&cluster, 0);
    cluster_start(&cluster, 0);
    cluster_run_for(&cluster, 20000000);
    ck_assert_uint_eq(cluster_stats(&cluster, 0).recovering, 2);
    cluster_remove(&cluster, 0, 1);
    ck_assert_uint_eq(cluster_stats(&cluster, 0).recovering, 0);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "y"), OUTCOME_OK);
    cluster_deinit(&cluster);
}
END_TEST

static void added_in_a_census(void)
{
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "x"), OUTCOME_OK);
    cluster.loses = lose_census_replies;
    cluster_crash(&cluster, 2);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, 300000);
    add_one();
    ck_assert_uint_eq(cluster_stats(&cluster, 2).recovering, cluster.shards);
    cluster.loses = NULL;
    cluster_run_for(&cluster, 2000000);
    ck_assert_uint_eq(cluster_stats(&cluster, 2).recovering, 0);
    ck_assert_uint_eq(cluster_stats(&cluster, 2).census_answers,
                      3U * cluster.shards * cluster.shards);
}

START_TEST(a_census_asks_who_is_added_too)
{
    cluster_with_shards(&cluster, 3, added_in_a_census);
}
END_TEST

static unsigned repairs_lost, sums_lost;

/* What node 3 is sent to be repaired. */
static bool lose_repairs(struct cluster *from, const struct cluster_frame *frame)
{
    enum frame_type type = cluster_frame_type(frame);
    (void)from;
    if (frame->to != 2 || frame->from == 2)
        return false;
    repairs_lost += type == FRAME_REPAIR;
    sums_lost += type == FRAME_SUMS;
    return type == FRAME_REPAIR || type == FRAME_SUMS;
}

static void removed_while_repaired(void)
{
    cluster_crash(&cluster, 2);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(cluster_put(&cluster, i % 2, cluster_key_name(i), "missed"), OUTCOME_OK);
    cluster.loses = lose_repairs;
    repairs_lost = sums_lost = 0;
    cluster_start(&cluster, 2);
    for (int i = 0; i < 5000 && (repairs_lost == 0 || sums_lost == 0); i++)
        cluster_run_for(&cluster, 1000);
    ck_assert_uint_gt(repairs_lost, 0);
    ck_assert_uint_gt(sums_lost, 0);
    for (size_t by = 0; by < 2; by++)
        cluster_remove(&cluster, by, 2);
    cluster_run_for(&cluster, 10000);
    repairs_lost = sums_lost = 0;
    cluster_run_for(&cluster, 30000000);
    ck_assert_uint_eq(repairs_lost + sums_lost, 0);
    for (size_t by = 0; by < 2; by++) {
        struct node_stats stats = cluster_stats(&cluster, by);
        ck_assert_uint_eq(stats.hints_delivered, 0);
        ck_assert_uint_eq(stats.replica_operations, 0);
    }
    cluster.loses = NULL;
}

START_TEST(repairs_of_who_is_removed_end)
{
    cluster_with_shards(&cluster, 3, removed_while_repaired);
}
END_TEST

TEST_MAIN("members of a node", who_is_added_takes_part, who_is_added_stands_in,
          who_is_removed_stays_removed, the_planted_bug_is_one, who_removes_itself_must_stop,
          a_name_comes_back_with_another_node, a_census_does_not_wait_for_who_is_removed,
          a_census_ends_when_nobody_else_is_left, a_census_asks_who_is_added_too,
          repairs_of_who_is_removed_end)
