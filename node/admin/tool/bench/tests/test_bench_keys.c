#include "test_main.h"

#include "bench_keys.h"

enum { KEYS = 1000, DRAWS = 200000 };

/* How often each key was drawn. */
static void draw(enum bench_distribution distribution, uint64_t *counts)
{
    struct prng prng;
    struct bench_keys keys;
    prng_init(&prng, 7);
    bench_keys_init(&keys, distribution, KEYS, &prng);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t key = bench_keys_draw(&keys, KEYS);
        ck_assert_uint_lt(key, KEYS);
        counts[key]++;
    }
}

START_TEST(test_uniform)
{
    uint64_t counts[KEYS] = {0};
    draw(BENCH_UNIFORM, counts);
    for (int i = 0; i < KEYS; i++) {
        ck_assert_uint_gt(counts[i], DRAWS / KEYS / 2);
        ck_assert_uint_lt(counts[i], DRAWS / KEYS * 2);
    }
}
END_TEST

/* Ranks are drawn in proportion to 1 / rank^theta. */
START_TEST(test_zipf)
{
    uint64_t counts[KEYS] = {0};
    struct prng prng;
    struct bench_zipf zipf;
    prng_init(&prng, 7);
    bench_zipf_init(&zipf, KEYS, BENCH_ZIPFIAN_THETA);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t rank = bench_zipf_draw(&zipf, &prng);
        ck_assert_uint_lt(rank, KEYS);
        counts[rank]++;
    }
    double first = DRAWS / zipf.zeta;
    ck_assert_double_eq_tol((double)counts[0], first, first * 0.05);
    ck_assert_double_eq_tol((double)counts[1], first / 1.986, first * 0.05);
    uint64_t tenth = counts[8] + counts[9] + counts[10];
    ck_assert_double_eq_tol((double)tenth, 3 * first / 9.77, first * 0.1);
}
END_TEST

START_TEST(test_zipf_grows_as_if_it_began_so)
{
    struct bench_zipf grown, begun;
    bench_zipf_init(&grown, 10, BENCH_ZIPFIAN_THETA);
    bench_zipf_grow(&grown, 500);
    bench_zipf_init(&begun, 500, BENCH_ZIPFIAN_THETA);
    ck_assert_double_eq_tol(grown.zeta, begun.zeta, 1e-9);
    ck_assert_double_eq_tol(grown.eta, begun.eta, 1e-9);
}
END_TEST

START_TEST(test_smallest_zipf)
{
    struct prng prng;
    prng_init(&prng, 1);
    for (uint64_t count = 1; count <= 3; count++) {
        struct bench_zipf zipf;
        bench_zipf_init(&zipf, count, BENCH_ZIPFIAN_THETA);
        for (int i = 0; i < 1000; i++)
            ck_assert_uint_lt(bench_zipf_draw(&zipf, &prng), count);
    }
}
END_TEST

/* One key takes 1 / zeta of all draws, and it is not the first one. */
START_TEST(test_zipfian_is_scrambled)
{
    uint64_t counts[KEYS] = {0};
    draw(BENCH_ZIPFIAN, counts);
    size_t hottest = 0;
    for (size_t i = 0; i < KEYS; i++)
        hottest = counts[i] > counts[hottest] ? i : hottest;
    ck_assert_double_eq_tol((double)counts[hottest] / DRAWS, 1 / 26.469, 0.01);
    ck_assert_uint_gt(hottest, 0);
    uint64_t low = 0;
    for (size_t i = 0; i < KEYS / 2; i++)
        low += counts[i];
    ck_assert_uint_gt(low, DRAWS / 4);
    ck_assert_uint_lt(low, DRAWS / 4 * 3);
}
END_TEST

START_TEST(test_latest)
{
    uint64_t counts[KEYS] = {0};
    draw(BENCH_LATEST, counts);
    for (size_t i = 0; i < KEYS - 1; i++)
        ck_assert_uint_lt(counts[i], counts[KEYS - 1]);
    struct prng prng;
    struct bench_keys keys;
    prng_init(&prng, 7);
    bench_keys_init(&keys, BENCH_LATEST, 10, &prng);
    uint64_t highest = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t key = bench_keys_draw(&keys, 5000);
        highest = key > highest ? key : highest;
    }
    ck_assert_uint_eq(highest, 4999);
}
END_TEST

TEST_MAIN("bench-keys", test_uniform, test_zipf, test_zipf_grows_as_if_it_began_so,
          test_smallest_zipf, test_zipfian_is_scrambled, test_latest)
