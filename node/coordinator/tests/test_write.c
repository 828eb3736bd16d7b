/* Plain writes: every combination of what home nodes and stand-ins may answer, against the rules of
 * the register protocol's "plain write", written down once more. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "test_main.h"

/* What a home node does with the first copy. */
enum answer {
    TOOK,
    NEWER,    /* refused by a higher item */
    PROMISED, /* refused by a promise */
    FULL,     /* no space */
    BUSY,     /* too much to do */
    SILENT,
    LOST,      /* the link breaks before an answer */
    UNREACHED, /* no link from the start */
    ANSWERS
};

enum stand_in { KEEPS, KEEPS_NOT, SAYS_NOTHING, STAND_INS };

struct scenario {
    size_t n;
    size_t w;
    size_t others; /* members that may stand in */
    bool sloppy;
    enum stand_in stand_in;
    enum answer answer[REPLICAS_MAX]; /* by place in the preference list */
};

static struct bench bench;

static size_t count_of(const struct scenario *scenario, enum answer answer)
{
    size_t count = 0;
    for (size_t i = 0; i < scenario->n; i++)
        count += scenario->answer[i] == answer;
    return count;
}

/* What a write must come to. */
struct expected {
    enum outcome outcome;
    bool sloppy;
    bool restamped;
    bool sent;
};

/* "took >= max(W, majority): OK; W > majority: beyond the majority a refusal because of a higher
 * item also counts; W < majority: took >= W (last writer wins)". */
static bool quorum_took(const struct scenario *scenario)
{
    size_t majority = scenario->n / 2 + 1;
    size_t took = count_of(scenario, TOOK);
    size_t newer = count_of(scenario, NEWER);
    return took >= scenario->w || (took >= majority && took + newer >= scenario->w);
}

/* "every one of the N refused its first copy, or was never sent one, and no hint with v exists". */
static bool certainly_nowhere(const struct scenario *scenario, size_t stand_ins_used)
{
    size_t certain = count_of(scenario, NEWER) + count_of(scenario, PROMISED) +
                     count_of(scenario, FULL) + count_of(scenario, BUSY) +
                     count_of(scenario, UNREACHED);
    return certain == scenario->n && (stand_ins_used == 0 || scenario->stand_in == KEEPS_NOT);
}

static struct expected expect(const struct scenario *scenario)
{
    size_t usable = scenario->n - count_of(scenario, UNREACHED);
    size_t took = count_of(scenario, TOOK);
    if (usable + (scenario->sloppy ? scenario->others : 0) < scenario->w)
        return (struct expected){OUTCOME_UNAVAILABLE, false, false, false};
    if (quorum_took(scenario))
        return (struct expected){OUTCOME_OK, false, false, true};
    size_t used = scenario->w > usable ? scenario->w - usable : 0;
    size_t kept = scenario->stand_in == KEEPS ? used : 0;
    bool waits = count_of(scenario, SILENT) > 0 || (used > 0 && scenario->stand_in == SAYS_NOTHING);
    if (took + kept < scenario->w && waits && scenario->sloppy) {
        size_t missing = scenario->w - took - kept;
        size_t left = scenario->others - used;
        used += missing < left ? missing : left;
        kept = scenario->stand_in == KEEPS ? used : 0;
    }
    if (took + kept >= scenario->w)
        return (struct expected){OUTCOME_OK, true, false, true};
    if (!certainly_nowhere(scenario, used))
        return (struct expected){OUTCOME_UNKNOWN, false, false, true};
    if (count_of(scenario, FULL) > 0)
        return (struct expected){OUTCOME_NO_SPACE, false, false, true};
    if (count_of(scenario, NEWER) + count_of(scenario, PROMISED) == 0)
        return (struct expected){OUTCOME_OVERLOADED, false, false, true};
    return (struct expected){OUTCOME_OK, usable < scenario->w, true, true};
}

static struct version in_the_way(const struct bench_frame *write)
{
    struct version version = bench_version(write);
    return (struct version){version.hlc + 5, version.node};
}

static void answer_home(const struct scenario *scenario, size_t place, bool first_round)
{
    size_t member = bench.list[place];
    struct bench_frame *write = bench_find(&bench, FRAME_WRITE, member);
    if (scenario->answer[place] == UNREACHED) {
        ck_assert_ptr_null(write);
        return;
    }
    ck_assert_ptr_nonnull(write);
    switch (first_round ? scenario->answer[place] : TOOK) {
    case TOOK:
        bench_reply_write(&bench, write, VERDICT_TOOK, VERSION_NONE);
        break;
    case NEWER:
        bench_reply_write(&bench, write, VERDICT_REFUSED_ITEM, in_the_way(write));
        break;
    case PROMISED:
        bench_reply_write(&bench, write, VERDICT_REFUSED_PROMISE, in_the_way(write));
        break;
    case FULL:
        bench_reply_write(&bench, write, VERDICT_NO_SPACE, VERSION_NONE);
        break;
    case BUSY:
        bench_reply_write(&bench, write, VERDICT_BUSY, VERSION_NONE);
        break;
    case LOST:
        write->answered = true;
        bench_unlink(&bench, member);
        break;
    default:
        break;
    }
}

