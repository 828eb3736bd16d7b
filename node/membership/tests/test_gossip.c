/* Several gossips in a virtual network: who is found, who is missed, and who is not. */
#include <stdio.h>
#include <stdlib.h>

#include "gossip_net.h"
#include "planted.h"
#include "test_main.h"

static struct gossip_net net;

enum { SEEDS = 5 };

#define SECONDS(n) ((uint64_t)(n)*1000000)

/* Measured with five seeds each: 2 nodes 6 s, 3 to 6 nodes at most 10 s, 7 nodes at most 16 s. What
 * must hold is less. The longest that a silent death can go unnoticed by whoever probes it first:
 * two rounds of probes, the probe itself, and the suspicion's longest time (gossip_config). */
static uint64_t detection_bound_us(size_t nodes)
{
    uint64_t rounds = 2 * (nodes - 1) + 1;
    uint64_t suspicion = nodes < 3 ? 4 : 24;
    return SECONDS(rounds + suspicion + 1);
}

START_TEST(a_chain_of_acquaintances_becomes_a_cluster)
{
    for (size_t nodes = 2; nodes <= 7; nodes++) {
        net_init(&net, nodes, nodes);
        net.dialing = true;
        for (size_t i = 0; i < nodes; i++)
            net_start(&net, i);
        for (size_t i = 1; i < nodes; i++)
            net_meet(&net, i - 1, i);
        net_run_for(&net, SECONDS(5));
        for (size_t of = 0; of < nodes; of++)
            ck_assert_msg(net_all_see(&net, of, MEMBER_ALIVE), "node %zu of %zu", of, nodes);
        net_deinit(&net);
    }
}
END_TEST

START_TEST(a_quiet_cluster_stays_as_it_is)
{
    net_init(&net, 7, 1);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    uint64_t sent = net.frames_sent;
    for (int i = 0; i < 100; i++) {
        net_run_for(&net, SECONDS(1));
        for (size_t of = 0; of < 7; of++)
            ck_assert(net_all_see(&net, of, MEMBER_ALIVE));
    }
    /* A probe and its answer per node and second; a synchronization every 30 s. */
    ck_assert_uint_le(net.frames_sent - sent, 7 * (100 * 2 + 4 * 2) + 14);
    net_deinit(&net);
}
END_TEST

/* Seconds until all others give the last node up. */
static uint64_t death_noticed_after_us(size_t nodes, uint64_t seed)
{
    net_init(&net, nodes, seed);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    uint64_t died_us = net.now_us;
    net.nodes[nodes - 1].dead = true;
    while (!net_all_see(&net, nodes - 1, MEMBER_DEAD)) {
        net_run_for(&net, 100000);
        ck_assert_uint_le(net.now_us - died_us, detection_bound_us(nodes));
        for (size_t of = 0; of < nodes - 1; of++)
            ck_assert_msg(net_all_see(&net, of, MEMBER_ALIVE), "the living are not blamed");
    }
    uint64_t length_us = net.now_us - died_us;
    net_deinit(&net);
    return length_us;
}

START_TEST(a_death_is_noticed_in_time)
{
    for (size_t nodes = 2; nodes <= 7; nodes++) {
        uint64_t worst_us = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            uint64_t length_us = death_noticed_after_us(nodes, seed);
            worst_us = length_us > worst_us ? length_us : worst_us;
        }
        if (getenv("GOSSIP_FIGURES") != NULL)
            printf("%zu nodes: a death was noticed by all within %.1f s\n", nodes,
                   (double)worst_us / 1e6);
    }
}
END_TEST

START_TEST(one_dead_member_makes_nobody_doubt_himself)
{
    net_init(&net, 5, 3);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    net.nodes[4].dead = true;
    for (int second = 0; second < 60; second++) {
        net_run_for(&net, SECONDS(1));
        for (size_t i = 0; i < 4; i++)
            ck_assert_msg(net.nodes[i].gossip.awareness == 0,
                          "helpers answered node %zu, so the fault is not here", i);
    }
    net_deinit(&net);
}
END_TEST

