/* What a table may consume over all shards of a cluster, and what becomes of that when load moves,
 * rates change and keepers fail. */
#include <string.h>

#include "cluster.h"
#include "prng.h"
#include "test_main.h"

enum { STEP_US = 1000, SECOND = 1000000, EVERYWHERE = -1 };

static struct cluster cluster;
static struct throughput_limit limit;

/* At so many units a second. */
static void open_cluster(size_t nodes, uint16_t shards, uint64_t units)
{
    cluster_init(&cluster, nodes, shards);
    limit = (struct throughput_limit){CLUSTER_TABLE, THROUGHPUT_WRITE, 2 * units, 1};
}

static struct node *shard_of(size_t node, uint16_t shard)
{
    return cluster.nodes[node].shard[shard];
}

/* One request of one unit. */
static bool admit(size_t node, uint16_t shard)
{
    return node_admit(shard_of(node, shard), cluster_clock(&cluster, node), &limit, 2);
}

static unsigned offer(size_t node)
{
    unsigned admitted = 0;
    for (uint16_t shard = 0; shard < cluster.shards && shard_of(node, 0) != NULL; shard++)
        admitted += admit(node, shard);
    return admitted;
}

/* Every shard of the node, or of all, is asked every `every_us`; returns how many units went through. */
static unsigned load(int node, uint64_t length_us, uint64_t every_us)
{
    unsigned admitted = 0;
    for (uint64_t at_us = 0; at_us < length_us; at_us += every_us) {
        for (size_t i = 0; i < cluster.count; i++)
            admitted += node == EVERYWHERE || node == (int)i ? offer(i) : 0;
        cluster_run_for(&cluster, every_us);
    }
    return admitted;
}

static bool near(unsigned is, unsigned wanted, unsigned percent)
{
    return is * 100 >= wanted * (100 - percent) && is * 100 <= wanted * (100 + percent);
}

/* The table's burst, in one request. */
static void drain(size_t node)
{
    ck_assert(admit(node, 0));
    node_charge(shard_of(node, 0), cluster_clock(&cluster, node), &limit,
                (int64_t)limit.rate * 300 - 2);
    cluster_run_for(&cluster, 1000);
}

static uint64_t buckets(size_t node)
{
    struct node_stats stats;
    uint64_t sum = 0;
    for (uint16_t shard = 0; shard < cluster.shards; shard++) {
        node_stats(shard_of(node, shard), &stats);
        sum += stats.buckets;
    }
    return sum;
}

static size_t keeper(void)
{
    for (size_t i = 0; i < cluster.count; i++) {
        if (shard_of(i, 0) != NULL && buckets(i) > 0)
            return i;
    }
    ck_abort_msg("nobody keeps the table");
    return 0;
}

