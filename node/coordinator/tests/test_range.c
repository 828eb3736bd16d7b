/* Consistent ranges over every small combination of what home nodes hold, with the real acceptors:
 * rows that are only accepted, promises in the way of repairs, rivals, and home nodes that are mute.
 * Whatever is shown must have been decided, and nothing that was decided before may be missing. */
#include <stdio.h>
#include <string.h>

#include "fake_homes.h"
#include "prng.h"
#include "test_main.h"

/* What a home node holds of a key. */
enum holding {
    NOTHING,
    PLAIN,     /* a plain write */
    DELETED,   /* a newer plain delete */
    ACCEPTED,  /* a still newer row that was proposed, above PLAIN */
    APPLIED,   /* the same, committed */
    PROMISING, /* PLAIN, and a promise that no repair gets past */
    HOLDINGS
};

enum { PLAIN_HLC = 10, DELETED_HLC = 20, PROPOSED_HLC = 30, PROMISED_HLC = 1000, RIVAL_HLC = 2000 };

static struct bench bench;
static struct fake_homes homes;
static struct prng prng;
static struct version
    decided_before[HOMES_KEYS_MAX]; /* highest ballot on a majority at the start */
static unsigned rivals;             /* plain writes of others so far */

static struct version version_at(uint64_t hlc)
{
    return hlc == 0 ? VERSION_NONE : (struct version){hlc, 7 << 16};
}

static void hold_row(size_t member, unsigned key, uint64_t hlc, bool proposed, bool applied)
{
    struct writer value;
    writer_init(&value, 0);
    fake_homes_put_value(&value, hlc);
    struct row row = row_plain(version_at(hlc), hlc == DELETED_HLC, writer_slice(&value));
    row.proposed = proposed;
    fake_homes_hold(&homes, member, key, &row, applied);
    writer_deinit(&value);
}

static void hold(size_t member, unsigned key, enum holding holding)
{
    if (holding == PLAIN || holding == ACCEPTED || holding == PROMISING)
        hold_row(member, key, PLAIN_HLC, false, true);
    if (holding == DELETED)
        hold_row(member, key, DELETED_HLC, false, true);
    if (holding == ACCEPTED || holding == APPLIED)
        hold_row(member, key, PROPOSED_HLC, true, holding == APPLIED);
    if (holding == PROMISING)
        homes.held[member][key].promised = version_at(PROMISED_HLC);
}

/* What is committed must have been taken by a majority. */
static bool possible(const enum holding *holdings, size_t n)
{
    size_t applied = 0, took = 0;
    for (size_t i = 0; i < n; i++) {
        applied += holdings[i] == APPLIED;
        took += holdings[i] == APPLIED || holdings[i] == ACCEPTED;
    }
    return applied == 0 || took >= n / 2 + 1;
}

/* Another coordinator's write comes to some home nodes. */
static void rival_write(void)
{
    struct writer value;
    uint64_t hlc = RIVAL_HLC + rivals++;
    writer_init(&value, 0);
    fake_homes_put_value(&value, hlc);
    struct row row = row_plain(version_at(hlc), prng_chance(&prng, 500000), writer_slice(&value));
    unsigned key = (unsigned)prng_below(&prng, homes.keys);
    for (size_t place = 0; place < homes.n; place++) {
        if (prng_chance(&prng, 500000))
            fake_homes_offer(&homes, bench.list[place], key, &row);
    }
    writer_deinit(&value);
}

static void look_before(void)
{
    for (unsigned key = 0; key < homes.keys; key++) {
        decided_before[key] = VERSION_NONE;
        for (size_t place = 0; place < homes.n; place++) {
            struct version top = fake_homes_top(&homes, bench.list[place], key);
            size_t above = 0;
            for (size_t other = 0; other < homes.n; other++)
                above += version_compare(fake_homes_top(&homes, bench.list[other], key), top) >= 0;
            if (above >= homes.n / 2 + 1)
                decided_before[key] = version_max(decided_before[key], top);
        }
    }
}

static void check_absent(unsigned key)
{
    bool deleted = fake_homes_decided(&homes, key, VERSION_NONE, true, decided_before[key]);
    ck_assert(deleted || version_is_none(decided_before[key]));
}

/* Every key between the start and `resume` is either shown or absent, both rightly. */
static void check_shown(const struct request *request)
{
    struct reader reader = reader_of(writer_slice(&request->rows));
    struct slice shown = SLICE_EMPTY, value = SLICE_EMPTY;
    bool left = reader_left(&reader) > 0 && store_rows_next(&reader, &shown, &value);
    for (unsigned place = 0; place < homes.keys; place++) {
        unsigned key = request->reverse ? homes.keys - 1 - place : place;
        struct slice here = writer_slice(&homes.key[key]);
        int past = slice_compare(here, request->resume);
        if (request->more && (request->reverse ? past < 0 : past > 0))
            break;
        if (left && slice_equal(here, shown)) {
            struct version origin = version_at(fake_homes_value(value));
            ck_assert(fake_homes_decided(&homes, key, origin, false, decided_before[key]));
            left = store_rows_next(&reader, &shown, &value);
        } else {
            check_absent(key);
        }
    }
    ck_assert_msg(!left, "a row beyond the page's end, or out of order");
}