static void answer_stand_ins(const struct scenario *scenario, enum stand_in stand_in)
{
    for (size_t place = scenario->n; place < scenario->n + scenario->others; place++) {
        struct bench_frame *hint = bench_find(&bench, FRAME_HINT, bench.list[place]);
        if (hint == NULL || stand_in == SAYS_NOTHING)
            continue;
        bench_reply_hint(&bench, hint, stand_in == KEEPS ? VERDICT_TOOK : VERDICT_NO_SPACE);
    }
}

static struct version highest_sent(void)
{
    struct version highest = VERSION_NONE;
    for (size_t i = 0; i < bench.frames_count; i++) {
        if (bench.frames[i].frame.header.type == FRAME_WRITE)
            highest = version_max(highest, bench_version(&bench.frames[i]));
    }
    return highest;
}

/* The last home node's answer makes the coordinator stamp again before the others are counted. */
static void play(const struct scenario *scenario)
{
    for (size_t place = 0; place < scenario->n; place++)
        answer_home(scenario, place, true);
    if (bench.coordinator.stats.writes_restamped == 0)
        answer_stand_ins(scenario, scenario->stand_in);
    if (bench.coordinator.stats.writes_restamped > 0) {
        for (size_t place = 0; place < scenario->n; place++)
            answer_home(scenario, place, false);
        answer_stand_ins(scenario, KEEPS);
    }
    bench_pass(&bench, 500000);
    answer_stand_ins(scenario, scenario->stand_in);
}

/* Home nodes that do not hold an acknowledged write get a hint, kept here on shard 0. */
static void check_hints(const struct scenario *scenario)
{
    for (size_t place = 0; place < scenario->n; place++) {
        enum answer answer = scenario->answer[place];
        bool holds = answer == TOOK || answer == NEWER;
        size_t hints = 0;
        for (size_t i = 0; i < bench.frames_count; i++) {
            const struct bench_frame *kept = &bench.frames[i];
            if (kept->frame.header.type != FRAME_HINT)
                continue;
            ck_assert_uint_eq(kept->to, 0);
            const Cartwheel__Hint *hint =
                (const Cartwheel__Hint *)frame_decode_body(&kept->frame, &bench.arena);
            ck_assert_ptr_nonnull(hint);
            hints += hint->target == bench_id(bench.list[place]);
        }
        ck_assert_uint_eq(hints, holds ? 0 : 1);
    }
}

static const char *describe(const struct scenario *scenario)
{
    static char text[128];
    static const char letters[] = "tnpfbslu";
    int size =
        snprintf(text, sizeof(text), "N=%zu W=%zu others=%zu sloppy=%d stand_in=%d ", scenario->n,
                 scenario->w, scenario->others, scenario->sloppy, (int)scenario->stand_in);
    for (size_t i = 0; i < scenario->n; i++)
        text[size++] = letters[scenario->answer[i]];
    text[size] = '\0';
    return text;
}

static void check_late_answers(void)
{
    unsigned answers = bench.answers;
    for (size_t i = 0; i < bench.frames_count; i++) {
        struct bench_frame *kept = &bench.frames[i];
        if (kept->frame.header.type == FRAME_WRITE)
            bench_reply_write(&bench, kept, VERDICT_TOOK, VERSION_NONE);
    }
    ck_assert_uint_eq(bench.answers, answers);
    bench_check_idle(&bench);
}

static void check_scenario(const struct scenario *scenario)
{
    struct expected expected = expect(scenario);
    bench_init(&bench, scenario->n + scenario->others, 0);
    for (size_t place = 0; place < scenario->n; place++) {
        if (scenario->answer[place] == UNREACHED)
            members_set_linked(&bench.members, bench.list[place], false);
    }
    bench_request(&bench, REQUEST_WRITE,
                  (struct quorum){(uint8_t)scenario->n, 1, (uint8_t)scenario->w, scenario->sloppy});
    bench_submit(&bench);
    struct version first = highest_sent();
    if (expected.sent)
        play(scenario);
    bench_pass(&bench, 20000000);
    ck_assert_msg(bench.answers == 1, "%s: answered %u times", describe(scenario), bench.answers);
    ck_assert_msg(bench.request.outcome == expected.outcome, "%s: %s instead of %s",
                  describe(scenario), outcome_name(bench.request.outcome),
                  outcome_name(expected.outcome));
    ck_assert_msg(bench.request.sloppy == expected.sloppy, "%s: sloppy", describe(scenario));
    ck_assert_msg((bench.coordinator.stats.writes_restamped > 0) == expected.restamped,
                  "%s: restamped", describe(scenario));
    ck_assert_int_eq(bench_count(&bench, FRAME_WRITE) > 0, expected.sent);
    if (expected.restamped)
        ck_assert_uint_gt(highest_sent().hlc, first.hlc + 5);
    if (expected.outcome == OUTCOME_OK)
        ck_assert(version_equal(bench.request.version, highest_sent()));
    if (expected.outcome == OUTCOME_OK && !expected.restamped && scenario->others == 0)
        check_hints(scenario);
    bench_check_idle(&bench);
    check_late_answers();
    request_release(&bench.request);
    bench_deinit(&bench);
}

