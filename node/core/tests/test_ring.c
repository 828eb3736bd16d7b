/* The ring changes: members join, leave and are replaced, and partitions move with what they hold. */
#include <stdio.h>

#include "cluster.h"
#include "test_main.h"

enum { KEYS = 40, CHANGE_US = 60000000 };

static struct cluster cluster;

static const char *key_name(unsigned i)
{
    static char name[16];
    snprintf(name, sizeof(name), "key-%u", i);
    return name;
}

static size_t up(size_t from)
{
    while (from < cluster.count && cluster.nodes[from].shard[0] == NULL)
        from++;
    return from;
}

static void put_all(const char *text)
{
    for (unsigned i = 0; i < KEYS; i++)
        ck_assert_int_eq(cluster_put(&cluster, up(0), key_name(i), text), OUTCOME_OK);
}

static void expect_all(const char *text)
{
    enum outcome outcome;
    for (size_t node = up(0); node < cluster.count; node = up(node + 1)) {
        for (unsigned i = 0; i < KEYS; i++) {
            const char *read = cluster_get(&cluster, node, key_name(i), true, &outcome);
            ck_assert_int_eq(outcome, OUTCOME_OK);
            ck_assert_str_eq(read, text);
        }
    }
}

static bool settled(const struct ring_state *ring)
{
    bool settled = ring->moving == 0 && !ring->unplanned;
    for (size_t i = 0; i < ring->members_count; i++)
        settled &= ring->members[i].state == RING_NORMAL || ring->members[i].state == RING_REMOVED;
    return settled;
}

static bool all_settled(void)
{
    uint64_t epoch = cluster_ring(&cluster, up(0), 0)->epoch;
    for (size_t node = up(0); node < cluster.count; node = up(node + 1)) {
        for (uint16_t shard = 0; shard < cluster.shards; shard++) {
            const struct ring_state *ring = cluster_ring(&cluster, node, shard);
            ring_check(ring);
            if (ring->epoch != epoch || !settled(ring))
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
        ck_assert_int_eq(cluster_put(&cluster, up(0), key_name(i++ % KEYS), "later"), OUTCOME_OK);
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
        struct version first =
            cluster_held(&cluster, cluster_home(&cluster, key_name(i), 0), key_name(i));
        for (size_t rank = 0; rank < 3; rank++) {
            size_t home = cluster_home(&cluster, key_name(i), rank);
            ck_assert(version_equal(cluster_held(&cluster, home, key_name(i)), first));
            ck_assert(!version_is_none(first));
        }
        for (size_t node = up(0); node < cluster.count; node = up(node + 1)) {
            if (!is_home(node, key_name(i)))
                ck_assert(version_is_none(cluster_held(&cluster, node, key_name(i))));
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

static void with_shards(size_t nodes, void (*story)(void))
{
    for (uint16_t shards = 1; shards <= CLUSTER_SHARDS_MAX; shards++) {
        cluster_init(&cluster, nodes, shards);
        put_all("text");
        story();
        put_all("after");
        cluster_run_for(&cluster, 10000000);
        expect_all("after");
        expect_held();
        cluster_deinit(&cluster);
    }
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
    ck_assert_str_eq(node_failure(cluster.nodes[0].shard[0]),
                     "this node was removed from the cluster: it cannot come back under its "
                     "identity");
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

TEST_MAIN("ring", a_fourth_node_joins, a_node_leaves, a_dead_node_is_replaced,
          one_node_grows_to_three)
