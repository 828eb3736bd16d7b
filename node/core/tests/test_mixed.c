/* Plain writes that some home nodes took and others did not: each of the three ways out, and
 * consistent reads of what only a minority holds. */
#include <string.h>

#include "test_main.h"
#include "writes.h"

enum { SETTLED_WITHIN_US = 15000000 };

/* Frames of a type from one node to some (by bits) are lost. */
struct cut {
    enum frame_type type;
    size_t from;
    unsigned to;
};

enum { CUTS_MAX = 4 };
static struct cut cuts[CUTS_MAX];
static size_t cuts_count;

static bool cut_off(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    for (size_t i = 0; i < cuts_count; i++) {
        if (frame->from == cuts[i].from && (cuts[i].to >> frame->to & 1) != 0 &&
            cluster_frame_type(frame) == cuts[i].type)
            return true;
    }
    return false;
}

static void cut(enum frame_type type, size_t from, unsigned to)
{
    ck_assert_uint_lt(cuts_count, CUTS_MAX);
    cuts[cuts_count++] = (struct cut){type, from, to};
    cluster.loses = cut_off;
}

static unsigned prepares; /* by the primary */

static void count_prepares(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    prepares +=
        frame->from == cluster_home(&cluster, "k", 0) && cluster_frame_type(frame) == FRAME_PREPARE;
}

static void mend(void)
{
    cuts_count = 0;
    cluster.loses = NULL;
}

/* Home nodes of "k": the primary, and two others. */
static size_t first, second, third;

static void set_out(void)
{
    mend();
    first = cluster_home(&cluster, "k", 0);
    second = cluster_home(&cluster, "k", 1);
    third = cluster_home(&cluster, "k", 2);
    ck_assert_int_eq(run(first, "k", "old", NULL), OUTCOME_OK);
    cluster_run_for(&cluster, 200000);
    check_text("k", "old");
    prepares = 0;
    cluster.watch = count_prepares;
}

static struct cluster_request write;

static void write_begin(const char *text)
{
    write_init(&write, "k", text, NULL);
    cluster_submit(&cluster, first, cluster_home_shard(&cluster, "k"), &write);
}

static enum outcome write_end(void)
{
    for (int i = 0; i < 12000 && write.answers == 0; i++)
        cluster_run_for(&cluster, 1000);
    ck_assert_uint_eq(write.answers, 1);
    enum outcome outcome = write.request.outcome;
    cluster_request_deinit(&write);
    return outcome;
}

static void check_ended(const char *text)
{
    mend();
    check_text("k", text);
    cluster_run_for(&cluster, SETTLED_WITHIN_US);
    check_text("k", text);
    check_settled("k");
}

/* The primary took it, one never got it, one has promised something higher. The round that follows
 * sees the primary's. */
static void found_as_the_state(void)
{
    set_out();
    plant_promise(second, third, "k", stamp_ahead(second, 5000));
    cut(FRAME_WRITE, first, 1U << second);
    write_begin("new");
    ck_assert_int_eq(write_end(), OUTCOME_OK);
    ck_assert_uint_gt(prepares, 0);
    check_ended("new");
}

START_TEST(what_a_round_finds_on_a_minority_is_finished)
{
    with_nodes(3, found_as_the_state);
}
END_TEST

/* The answer got lost, and somebody else has built on what was written. */
static void found_in_the_lineage(void)
{
    set_out();
    cut(FRAME_WRITE_REPLY, second, 1U << first);
    cut(FRAME_WRITE_REPLY, third, 1U << first);
    write_begin("new");
    cluster_run_for(&cluster, 10000);
    ck_assert_uint_eq(write.answers, 0);
    lose_sight(second, first);
    ck_assert_int_eq(run(second, "k", "", "append:er"), OUTCOME_OK);
    ck_assert_int_eq(run(second, "k", "", "append:!"), OUTCOME_OK);
    ck_assert_uint_eq(write.answers, 0);
    mend();
    ck_assert_int_eq(write_end(), OUTCOME_OK);
    ck_assert_uint_gt(prepares, 0);
    regain_sight(second, first);
    check_ended("newer!");
}

