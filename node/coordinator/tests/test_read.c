/* Reads over every combination of what replicas hold: replicas are simulated with real state, so
 * that write-back and races show. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "test_main.h"

enum { NEWEST = 3 };

enum mood { WELL, MUTE, BROKEN, PROMISED /* refuses repair: a higher promise */, MOODS };

/* A replica by its state: a ballot of 0 (nothing) to NEWEST. */
struct replica {
    unsigned ballot;
    enum mood mood;
};

static struct bench bench;
static struct replica replicas[BENCH_MEMBERS_MAX]; /* by member */

static struct version version_at(unsigned n)
{
    return n == 0 ? VERSION_NONE : (struct version){n, 1 << 16};
}

/* Ballot 2 is a tombstone. */
static void row_put(struct writer *writer, unsigned ballot)
{
    struct row row = {.ballot = version_at(ballot), .origin = version_at(ballot)};
    row.tombstone = ballot == 2;
    if (!row.tombstone)
        row.value = writer_slice(&bench.value);
    row_encode(writer, &row);
}

static void answer_read(struct bench_frame *asked)
{
    const struct replica *replica = &replicas[asked->to];
    const Cartwheel__Read *read =
        (const Cartwheel__Read *)frame_decode_body(&asked->frame, &bench.arena);
    uint8_t storage[VERSION_SIZE];
    Cartwheel__ReadReply body = CARTWHEEL__READ_REPLY__INIT;
    struct writer row;
    writer_init(&row, 0);
    body.verdict = replica->mood == BROKEN ? VERDICT_FAILED : VERDICT_OK;
    if (replica->mood != BROKEN && replica->ballot > 0) {
        body.ballot = binary_of_version(version_at(replica->ballot), storage);
        if (read->full)
            row_put(&row, replica->ballot);
    }
    bench_reply(&bench, asked, FRAME_READ_REPLY, &body.base, writer_slice(&row), 2);
    writer_deinit(&row);
}

static void answer_repair(struct bench_frame *asked)
{
    struct replica *replica = &replicas[asked->to];
    unsigned offered = (unsigned)bench_version(asked).hlc;
    if (replica->mood == PROMISED && offered != replica->ballot) {
        bench_reply_write(&bench, asked, VERDICT_REFUSED_PROMISE, version_at(9));
    } else if (offered < replica->ballot) {
        bench_reply_write(&bench, asked, VERDICT_REFUSED_ITEM, version_at(replica->ballot));
    } else {
        replica->ballot = offered;
        bench_reply_write(&bench, asked, VERDICT_TOOK, VERSION_NONE);
    }
}

/* How many hold that ballot or a higher one now. */
static size_t holders(size_t n, struct version version)
{
    size_t count = 0;
    for (size_t place = 0; place < n; place++)
        count += replicas[bench.list[place]].ballot >= version.hlc;
    return count;
}

/* Lets every replica that talks answer all it was asked; true if there was anything. In a
 * consistent read nothing may be shown that is not on a majority. */
static bool answer_all(size_t n, bool consistent)
{
    bool any = false;
    size_t count = bench.frames_count;
    for (size_t i = 0; i < count; i++) {
        struct bench_frame *asked = &bench.frames[i];
        if (asked->answered || replicas[asked->to].mood == MUTE)
            continue;
        any = true;
        unsigned answers = bench.answers;
        if (asked->frame.header.type == FRAME_READ)
            answer_read(asked);
        else
            answer_repair(asked);
        bool shown = bench.answers > answers && bench.request.outcome == OUTCOME_OK;
        if (shown && consistent)
            ck_assert_uint_ge(holders(n, bench.request.version), n / 2 + 1);
    }
    return any;
}

/* Runs until all is settled, or far beyond the deadline; an answer takes 10 ms. */
static void play(size_t n, bool consistent)
{
    for (int i = 0; i < 1000; i++) {
        (void)answer_all(n, consistent);
        if (bench.answers > 0 && coordinator_idle(&bench.coordinator))
            return;
        bench_forget_answered(&bench);
        bench_pass(&bench, 10000);
    }
}

