/* Conditional writes where all goes well, or too few nodes are up: what they are judged on, what
 * they answer, and what a crowd of them costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"
#include "writes.h"

static void absent_then_versions(void)
{
    struct cluster_request first, second, third, fourth;
    write_init(&first, "k", "one", NULL);
    first.request.precondition = PRECONDITION_ABSENT;
    ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &first), OUTCOME_OK);
    ck_assert(!first.request.found);
    write_init(&second, "k", "two", NULL);
    second.request.precondition = PRECONDITION_ABSENT;
    second.request.want = WANT_FAILED;
    ck_assert_int_eq(cluster_ask(&cluster, node_number(1), 0, &second),
                     OUTCOME_PRECONDITION_FAILED);
    ck_assert(second.request.found);
    ck_assert(version_equal(second.request.version, first.request.version));
    ck_assert_str_eq(cluster_text(second.request.result), "one");
    write_init(&third, "k", "three", NULL);
    third.request.precondition = PRECONDITION_VERSION;
    third.request.expected = second.request.version;
    ck_assert_int_eq(cluster_ask(&cluster, node_number(2), 0, &third), OUTCOME_OK);
    ck_assert(version_compare(third.request.version, first.request.version) > 0);
    write_init(&fourth, "k", "four", NULL);
    fourth.request.precondition = PRECONDITION_VERSION;
    fourth.request.expected = first.request.version;
    ck_assert_int_eq(cluster_ask(&cluster, node_number(3), 0, &fourth),
                     OUTCOME_PRECONDITION_FAILED);
    ck_assert(version_equal(fourth.request.version, third.request.version));
    ck_assert_uint_eq(fourth.request.result.size, 0);
    check_text("k", "three");
    cluster_run_for(&cluster, 100000);
    check_settled("k");
    cluster_request_deinit(&first);
    cluster_request_deinit(&second);
    cluster_request_deinit(&third);
    cluster_request_deinit(&fourth);
}

START_TEST(preconditions_are_judged_on_the_newest_state)
{
    everywhere(absent_then_versions);
}
END_TEST

/* The version that a plain write and a read tell is one that a precondition can name. */
static void versions_of_plain_writes(void)
{
    struct cluster_request plain, read, guarded;
    write_init(&plain, "k", "plain", NULL);
    ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &plain), OUTCOME_OK);
    cluster_request_init(&read, REQUEST_READ, "k", 0);
    read.request.quorum = strict_quorum();
    ck_assert_int_eq(cluster_ask(&cluster, node_number(1), 0, &read), OUTCOME_OK);
    ck_assert(version_equal(read.request.version, plain.request.version));
    write_init(&guarded, "k", NULL, NULL);
    guarded.request.precondition = PRECONDITION_VERSION;
    guarded.request.expected = read.request.version;
    ck_assert_int_eq(cluster_ask(&cluster, node_number(2), 0, &guarded), OUTCOME_OK);
    check_text("k", "");
    ck_assert_int_eq(run(0, "k", "again", "if:"), OUTCOME_OK);
    check_text("k", "again");
    cluster_request_deinit(&plain);
    cluster_request_deinit(&read);
    cluster_request_deinit(&guarded);
}

START_TEST(a_version_read_can_be_demanded)
{
    everywhere(versions_of_plain_writes);
}
END_TEST

static void programs(void)
{
    ck_assert_int_eq(run(0, "n", "", "add:5"), OUTCOME_OK);
    ck_assert_int_eq(run(1, "n", "", "add:7"), OUTCOME_OK);
    check_text("n", "12");
    ck_assert_int_eq(run(2, "n", "0", "below:12"), OUTCOME_PRECONDITION_FAILED);
    check_text("n", "12");
    ck_assert_int_eq(run(3, "n", "0", "below:13"), OUTCOME_OK);
    check_text("n", "0");
    ck_assert_int_eq(run(4, "n", NULL, "if:1"), OUTCOME_PRECONDITION_FAILED);
    ck_assert_int_eq(run(0, "n", NULL, "if:0"), OUTCOME_OK);
    check_text("n", "");
    ck_assert_int_eq(run(1, "n", NULL, "if:"), OUTCOME_OK);
    ck_assert_int_eq(run(1, "n", "", "append:x"), OUTCOME_OK);
    check_text("n", "x");
    cluster_run_for(&cluster, 100000);
    check_settled("n");
}

START_TEST(programs_are_run_on_the_newest_state)
{
    everywhere(programs);
}
END_TEST