/* The coordinator's own replica has no link to break. */
static bool possible(const struct scenario *scenario)
{
    return scenario->answer[0] != LOST && scenario->answer[0] != UNREACHED;
}

static void each_answer(struct scenario *scenario, const enum answer *answers, size_t count)
{
    size_t combinations = 1;
    for (size_t i = 0; i < scenario->n; i++)
        combinations *= count;
    for (size_t number = 0; number < combinations; number++) {
        size_t rest = number;
        for (size_t i = 0; i < scenario->n; i++, rest /= count)
            scenario->answer[i] = answers[rest % count];
        if (possible(scenario))
            check_scenario(scenario);
    }
}

static const enum answer all_answers[ANSWERS] = {TOOK, NEWER,  PROMISED, FULL,
                                                 BUSY, SILENT, LOST,     UNREACHED};

static void check_all(size_t n, size_t others, bool sloppy, enum stand_in stand_in)
{
    struct scenario scenario = {.n = n, .others = others, .sloppy = sloppy, .stand_in = stand_in};
    for (scenario.w = 1; scenario.w <= n; scenario.w++)
        each_answer(&scenario, all_answers, ANSWERS);
}

START_TEST(strict_writes_count_home_nodes_only)
{
    for (size_t n = 1; n <= 3; n++) {
        check_all(n, 0, false, KEEPS);
        check_all(n, 1, false, KEEPS);
    }
}
END_TEST

START_TEST(sloppy_writes_count_stand_ins)
{
    for (size_t n = 1; n <= 3; n++) {
        for (int stand_in = KEEPS; stand_in < STAND_INS; stand_in++)
            check_all(n, 2, true, (enum stand_in)stand_in);
    }
    check_all(3, 0, true, KEEPS);
    check_all(3, 1, true, KEEPS);
}
END_TEST

START_TEST(five_home_nodes_follow_the_same_rules)
{
    static const enum answer answers[] = {TOOK, NEWER, FULL, SILENT};
    struct scenario scenario = {.n = 5};
    for (scenario.w = 1; scenario.w <= 5; scenario.w++)
        each_answer(&scenario, answers, array_size(answers));
}
END_TEST

/* Starts a write of three home nodes. */
static void write_begin_three(uint8_t w)
{
    bench_init(&bench, 3, 0);
    bench_request(&bench, REQUEST_WRITE, (struct quorum){3, 1, w, false});
    bench_submit(&bench);
}

START_TEST(a_peer_cannot_vote_for_another)
{
    write_begin_three(2);
    struct bench_frame *write = bench_find(&bench, FRAME_WRITE, 1);
    Cartwheel__WriteReply body = CARTWHEEL__WRITE_REPLY__INIT;
    Cartwheel__HintReply hint = CARTWHEEL__HINT_REPLY__INIT;
    uint64_t id = write->frame.header.request_id;
    body.verdict = VERDICT_TOOK;
    hint.verdict = VERDICT_TOOK;
    ck_assert(!bench_receive(&bench, 2, FRAME_WRITE_REPLY, id, &body.base, SLICE_EMPTY));
    ck_assert(!bench_receive(&bench, 1, FRAME_HINT_REPLY, id, &hint.base, SLICE_EMPTY));
    ck_assert(bench_receive(&bench, 1, FRAME_WRITE_REPLY, id + 1000, &body.base, SLICE_EMPTY));
    ck_assert_uint_eq(bench.coordinator.stats.stale_replies, 1);
    ck_assert_uint_eq(bench.answers, 0);
    bench_deinit(&bench);
    ck_assert_uint_eq(bench.answers, 1);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNKNOWN);
    request_release(&bench.request);
}
END_TEST

START_TEST(a_verdict_that_nobody_knows_counts_as_failure)
{
    write_begin_three(3);
    for (size_t member = 0; member < 3; member++)
        bench_reply_write(&bench, bench_find(&bench, FRAME_WRITE, member), (enum verdict)77,
                          VERSION_NONE);
    ck_assert_uint_eq(bench.answers, 0);
    /* It may have been taken: a round would tell, but nobody answers that. */
    ck_assert_uint_ge(bench_count(&bench, FRAME_PREPARE), 2);
    bench_pass(&bench, 20000000);
    ck_assert_uint_eq(bench.answers, 1);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNKNOWN);
    request_release(&bench.request);
    bench_deinit(&bench);
}
END_TEST

