/* Reads over every combination of what replicas hold: replicas are simulated with real state, so
 * that write-back and races show. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "test_main.h"

enum { NEWEST = 3 };

enum mood { WELL, MUTE, BROKEN, PROMISED /* refuses repair: a higher promise */, MOODS };

/* A replica by its state: what it holds was written at 0 (nothing) to NEWEST, or has been settled
 * since. */
struct fake_replica {
    unsigned written;
    enum mood mood;
    struct version settled; /* ballot; VERSION_NONE: it was not */
    struct version origin;  /* of what was settled */
    struct version promised;
};

static struct bench bench;
static struct fake_replica replicas[BENCH_MEMBERS_MAX]; /* by member */

static struct version version_at(unsigned n)
{
    return n == 0 ? VERSION_NONE : (struct version){n, 1 << 16};
}

static struct version ballot_of(const struct fake_replica *replica)
{
    return version_is_none(replica->settled) ? version_at(replica->written) : replica->settled;
}

static struct version origin_of(const struct fake_replica *replica)
{
    return version_is_none(replica->settled) ? version_at(replica->written) : replica->origin;
}

static struct version promise_of(const struct fake_replica *replica)
{
    return version_max(replica->promised, version_at(replica->mood == PROMISED ? 9 : 0));
}

/* What was written at 1 and 3 are items; all else is a tombstone. */
static bool is_item(struct version origin)
{
    return origin.hlc == 1 || origin.hlc == 3;
}

static void row_put(struct writer *writer, struct version ballot, struct version origin)
{
    struct row row = {.ballot = ballot, .origin = origin, .lineage = {.base = origin}};
    row.proposed = !version_equal(ballot, origin);
    row.tombstone = !is_item(origin);
    if (!row.tombstone)
        row.value = writer_slice(&bench.value);
    row_encode(writer, &row);
}

/* The row held, if it is wanted and there is one. */
static struct slice held(const struct fake_replica *replica, bool full, struct writer *row)
{
    writer_init(row, 0);
    if (full && !version_is_none(ballot_of(replica)))
        row_put(row, ballot_of(replica), origin_of(replica));
    return writer_slice(row);
}

static void answer_read(struct bench_frame *asked)
{
    const struct fake_replica *replica = &replicas[asked->to];
    const Cartwheel__Read *read =
        (const Cartwheel__Read *)frame_decode_body(&asked->frame, &bench.arena);
    uint8_t storage[VERSION_SIZE];
    Cartwheel__ReadReply body = CARTWHEEL__READ_REPLY__INIT;
    struct writer row;
    bool well = replica->mood != BROKEN;
    struct slice told = held(replica, well && read->full, &row);
    body.verdict = well ? VERDICT_OK : VERDICT_FAILED;
    if (well && !version_is_none(ballot_of(replica)))
        body.ballot = binary_of_version(ballot_of(replica), storage);
    bench_reply(&bench, asked, FRAME_READ_REPLY, &body.base, told, 2);
    writer_deinit(&row);
}

static void answer_prepare(struct bench_frame *asked)
{
    struct fake_replica *replica = &replicas[asked->to];
    const Cartwheel__Prepare *prepare =
        (const Cartwheel__Prepare *)frame_decode_body(&asked->frame, &bench.arena);
    uint8_t storage[VERSION_SIZE];
    Cartwheel__PrepareReply body = CARTWHEEL__PREPARE_REPLY__INIT;
    struct version ballot, told = ballot_of(replica);
    struct writer row;
    ck_assert(version_of_binary(prepare->ballot, &ballot));
    body.verdict = VERDICT_TOOK;
    if (replica->mood == BROKEN)
        body.verdict = VERDICT_FAILED;
    else if (version_compare(ballot, version_max(promise_of(replica), told)) < 0)
        body.verdict = VERDICT_REFUSED_PROMISE;
    else
        replica->promised = ballot;
    if (!version_is_none(told))
        body.ballot = binary_of_version(told, storage);
    struct slice kept = held(replica, body.verdict == VERDICT_TOOK && prepare->full, &row);
    bench_reply(&bench, asked, FRAME_PREPARE_REPLY, &body.base, kept, 2);
    writer_deinit(&row);
}

/* REPAIR, and ACCEPT. */
static void answer_write(struct bench_frame *asked)
{
    struct fake_replica *replica = &replicas[asked->to];
    bool decided = false;
    struct row row;
    ck_assert(row_decode(asked->frame.payload, &row));
    if (asked->frame.header.type == FRAME_REPAIR)
        decided =
            ((const Cartwheel__Write *)frame_decode_body(&asked->frame, &bench.arena))->decided;
    if (version_compare(row.ballot, ballot_of(replica)) < 0) {
        bench_reply_write(&bench, asked, VERDICT_REFUSED_ITEM, ballot_of(replica));
    } else if (!decided && version_compare(row.ballot, promise_of(replica)) < 0 &&
               !version_equal(row.ballot, ballot_of(replica))) {
        bench_reply_write(&bench, asked, VERDICT_REFUSED_PROMISE, promise_of(replica));
    } else {
        replica->settled = row.ballot;
        replica->origin = row.origin;
        bench_reply_write(&bench, asked, VERDICT_TOOK, VERSION_NONE);
    }
}

static void answer(struct bench_frame *asked)
{
    switch (asked->frame.header.type) {
    case FRAME_READ:
        answer_read(asked);
        break;
    case FRAME_PREPARE:
        answer_prepare(asked);
        break;
    case FRAME_COMMIT:
        asked->answered = true;
        break;
    case FRAME_HINT:
        bench_reply_hint(&bench, asked, VERDICT_TOOK);
        break;
    default:
        answer_write(asked);
        break;
    }
}