static bool answer_all(bool shuffled)
{
    bool any = false;
    size_t count = bench.frames_count;
    for (size_t i = 0; i < count; i++) {
        unsigned answers = bench.answers;
        if (shuffled && prng_chance(&prng, 300000))
            continue;
        any |= fake_homes_answer(&homes, &bench.frames[i]);
        if (bench.answers > answers && bench.request.outcome == OUTCOME_OK)
            check_shown(&bench.request);
    }
    return any;
}

static void play(uint32_t rivals_per_million)
{
    for (int i = 0; i < 3000; i++) {
        if (prng_chance(&prng, rivals_per_million))
            rival_write();
        bool any = answer_all(rivals_per_million > 0);
        bench_forget_answered(&bench);
        if (bench.answers > 0 && coordinator_idle(&bench.coordinator))
            return;
        bench_pass(&bench, any ? 1000 : 50000);
        if (bench.answers == 1 && bench.request.outcome == OUTCOME_OK)
            check_shown(&bench.request);
    }
}

static void begin(size_t n, unsigned keys)
{
    bench_init(&bench, n, 0);
    fake_homes_init(&homes, &bench, n, keys);
    rivals = 0;
}

static void ask(bool reverse, uint32_t rows_max)
{
    look_before();
    bench_request(&bench, REQUEST_RANGE, (struct quorum){(uint8_t)homes.n, 1, 1, false});
    bench.request.key = writer_slice(&homes.key[0]);
    bench.request.to = writer_slice(&homes.key[homes.keys]);
    bench.request.consistent = true;
    bench.request.reverse = reverse;
    bench.request.rows_max = rows_max;
    bench.request.bytes_max = 1 << 20;
    bench_submit(&bench);
}

static void end(void)
{
    ck_assert_uint_eq(bench.answers, 1);
    for (int i = 0; i < 40; i++) {
        (void)answer_all(false);
        bench_forget_answered(&bench);
        bench_pass(&bench, 500000);
    }
    ck_assert_uint_eq(bench.answers, 1);
    bench_check_idle(&bench);
    request_release(&bench.request);
    fake_homes_deinit(&homes);
    bench_deinit(&bench);
}

static size_t mutes(void)
{
    size_t count = 0;
    for (size_t place = 0; place < homes.n; place++)
        count += homes.mood[bench.list[place]] == MOOD_MUTE;
    return count;
}

static void check_world(const enum holding *holdings, unsigned mute, bool reverse)
{
    begin(3, 2);
    for (size_t place = 0; place < 3; place++) {
        hold(bench.list[place], 0, holdings[place]);
        hold(bench.list[place], 1, holdings[(place + 1) % 3]);
        homes.mood[bench.list[place]] = (mute >> place & 1) != 0 ? MOOD_MUTE : MOOD_WELL;
    }
    ask(reverse, 1 + (uint32_t)holdings[0] % 2);
    play(0);
    ck_assert_uint_eq(bench.answers, 1);
    if (mutes() <= 1)
        ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    else
        ck_assert(bench.request.outcome == OUTCOME_TIMEOUT ||
                  bench.request.outcome == OUTCOME_UNAVAILABLE);
    end();
}

START_TEST(ranges_show_what_was_decided_and_all_of_it)
{
    prng_init(&prng, 1);
    for (unsigned number = 0; number < HOLDINGS * HOLDINGS * HOLDINGS; number++) {
        enum holding holdings[3] = {(enum holding)(number % HOLDINGS),
                                    (enum holding)(number / HOLDINGS % HOLDINGS),
                                    (enum holding)(number / HOLDINGS / HOLDINGS)};
        for (unsigned mute = 0; possible(holdings, 3) && mute < 4; mute++)
            check_world(holdings, mute, number % 2 == 0);
    }
}
END_TEST

START_TEST(ranges_fail_when_too_few_speak)
{
    static const enum holding holdings[3] = {PLAIN, ACCEPTED, NOTHING};
    prng_init(&prng, 2);
    for (unsigned mute = 0; mute < 8; mute++)
        check_world(holdings, mute, false);
}
END_TEST

static void draw_key(unsigned key)
{
    enum holding holdings[BENCH_MEMBERS_MAX];
    do {
        for (size_t place = 0; place < homes.n; place++)
            holdings[place] = (enum holding)prng_below(&prng, HOLDINGS);
    } while (!possible(holdings, homes.n));
    for (size_t place = 0; place < homes.n; place++)
        hold(bench.list[place], key, holdings[place]);
}