static void a_message_comes_back(void)
{
    struct cluster_request write;
    for (size_t node = 0; node < cluster.count; node++) {
        ck_assert_int_eq(run(0, "k", "stuck", NULL), OUTCOME_OK);
        write_init(&write, "k", "", "add:1");
        ck_assert_int_eq(cluster_ask(&cluster, node, 0, &write), OUTCOME_INVALID);
        ck_assert(slice_equal(write.request.result, SLICE_LITERAL("The item is stuck")));
        cluster_request_deinit(&write);
        write_init(&write, "k", "", "dance");
        ck_assert_int_eq(cluster_ask(&cluster, node, 0, &write), OUTCOME_INVALID);
        ck_assert(slice_equal(write.request.result, SLICE_LITERAL("No such program")));
        cluster_request_deinit(&write);
        check_text("k", "stuck");
    }
}

START_TEST(a_program_that_cannot_be_applied_says_why)
{
    everywhere(a_message_comes_back);
}
END_TEST

/* What one write asked for, and what it must get; NULL: nothing. */
struct wanted {
    const char *before; /* the item that is there; NULL: none */
    const char *text;   /* written; NULL: deleted */
    const char *program;
    const char *old;
    const char *new;
    const char *failed;
    enum outcome outcome;
};

static const char *text_or_null(struct slice item)
{
    return item.size == 0 ? NULL : cluster_text(item);
}

static void check_item(struct slice item, const char *text)
{
    const char *is = text_or_null(item);
    ck_assert_int_eq(is == NULL, text == NULL);
    if (is != NULL)
        ck_assert_str_eq(is, text);
}

static void check_wanted(const struct wanted *wanted, uint8_t want, size_t node)
{
    struct cluster_request write;
    ck_assert_int_eq(run(0, "k", wanted->before, NULL), OUTCOME_OK);
    write_init(&write, "k", wanted->text, wanted->program);
    write.request.want = want;
    ck_assert_int_eq(cluster_ask(&cluster, node, 0, &write), wanted->outcome);
    bool failed = wanted->outcome != OUTCOME_OK;
    bool conditional = wanted->program != NULL || (want & WANT_OLD) != 0;
    check_item(write.request.result, failed ? (want & WANT_FAILED) != 0 ? wanted->failed : NULL
                                     : (want & WANT_OLD) != 0 ? wanted->old
                                                              : NULL);
    if (conditional)
        check_item(write.request.written, !failed && (want & WANT_NEW) != 0 ? wanted->new : NULL);
    if (conditional)
        ck_assert_int_eq(write.request.found, wanted->before != NULL);
    cluster_request_deinit(&write);
}

static void states_wanted(void)
{
    static const struct wanted cases[] = {
        {"a", "b", NULL, "a", "b", NULL, OUTCOME_OK},
        {NULL, "b", NULL, NULL, "b", NULL, OUTCOME_OK},
        {"a", NULL, NULL, "a", NULL, NULL, OUTCOME_OK},
        {NULL, NULL, NULL, NULL, NULL, NULL, OUTCOME_OK},
        {"1", "", "add:2", "1", "3", NULL, OUTCOME_OK},
        {NULL, "", "add:2", NULL, "2", NULL, OUTCOME_OK},
        {"a", "b", "if:a", "a", "b", NULL, OUTCOME_OK},
        {"a", "b", "if:c", NULL, NULL, "a", OUTCOME_PRECONDITION_FAILED},
        {NULL, "b", "if:c", NULL, NULL, NULL, OUTCOME_PRECONDITION_FAILED},
        {"a", NULL, "if:a", "a", NULL, NULL, OUTCOME_OK},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        for (uint8_t want = 0; want <= WANT_ALL; want++)
            check_wanted(&cases[i], want, node_number(i + want));
    }
}

START_TEST(what_is_wanted_of_the_states_comes_back)
{
    everywhere(states_wanted);
}
END_TEST

/* The value a program makes is all that is written: none need come with it. */
static void programs_alone(void)
{
    for (size_t node = 0; node < cluster.count; node++) {
        struct cluster_request write;
        char sum[24];
        write_init(&write, "k", NULL, "add:1");
        write.request.tombstone = false;
        write.request.want = WANT_NEW;
        ck_assert_int_eq(cluster_ask(&cluster, node, 0, &write), OUTCOME_OK);
        snprintf(sum, sizeof(sum), "%zu", node + 1);
        ck_assert_str_eq(cluster_text(write.request.written), sum);
        cluster_request_deinit(&write);
    }
}

START_TEST(a_program_needs_no_value_beside_it)
{
    everywhere(programs_alone);
}
END_TEST