START_TEST(what_others_built_upon_has_happened)
{
    with_nodes(3, found_in_the_lineage);
}
END_TEST

/* Two refuse it for a promise, and whether the third took it nobody can tell: it did not, by what
 * the round finds, so it is written under the round's ballot. */
static void never_happened(void)
{
    set_out();
    plant_promise(third, second, "k", stamp_ahead(second, 5000));
    plant_promise(second, third, "k", stamp_ahead(second, 5000));
    cut(FRAME_WRITE, first, 1U << first);
    write_begin("new");
    ck_assert_int_eq(write_end(), OUTCOME_OK);
    ck_assert_uint_gt(prepares, 0);
    check_ended("new");
}

START_TEST(what_certainly_never_happened_is_written_by_the_round)
{
    with_nodes(3, never_happened);
}
END_TEST

/* The same, but the first took it and is not heard by the round: what it holds is superseded by the
 * same write. */
static void taken_but_not_seen(void)
{
    set_out();
    plant_promise(third, second, "k", stamp_ahead(second, 5000));
    plant_promise(second, third, "k", stamp_ahead(second, 5000));
    cut(FRAME_WRITE_REPLY, first, 1U << first);
    cut(FRAME_PREPARE, first, 1U << first);
    write_begin("new");
    ck_assert_int_eq(write_end(), OUTCOME_OK);
    ck_assert_uint_gt(prepares, 0);
    check_ended("new");
}

START_TEST(a_minority_that_the_round_does_not_see_cannot_harm)
{
    with_nodes(3, taken_but_not_seen);
}
END_TEST

/* Somebody else's state is found that was computed from what was there before: its lineage reaches
 * below the write and does not name it. */
static void never_happened_by_its_lineage(void)
{
    set_out();
    ck_assert_int_eq(run(second, "k", "", "append:er"), OUTCOME_OK);
    cut(FRAME_WRITE, first, 1U << second | 1U << third);
    write_begin("new");
    cluster_run_for(&cluster, 10000);
    lose_sight(second, first);
    ck_assert_int_eq(run(second, "k", "", "append:!"), OUTCOME_OK);
    ck_assert_str_eq(text_at(second, "k"), "older!");
    mend();
    ck_assert_int_eq(write_end(), OUTCOME_OK);
    regain_sight(second, first);
    check_ended("new");
}

START_TEST(a_lineage_proves_that_a_write_never_happened)
{
    with_nodes(3, never_happened_by_its_lineage);
}
END_TEST

/* Somebody else wrote blindly above it: whether it happened before cannot be told any more. */
static void buried(void)
{
    set_out();
    cut(FRAME_WRITE, first, 1U << second | 1U << third);
    write_begin("new");
    cluster_run_for(&cluster, 10000);
    lose_sight(second, first);
    ck_assert_int_eq(run(second, "k", "other", NULL), OUTCOME_OK);
    mend();
    ck_assert_int_eq(write_end(), OUTCOME_UNKNOWN);
    regain_sight(second, first);
    check_ended("other");
}

START_TEST(what_a_plain_write_buried_is_unknown)
{
    with_nodes(3, buried);
}
END_TEST

/* Nobody can be asked to settle it before its time is up. */
static void nobody_answers(void)
{
    set_out();
    cut(FRAME_WRITE, first, 1U << second | 1U << third);
    cut(FRAME_PREPARE, first, 1U << second | 1U << third);
    write_begin("new");
    ck_assert_int_eq(write_end(), OUTCOME_UNKNOWN);
    mend();
    cluster_run_for(&cluster, SETTLED_WITHIN_US);
    ck_assert_str_eq(text_at(second, "k"), text_at(third, "k"));
}

START_TEST(what_cannot_be_settled_in_time_is_unknown)
{
    with_nodes(3, nobody_answers);
}
END_TEST