static void begin(size_t n, uint8_t r, bool consistent)
{
    bench_init(&bench, n, 0);
    bench_request(&bench, REQUEST_READ, (struct quorum){(uint8_t)n, r, 1, false});
    bench.request.consistent = consistent;
    /* Long enough for several attempts, short enough for the frames kept. */
    bench.request.deadline_us = bench.outbox.now.monotonic_us + 4000000;
}

static void end(void)
{
    ck_assert_uint_eq(bench.answers, 1);
    bench_pass(&bench, 20000000);
    ck_assert_uint_eq(bench.answers, 1);
    bench_check_idle(&bench);
    request_release(&bench.request);
    bench_deinit(&bench);
}

static unsigned highest_of_majorities(size_t n, const struct replica *initial)
{
    unsigned best = 0;
    for (unsigned ballot = 1; ballot <= NEWEST; ballot++) {
        size_t count = 0;
        for (size_t place = 0; place < n; place++)
            count += initial[place].ballot >= ballot;
        best = count >= n / 2 + 1 ? ballot : best;
    }
    return best;
}

static size_t count_mood(size_t n, const struct replica *initial, enum mood mood)
{
    size_t count = 0;
    for (size_t place = 0; place < n; place++)
        count += initial[place].mood == mood;
    return count;
}

static void check_consistent(size_t n, const struct replica *initial)
{
    begin(n, 1, true);
    for (size_t place = 0; place < n; place++)
        replicas[bench.list[place]] = initial[place];
    bench_submit(&bench);
    play(n, true);
    size_t speaking = count_mood(n, initial, WELL) + count_mood(n, initial, PROMISED);
    if (speaking == n && count_mood(n, initial, PROMISED) == 0)
        ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    if (speaking < n / 2 + 1)
        ck_assert_int_ne(bench.request.outcome, OUTCOME_OK);
    if (bench.request.outcome == OUTCOME_OK) {
        uint64_t shown = bench.request.version.hlc;
        ck_assert_uint_ge(shown, highest_of_majorities(n, initial));
        ck_assert_int_eq(bench.request.found, shown == 1 || shown == 3);
        if (bench.request.found)
            ck_assert(slice_equal(bench.request.result, writer_slice(&bench.value)));
    }
    end();
}

START_TEST(consistent_reads_show_only_what_a_majority_holds)
{
    enum { STATES = (NEWEST + 1) * MOODS };
    for (size_t n = 1; n <= 3; n++) {
        unsigned combinations = n == 1   ? STATES
                                : n == 2 ? STATES * STATES
                                         : STATES * STATES * STATES;
        for (unsigned number = 0; number < combinations; number++) {
            struct replica initial[3];
            unsigned rest = number;
            for (size_t place = 0; place < n; place++, rest /= STATES)
                initial[place] = (struct replica){rest % STATES % (NEWEST + 1),
                                                  (enum mood)(rest % STATES / (NEWEST + 1))};
            check_consistent(n, initial);
        }
    }
}
END_TEST

START_TEST(eventual_reads_ask_r_and_show_the_newest_of_them)
{
    for (uint8_t r = 1; r <= 3; r++) {
        for (unsigned number = 0; number < 64; number++) {
            unsigned rest = number;
            begin(3, r, false);
            for (size_t place = 0; place < 3; place++, rest /= 4)
                replicas[bench.list[place]] = (struct replica){rest % 4, WELL};
            bench_submit(&bench);
            ck_assert_uint_eq(bench_count(&bench, FRAME_READ), r);
            unsigned newest = 0;
            size_t asked[3];
            for (size_t i = 0; i < r; i++) {
                asked[i] = bench.frames[i].to;
                unsigned ballot = replicas[asked[i]].ballot;
                newest = ballot > newest ? ballot : newest;
            }
            play(3, false);
            ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
            ck_assert_uint_eq(bench.request.version.hlc, newest);
            /* Those asked that lacked it have it now. */
            for (size_t i = 0; i < r; i++)
                ck_assert_uint_eq(replicas[asked[i]].ballot, newest);
            end();
        }
    }
}
END_TEST