START_TEST(a_clock_far_ahead_is_not_followed)
{
    write_begin_three(2);
    for (size_t member = 0; member < 3; member++) {
        struct bench_frame *write = bench_find(&bench, FRAME_WRITE, member);
        struct version far = {bench_version(write).hlc + hlc_from_ms(60000), 9 << 16};
        bench_reply_write(&bench, write, VERDICT_REFUSED_ITEM, far);
    }
    ck_assert_uint_eq(bench.coordinator.stats.writes_restamped, 0);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNAVAILABLE);
    request_release(&bench.request);
    bench_deinit(&bench);
}
END_TEST

START_TEST(a_fight_for_the_highest_stamp_ends)
{
    write_begin_three(2);
    while (bench.answers == 0) {
        for (size_t member = 0; member < 3; member++) {
            struct bench_frame *write = bench_find(&bench, FRAME_WRITE, member);
            bench_reply_write(&bench, write, VERDICT_REFUSED_ITEM, in_the_way(write));
        }
    }
    ck_assert_int_eq(bench.request.outcome, OUTCOME_UNAVAILABLE);
    ck_assert_uint_le(bench.coordinator.stats.writes_restamped, 8);
    request_release(&bench.request);
    bench_check_idle(&bench);
    bench_deinit(&bench);
}
END_TEST

START_TEST(a_write_waits_for_the_clocks_ceiling)
{
    /* If it cannot be raised, the next home node may do better, where there is one. */
    static const struct {
        bool raised;
        size_t members, written, forwarded;
    } cases[] = {{true, 3, 3, 0}, {false, 3, 0, 1}, {false, 1, 0, 0}};
    for (size_t i = 0; i < array_size(cases); i++) {
        bench_init(&bench, cases[i].members, 0);
        hlc_init(&bench.hlc, 0);
        bench_request(&bench, REQUEST_WRITE, (struct quorum){3, 1, 2, false});
        bench_submit(&bench);
        ck_assert(bench.coordinator.ceiling_wanted);
        ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), 0);
        uint64_t ceiling = hlc_ceiling_wanted(&bench.hlc, bench.outbox.now.wall_us);
        if (cases[i].raised)
            hlc_raise_ceiling(&bench.hlc, ceiling);
        coordinator_on_ceiling(&bench.coordinator, cases[i].raised);
        bench_run(&bench);
        ck_assert_uint_eq(bench_count(&bench, FRAME_WRITE), cases[i].written);
        ck_assert_uint_eq(bench_count(&bench, FRAME_FORWARD), cases[i].forwarded);
        bool answered = cases[i].written + cases[i].forwarded == 0;
        ck_assert_uint_eq(bench.answers, answered);
        ck_assert_uint_le(highest_sent().hlc, ceiling);
        if (answered)
            ck_assert_int_eq(bench.request.outcome, OUTCOME_NO_SPACE);
        bench_deinit(&bench);
        request_release(&bench.request);
    }
}
END_TEST

static void on_other_done(struct request *request)
{
    ck_assert(request->outcome == OUTCOME_OVERLOADED || request->outcome == OUTCOME_UNKNOWN);
}

START_TEST(too_many_requests_are_turned_away)
{
    struct request more[5];
    write_begin_three(2);
    for (size_t i = 0; i < array_size(more); i++) {
        request_init(&more[i], REQUEST_WRITE, on_other_done);
        more[i].key = bench.request.key;
        more[i].value = bench.request.value;
        more[i].quorum = bench.request.quorum;
        coordinator_submit(&bench.coordinator, &more[i]);
        bench_run(&bench);
    }
    ck_assert_uint_eq(bench.coordinator.open, 4);
    ck_assert_int_eq(more[3].outcome, OUTCOME_OVERLOADED);
    ck_assert_int_eq(more[4].outcome, OUTCOME_OVERLOADED);
    bench_deinit(&bench);
    for (size_t i = 0; i < array_size(more); i++)
        request_release(&more[i]);
    request_release(&bench.request);
}
END_TEST

TEST_MAIN("write", strict_writes_count_home_nodes_only, sloppy_writes_count_stand_ins,
          five_home_nodes_follow_the_same_rules, a_peer_cannot_vote_for_another,
          a_verdict_that_nobody_knows_counts_as_failure, a_clock_far_ahead_is_not_followed,
          a_fight_for_the_highest_stamp_ends, a_write_waits_for_the_clocks_ceiling,
          too_many_requests_are_turned_away)