START_TEST(the_dead_may_return)
{
    net_init(&net, 5, 4);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    net.nodes[2].dead = true;
    net_run_for(&net, SECONDS(60));
    ck_assert(net_all_see(&net, 2, MEMBER_DEAD));
    net.nodes[2].dead = false;
    net_run_for(&net, SECONDS(20));
    ck_assert_msg(net_all_see(&net, 2, MEMBER_ALIVE), "it is still probed, and refutes");
    net_deinit(&net);
}
END_TEST

START_TEST(a_false_rumour_is_refuted)
{
    net_init(&net, 5, 5);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    uint64_t incarnation = net_view(&net, 3, 3)->incarnation;
    ck_assert(net_tell(&net, 0, 1, 3, MEMBER_SUSPECT, incarnation));
    ck_assert_int_eq(net_view(&net, 0, 3)->status, MEMBER_SUSPECT);
    net_run_for(&net, SECONDS(3));
    ck_assert(net_all_see(&net, 3, MEMBER_ALIVE));
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(net_view(&net, i, 3)->incarnation, incarnation + 1);
    net_deinit(&net);
}
END_TEST

START_TEST(who_leaves_is_missed_at_once_and_not_called_dead)
{
    net_init(&net, 5, 6);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    gossip_leave(&net.nodes[1].gossip);
    net_run_for(&net, 10 * NET_LATENCY_US);
    ck_assert(net_all_see(&net, 1, MEMBER_LEFT));
    net.nodes[1].dead = true;
    for (int second = 0; second < 60; second++) {
        net_run_for(&net, SECONDS(1));
        ck_assert(net_all_see(&net, 1, MEMBER_LEFT));
    }
    net_deinit(&net);
}
END_TEST

/* One node hears everything late. Nobody is given up: neither that node, which refutes, nor the
 * others, which it learns not to blame. */
static void check_slow_node(uint64_t delay_us)
{
    unsigned blamed_late = 0;
    net_init(&net, 7, 7);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    net.nodes[6].delay_us = delay_us;
    for (int second = 0; second < 120; second++) {
        net_run_for(&net, SECONDS(1));
        for (size_t of = 0; of < 7; of++) {
            for (size_t by = 0; by < 7; by++) {
                ck_assert_int_ne(net_view(&net, by, of)->status, MEMBER_DEAD);
                bool blamed = by != 6 && of != 6 && net_view(&net, by, of)->status != MEMBER_ALIVE;
                blamed_late += blamed && second >= 30;
            }
        }
    }
    ck_assert_msg(blamed_late == 0, "delay %llu us: the healthy were suspect %u times",
                  (unsigned long long)delay_us, blamed_late);
    net_deinit(&net);
}

START_TEST(a_slow_node_gives_nobody_up_and_is_not_given_up)
{
    check_slow_node(300000);
    check_slow_node(700000);
    check_slow_node(1500000);
}
END_TEST

START_TEST(the_schema_version_spreads)
{
    net_init(&net, 7, 8);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    gossip_raise_schema_version(&net.nodes[3].gossip, 4711);
    gossip_raise_schema_version(&net.nodes[3].gossip, 4000);
    net_run_for(&net, SECONDS(3));
    for (size_t i = 0; i < 7; i++)
        ck_assert_uint_eq(net.nodes[i].gossip.schema_version, 4711);
    net_deinit(&net);
}
END_TEST

/* All link with whom they hear of. */
static size_t start_and_add(size_t nodes, uint64_t seed)
{
    net_init(&net, nodes, seed);
    net.dialing = true;
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    size_t added = net_add(&net);
    net_meet(&net, 0, added);
    return added;
}

