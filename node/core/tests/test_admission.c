/* When new work is refused, and when it is let in again. */
#include "admission.h"

#include "test_main.h"

enum { MS = 1000, DELAY_MAX_US = 500 * MS, INTERVAL_US = 300 * MS, START_US = 7000 * MS };

static struct admission admission;

static void setup(void)
{
    admission_init(&admission, DELAY_MAX_US, INTERVAL_US);
}

/* Refuses after something passed `at_ms` after the start, delayed by `delay_ms`. */
static bool refuses(uint64_t at_ms, uint64_t delay_ms)
{
    admission_note(&admission, START_US + at_ms * MS, delay_ms * MS);
    return admission_refuses(&admission);
}

START_TEST(lets_in_what_is_quick)
{
    setup();
    ck_assert(!admission_refuses(&admission));
    for (uint64_t at_ms = 0; at_ms < 10000; at_ms += 100)
        ck_assert(!refuses(at_ms, 500));
}
END_TEST

START_TEST(takes_up_a_burst)
{
    setup();
    ck_assert(!refuses(0, 501));
    ck_assert(!refuses(299, 4000));
    ck_assert(!refuses(300, 20));
    /* The interval begins anew. */
    ck_assert(!refuses(400, 501));
    ck_assert(!refuses(699, 501));
}
END_TEST

START_TEST(refuses_behind_a_standing_queue)
{
    setup();
    ck_assert(!refuses(0, 600));
    ck_assert(!refuses(150, 700));
    ck_assert(refuses(300, 600));
    ck_assert(refuses(5000, 600));
}
END_TEST

START_TEST(lets_in_again_at_half_the_delay)
{
    setup();
    refuses(0, 600);
    ck_assert(refuses(300, 600));
    ck_assert(refuses(400, 500));
    ck_assert(refuses(500, 251));
    ck_assert(!refuses(600, 250));
    ck_assert(!refuses(700, 400));
}
END_TEST

START_TEST(refuses_at_once_soon_after)
{
    setup();
    refuses(0, 600);
    ck_assert(refuses(300, 600));
    ck_assert(!refuses(400, 10));
    ck_assert(refuses(699, 501));
    ck_assert(!refuses(800, 10));
    /* Later it is a new burst. */
    ck_assert(!refuses(1100, 501));
    ck_assert(!refuses(1399, 501));
    ck_assert(refuses(1400, 501));
}
END_TEST

START_TEST(an_interval_of_nothing_refuses_at_once)
{
    admission_init(&admission, 1, 0);
    ck_assert(!refuses(0, 0));
    ck_assert(refuses(0, 1));
    ck_assert(!refuses(0, 0));
}
END_TEST

/* Work arrives at `load` times what is served, each millisecond; the queue's delay is what is
 * queued. Returns the longest delay after the first two seconds, in ms; *served counts what was done
 * in the last three. */
static uint64_t longest_delay_ms(double load, double *served)
{
    double queued_ms = 0;
    uint64_t longest_ms = 0;
    *served = 0;
    for (uint64_t at_ms = 0; at_ms < 5000; at_ms++) {
        if (!refuses(at_ms, (uint64_t)queued_ms))
            queued_ms += load;
        double done = queued_ms < 1 ? queued_ms : 1;
        queued_ms -= done;
        if (at_ms < 2000)
            continue;
        *served += done;
        longest_ms = queued_ms > (double)longest_ms ? (uint64_t)queued_ms : longest_ms;
    }
    return longest_ms;
}

START_TEST(a_tenfold_load_is_served_without_a_pause)
{
    static const double loads[] = {0.9, 1.5, 3, 10};
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        double served;
        setup();
        uint64_t longest_ms = longest_delay_ms(loads[i], &served);
        ck_assert_double_gt(served, 3000 * (loads[i] < 1 ? 0.89 : 0.99));
        ck_assert_uint_le(longest_ms, (uint64_t)(500 + loads[i] * 300));
    }
}
END_TEST

TEST_MAIN("admission", lets_in_what_is_quick, takes_up_a_burst, refuses_behind_a_standing_queue,
          lets_in_again_at_half_the_delay, refuses_at_once_soon_after,
          an_interval_of_nothing_refuses_at_once, a_tenfold_load_is_served_without_a_pause)
