/* What one gossip believes: the order of rumours, suspicion, refutation, strangers. */
#include <stdlib.h>

#include "gossip_net.h"
#include "test_main.h"

static struct gossip_net net;

enum { ABOUT = 1, TELLER = 2 };

/* SWIM's precedence, as gossip.h and the paper state it, written down once more. */
static bool outranks(enum member_status held, uint64_t held_incarnation, enum member_status said,
                     uint64_t said_incarnation)
{
    if (said == MEMBER_UNKNOWN)
        return false;
    if (held == MEMBER_UNKNOWN)
        return true;
    if (said_incarnation != held_incarnation)
        return said_incarnation > held_incarnation;
    switch (said) {
    case MEMBER_ALIVE:
        return false;
    case MEMBER_SUSPECT:
        return held == MEMBER_ALIVE;
    case MEMBER_DEAD:
        return held == MEMBER_ALIVE || held == MEMBER_SUSPECT;
    default:
        return held != MEMBER_LEFT;
    }
}

static void check_pair(enum member_status held, uint64_t held_incarnation, enum member_status said,
                       uint64_t said_incarnation)
{
    net_init(&net, 4, 1);
    net_meet(&net, 0, ABOUT);
    net_meet(&net, 0, TELLER);
    members_set_status(&net.nodes[0].members, ABOUT, held, held_incarnation);
    ck_assert(net_tell(&net, 0, TELLER, ABOUT, (uint32_t)said, said_incarnation));
    bool believed = outranks(held, held_incarnation, said, said_incarnation);
    const struct member *view = net_view(&net, 0, ABOUT);
    ck_assert_int_eq(view->status, believed ? said : held);
    ck_assert_uint_eq(view->incarnation, believed ? said_incarnation : held_incarnation);
    net_deinit(&net);
}

START_TEST(rumours_outrank_each_other_as_documented)
{
    for (int held = MEMBER_UNKNOWN; held <= MEMBER_LEFT; held++) {
        for (int said = MEMBER_UNKNOWN; said <= MEMBER_LEFT; said++) {
            for (uint64_t mine = 4; mine <= 6; mine++) {
                for (uint64_t theirs = 4; theirs <= 6; theirs++)
                    check_pair((enum member_status)held, mine, (enum member_status)said, theirs);
            }
        }
    }
}
END_TEST

/* How long after the first suspicion a member is given up, with `confirmations` more voices. */
static uint64_t suspicion_us(unsigned confirmations, bool same_voice)
{
    net_init(&net, 7, 1);
    for (size_t i = 1; i < 7; i++)
        net_meet(&net, 0, i);
    uint64_t start_us = net.now_us;
    uint64_t incarnation = net_view(&net, 0, ABOUT)->incarnation;
    for (unsigned i = 0; i <= confirmations; i++)
        ck_assert(net_tell(&net, 0, same_voice ? TELLER : TELLER + i, ABOUT, MEMBER_SUSPECT,
                           incarnation));
    ck_assert_int_eq(net_view(&net, 0, ABOUT)->status, MEMBER_SUSPECT);
    while (net_view(&net, 0, ABOUT)->status == MEMBER_SUSPECT)
        net_run_for(&net, 10000);
    ck_assert_int_eq(net_view(&net, 0, ABOUT)->status, MEMBER_DEAD);
    uint64_t length_us = net.now_us - start_us;
    net_deinit(&net);
    return length_us;
}

START_TEST(independent_confirmations_shorten_a_suspicion)
{
    uint64_t alone_us = suspicion_us(0, false);
    uint64_t last_us = alone_us;
    /* Defaults: at least 4 probe intervals, at first six times that. */
    ck_assert_uint_eq(alone_us, 24000000);
    for (unsigned voices = 1; voices <= CONFIRMATIONS_MAX; voices++) {
        uint64_t length_us = suspicion_us(voices, false);
        ck_assert_uint_lt(length_us, last_us);
        last_us = length_us;
    }
    ck_assert_uint_eq(last_us, 4000000);
    ck_assert_uint_eq(suspicion_us(CONFIRMATIONS_MAX + 1, false), last_us);
    ck_assert_uint_eq(suspicion_us(3, true), alone_us);
}
END_TEST

START_TEST(passing_a_suspicion_on_confirms_nothing)
{
    net_init(&net, 4, 1);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++)
            net_meet(&net, i, j);
    }
    net_start(&net, 0);
    net_start(&net, 3);
    uint64_t incarnation = net_view(&net, 0, ABOUT)->incarnation;
    ck_assert(net_tell(&net, 0, TELLER, ABOUT, MEMBER_SUSPECT, incarnation));
    net_run_for(&net, 900000);
    const struct gossip_peer *peer = net.nodes[3].gossip.peers[ABOUT];
    ck_assert_int_eq(net_view(&net, 3, ABOUT)->status, MEMBER_SUSPECT);
    ck_assert_uint_eq(peer->confirmations, 1);
    ck_assert_uint_eq(peer->confirmers[0], net_id(TELLER));
    net_deinit(&net);
}
END_TEST

