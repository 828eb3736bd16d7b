#include "hlc.h"

#include "prng.h"
#include "test_main.h"

START_TEST(issues_nothing_above_the_ceiling)
{
    struct hlc hlc;
    hlc_init(&hlc, 0);
    ck_assert_uint_eq(hlc_next(&hlc, 1000000), 0);
    ck_assert(hlc_ceiling_low(&hlc, 1000000));
    uint64_t ceiling = hlc_ceiling_wanted(&hlc, 1000000);
    hlc_raise_ceiling(&hlc, ceiling);
    ck_assert(!hlc_ceiling_low(&hlc, 1000000));
    uint64_t first = hlc_next(&hlc, 1000000);
    ck_assert_uint_eq(hlc_to_ms(first), 1000);
    ck_assert_uint_eq(hlc_next(&hlc, 1000000), first + 1);
    ck_assert_uint_eq(hlc_next(&hlc, 10), first + 2);
    ck_assert_uint_eq(hlc_next(&hlc, 5000000), 0);
    hlc_raise_ceiling(&hlc, 1);
    ck_assert_uint_eq(hlc.ceiling, ceiling);
}
END_TEST

START_TEST(stamps_after_what_it_observed)
{
    struct hlc hlc;
    hlc_init(&hlc, 0);
    hlc_raise_ceiling(&hlc, hlc_from_ms(10000));
    hlc_observe(&hlc, hlc_from_ms(2000) + 5);
    hlc_observe(&hlc, 3);
    ck_assert_uint_eq(hlc_current(&hlc, 1000000), hlc_from_ms(2000) + 5);
    ck_assert_uint_eq(hlc_next(&hlc, 1000000), hlc_from_ms(2000) + 6);
    ck_assert_uint_eq(hlc_current(&hlc, 3000000), hlc_from_ms(3000));
}
END_TEST

START_TEST(judges_peers_by_the_wall_clock)
{
    ck_assert(hlc_plausible(hlc_from_ms(1500), 1000000, 500000));
    ck_assert(hlc_plausible(hlc_from_ms(1500) + 65535, 1000000, 500000));
    ck_assert(!hlc_plausible(hlc_from_ms(1501), 1000000, 500000));
    ck_assert(hlc_plausible(0, 1000000, 0));
}
END_TEST

/* Whatever the wall clock does, and whenever the node restarts with the ceiling that was durable,
 * stamps only rise. */
START_TEST(no_stamp_twice_across_restarts_and_clock_jumps)
{
    struct prng prng;
    prng_init(&prng, 5);
    struct hlc hlc;
    hlc_init(&hlc, 0);
    uint64_t durable = 0;
    uint64_t last = 0;
    uint64_t wall = UINT64_C(1700000000000000);
    for (int step = 0; step < 100000; step++) {
        wall = wall + prng_below(&prng, 20000) - prng_below(&prng, 15000);
        if (prng_chance(&prng, 1000))
            hlc_init(&hlc, durable);
        if (hlc_ceiling_low(&hlc, wall)) {
            durable = hlc_ceiling_wanted(&hlc, wall);
            ck_assert_uint_gt(durable, hlc.ceiling);
            hlc_raise_ceiling(&hlc, durable);
        }
        uint64_t stamp = hlc_next(&hlc, wall);
        ck_assert_uint_gt(stamp, last);
        last = stamp;
    }
}
END_TEST

TEST_MAIN("hlc", issues_nothing_above_the_ceiling, stamps_after_what_it_observed,
          judges_peers_by_the_wall_clock, no_stamp_twice_across_restarts_and_clock_jumps)
