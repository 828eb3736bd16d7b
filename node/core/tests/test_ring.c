/* The ring changes: members join, leave and are replaced, and partitions move with what they hold. */
#include "cluster.h"
#include "test_main.h"

enum { KEYS = 40, CHANGE_US = 60000000 };

static struct cluster cluster;

static size_t up(size_t from)
{
    while (from < cluster.count && cluster.nodes[from].shard[0] == NULL)
        from++;
    return from;
}

static void put_all(const char *text)
{
    for (unsigned i = 0; i < KEYS; i++)
        ck_assert_int_eq(cluster_put(&cluster, up(0), cluster_key_name(i), text), OUTCOME_OK);
}

static void expect_all(const char *text)
{
    enum outcome outcome;
    for (size_t node = up(0); node < cluster.count; node = up(node + 1)) {
        for (unsigned i = 0; i < KEYS; i++) {
            const char *read = cluster_get(&cluster, node, cluster_key_name(i), true, &outcome);
            ck_assert_int_eq(outcome, OUTCOME_OK);
            ck_assert_str_eq(read, text);
        }
    }
}

static bool all_settled(void)
{
    uint64_t epoch = cluster_ring(&cluster, up(0), 0)->epoch;
    for (size_t node = up(0); node < cluster.count; node = up(node + 1)) {
        for (uint16_t shard = 0; shard < cluster.shards; shard++) {
            const struct ring_state *ring = cluster_ring(&cluster, node, shard);
            ring_check(ring);
            if (ring->epoch != epoch || ring_changes(ring))
                return false;
        }
    }
    return true;
}

/* Until the change is over, writing on the way. */
static void run_change(void)
{
    uint64_t end_us = cluster.now_us + CHANGE_US;
    unsigned i = 0;
    while (!all_settled() && cluster.now_us < end_us) {
        ck_assert_int_eq(cluster_put(&cluster, up(0), cluster_key_name(i++ % KEYS), "later"),
                         OUTCOME_OK);
        cluster_run_for(&cluster, 10000);
    }
    ck_assert(all_settled());
}

static bool is_home(size_t node, const char *name)
{
    for (size_t rank = 0; rank < 3; rank++) {
        if (cluster_home(&cluster, name, rank) == node)
            return true;
    }
    return false;
}

/* Every home node holds every item, as it is, and nobody else does. */
static void expect_held(void)
{
    for (unsigned i = 0; i < KEYS; i++) {
        struct version first = cluster_held(
            &cluster, cluster_home(&cluster, cluster_key_name(i), 0), cluster_key_name(i));
        for (size_t rank = 0; rank < 3; rank++) {
            size_t home = cluster_home(&cluster, cluster_key_name(i), rank);
            ck_assert(version_equal(cluster_held(&cluster, home, cluster_key_name(i)), first));
            ck_assert(!version_is_none(first));
        }
        for (size_t node = up(0); node < cluster.count; node = up(node + 1)) {
            if (!is_home(node, cluster_key_name(i)))
                ck_assert(version_is_none(cluster_held(&cluster, node, cluster_key_name(i))));
        }
    }
}

static unsigned partitions_of(size_t member)
{
    const struct ring_state *ring = cluster_ring(&cluster, up(0), 0);
    unsigned count = 0;
    for (uint32_t i = 0; i < ring->partitions; i++)
        count += ring_list_has(ring_list(ring, i), 3, (unsigned)member);
    return count;
}

static void (*under_test)(void);

static void holds_what_was_written(void)
{
    put_all("text");
    under_test();
    put_all("after");
    cluster_run_for(&cluster, 10000000);
    expect_all("after");
    expect_held();
}

static void with_shards(size_t nodes, void (*story)(void))
{
    under_test = story;
    cluster_with_shards(&cluster, nodes, holds_what_was_written);
}

static void one_joins(void)
{
    size_t joined = cluster_join(&cluster, 1, RING_NOBODY);
    run_change();
    ck_assert_uint_eq(partitions_of(joined), 3 * CLUSTER_PARTITIONS / 4);
}

START_TEST(a_fourth_node_joins)
{
    with_shards(3, one_joins);
}
END_TEST

static void one_leaves(void)
{
    struct ring_step step = {.kind = RING_LEAVE, .member = 0};
    ck_assert_ptr_null(cluster_change(&cluster, 2, &step));
    uint64_t end_us = cluster.now_us + CHANGE_US;
    while (cluster.now_us < end_us &&
           cluster_ring(&cluster, 1, 0)->members[0].state != RING_REMOVED)
        cluster_run_for(&cluster, 100000);
    ck_assert_ptr_eq(node_failure(cluster.nodes[0].shard[0]), node_removed);
    cluster_kill(&cluster, 0);
    cluster_run_for(&cluster, 1000000);
    ck_assert(all_settled());
}

START_TEST(a_node_leaves)
{
    with_shards(4, one_leaves);
}
END_TEST

static void one_is_replaced(void)
{
    cluster_crash(&cluster, 2);
    put_all("while one is gone");
    size_t joined = cluster_join(&cluster, 0, 2);
    run_change();
    ck_assert_uint_eq(partitions_of(joined), CLUSTER_PARTITIONS);
    ck_assert_uint_eq(partitions_of(2), 0);
}

START_TEST(a_dead_node_is_replaced)
{
    with_shards(3, one_is_replaced);
}
END_TEST