START_TEST(who_is_added_is_found_and_probed)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        size_t added = start_and_add(4, seed);
        net_run_for(&net, SECONDS(5));
        ck_assert(net_all_see(&net, added, MEMBER_ALIVE));
        for (size_t i = 0; i < added; i++)
            ck_assert_int_eq(net_view(&net, added, i)->status, MEMBER_ALIVE);
        net.nodes[added].dead = true;
        net_run_for(&net, detection_bound_us(added + 1));
        ck_assert_msg(net_all_see(&net, added, MEMBER_DEAD), "seed %llu", (unsigned long long)seed);
        net_deinit(&net);
    }
}
END_TEST

START_TEST(who_is_removed_under_a_probe_is_let_go)
{
    net_init(&net, 3, 2);
    net_start_all(&net);
    net_run_for(&net, SECONDS(10));
    net.nodes[2].dead = true;
    while (net.nodes[0].gossip.probed != 2)
        net_run_for(&net, 10000);
    net_remove(&net, 0, 2);
    ck_assert_uint_eq(net.nodes[0].gossip.probed, MEMBERS_MAX);
    while (net_view(&net, 1, 2)->status != MEMBER_SUSPECT)
        net_run_for(&net, 10000);
    net_remove(&net, 1, 2);
    net_run_for(&net, SECONDS(60));
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(net_view(&net, i, 2)->status, MEMBER_REMOVED);
        ck_assert_int_eq(net_view(&net, i, 1 - i)->status, MEMBER_ALIVE);
        ck_assert_ptr_null(net.nodes[i].gossip.peers[2]);
        ck_assert_uint_eq(net.nodes[i].gossip.awareness, 0);
    }
    net_deinit(&net);
}
END_TEST

/* One member after the other learns of the removal; those that do not know yet go on gossiping with the
 * removed one, and it lives a new life meanwhile. */
static bool removal_holds(uint64_t seed)
{
    bool holds = true;
    size_t added = start_and_add(4, seed);
    net_run_for(&net, SECONDS(10));
    for (size_t by = 0; by < added; by++) {
        struct membership *own = &net.nodes[added].members;
        uint64_t incarnation = own->entries[added].member.incarnation;
        net_remove(&net, by, added);
        members_set_status(own, added, MEMBER_ALIVE, incarnation + (UINT64_C(1) << 32));
        net_run_for(&net, SECONDS(3));
        for (size_t i = 0; i <= by; i++)
            holds &= net_view(&net, i, added)->status == MEMBER_REMOVED;
    }
    net_run_for(&net, SECONDS(40));
    for (size_t i = 0; i < added; i++)
        holds &= net_view(&net, i, added)->status == MEMBER_REMOVED;
    net_deinit(&net);
    return holds;
}

START_TEST(gossip_does_not_bring_back_who_was_removed)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        ck_assert(removal_holds(seed));
}
END_TEST

#ifdef CARTWHEEL_TESTING
START_TEST(the_planted_bug_is_one)
{
    planted_bug = PLANTED_REMOVED_RETURNS;
    ck_assert(!removal_holds(1));
    planted_bug = PLANTED_NONE;
}
END_TEST
#else
START_TEST(the_planted_bug_is_one)
{
    ck_assert(!PLANTED(REMOVED_RETURNS));
}
END_TEST
#endif

TEST_MAIN("gossip", a_chain_of_acquaintances_becomes_a_cluster, a_quiet_cluster_stays_as_it_is,
          a_death_is_noticed_in_time, one_dead_member_makes_nobody_doubt_himself,
          the_dead_may_return, a_false_rumour_is_refuted,
          who_leaves_is_missed_at_once_and_not_called_dead,
          a_slow_node_gives_nobody_up_and_is_not_given_up, the_schema_version_spreads,
          who_is_added_is_found_and_probed, who_is_removed_under_a_probe_is_let_go,
          gossip_does_not_bring_back_who_was_removed, the_planted_bug_is_one)