/* A write that its coordinator left on one node: a consistent read that sees it shows it, and from
 * then on everybody does. */
static void left_on_one(void)
{
    set_out();
    cut(FRAME_WRITE, first, 1U << second | 1U << third);
    cut(FRAME_PREPARE, first, 7);
    cut(FRAME_HINT, first, 7);
    write_begin("new");
    cluster_run_for(&cluster, 1500000);
    ck_assert_str_eq(text_at(first, "k"), "new");
    check_text("k", "new");
    (void)write_end();
    check_ended("new");
}

START_TEST(a_consistent_read_writes_back_what_it_shows)
{
    with_nodes(3, left_on_one);
}
END_TEST

/* The same behind promises: the read has to settle. */
static void left_on_one_behind_promises(void)
{
    set_out();
    cut(FRAME_WRITE, first, 1U << second | 1U << third);
    cut(FRAME_PREPARE, first, 1U << second | 1U << third);
    cut(FRAME_HINT, first, 7);
    write_begin("new");
    cluster_run_for(&cluster, 1500000);
    plant_promise(third, second, "k", stamp_ahead(second, 5000));
    plant_promise(second, third, "k", stamp_ahead(second, 5000));
    mend();
    ck_assert_str_eq(text_at(first, "k"), "new");
    check_text("k", "new");
    ck_assert_int_eq(write_end(), OUTCOME_OK);
    check_ended("new");
}

START_TEST(a_consistent_read_settles_what_promises_stop)
{
    with_nodes(3, left_on_one_behind_promises);
}
END_TEST

static struct cluster_request wide;

/* W = 3 beside conditional writes of another coordinator: beyond a majority a refusal by something
 * newer counts. */
static void all_must_take(void)
{
    set_out();
    lose_sight(second, first);
    for (unsigned i = 0; i < 20; i++) {
        write_init(&wide, "k", "wide", NULL);
        wide.request.quorum.w = 3;
        cluster_submit(&cluster, first, cluster_home_shard(&cluster, "k"), &wide);
        ck_assert_int_eq(run(second, "k", "", "append:+"), OUTCOME_OK);
        for (int j = 0; j < 12000 && wide.answers == 0; j++)
            cluster_run_for(&cluster, 1000);
        ck_assert_uint_eq(wide.answers, 1);
        ck_assert(wide.request.outcome == OUTCOME_OK || wide.request.outcome == OUTCOME_UNKNOWN);
        cluster_request_deinit(&wide);
        const char *text = text_at(third, "k");
        ck_assert_msg(strcmp(text, "wide+") == 0 || strcmp(text, "wide") == 0 || i == 0, "%s",
                      text);
    }
    regain_sight(second, first);
    check_ended(text_at(first, "k"));
}

START_TEST(all_must_take_beside_conditional_writes)
{
    with_nodes(3, all_must_take);
}
END_TEST

/* One home node is down: W = 3 without stand-ins is refused before anything is sent. */
static void one_is_down(void)
{
    set_out();
    cluster_crash(&cluster, third);
    write_init(&wide, "k", "wide", NULL);
    wide.request.quorum.w = 3;
    ck_assert_int_eq(cluster_ask(&cluster, first, 0, &wide), OUTCOME_UNAVAILABLE);
    cluster_request_deinit(&wide);
    ck_assert_int_eq(run(first, "k", "", "append:er"), OUTCOME_OK);
    cluster_start(&cluster, third);
    check_ended("older");
}

START_TEST(all_must_take_and_one_is_down)
{
    with_nodes(3, one_is_down);
}
END_TEST