/* How many hold that operation or a later one now. */
static size_t holders(size_t n, struct version version)
{
    size_t count = 0;
    for (size_t place = 0; place < n; place++)
        count += version_compare(origin_of(&replicas[bench.list[place]]), version) >= 0;
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
        answer(asked);
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

static unsigned highest_of_majorities(size_t n, const struct fake_replica *initial)
{
    unsigned best = 0;
    for (unsigned ballot = 1; ballot <= NEWEST; ballot++) {
        size_t count = 0;
        for (size_t place = 0; place < n; place++)
            count += initial[place].written >= ballot;
        best = count >= n / 2 + 1 ? ballot : best;
    }
    return best;
}

static size_t count_mood(size_t n, const struct fake_replica *initial, enum mood mood)
{
    size_t count = 0;
    for (size_t place = 0; place < n; place++)
        count += initial[place].mood == mood;
    return count;
}

static void check_consistent(size_t n, const struct fake_replica *initial)
{
    begin(n, 1, true);
    for (size_t place = 0; place < n; place++)
        replicas[bench.list[place]] = initial[place];
    bench_submit(&bench);
    play(n, true);
    size_t speaking = count_mood(n, initial, WELL) + count_mood(n, initial, PROMISED);
    ck_assert_int_eq(bench.request.outcome == OUTCOME_OK, speaking >= n / 2 + 1);
    if (bench.request.outcome == OUTCOME_OK) {
        uint64_t shown = bench.request.version.hlc;
        ck_assert_uint_ge(shown, highest_of_majorities(n, initial));
        ck_assert_int_eq(bench.request.found, is_item(bench.request.version));
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
            struct fake_replica initial[3];
            unsigned rest = number;
            for (size_t place = 0; place < n; place++, rest /= STATES)
                initial[place] = (struct fake_replica){rest % STATES % (NEWEST + 1),
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
                replicas[bench.list[place]] = (struct fake_replica){rest % 4, WELL};
            bench_submit(&bench);
            ck_assert_uint_eq(bench_count(&bench, FRAME_READ), r);
            unsigned newest = 0;
            size_t asked[3];
            for (size_t i = 0; i < r; i++) {
                asked[i] = bench.frames[i].to;
                unsigned written = replicas[asked[i]].written;
                newest = written > newest ? written : newest;
            }
            play(3, false);
            ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
            ck_assert_uint_eq(bench.request.version.hlc, newest);
            /* Those asked that lacked it have it now. */
            for (size_t i = 0; i < r; i++)
                ck_assert_uint_eq(ballot_of(&replicas[asked[i]]).hlc, newest);
            end();
        }
    }
}
END_TEST

static void all_well(void)
{
    for (size_t member = 0; member < BENCH_MEMBERS_MAX; member++)
        replicas[member] = (struct fake_replica){1, WELL};
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

/* The third one, asked because the others were slow, tells of a newer row while the second still
 * takes the first one's: it has not taken the newer one by that. */
START_TEST(a_repair_counts_for_the_row_that_it_carried)
{
    all_well();
    begin(3, 1, true);
    bench_submit(&bench);
    replicas[bench.frames[1].to].written = 0;
    bench_pass(&bench, bench.coordinator.speculate_us);
    ck_assert_uint_eq(bench.frames_count, 3);
    replicas[bench.frames[2].to].written = NEWEST;
    answer(&bench.frames[0]);
    answer(&bench.frames[1]);
    struct bench_frame *repair = bench_find(&bench, FRAME_REPAIR, bench.frames[1].to);
    ck_assert_ptr_nonnull(repair);
    answer(&bench.frames[2]);
    answer(repair);
    ck_assert_uint_eq(bench.answers, 0);
    play(3, true);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    ck_assert_uint_ge(holders(3, bench.request.version), 2);
    end();
}
END_TEST

START_TEST(a_third_replica_makes_up_for_a_full_one)
{
    all_well();
    begin(3, 1, true);
    bench_submit(&bench);
    replicas[bench.frames[1].to].written = 0;
    size_t full = bench.frames[1].to;
    answer(&bench.frames[0]);
    answer(&bench.frames[1]);
    ck_assert_uint_eq(bench_count(&bench, FRAME_READ), 2);
    bench_reply_write(&bench, bench_find(&bench, FRAME_REPAIR, full), VERDICT_NO_SPACE,
                      VERSION_NONE);
    ck_assert_uint_eq(bench_count(&bench, FRAME_READ), 3);
    answer(&bench.frames[bench.frames_count - 1]);
    ck_assert_uint_eq(bench.answers, 1);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    ck_assert_uint_eq(bench_count(&bench, FRAME_PREPARE), 0);
    end();
}
END_TEST

START_TEST(a_late_answer_that_is_behind_is_repaired)
{
    all_well();
    begin(3, 1, false);
    bench_submit(&bench);
    size_t first = bench.frames[0].to;
    replicas[first] = (struct fake_replica){0, MUTE};
    bench_pass(&bench, bench.coordinator.speculate_us);
    while (answer_all(3, false))
        continue;
    ck_assert_uint_eq(bench.answers, 1);
    replicas[first].mood = WELL;
    while (answer_all(3, false))
        continue;
    ck_assert_uint_eq(ballot_of(&replicas[first]).hlc, 1);
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
    row_put(&row, version_at(1), version_at(1));
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
          a_repair_counts_for_the_row_that_it_carried, a_third_replica_makes_up_for_a_full_one,
          a_late_answer_that_is_behind_is_repaired, a_broken_link_is_replaced_at_once,
          nobody_can_answer, a_row_that_does_not_fit_its_ballot_is_a_failure)