START_TEST(a_burst_is_served_at_once_and_then_the_rate)
{
    open_cluster(3, 2, 10);
    unsigned burst = load(0, 10 * SECOND, STEP_US);
    ck_assert_msg(near(burst, 3100, 3), "%u", burst);
    unsigned steady = load(0, 20 * SECOND, STEP_US);
    ck_assert_msg(near(steady, 200, 10), "%u", steady);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(the_rate_holds_wherever_the_load_comes)
{
    static const struct {
        size_t nodes;
        uint16_t shards;
        uint64_t units;
        int node;
        uint64_t every_us;
    } cases[] = {
        {1, 1, 10, 0, STEP_US},         {1, 2, 10, 0, STEP_US},
        {3, 1, 10, 0, STEP_US},         {3, 1, 10, EVERYWHERE, STEP_US},
        {3, 2, 10, 1, STEP_US},         {3, 2, 10, EVERYWHERE, STEP_US},
        {3, 2, 10, EVERYWHERE, 100000}, {3, 2, 1, EVERYWHERE, 10000},
        {3, 2, 1, 2, 300000},           {5, 2, 100, EVERYWHERE, STEP_US},
        {3, 2, 1000, EVERYWHERE, 500},  {3, 1, 1000, 2, 200},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        open_cluster(cases[i].nodes, cases[i].shards, cases[i].units);
        drain(0);
        (void)load(cases[i].node, 5 * SECOND, cases[i].every_us);
        unsigned steady = load(cases[i].node, 20 * SECOND, cases[i].every_us);
        ck_assert_msg(near(steady, (unsigned)cases[i].units * 20, 10), "case %zu: %u", i, steady);
        cluster_deinit(&cluster);
    }
}
END_TEST

START_TEST(what_is_below_the_rate_is_never_refused)
{
    open_cluster(3, 2, 50);
    drain(0);
    cluster_run_for(&cluster, 3 * SECOND);
    /* Six shards, each 6 a second. */
    unsigned admitted = load(EVERYWHERE, 30 * SECOND, SECOND / 6);
    ck_assert_uint_ge(admitted, 180 * 6);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(reads_and_writes_are_apart)
{
    open_cluster(1, 1, 10);
    drain(0);
    (void)load(0, SECOND, STEP_US);
    limit.kind = THROUGHPUT_READ;
    unsigned admitted = load(0, SECOND, STEP_US);
    ck_assert_uint_ge(admitted, 950);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(what_turns_out_larger_is_charged_all_the_same)
{
    open_cluster(3, 1, 10);
    drain(0);
    unsigned admitted = 0;
    for (unsigned i = 0; i < 60000; i++) {
        bool served = admit(i % 3, 0);
        admitted += served;
        if (served)
            node_charge(shard_of(i % 3, 0), cluster_clock(&cluster, i % 3), &limit, 38);
        cluster_run_for(&cluster, STEP_US);
    }
    /* 20 units each. */
    ck_assert_msg(admitted >= 26 && admitted <= 34, "%u", admitted);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(what_was_not_consumed_is_given_back)
{
    open_cluster(1, 1, 10);
    drain(0);
    (void)load(0, 2 * SECOND, STEP_US);
    unsigned admitted = 0;
    for (unsigned i = 0; i < 2000; i++) {
        bool served = admit(0, 0);
        admitted += served;
        if (served)
            node_charge(shard_of(0, 0), cluster_clock(&cluster, 0), &limit, -2);
        cluster_run_for(&cluster, STEP_US);
    }
    ck_assert_uint_gt(admitted, 500);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(load_that_moves_finds_what_is_left)
{
    open_cluster(3, 2, 10);
    drain(0);
    (void)load(0, 3 * SECOND, STEP_US);
    cluster_run_for(&cluster, SECOND);
    (void)load(1, 2 * SECOND, STEP_US);
    unsigned moved = load(2, 10 * SECOND, STEP_US);
    ck_assert_msg(near(moved, 100, 12), "%u", moved);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(a_new_rate_holds_from_the_next_request_on)
{
    open_cluster(3, 2, 10);
    drain(0);
    (void)load(EVERYWHERE, 2 * SECOND, STEP_US);
    limit.rate = 200;
    limit.revision = 2;
    unsigned faster = load(EVERYWHERE, 10 * SECOND, STEP_US);
    ck_assert_msg(near(faster, 1000, 10), "%u", faster);
    limit.rate = 20;
    limit.revision = 3;
    (void)load(EVERYWHERE, SECOND, STEP_US);
    unsigned slower = load(EVERYWHERE, 10 * SECOND, STEP_US);
    ck_assert_msg(near(slower, 100, 10), "%u", slower);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(a_keeper_that_dies_takes_nothing_with_it)
{
    open_cluster(3, 2, 10);
    drain(0);
    (void)load(EVERYWHERE, 5 * SECOND, STEP_US);
    size_t dead = keeper();
    cluster_kill(&cluster, dead);
    unsigned first = load(EVERYWHERE, 2 * SECOND, STEP_US);
    ck_assert_msg(first >= 10 && first <= 60, "%u", first);
    unsigned steady = load(EVERYWHERE, 20 * SECOND, STEP_US);
    ck_assert_msg(near(steady, 200, 10), "%u", steady);
    cluster_start(&cluster, dead);
    (void)load(EVERYWHERE, 3 * SECOND, STEP_US);
    steady = load(EVERYWHERE, 20 * SECOND, STEP_US);
    ck_assert_msg(near(steady, 200, 10), "%u", steady);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(an_heir_knows_what_only_the_keeper_knew)
{
    for (size_t node = 0; node < 3; node++) {
        open_cluster(3, 2, 10);
        drain(node);
        (void)load((int)node, 3 * SECOND, STEP_US);
        cluster_kill(&cluster, node);
        unsigned next = load(EVERYWHERE, 10 * SECOND, STEP_US);
        ck_assert_msg(next >= 90 && next <= 140, "%u, node %zu", next, node);
        cluster_deinit(&cluster);
    }
}
END_TEST

START_TEST(a_burst_that_was_saved_survives_its_keeper)
{
    open_cluster(3, 1, 10);
    drain(0);
    for (int i = 0; i < 100; i++)
        (void)load(EVERYWHERE, SECOND, SECOND); /* 3 of 10 units each: 700 are saved */
    size_t dead = keeper();
    cluster_kill(&cluster, dead);
    unsigned burst = load(EVERYWHERE, 10 * SECOND, STEP_US);
    ck_assert_msg(near(burst, 800, 10), "%u", burst);
    cluster_deinit(&cluster);
}
END_TEST

static bool leases_are_lost;

static bool loses_leases(struct cluster *in, const struct cluster_frame *frame)
{
    (void)in;
    enum frame_type type = cluster_frame_type(frame);
    return leases_are_lost && (type == FRAME_LEASE || type == FRAME_LEASE_REPLY);
}

START_TEST(a_keeper_that_hangs_leaves_each_shard_its_share)
{
    open_cluster(3, 2, 60);
    drain(0);
    (void)load(EVERYWHERE, 3 * SECOND, STEP_US);
    cluster.loses = loses_leases;
    leases_are_lost = true;
    (void)load(EVERYWHERE, 2 * SECOND, STEP_US);
    unsigned all = load(EVERYWHERE, 10 * SECOND, STEP_US);
    ck_assert_msg(near(all, 600, 10), "%u", all);
    unsigned one = load(0, 10 * SECOND, STEP_US);
    ck_assert_msg(near(one, 200, 20), "%u", one);
    leases_are_lost = false;
    (void)load(0, SECOND, STEP_US);
    one = load(0, 10 * SECOND, STEP_US);
    ck_assert_msg(near(one, 600, 10), "%u", one);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(repeated_and_late_frames_change_little)
{
    open_cluster(3, 2, 10);
    drain(0);
    cluster.loses = loses_leases;
    unsigned admitted = 0;
    (void)load(EVERYWHERE, SECOND, STEP_US);
    for (int i = 0; i < 200; i++) {
        leases_are_lost = i % 4 == 0;
        admitted += load(EVERYWHERE, SECOND / 10, STEP_US);
    }
    ck_assert_msg(admitted >= 120 && admitted <= 240, "%u", admitted);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(nothing_is_kept_of_a_table_that_rests)
{
    struct node_stats stats;
    open_cluster(3, 2, 10);
    (void)load(EVERYWHERE, SECOND, STEP_US);
    cluster_run_for(&cluster, UINT64_C(400) * SECOND);
    for (size_t node = 0; node < 3; node++) {
        ck_assert_uint_eq(buckets(node), 0);
        node_stats(shard_of(node, 0), &stats);
        ck_assert_uint_eq(stats.leases, 0);
        node_check(shard_of(node, 0));
    }
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(a_dropped_table_has_no_leases)
{
    struct node_stats stats;
    open_cluster(1, 1, 10);
    ck_assert(admit(0, 0));
    node_drop_table(shard_of(0, 0), cluster_clock(&cluster, 0), CLUSTER_TABLE);
    node_stats(shard_of(0, 0), &stats);
    ck_assert_uint_eq(stats.leases, 0);
    cluster_run_for(&cluster, SECOND);
    cluster_deinit(&cluster);
}
END_TEST

static struct prng prng;

static bool loses_some(struct cluster *in, const struct cluster_frame *frame)
{
    enum frame_type type = cluster_frame_type(frame);
    return loses_leases(in, frame) ||
           ((type == FRAME_LEASE || type == FRAME_LEASE_REPLY) && prng_below(&prng, 10) == 0);
}

static uint64_t delays_some(struct cluster *in, const struct cluster_frame *frame)
{
    (void)in;
    (void)frame;
    return 100 + (prng_below(&prng, 20) == 0 ? prng_below(&prng, 800000) : 0);
}

/* Kills a node, starts those that are down, or has a keeper fall silent; for a second. */
static void disturb(void)
{
    size_t node = (size_t)prng_below(&prng, cluster.count);
    leases_are_lost = prng_below(&prng, 8) == 0;
    if (shard_of(node, 0) == NULL)
        cluster_start(&cluster, node);
    else if (prng_below(&prng, 8) == 0)
        cluster_kill(&cluster, node);
}

static bool all_down(void)
{
    bool down = true;
    for (size_t node = 0; node < cluster.count; node++)
        down &= shard_of(node, 0) == NULL;
    return down;
}

/* A table may get its rate all the time, one store at first, and another whenever nobody is left who
 * knows of it. */
START_TEST(no_mix_of_faults_opens_or_shuts_a_table)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        unsigned forgotten = 0, admitted = 0;
        prng_init(&prng, seed);
        open_cluster(3, 2, 10);
        cluster.loses = loses_some;
        cluster.delays = delays_some;
        for (int i = 0; i < 200; i++) {
            disturb();
            forgotten += all_down();
            admitted += load(EVERYWHERE, SECOND, 5 * STEP_US);
        }
        for (size_t node = 0; node < cluster.count; node++) {
            if (shard_of(node, 0) == NULL)
                cluster_start(&cluster, node);
        }
        cluster.loses = NULL;
        cluster.delays = NULL;
        leases_are_lost = false;
        ck_assert_msg(admitted >= 4000 && admitted <= 5200 + 3000 * (forgotten + 1), "%u, seed %d",
                      admitted, (int)seed);
        (void)load(EVERYWHERE, 310 * (uint64_t)SECOND, 10 * STEP_US);
        unsigned steady = load(EVERYWHERE, 10 * SECOND, STEP_US);
        ck_assert_msg(near(steady, 100, 12), "%u, seed %d", steady, (int)seed);
        cluster_deinit(&cluster);
    }
}
END_TEST

static unsigned questions;

static void count_questions(struct cluster *in, const struct cluster_frame *frame)
{
    (void)in;
    questions += cluster_frame_type(frame) == FRAME_LEASE;
}

START_TEST(what_is_plenty_is_asked_for_seldom)
{
    open_cluster(3, 1, 100000);
    (void)load(0, SECOND, 200);
    cluster.watch = count_questions;
    ck_assert_uint_eq(load(0, SECOND, 200), 5000);
    ck_assert_msg(questions <= 12, "%u", questions);
    cluster_deinit(&cluster);
}
END_TEST

TEST_MAIN("throughput", a_burst_is_served_at_once_and_then_the_rate,
          the_rate_holds_wherever_the_load_comes, what_is_below_the_rate_is_never_refused,
          reads_and_writes_are_apart, what_turns_out_larger_is_charged_all_the_same,
          what_was_not_consumed_is_given_back, load_that_moves_finds_what_is_left,
          a_new_rate_holds_from_the_next_request_on, a_keeper_that_dies_takes_nothing_with_it,
          an_heir_knows_what_only_the_keeper_knew, a_burst_that_was_saved_survives_its_keeper,
          a_keeper_that_hangs_leaves_each_shard_its_share, repeated_and_late_frames_change_little,
          nothing_is_kept_of_a_table_that_rests, a_dropped_table_has_no_leases,
          no_mix_of_faults_opens_or_shuts_a_table, what_is_plenty_is_asked_for_seldom)