enum { CROWD_MAX = 200 };
static struct cluster_request crowd[CROWD_MAX];

static void crowd_submit(unsigned count, const char *name, const char *program)
{
    for (unsigned i = 0; i < count; i++) {
        write_init(&crowd[i], name, "", program);
        cluster_submit(&cluster, i % cluster.count, (uint16_t)(i / 7 % cluster.shards), &crowd[i]);
    }
}

static void crowd_finish(unsigned count)
{
    cluster_run_for(&cluster, 11000000);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(crowd[i].answers, 1);
        ck_assert_int_eq(crowd[i].request.outcome, OUTCOME_OK);
        cluster_request_deinit(&crowd[i]);
    }
}

static void many_add(void)
{
    crowd_submit(CROWD_MAX, "sum", "add:1");
    crowd_finish(CROWD_MAX);
    check_text("sum", "200");
    check_settled("sum");
}

START_TEST(concurrent_adds_add_up)
{
    everywhere(many_add);
}
END_TEST

static unsigned accepts;

static void count_accepts(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    accepts += cluster_frame_type(frame) == FRAME_ACCEPT;
}

/* 64 at once: the first goes alone, those that come while it is under way go together. */
static void a_batch(void)
{
    unsigned count = 64;
    accepts = 0;
    cluster.watch = count_accepts;
    for (unsigned i = 0; i < count; i++) {
        write_init(&crowd[i], "sum", "", "add:3");
        crowd[i].request.want = WANT_NEW;
        cluster_submit(&cluster, cluster_home(&cluster, "sum", 0), 0, &crowd[i]);
    }
    cluster_run_for(&cluster, 1000000);
    cluster.watch = NULL;
    bool seen[64] = {false};
    for (unsigned i = 0; i < count; i++) {
        long sum = atol(cluster_text(crowd[i].request.written));
        ck_assert_int_eq(crowd[i].request.outcome, OUTCOME_OK);
        ck_assert(sum > 0 && sum <= 192 && sum % 3 == 0);
        ck_assert_msg(!seen[sum / 3 - 1], "two writers saw the same sum");
        seen[sum / 3 - 1] = true;
        cluster_request_deinit(&crowd[i]);
    }
    ck_assert_uint_le(accepts, 4 * cluster.count);
    check_text("sum", "192");
    check_settled("sum");
}

START_TEST(a_hot_item_is_written_in_batches)
{
    everywhere(a_batch);
}
END_TEST

/* All 64 come before the first one's round is done: as one batch, unless they are too many to be run
 * on a large item at once. */
static void count_proposals(const char *name, size_t item_size, bool together)
{
    char *text = calloc(1, item_size + 1);
    memset(text, 'x', item_size);
    write_init(&crowd[0], name, text, NULL);
    ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &crowd[0]), OUTCOME_OK);
    cluster_request_deinit(&crowd[0]);
    free(text);
    accepts = 0;
    cluster.watch = count_accepts;
    for (unsigned i = 0; i < 64; i++) {
        write_init(&crowd[i], name, "small", NULL);
        crowd[i].request.want = WANT_OLD;
        cluster_submit(&cluster, cluster_home(&cluster, name, 0), 0, &crowd[i]);
    }
    cluster_run_for(&cluster, 1000000);
    cluster.watch = NULL;
    for (unsigned i = 0; i < 64; i++) {
        ck_assert_int_eq(crowd[i].request.outcome, OUTCOME_OK);
        cluster_request_deinit(&crowd[i]);
    }
    ck_assert_int_eq(accepts <= cluster.replicas, together);
}

static void large_and_small(void)
{
    count_proposals("small", 1000, true);
    count_proposals("large", 2000000, false);
}

START_TEST(a_batch_on_a_large_item_is_short)
{
    everywhere(large_and_small);
}
END_TEST

/* A batch is judged one by one: of many that want to be first, one is. */
static void one_is_first(void)
{
    unsigned count = 30, happened = 0;
    for (unsigned i = 0; i < count; i++) {
        char text[8];
        snprintf(text, sizeof(text), "%u", i);
        write_init(&crowd[i], "lock", text, "if:");
        crowd[i].request.want = WANT_FAILED;
        cluster_submit(&cluster, i % cluster.count, 0, &crowd[i]);
    }
    cluster_run_for(&cluster, 11000000);
    struct cluster_request *winner = NULL;
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(crowd[i].answers, 1);
        if (crowd[i].request.outcome != OUTCOME_OK)
            continue;
        winner = &crowd[i];
        happened++;
    }
    ck_assert_uint_eq(happened, 1);
    char text[64];
    snprintf(text, sizeof(text), "%s", cluster_text(winner->request.value));
    for (unsigned i = 0; i < count; i++) {
        if (&crowd[i] != winner) {
            ck_assert_int_eq(crowd[i].request.outcome, OUTCOME_PRECONDITION_FAILED);
            ck_assert_str_eq(cluster_text(crowd[i].request.result), text);
        }
    }
    check_text("lock", text);
    for (unsigned i = 0; i < count; i++)
        cluster_request_deinit(&crowd[i]);
    check_settled("lock");
}

