#include "prng.h"

#include "test_main.h"

START_TEST(one_seed_gives_one_sequence)
{
    struct prng a;
    struct prng b;
    struct prng c;
    prng_init(&a, 7);
    prng_init(&b, 7);
    prng_init(&c, 8);
    unsigned different = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t value = prng_next(&a);
        ck_assert_uint_eq(value, prng_next(&b));
        different += value != prng_next(&c);
    }
    ck_assert_uint_eq(different, 1000);
}
END_TEST

/* First outputs of the authors' code, seeded by splitmix64 from 0. */
START_TEST(agrees_with_the_reference)
{
    struct prng prng;
    prng_init(&prng, 0);
    ck_assert_uint_eq(prng.state[0], UINT64_C(0xe220a8397b1dcdaf));
    ck_assert_uint_eq(prng.state[1], UINT64_C(0x6e789e6aa1b965f4));
    ck_assert_uint_eq(prng_next(&prng), UINT64_C(0x99ec5f36cb75f2b4));
    ck_assert_uint_eq(prng_next(&prng), UINT64_C(0xbf6e1f784956452a));
}
END_TEST

START_TEST(bounds_hold_and_every_value_comes)
{
    struct prng prng;
    prng_init(&prng, 3);
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++)
        seen[prng_below(&prng, 7)]++;
    for (int i = 0; i < 7; i++)
        ck_assert(seen[i] > 800 && seen[i] < 1200);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = prng_between(&prng, 5, 6);
        ck_assert(value == 5 || value == 6);
    }
    ck_assert_uint_eq(prng_below(&prng, 1), 0);
    ck_assert_uint_eq(prng_between(&prng, 9, 9), 9);
    prng_between(&prng, 0, UINT64_MAX);
}
END_TEST

START_TEST(chances_are_as_asked)
{
    struct prng prng;
    prng_init(&prng, 4);
    unsigned hits = 0;
    for (int i = 0; i < 100000; i++) {
        hits += prng_chance(&prng, 250000);
        ck_assert(!prng_chance(&prng, 0));
        ck_assert(prng_chance(&prng, 1000000));
    }
    ck_assert(hits > 24000 && hits < 26000);
}
END_TEST

TEST_MAIN("prng", one_seed_gives_one_sequence, agrees_with_the_reference,
          bounds_hold_and_every_value_comes, chances_are_as_asked)