START_TEST(a_suspicion_ends_with_the_incarnation_it_was_about)
{
    net_init(&net, 7, 1);
    net_meet(&net, 0, ABOUT);
    net_meet(&net, 0, TELLER);
    uint64_t incarnation = net_view(&net, 0, ABOUT)->incarnation;
    ck_assert(net_tell(&net, 0, TELLER, ABOUT, MEMBER_SUSPECT, incarnation));
    ck_assert(net_tell(&net, 0, ABOUT, ABOUT, MEMBER_ALIVE, incarnation + 1));
    net_run_for(&net, 60000000);
    ck_assert_int_eq(net_view(&net, 0, ABOUT)->status, MEMBER_ALIVE);
    /* The same when a handshake brings the news of a new life. */
    ck_assert(net_tell(&net, 0, TELLER, ABOUT, MEMBER_SUSPECT, incarnation + 1));
    gossip_on_link(&net.nodes[0].gossip, ABOUT, incarnation + 2);
    net_run_for(&net, 60000000);
    ck_assert_int_eq(net_view(&net, 0, ABOUT)->status, MEMBER_ALIVE);
    net_deinit(&net);
}
END_TEST

START_TEST(only_the_node_itself_says_that_it_lives)
{
    for (int said = MEMBER_SUSPECT; said <= MEMBER_LEFT; said++) {
        net_init(&net, 3, 1);
        net_meet(&net, 0, TELLER);
        uint64_t incarnation = net_view(&net, 0, 0)->incarnation;
        ck_assert(net_tell(&net, 0, TELLER, 0, (uint32_t)said, incarnation - 1));
        ck_assert_uint_eq(net_view(&net, 0, 0)->incarnation, incarnation);
        ck_assert(net_tell(&net, 0, TELLER, 0, (uint32_t)said, incarnation + 6));
        ck_assert_int_eq(net_view(&net, 0, 0)->status, MEMBER_ALIVE);
        ck_assert_uint_eq(net_view(&net, 0, 0)->incarnation, incarnation + 7);
        ck_assert(net_tell(&net, 0, TELLER, 0, MEMBER_ALIVE, incarnation + 99));
        ck_assert_uint_eq(net_view(&net, 0, 0)->incarnation, incarnation + 7);
        net_deinit(&net);
    }
}
END_TEST

START_TEST(who_left_does_not_refute_it)
{
    net_init(&net, 3, 1);
    net_meet(&net, 0, TELLER);
    gossip_leave(&net.nodes[0].gossip);
    uint64_t incarnation = net_view(&net, 0, 0)->incarnation;
    ck_assert(net_tell(&net, 0, TELLER, 0, MEMBER_DEAD, incarnation + 1));
    ck_assert_int_eq(net_view(&net, 0, 0)->status, MEMBER_LEFT);
    net_deinit(&net);
}
END_TEST

START_TEST(strangers_are_not_believed)
{
    net_init(&net, 3, 1);
    net_meet(&net, 0, ABOUT);
    ck_assert(net_tell_of(&net, 0, ABOUT, net_id(9), "nobody", MEMBER_ALIVE, 1));
    ck_assert_ptr_null(membership_find(&net.nodes[0].members, net_id(9)));
    ck_assert(net_tell_of(&net, 0, ABOUT, net_id(9), "n1", MEMBER_ALIVE, 1));
    ck_assert_uint_eq(net_view(&net, 0, 1)->id, net_id(1));
    ck_assert(net_tell_of(&net, 0, ABOUT, net_id(1), "n2", MEMBER_ALIVE, 1));
    ck_assert_uint_eq(net_view(&net, 0, 2)->id, NODE_ID_NONE);
    ck_assert(net_tell_of(&net, 0, ABOUT, net_id(0), "n2", MEMBER_DEAD, 1));
    ck_assert_uint_eq(net_view(&net, 0, 2)->id, NODE_ID_NONE);
    ck_assert(net_tell_of(&net, 0, ABOUT, net_id(2) + 1, "n2", MEMBER_ALIVE, 1));
    ck_assert_uint_eq(net_view(&net, 0, 2)->id, NODE_ID_NONE);
    ck_assert(!net_tell(&net, 0, ABOUT, 2, MEMBER_LEFT + 1, 1));
    ck_assert(!net_tell(&net, 0, ABOUT, 2, UINT32_MAX, 1));
    ck_assert_int_eq(net_view(&net, 0, 2)->status, MEMBER_UNKNOWN);
    net_deinit(&net);
}
END_TEST

TEST_MAIN("rumours", rumours_outrank_each_other_as_documented,
          independent_confirmations_shorten_a_suspicion, passing_a_suspicion_on_confirms_nothing,
          a_suspicion_ends_with_the_incarnation_it_was_about,
          only_the_node_itself_says_that_it_lives, who_left_does_not_refute_it,
          strangers_are_not_believed)