START_TEST(of_many_that_want_to_be_first_one_is)
{
    everywhere(one_is_first);
}
END_TEST

/* A plain write that comes while conditional ones are under way takes its turn among them. */
static void plain_joins(void)
{
    size_t primary = cluster_home(&cluster, "k", 0);
    uint16_t shard = cluster_home_shard(&cluster, "k");
    for (unsigned i = 0; i < 3; i++) {
        write_init(&crowd[i], "k", "p", i == 1 ? NULL : "append:x");
        cluster_submit(&cluster, primary, shard, &crowd[i]);
    }
    cluster_run_for(&cluster, 1000000);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(crowd[i].request.outcome, OUTCOME_OK);
        ck_assert_msg(!version_is_none(crowd[i].request.version), "it tells its version");
        cluster_request_deinit(&crowd[i]);
    }
    check_text("k", "px");
    check_settled("k");
    struct node_stats stats;
    node_stats(cluster.nodes[primary].shard[shard], &stats);
    ck_assert_uint_eq(stats.writes_restamped, 0);
}

START_TEST(a_plain_write_joins_the_contest)
{
    everywhere(plain_joins);
}
END_TEST

/* With W above a majority plain writes cannot join: they wait, and go alone. */
static void all_must_take(void)
{
    size_t primary = cluster_home(&cluster, "k", 0);
    uint16_t shard = cluster_home_shard(&cluster, "k");
    for (unsigned i = 0; i < 9; i++) {
        write_init(&crowd[i], "k", "p", i % 3 == 1 ? NULL : "append:x");
        if (i % 3 == 1)
            crowd[i].request.quorum.w = cluster.replicas;
        cluster_submit(&cluster, i < 6 ? primary : node_number(primary + 1), shard, &crowd[i]);
    }
    cluster_run_for(&cluster, 3000000);
    for (unsigned i = 0; i < 9; i++) {
        ck_assert_uint_eq(crowd[i].answers, 1);
        ck_assert_int_eq(crowd[i].request.outcome, OUTCOME_OK);
        cluster_request_deinit(&crowd[i]);
    }
    check_settled("k");
}

START_TEST(plain_writes_that_all_must_take_go_beside)
{
    everywhere(all_must_take);
}
END_TEST

static void minority_down(void)
{
    size_t down = cluster.count / 2;
    for (size_t i = 0; i < down; i++)
        cluster_crash(&cluster, cluster.count - 1 - i);
    size_t up = cluster.count - down;
    for (unsigned i = 0; i < 30; i++) {
        write_init(&crowd[i], "sum", "", "add:1");
        cluster_submit(&cluster, i % up, 0, &crowd[i]);
    }
    crowd_finish(30);
    check_text("sum", "30");
    ck_assert_int_eq(run(0, "sum", "x", "if:31"), OUTCOME_PRECONDITION_FAILED);
    for (size_t i = 0; i < down; i++)
        cluster_start(&cluster, cluster.count - 1 - i);
    cluster_run_for(&cluster, 5000000);
    check_settled("sum");
    check_text("sum", "30");
}

START_TEST(a_minority_may_be_down)
{
    everywhere(minority_down);
}
END_TEST

static void majority_down(void)
{
    ck_assert_int_eq(run(0, "k", "1", NULL), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    struct version held = cluster_held(&cluster, 0, "k");
    size_t first_down = cluster.count / 2;
    if (cluster.count == 1)
        return;
    for (size_t i = first_down; i < cluster.count; i++)
        cluster_crash(&cluster, i);
    ck_assert_int_eq(run(0, "k", "", "add:1"), OUTCOME_UNAVAILABLE);
    struct cluster_request guarded;
    write_init(&guarded, "k", "x", NULL);
    guarded.request.precondition = PRECONDITION_ABSENT;
    ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &guarded), OUTCOME_UNAVAILABLE);
    cluster_request_deinit(&guarded);
    for (size_t i = 0; i < first_down; i++) {
        ck_assert(version_equal(cluster_held(&cluster, i, "k"), held));
        ck_assert(!cluster_undecided(&cluster, i, "k"));
    }
    for (size_t i = first_down; i < cluster.count; i++)
        cluster_start(&cluster, i);
    cluster_run_for(&cluster, 5000000);
    check_text("k", "1");
    ck_assert_int_eq(run(0, "k", "", "add:1"), OUTCOME_OK);
    check_text("k", "2");
}