static void two_join_one(void)
{
    (void)cluster_join(&cluster, 0, RING_NOBODY);
    (void)cluster_join(&cluster, 0, RING_NOBODY);
    run_change();
    for (size_t member = 0; member < 3; member++)
        ck_assert_uint_eq(partitions_of(member), CLUSTER_PARTITIONS);
}

START_TEST(one_node_grows_to_three)
{
    with_shards(1, two_join_one);
}
END_TEST

static struct ring_step weighs(uint16_t member, uint32_t weight)
{
    struct ring_step step = {
        .kind = RING_SET, .member = member, .config = cluster_member(&cluster, member)};
    step.config.weight = weight;
    return step;
}

/* One of them first, the other on the ring that this has made. */
static void two_propose(void)
{
    struct ring_step weights[2];
    struct cluster_change changes[2];
    uint64_t epoch = cluster_ring(&cluster, 0, 0)->epoch;
    for (uint16_t i = 0; i < 2; i++) {
        weights[i] = weighs(i, 150);
        cluster_propose(&cluster, i, &changes[i], &weights[i]);
    }
    for (unsigned i = 0; i < 10000 && (!changes[0].done || !changes[1].done); i++)
        cluster_run_for(&cluster, 1000);
    for (uint16_t i = 0; i < 2; i++) {
        ck_assert(changes[i].done);
        ck_assert_msg(changes[i].problem == NULL, "%s", changes[i].problem);
    }
    run_change();
    for (uint16_t i = 0; i < 2; i++)
        ck_assert_uint_eq(cluster_ring(&cluster, 2, 0)->members[i].config.weight, 150);
    ck_assert_uint_ge(cluster_ring(&cluster, 2, 0)->epoch, epoch + 2);
}

START_TEST(two_propose_at_once)
{
    with_shards(3, two_propose);
}
END_TEST

/* Accepts of a step reach node 1 only, and nobody hears that it took them. */
static bool reaches_one_only(struct cluster *at, const struct cluster_frame *frame)
{
    (void)at;
    enum frame_type type = cluster_frame_type(frame);
    return (type == FRAME_RING_ACCEPT && frame->to != 1) ||
           (type == FRAME_RING_VOTE && frame->from == 1);
}

/* What it left behind may have been decided: others bring it to its end. */
static void a_proposer_dies(void)
{
    struct cluster_change change;
    struct ring_step weight = weighs(2, 120);
    cluster.loses = reaches_one_only;
    cluster_propose(&cluster, 0, &change, &weight);
    cluster_run_for(&cluster, 100000);
    ck_assert(!change.done);
    cluster_crash(&cluster, 0);
    cluster.loses = NULL;
    cluster_run_for(&cluster, 5000000);
    struct ring_step other = weighs(1, 130);
    ck_assert_ptr_null(cluster_change(&cluster, 2, &other));
    cluster_start(&cluster, 0);
    run_change();
    ck_assert_uint_eq(cluster_ring(&cluster, 0, 0)->members[1].config.weight, 130);
    ck_assert_uint_eq(cluster_ring(&cluster, 0, 0)->members[2].config.weight, 120);
}

START_TEST(what_a_dead_proposer_left_is_brought_to_its_end)
{
    with_shards(3, a_proposer_dies);
}
END_TEST

static size_t victim;
static uint64_t dies_after_us;

/* Whoever drives, copies, or is copied from: it comes back, or another goes on. */
static void one_dies_on_the_way(void)
{
    (void)cluster_join(&cluster, 0, RING_NOBODY);
    cluster_run_for(&cluster, dies_after_us);
    cluster_crash(&cluster, victim);
    cluster_run_for(&cluster, 3000000);
    cluster_start(&cluster, victim);
    cluster_run_for(&cluster, 3000000);
    run_change();
}

START_TEST(anybody_may_die_while_one_joins)
{
    static const uint64_t after_us[] = {0, 100000, 400000, 800000};
    for (size_t i = 0; i < 4; i++) {
        dies_after_us = after_us[i];
        for (victim = 0; victim < 4; victim++)
            with_shards(3, one_dies_on_the_way);
    }
}
END_TEST

/* The driver gives the join up: what had moved comes back. */
static void the_joiner_is_lost(void)
{
    size_t joined = cluster_join(&cluster, 0, RING_NOBODY);
    while (cluster_ring(&cluster, 0, 0)->joint == 0)
        cluster_run_for(&cluster, 1000);
    cluster_crash(&cluster, joined);
    uint64_t end_us = cluster.now_us + 2 * CHANGE_US;
    while (cluster.now_us < end_us &&
           cluster_ring(&cluster, 0, 0)->members[joined].state != RING_REMOVED)
        cluster_run_for(&cluster, 100000);
    run_change();
    ck_assert_uint_eq(partitions_of(joined), 0);
    for (size_t member = 0; member < 3; member++)
        ck_assert_uint_eq(partitions_of(member), CLUSTER_PARTITIONS);
}

START_TEST(a_joiner_that_is_lost_is_given_up)
{
    with_shards(3, the_joiner_is_lost);
}
END_TEST

TEST_MAIN("ring", a_fourth_node_joins, a_node_leaves, a_dead_node_is_replaced,
          one_node_grows_to_three, two_propose_at_once,
          what_a_dead_proposer_left_is_brought_to_its_end, anybody_may_die_while_one_joins,
          a_joiner_that_is_lost_is_given_up)