static void check_drawn(size_t n)
{
    begin(n, HOMES_KEYS_MAX);
    for (unsigned key = 0; key < homes.keys; key++)
        draw_key(key);
    for (size_t i = 0; i < (n - 1) / 2; i++)
        homes.mood[prng_below(&prng, n)] = prng_chance(&prng, 300000) ? MOOD_MUTE : MOOD_WELL;
    ask(prng_chance(&prng, 500000), 1 + (uint32_t)prng_below(&prng, HOMES_KEYS_MAX));
    play(prng_chance(&prng, 500000) ? 100000 : 0);
    ck_assert_uint_eq(bench.answers, 1);
    if (rivals == 0)
        ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    end();
}

START_TEST(ranges_of_many_keys_with_rivals)
{
    prng_init(&prng, 3);
    for (int round = 0; round < 1500; round++)
        check_drawn(round % 3 == 0 ? 5 : round % 3 == 1 ? 3 : 1);
}
END_TEST

/* Four of five are asked, since the first one is full: if the other three agree, that is all; if one
 * lags, it takes one repair. */
START_TEST(ranges_cost_as_little_as_they_can)
{
    Cartwheel__RangeReply busy = CARTWHEEL__RANGE_REPLY__INIT;
    busy.verdict = VERDICT_BUSY;
    for (int lagging = 0; lagging < 2; lagging++) {
        begin(5, 1);
        prng_init(&prng, 4);
        for (size_t place = 0; place < 5; place++)
            hold(bench.list[place], 0, lagging == 1 && place == 1 ? PLAIN : APPLIED);
        ask(false, 10);
        bench_reply(&bench, bench_find(&bench, FRAME_RANGE, 0), FRAME_RANGE_REPLY, &busy.base,
                    SLICE_EMPTY, 1);
        while (bench.answers == 0 && answer_all(false))
            continue;
        ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
        ck_assert_uint_eq(bench.request.rows_count, 1);
        ck_assert_uint_eq(bench_count(&bench, FRAME_PREPARE), 0);
        ck_assert_uint_eq(bench_count(&bench, FRAME_REPAIR), (size_t)lagging);
        end();
    }
}
END_TEST

/* The first page is all deleted once its rows are settled: the same pages yield the rows behind. */
START_TEST(a_page_whose_rows_are_gone_goes_on)
{
    begin(3, 4);
    prng_init(&prng, 5);
    for (unsigned key = 0; key < 4; key++) {
        hold(bench.list[0], key, key < 2 ? PLAIN : APPLIED);
        hold(bench.list[1], key, key < 2 ? NOTHING : APPLIED);
        hold(bench.list[2], key, key < 2 ? DELETED : APPLIED);
        if (key < 2)
            homes.held[bench.list[1]][key].promised = version_at(PROMISED_HLC);
    }
    ask(false, 2);
    play(0);
    ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
    end();
}
END_TEST

/* The link breaks while repairs and settlements are out. */
START_TEST(a_broken_link_ends_what_waits_for_it)
{
    for (int steps = 0; steps < 8; steps++) {
        begin(3, 3);
        prng_init(&prng, 6);
        for (unsigned key = 0; key < 3; key++) {
            hold(bench.list[0], key, ACCEPTED);
            hold(bench.list[1], key, PROMISING);
            hold(bench.list[2], key, NOTHING);
        }
        ask(false, 10);
        for (int i = 0; i < steps; i++)
            (void)answer_all(false);
        homes.mood[bench.list[1]] = MOOD_MUTE;
        bench_unlink(&bench, bench.list[1]);
        play(0);
        ck_assert_int_eq(bench.request.outcome, OUTCOME_OK);
        end();
    }
}
END_TEST

/* The coordinator is freed in the middle of it. */
START_TEST(a_coordinator_may_go_at_any_time)
{
    for (int steps = 0; steps < 8; steps++) {
        begin(3, 3);
        prng_init(&prng, 7);
        for (unsigned key = 0; key < 3; key++) {
            hold(bench.list[0], key, ACCEPTED);
            hold(bench.list[1], key, PROMISING);
        }
        ask(false, 10);
        for (int i = 0; i < steps; i++)
            (void)answer_all(false);
        fake_homes_deinit(&homes);
        bench_deinit(&bench);
        ck_assert_uint_eq(bench.answers, 1);
        request_release(&bench.request);
    }
}
END_TEST

TEST_MAIN("range", ranges_show_what_was_decided_and_all_of_it, ranges_fail_when_too_few_speak,
          ranges_of_many_keys_with_rivals, ranges_cost_as_little_as_they_can,
          a_page_whose_rows_are_gone_goes_on, a_broken_link_ends_what_waits_for_it,
          a_coordinator_may_go_at_any_time)
