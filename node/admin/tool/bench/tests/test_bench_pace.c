#include "test_main.h"

#include "bench_pace.h"

enum { SECOND = 1000000 };

START_TEST(test_open_loop_keeps_its_rate)
{
    struct bench_pace pace;
    bench_pace_init(&pace, 1000, 5 * SECOND, SECOND, 2 * SECOND, 0);
    ck_assert_uint_eq(bench_pace_next(&pace, 0), 5 * SECOND);
    uint64_t counted = 0;
    for (uint64_t i = 0; i < 3000; i++) {
        uint64_t due_us = bench_pace_next(&pace, 0);
        ck_assert_uint_eq(due_us, 5 * SECOND + i * 1000);
        ck_assert_uint_eq(bench_pace_take(&pace, due_us), due_us);
        counted += bench_pace_counts(&pace, due_us);
    }
    ck_assert_uint_eq(counted, 2000);
    ck_assert_uint_eq(bench_pace_next(&pace, 100 * SECOND), UINT64_MAX);
}
END_TEST

/* What a stall kept from being sent is as old as if it had been sent in time. */
START_TEST(test_open_loop_catches_up)
{
    struct bench_pace pace;
    bench_pace_init(&pace, 10, 0, 0, 10 * SECOND, 0);
    uint64_t now_us = 1 * SECOND;
    for (uint64_t i = 0; i <= 10; i++)
        ck_assert_uint_eq(bench_pace_take(&pace, now_us), i * SECOND / 10);
    ck_assert_uint_gt(bench_pace_next(&pace, now_us), now_us);
}
END_TEST

START_TEST(test_closed_loop_is_always_due)
{
    struct bench_pace pace;
    bench_pace_init(&pace, 0, 100, 50, 1000, 0);
    ck_assert_uint_eq(bench_pace_next(&pace, 100), 100);
    ck_assert_uint_eq(bench_pace_take(&pace, 149), 149);
    ck_assert(!bench_pace_counts(&pace, 149));
    ck_assert(bench_pace_counts(&pace, 150));
    ck_assert_uint_eq(bench_pace_next(&pace, 1149), 1149);
    ck_assert_uint_eq(bench_pace_next(&pace, 1150), UINT64_MAX);
}
END_TEST

START_TEST(test_so_many_that_count)
{
    struct bench_pace pace;
    bench_pace_init(&pace, 0, 0, 10, 1000, 3);
    uint64_t taken = 0;
    for (uint64_t now_us = 0; bench_pace_next(&pace, now_us) != UINT64_MAX; now_us += 5, taken++)
        bench_pace_take(&pace, now_us);
    ck_assert_uint_eq(taken, 2 + 3);
}
END_TEST

TEST_MAIN("bench-pace", test_open_loop_keeps_its_rate, test_open_loop_catches_up,
          test_closed_loop_is_always_due, test_so_many_that_count)