START_TEST(without_a_majority_nothing_is_written)
{
    everywhere(majority_down);
}
END_TEST

static enum frame_type lost_type;

static bool loses_type(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    return cluster_frame_type(frame) == lost_type;
}

/* Some frames never arrive: the answer comes by the deadline all the same, and says what is known. */
static void deadline_with(enum frame_type lost, enum outcome outcome)
{
    struct cluster_request write;
    size_t primary = cluster_home(&cluster, "k", 0);
    ck_assert_int_eq(run(0, "k", "1", NULL), OUTCOME_OK);
    cluster_run_for(&cluster, 100000);
    lost_type = lost;
    for (uint64_t left_us = 100000; left_us < 6000000; left_us *= 3) {
        cluster.loses = loses_type;
        write_init(&write, "k", "", "add:0");
        write.request.deadline_us = cluster.now_us + left_us;
        cluster_submit(&cluster, primary, cluster_home_shard(&cluster, "k"), &write);
        cluster_run_for(&cluster, left_us - 1000);
        cluster_run_for(&cluster, 1000);
        ck_assert_uint_eq(write.answers, 1);
        /* Where only the answers were lost, a second round finds the first one's row. */
        bool found = lost == FRAME_WRITE_REPLY && left_us > 2000000;
        ck_assert_int_eq(write.request.outcome, found ? OUTCOME_OK : outcome);
        cluster_request_deinit(&write);
        cluster.loses = NULL;
        cluster_run_for(&cluster, 13000000);
        check_text("k", "1");
        check_settled("k");
    }
}

static void deadlines(void)
{
    deadline_with(FRAME_PREPARE, OUTCOME_UNAVAILABLE);
    deadline_with(FRAME_PREPARE_REPLY, OUTCOME_UNAVAILABLE);
    deadline_with(FRAME_ACCEPT, OUTCOME_UNKNOWN);
    deadline_with(FRAME_WRITE_REPLY, OUTCOME_UNKNOWN);
}

START_TEST(deadlines_are_kept)
{
    with_nodes(3, deadlines);
}
END_TEST

/* The same through another node, which waits for the primary. */
static void deadlines_of_forwarders(void)
{
    size_t other = cluster_home(&cluster, "k", 1);
    lost_type = FRAME_PREPARE_REPLY;
    cluster.loses = loses_type;
    for (uint64_t left_us = 1000; left_us < 20000000; left_us *= 3) {
        struct cluster_request write;
        write_init(&write, "k", "", "add:1");
        write.request.deadline_us = cluster.now_us + left_us;
        cluster_submit(&cluster, other, cluster_home_shard(&cluster, "k"), &write);
        cluster_run_for(&cluster, left_us);
        ck_assert_uint_eq(write.answers, 1);
        ck_assert(write.request.outcome == OUTCOME_UNKNOWN ||
                  write.request.outcome == OUTCOME_UNAVAILABLE);
        cluster_request_deinit(&write);
        cluster_run_for(&cluster, 1000000);
        struct node_stats stats;
        node_stats(
            cluster.nodes[cluster_home(&cluster, "k", 0)].shard[cluster_home_shard(&cluster, "k")],
            &stats);
        ck_assert_uint_eq(stats.requests_open, 0);
    }
    cluster.loses = NULL;
    cluster_run_for(&cluster, 3000000);
    check_text("k", "");
}

START_TEST(deadlines_are_kept_by_forwarders)
{
    with_nodes(3, deadlines_of_forwarders);
}
END_TEST

TEST_MAIN("conditional", preconditions_are_judged_on_the_newest_state,
          a_version_read_can_be_demanded, programs_are_run_on_the_newest_state,
          a_program_that_cannot_be_applied_says_why, what_is_wanted_of_the_states_comes_back,
          a_program_needs_no_value_beside_it, concurrent_adds_add_up,
          a_hot_item_is_written_in_batches, a_batch_on_a_large_item_is_short,
          of_many_that_want_to_be_first_one_is, a_plain_write_joins_the_contest,
          plain_writes_that_all_must_take_go_beside, a_minority_may_be_down,
          without_a_majority_nothing_is_written, deadlines_are_kept,
          deadlines_are_kept_by_forwarders)