static void all_well(void)
{
    for (size_t member = 0; member < BENCH_MEMBERS_MAX; member++)
        replicas[member] = (struct replica){1, WELL};
}

START_TEST(a_slow_replica_gets_company)
{
    all_well();
    begin(3, 1, false);
    bench_submit(&bench);
    size_t first = bench.frames[0].to;
    ck_assert_msg(first == 0, "this node is nearest");
    replicas[first].mood = MUTE;
    bench_pass(&bench, bench.coordinator.speculate_us - 1);
    ck_assert_uint_eq(bench.frames_count, 1);
    bench_pass(&bench, 1);
    ck_assert_uint_eq(bench.frames_count, 2);
    ck_assert_uint_eq(bench.coordinator.stats.speculative_reads, 1);
    while (answer_all(3, false))
        continue;
    ck_assert_uint_eq(bench.answers, 1);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    replicas[first].mood = WELL;
    while (answer_all(3, false))
        continue;
    end();
}
END_TEST

START_TEST(a_late_answer_that_is_behind_is_repaired)
{
    all_well();
    begin(3, 1, false);
    bench_submit(&bench);
    size_t first = bench.frames[0].to;
    replicas[first] = (struct replica){0, MUTE};
    bench_pass(&bench, bench.coordinator.speculate_us);
    while (answer_all(3, false))
        continue;
    ck_assert_uint_eq(bench.answers, 1);
    replicas[first].mood = WELL;
    while (answer_all(3, false))
        continue;
    ck_assert_uint_eq(replicas[first].ballot, 1);
    end();
}
END_TEST

START_TEST(a_broken_link_is_replaced_at_once)
{
    all_well();
    begin(3, 2, false);
    bench_submit(&bench);
    ck_assert_uint_eq(bench.frames_count, 2);
    size_t second = bench.frames[1].to;
    bench.frames[1].answered = true;
    bench_unlink(&bench, second);
    ck_assert_uint_eq(bench.frames_count, 3);
    play(3, false);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    end();
}
END_TEST

START_TEST(nobody_can_answer)
{
    static const struct {
        enum mood mood;
        enum outcome outcome;
    } cases[] = {{BROKEN, OUTCOME_FAILED}, {MUTE, OUTCOME_TIMEOUT}};
    for (size_t i = 0; i < array_size(cases); i++) {
        all_well();
        for (size_t member = 0; member < 3; member++)
            replicas[member].mood = cases[i].mood;
        begin(3, 1, false);
        bench_submit(&bench);
        play(3, false);
        bench_pass(&bench, 20000000);
        ck_assert_msg(bench.request.outcome == cases[i].outcome ||
                          bench.request.outcome == OUTCOME_UNAVAILABLE,
                      "%s", outcome_name(bench.request.outcome));
        end();
    }
}
END_TEST

START_TEST(a_row_that_does_not_fit_its_ballot_is_a_failure)
{
    all_well();
    begin(3, 1, false);
    bench_submit(&bench);
    uint8_t storage[VERSION_SIZE];
    Cartwheel__ReadReply body = CARTWHEEL__READ_REPLY__INIT;
    struct writer row;
    writer_init(&row, 0);
    row_put(&row, 1);
    body.verdict = VERDICT_OK;
    body.ballot = binary_of_version(version_at(3), storage);
    bench_reply(&bench, &bench.frames[0], FRAME_READ_REPLY, &body.base, writer_slice(&row), 1);
    ck_assert_uint_eq(bench.answers, 0);
    play(3, false);
    ck_assert_uint_eq(bench.answers, 1);
    ck_assert(bench.request.outcome != OUTCOME_OK || bench.request.version.hlc != 3);
    writer_deinit(&row);
    end();
}
END_TEST

TEST_MAIN("read", consistent_reads_show_only_what_a_majority_holds,
          eventual_reads_ask_r_and_show_the_newest_of_them, a_slow_replica_gets_company,
          a_late_answer_that_is_behind_is_repaired, a_broken_link_is_replaced_at_once,
          nobody_can_answer, a_row_that_does_not_fit_its_ballot_is_a_failure)