/* A hint counted, and its target has promised something higher meanwhile: it must end. */
static void hint_behind_a_promise(void)
{
    set_out();
    cluster_crash(&cluster, third);
    ck_assert_int_eq(run(first, "k", "new", NULL), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    cut(FRAME_REPAIR, first, 1U << third);
    cut(FRAME_REPAIR, second, 1U << third);
    cluster_start(&cluster, third);
    plant_promise(second, third, "k", stamp_ahead(second, 5000));
    mend();
    cluster_run_for(&cluster, SETTLED_WITHIN_US);
    check_settled("k");
    check_text("k", "new");
    for (size_t i = 0; i < 3; i++)
        ck_assert(node_quiet(cluster.nodes[i].shard[0]));
}

START_TEST(a_hint_behind_a_promise_is_settled)
{
    with_nodes(3, hint_behind_a_promise);
}
END_TEST

/* Only stand-ins have it, and all home nodes have promised something higher: nobody's round sees it
 * among them, and still the hints must come to their end. */
static void hints_alone_behind_promises(void)
{
    cluster_set_replicas(&cluster, 3);
    set_out();
    size_t fourth = cluster_home(&cluster, "k", 3);
    for (size_t rank = 0; rank < 3; rank++)
        lose_sight(fourth, cluster_home(&cluster, "k", rank));
    write_init(&wide, "k", "new", NULL);
    wide.request.quorum.sloppy = true;
    ck_assert_int_eq(cluster_ask(&cluster, fourth, cluster_home_shard(&cluster, "k"), &wide),
                     OUTCOME_OK);
    ck_assert(wide.request.sloppy);
    cluster_request_deinit(&wide);
    for (size_t rank = 0; rank < 3; rank++)
        plant_promise(first, cluster_home(&cluster, "k", rank), "k", stamp_ahead(first, 5000));
    for (size_t rank = 0; rank < 3; rank++)
        regain_sight(fourth, cluster_home(&cluster, "k", rank));
    cluster_run_for(&cluster, 2 * SETTLED_WITHIN_US);
    check_settled("k");
    for (size_t i = 0; i < 5; i++)
        ck_assert(node_quiet(cluster.nodes[i].shard[0]));
    check_text("k", "new");
}

START_TEST(hints_that_no_home_node_holds_end_too)
{
    with_nodes(5, hints_alone_behind_promises);
}
END_TEST

/* Its clock's ceiling cannot be raised any more, so that it can stamp nothing. */
static void fill_primary(void)
{
    size_t primary = cluster_home(&cluster, "k", 0);
    ck_assert_int_eq(run(0, "k", "1", NULL), OUTCOME_OK);
    memory_store_set_no_space(cluster.nodes[primary].disk, true);
    cluster_run_for(&cluster, 1000000);
    for (size_t node = 0; node < 3; node++) {
        ck_assert_int_eq(run(node, "k", "1", NULL), OUTCOME_OK);
        ck_assert_int_eq(run(node, "k", "", "add:5"), OUTCOME_OK);
    }
    check_text("k", "6");
    for (size_t rank = 1; rank < 3; rank++)
        memory_store_set_no_space(cluster.nodes[cluster_home(&cluster, "k", rank)].disk, true);
    cluster_run_for(&cluster, 1000000);
    ck_assert_int_eq(run(0, "k", "1", NULL), OUTCOME_NO_SPACE);
    ck_assert_int_eq(run(1, "k", "", "add:5"), OUTCOME_NO_SPACE);
}

START_TEST(a_full_primary_hands_its_writes_on)
{
    with_nodes(3, fill_primary);
}
END_TEST

TEST_MAIN("mixed", what_a_round_finds_on_a_minority_is_finished,
          what_others_built_upon_has_happened,
          what_certainly_never_happened_is_written_by_the_round,
          a_minority_that_the_round_does_not_see_cannot_harm,
          a_lineage_proves_that_a_write_never_happened, what_a_plain_write_buried_is_unknown,
          what_cannot_be_settled_in_time_is_unknown, a_consistent_read_writes_back_what_it_shows,
          a_consistent_read_settles_what_promises_stop, all_must_take_beside_conditional_writes,
          all_must_take_and_one_is_down, a_hint_behind_a_promise_is_settled,
          hints_that_no_home_node_holds_end_too, a_full_primary_hands_its_writes_on)
