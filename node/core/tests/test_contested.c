/* Conditional writes whose coordinator dies at any point, or has a rival: others finish or cover
 * what it left, and what nobody asks for is settled too. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"
#include "writes.h"

/* The coordinator falls silent after so many frames of its votes (PREPARE, ACCEPT, COMMIT, REPAIR);
 * those to itself count, too. */
static size_t silent_node;
static unsigned silent_after;
static unsigned voted;

static unsigned audience; /* bits: which nodes hear its ACCEPTs; all, as a rule */

static bool is_vote(enum frame_type type)
{
    return type == FRAME_PREPARE || type == FRAME_ACCEPT || type == FRAME_COMMIT ||
           type == FRAME_REPAIR;
}

static bool falls_silent(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    if (frame->from != silent_node)
        return false;
    enum frame_type type = cluster_frame_type(frame);
    if (voted >= silent_after)
        return true;
    voted += is_vote(type);
    return type == FRAME_ACCEPT && (audience >> frame->to & 1) == 0;
}

/* What one write came to. */
struct victim {
    struct cluster_request write;
    size_t node;
    enum outcome outcome;
};

static struct victim victim;

/* The item has 1; its primary begins to add 10 and dies after so many votes. False if it would have
 * sent fewer. */
static bool die_after(unsigned votes)
{
    victim.node = cluster_home(&cluster, "k", 0);
    ck_assert_int_eq(run(0, "k", "", "add:1"), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    check_settled("k");
    silent_node = victim.node;
    silent_after = votes;
    voted = 0;
    cluster.loses = falls_silent;
    write_init(&victim.write, "k", "", "add:10");
    cluster_submit(&cluster, victim.node, cluster_home_shard(&cluster, "k"), &victim.write);
    cluster_run_for(&cluster, 50000);
    bool cut = voted == silent_after;
    cluster_crash(&cluster, victim.node);
    cluster.loses = NULL;
    ck_assert_uint_eq(victim.write.answers, 1);
    victim.outcome = victim.write.request.outcome;
    cluster_request_deinit(&victim.write);
    return cut;
}

static void victim_returns(void)
{
    cluster_start(&cluster, victim.node);
    settle_in_time("k");
}

/* With what was added by others, the victim's 10 is there or not, as it was answered. */
static void check_sum(const char *text, long others)
{
    long sum = atol(text);
    ck_assert_msg(sum == others || sum == others + 10, "%ld", sum);
    if (victim.outcome == OUTCOME_OK)
        ck_assert_int_eq(sum, others + 10);
    if (victim.outcome == OUTCOME_UNAVAILABLE)
        ck_assert_int_eq(sum, others);
}

/* What was shown stays; but as long as the victim's write is pending, which it is if nothing was
 * shown of it, it may still happen, once. The last home nodes are asked first: who saw something is
 * among the first. */
static void check_text_stays(const char *text)
{
    long least = atol(text);
    for (int later = 0; later < 2; later++) {
        for (size_t rank = cluster.count; rank-- > 0;) {
            size_t i = cluster_home(&cluster, "k", rank);
            if (cluster.nodes[i].shard[0] == NULL)
                continue;
            long sum = atol(text_at(i, "k"));
            ck_assert_int_ge(sum, least);
            ck_assert(sum == 1 || sum == 11);
            least = sum;
        }
        settle_in_time("k");
    }
}

static size_t survivor(void)
{
    return cluster_home(&cluster, "k", 1);
}

/* Any number of votes, until the write does not need more. */
static void at_every_point(void (*story)(void))
{
    bool seen_unknown = false, seen_done = false;
    audience = UINT_MAX;
    for (size_t nodes = 3; nodes <= CLUSTER_NODES_MAX; nodes += 2) {
        bool cut = true;
        for (unsigned votes = 0; cut && votes < 60; votes++) {
            cluster_init(&cluster, nodes, (uint16_t)(1 + votes % 2));
            cluster_set_replicas(&cluster, (uint8_t)nodes);
            cut = die_after(votes);
            story();
            seen_unknown |= victim.outcome == OUTCOME_UNKNOWN;
            seen_done |= victim.outcome == OUTCOME_OK;
            cluster_deinit(&cluster);
        }
        ck_assert_msg(!cut, "the write never ended");
    }
    ck_assert(seen_unknown);
    ck_assert(seen_done);
}

/* The same, where any set of the home nodes hears its ACCEPT, and nobody any more. */
static void for_every_audience(void (*story)(void))
{
    for (size_t nodes = 3; nodes <= CLUSTER_NODES_MAX; nodes += 2) {
        for (audience = 0; audience < 1U << nodes; audience++) {
            cluster_init(&cluster, nodes, (uint16_t)(1 + audience % 2));
            cluster_set_replicas(&cluster, (uint8_t)nodes);
            (void)die_after(UINT_MAX);
            story();
            cluster_deinit(&cluster);
        }
    }
}

static void somebody_writes(void)
{
    ck_assert_int_eq(run(survivor(), "k", "", "add:100"), OUTCOME_OK);
    char text[64];
    snprintf(text, sizeof(text), "%s", text_at(survivor(), "k"));
    check_sum(text, 101);
    victim_returns();
    check_text("k", text);
}

START_TEST(the_next_write_finishes_or_covers_what_was_left)
{
    at_every_point(somebody_writes);
    for_every_audience(somebody_writes);
}
END_TEST

static void somebody_writes_blindly(void)
{
    ck_assert_int_eq(run(survivor(), "k", "blind", NULL), OUTCOME_OK);
    check_text("k", "blind");
    victim_returns();
    check_text("k", "blind");
}

START_TEST(the_next_plain_write_covers_what_was_left)
{
    at_every_point(somebody_writes_blindly);
    for_every_audience(somebody_writes_blindly);
}
END_TEST

static bool loses_repairs(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    return cluster_frame_type(frame) == FRAME_REPAIR;
}

/* What it was judged on must be on a majority by then, not only on its way. */
static void somebody_fails(void)
{
    struct cluster_request write;
    char text[64];
    cluster.loses = loses_repairs;
    write_init(&write, "k", "", "if:nothing");
    write.request.want = WANT_FAILED;
    ck_assert_int_eq(cluster_ask(&cluster, survivor(), 0, &write), OUTCOME_PRECONDITION_FAILED);
    snprintf(text, sizeof(text), "%s", cluster_text(write.request.result));
    cluster_request_deinit(&write);
    cluster.loses = NULL;
    check_sum(text, 1);
    check_text_stays(text);
}

START_TEST(a_failed_condition_was_judged_on_what_stays)
{
    at_every_point(somebody_fails);
    for_every_audience(somebody_fails);
}
END_TEST

static void somebody_reads(void)
{
    char text[64];
    snprintf(text, sizeof(text), "%s", text_at(survivor(), "k"));
    check_sum(text, 1);
    check_text_stays(text);
}

START_TEST(a_consistent_read_settles_what_was_left)
{
    at_every_point(somebody_reads);
    for_every_audience(somebody_reads);
}
END_TEST

/* No request for the key comes any more: home nodes settle it among themselves. */
static void nobody_asks(void)
{
    settle_in_time("k");
    char text[64];
    snprintf(text, sizeof(text), "%s", text_at(survivor(), "k"));
    check_sum(text, 1);
    victim_returns();
    check_text("k", text_at(survivor(), "k"));
    if (atol(text) == 11)
        check_text("k", "11");
}

START_TEST(a_register_left_alone_is_settled)
{
    at_every_point(nobody_asks);
    for_every_audience(nobody_asks);
}
END_TEST

/* The coordinator is back before anybody has missed it, and asks for nothing. */
static void back_at_once(void)
{
    victim_returns();
    char text[64];
    snprintf(text, sizeof(text), "%s", text_at(survivor(), "k"));
    check_sum(text, 1);
    check_text("k", text);
}

START_TEST(a_row_that_any_home_node_holds_is_settled)
{
    at_every_point(back_at_once);
    for_every_audience(back_at_once);
}
END_TEST

/* All fail at once, and come back. */
static void all_die(void)
{
    for (size_t i = 0; i < cluster.count; i++) {
        if (i != victim.node)
            cluster_crash(&cluster, i);
    }
    for (size_t i = 0; i < cluster.count; i++)
        cluster_start(&cluster, i);
    settle_in_time("k");
    char text[64];
    snprintf(text, sizeof(text), "%s", text_at(0, "k"));
    check_sum(text, 1);
}

START_TEST(what_was_left_is_found_again_after_a_start)
{
    at_every_point(all_die);
    for_every_audience(all_die);
}
END_TEST

static size_t slow_to;

static uint64_t slow_promises(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    bool promise = frame->to == slow_to && cluster_frame_type(frame) == FRAME_PREPARE_REPLY;
    return promise ? 20000 : 100;
}

/* A round has its promises, but they are on their way; meanwhile somebody else writes. Who comes now
 * must not be judged on what those promises told. */
static void comes_late(const char *program, enum outcome outcome, const char *text)
{
    struct cluster_request early, late;
    uint16_t shard = cluster_home_shard(&cluster, "k");
    size_t other = cluster_home(&cluster, "k", 1);
    slow_to = cluster_home(&cluster, "k", 0);
    ck_assert_int_eq(run(slow_to, "k", "a", NULL), OUTCOME_OK);
    lose_sight(other, slow_to);
    cluster.delays = slow_promises;
    write_init(&early, "k", "", "if:nothing");
    cluster_submit(&cluster, slow_to, shard, &early);
    cluster_run_for(&cluster, 5000);
    ck_assert_int_eq(run(other, "k", "", "append:b"), OUTCOME_OK);
    ck_assert_uint_eq(early.answers, 0);
    write_init(&late, "k", "", program);
    late.request.want = WANT_FAILED;
    ck_assert_int_eq(cluster_ask(&cluster, slow_to, shard, &late), outcome);
    if (outcome != OUTCOME_OK)
        ck_assert_str_eq(cluster_text(late.request.result), "ab");
    ck_assert_uint_eq(early.answers, 1);
    ck_assert_int_eq(early.request.outcome, OUTCOME_PRECONDITION_FAILED);
    cluster_request_deinit(&early);
    cluster_request_deinit(&late);
    regain_sight(other, slow_to);
    cluster.delays = NULL;
    settle_in_time("k");
    check_text("k", text);
}

static void late_and_false(void)
{
    comes_late("if:a", OUTCOME_PRECONDITION_FAILED, "ab");
}

static void late_and_true(void)
{
    comes_late("if:ab", OUTCOME_OK, "");
}

START_TEST(who_comes_late_is_not_judged_on_the_past)
{
    with_nodes(3, late_and_false);
    with_nodes(3, late_and_true);
    with_nodes(5, late_and_false);
    with_nodes(5, late_and_true);
}
END_TEST

static size_t rival;

static uint64_t slow_accepts(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    bool accept = frame->from == rival && cluster_frame_type(frame) == FRAME_ACCEPT;
    return accept ? 50000 : 100;
}

/* One node has accepted a row that a rival does not know of, who has a majority's promises. A reader
 * who sees that row must not slip it past those promises. */
static void read_between(void)
{
    struct cluster_request first, second;
    uint16_t shard = cluster_home_shard(&cluster, "k");
    silent_node = cluster_home(&cluster, "k", 0);
    rival = cluster_home(&cluster, "k", 1);
    silent_after = UINT_MAX;
    audience = 1U << silent_node;
    ck_assert_int_eq(run(silent_node, "k", "1", NULL), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    cluster.loses = falls_silent;
    cluster.delays = slow_accepts;
    write_init(&first, "k", "", "add:10");
    cluster_submit(&cluster, silent_node, shard, &first);
    lose_sight(rival, silent_node);
    write_init(&second, "k", "", "add:100");
    cluster_submit(&cluster, rival, shard, &second);
    cluster_run_for(&cluster, 2000);
    ck_assert(cluster_undecided(&cluster, silent_node, "k"));
    audience = UINT_MAX;
    long seen = atol(text_at(silent_node, "k"));
    cluster_run_for(&cluster, 100000);
    long after = atol(text_at(cluster_home(&cluster, "k", 2), "k"));
    cluster_run_for(&cluster, 5000000);
    ck_assert_uint_eq(first.answers, 1);
    ck_assert_uint_eq(second.answers, 1);
    regain_sight(rival, silent_node);
    cluster.loses = NULL;
    cluster.delays = NULL;
    settle_in_time("k");
    long sum = atol(text_at(rival, "k"));
    ck_assert_int_eq(sum, 1 + (first.request.outcome == OUTCOME_OK ? 10 : 0) +
                              (second.request.outcome == OUTCOME_OK ? 100 : 0));
    bool lost = seen % 100 == 11 && after % 100 != 11;
    ck_assert_msg(!lost, "%ld was shown, and is lost in %ld", seen, after);
    ck_assert_msg(after >= seen && sum >= after, "%ld, %ld, %ld", seen, after, sum);
    cluster_request_deinit(&first);
    cluster_request_deinit(&second);
}

START_TEST(a_read_does_not_slip_a_row_past_promises)
{
    with_nodes(3, read_between);
}
END_TEST

/* Nodes that do not see the primary coordinate by themselves, all at once. */
static void everybody_coordinates(void)
{
    enum { WRITES = 40 };
    static struct cluster_request writes[WRITES];
    for (size_t i = 0; i < cluster.count; i++) {
        for (size_t other = 0; other < i; other++)
            lose_sight(i, other);
    }
    long least = 0, most = 0;
    for (unsigned i = 0; i < WRITES; i++) {
        write_init(&writes[i], "k", "", "add:1");
        size_t node = node_number(i);
        if (i % 8 == 7) {
            lose_sight(node, node_number(i + 1));
        } else if (i % 8 == 3) {
            for (size_t other = 0; other < cluster.count; other++) {
                if (other != node)
                    regain_sight(node, other);
            }
        }
        cluster_submit(&cluster, node, cluster_home_shard(&cluster, "k"), &writes[i]);
        cluster_run_for(&cluster, 100 * (i % 5));
    }
    cluster_run_for(&cluster, 11000000);
    for (unsigned i = 0; i < WRITES; i++) {
        ck_assert_uint_eq(writes[i].answers, 1);
        least += writes[i].request.outcome == OUTCOME_OK;
        most +=
            writes[i].request.outcome == OUTCOME_OK || writes[i].request.outcome == OUTCOME_UNKNOWN;
        cluster_request_deinit(&writes[i]);
    }
    for (size_t i = 0; i < cluster.count; i++) {
        for (size_t other = 0; other < cluster.count; other++) {
            if (other != i)
                regain_sight(i, other);
        }
    }
    settle_in_time("k");
    long sum = atol(text_at(0, "k"));
    ck_assert_msg(sum >= least && sum <= most, "%ld of %ld to %ld", sum, least, most);
    ck_assert_int_gt(least, 0);
    check_settled("k");
}

START_TEST(rivals_agree)
{
    with_nodes(3, everybody_coordinates);
    with_nodes(5, everybody_coordinates);
}
END_TEST

TEST_MAIN("contested", the_next_write_finishes_or_covers_what_was_left,
          the_next_plain_write_covers_what_was_left, a_failed_condition_was_judged_on_what_stays,
          a_consistent_read_settles_what_was_left, a_register_left_alone_is_settled,
          a_row_that_any_home_node_holds_is_settled, what_was_left_is_found_again_after_a_start,
          who_comes_late_is_not_judged_on_the_past, a_read_does_not_slip_a_row_past_promises,
          rivals_agree)
