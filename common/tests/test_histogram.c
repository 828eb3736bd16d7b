#include "histogram.h"

#include "prng.h"
#include "test_main.h"

static struct histogram histogram;
static struct histogram other;

START_TEST(empty_is_zero)
{
    histogram_init(&histogram);
    ck_assert_uint_eq(histogram_percentile(&histogram, 50), 0);
    ck_assert_uint_eq(histogram_percentile(&histogram, 100), 0);
    ck_assert_uint_eq(histogram_mean(&histogram), 0);
}
END_TEST

START_TEST(one_value_is_known_within_one_percent)
{
    for (uint64_t value = 0; value < (UINT64_C(1) << 36); value = value + 1 + value / 37) {
        histogram_init(&histogram);
        histogram_record(&histogram, value);
        histogram_record(&histogram, UINT64_C(1) << 35);
        uint64_t found = histogram_percentile(&histogram, value < UINT64_C(1) << 35 ? 50 : 100);
        uint64_t error = found > value ? found - value : value - found;
        ck_assert_msg(error * 100 <= value, "%lu found as %lu", value, found);
        ck_assert(value >= 128 || error == 0);
    }
}
END_TEST

START_TEST(percentiles_of_a_ramp)
{
    histogram_init(&histogram);
    for (uint64_t value = 1; value <= 100; value++)
        histogram_record(&histogram, value);
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), 1);
    ck_assert_uint_eq(histogram_percentile(&histogram, 1), 1);
    ck_assert_uint_eq(histogram_percentile(&histogram, 50), 50);
    ck_assert_uint_eq(histogram_percentile(&histogram, 99), 99);
    ck_assert_uint_eq(histogram_percentile(&histogram, 99.5), 100);
    ck_assert_uint_eq(histogram_percentile(&histogram, 100), 100);
    ck_assert_uint_eq(histogram_mean(&histogram), 50);
    histogram_init(&histogram);
    for (int i = 0; i < 999; i++)
        histogram_record(&histogram, 1);
    histogram_record(&histogram, 100);
    ck_assert_uint_eq(histogram_percentile(&histogram, 99.9), 1);
    ck_assert_uint_eq(histogram_percentile(&histogram, 99.95), 100);
}
END_TEST

START_TEST(huge_values_count_and_keep_the_exact_maximum)
{
    histogram_init(&histogram);
    histogram_record(&histogram, 5);
    histogram_record(&histogram, UINT64_MAX);
    ck_assert_uint_eq(histogram.count, 2);
    ck_assert_uint_eq(histogram.max, UINT64_MAX);
    ck_assert_uint_eq(histogram_percentile(&histogram, 100), UINT64_MAX);
    ck_assert_uint_eq(histogram_percentile(&histogram, 50), 5);
}
END_TEST

START_TEST(merging_is_recording_both)
{
    struct prng prng;
    prng_init(&prng, 6);
    static struct histogram both;
    histogram_init(&histogram);
    histogram_init(&other);
    histogram_init(&both);
    for (int i = 0; i < 10000; i++) {
        uint64_t value = prng_next(&prng) >> (24 + prng_below(&prng, 40));
        histogram_record(i % 2 ? &histogram : &other, value);
        histogram_record(&both, value);
    }
    histogram_merge(&histogram, &other);
    ck_assert_mem_eq(&histogram, &both, sizeof(both));
}
END_TEST

TEST_MAIN("histogram", empty_is_zero, one_value_is_known_within_one_percent, percentiles_of_a_ramp,
          huge_values_count_and_keep_the_exact_maximum, merging_is_recording_both)
