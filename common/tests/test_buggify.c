#include "buggify.h"

#include "test_main.h"

#ifdef CARTWHEEL_TESTING
/* Which of the first times one place fires, in a run of that seed. */
static uint64_t pattern(uint64_t seed)
{
    uint64_t fired = 0;
    buggify_start(seed);
    for (unsigned i = 0; i < 64; i++)
        fired |= (uint64_t)buggify_fires("a place") << i;
    buggify_start(0);
    return fired;
}

START_TEST(equal_seeds_fire_equally)
{
    for (uint64_t seed = 1; seed < 100; seed++)
        ck_assert_uint_eq(pattern(seed), pattern(seed));
}
END_TEST

START_TEST(a_place_is_active_in_a_quarter_of_the_runs_and_fires_a_quarter_of_the_time)
{
    unsigned active = 0, fired = 0;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        uint64_t found = pattern(seed);
        active += found != 0;
        fired += (unsigned)__builtin_popcountll(found);
    }
    ck_assert_uint_ge(active, 200);
    ck_assert_uint_le(active, 300);
    ck_assert_uint_ge(fired, active * 12);
    ck_assert_uint_le(fired, active * 20);
}
END_TEST
#endif

START_TEST(nothing_fires_outside_of_runs)
{
    for (unsigned i = 0; i < 1000; i++)
        ck_assert(!BUGGIFY("another place"));
}
END_TEST

#ifdef CARTWHEEL_TESTING
TEST_MAIN("buggify", nothing_fires_outside_of_runs, equal_seeds_fire_equally,
          a_place_is_active_in_a_quarter_of_the_runs_and_fires_a_quarter_of_the_time)
#else
TEST_MAIN("buggify", nothing_fires_outside_of_runs)
#endif
