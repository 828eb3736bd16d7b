/* The arithmetic of a bucket. */
#include "throughput_bucket.h"

#include "test_main.h"

#define SECOND    UINT64_C(1000000)
#define HALVES(n) ((n)*INT64_C(1000000))

static struct throughput_bucket bucket;

/* At 20 half units a second, made at second 1. */
static void setup(void)
{
    throughput_bucket_init(&bucket, 20, SECOND);
}

START_TEST(a_new_bucket_holds_300_seconds)
{
    setup();
    ck_assert(throughput_bucket_full(&bucket));
    ck_assert_int_eq(bucket.balance, HALVES(6000));
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(7000)), HALVES(6000));
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(1)), 0);
}
END_TEST

START_TEST(it_fills_at_its_rate_and_not_beyond)
{
    setup();
    throughput_bucket_spend(&bucket, HALVES(6000));
    throughput_bucket_fill(&bucket, 3 * SECOND);
    ck_assert_int_eq(bucket.balance, HALVES(40));
    throughput_bucket_fill(&bucket,
                           2 * SECOND); /* no clock goes back, but two may be read at once */
    ck_assert_int_eq(bucket.balance, HALVES(40));
    throughput_bucket_fill(&bucket, 1000000 * SECOND);
    ck_assert(throughput_bucket_full(&bucket));
    ck_assert_int_eq(bucket.balance, HALVES(6000));
}
END_TEST

START_TEST(slivers_are_not_handed_out_but_add_up)
{
    setup();
    throughput_bucket_spend(&bucket, HALVES(6000));
    throughput_bucket_fill(&bucket, SECOND + 49999);
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(2)), 0);
    throughput_bucket_fill(&bucket, SECOND + 50000);
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(2)), HALVES(1));
}
END_TEST

START_TEST(a_debt_is_paid_first_and_is_bounded)
{
    setup();
    throughput_bucket_spend(&bucket, HALVES(6100));
    ck_assert_int_eq(bucket.balance, HALVES(-100));
    throughput_bucket_fill(&bucket, 6 * SECOND);
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(1)), 0);
    throughput_bucket_fill(&bucket, 7 * SECOND);
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(100)), HALVES(20));
    throughput_bucket_spend(&bucket, HALVES(1000000));
    ck_assert_int_eq(bucket.balance, HALVES(-6000));
}
END_TEST

START_TEST(what_is_given_back_is_there_again)
{
    setup();
    ck_assert_int_eq(throughput_bucket_grant(&bucket, HALVES(10)), HALVES(10));
    throughput_bucket_spend(&bucket, HALVES(-4));
    ck_assert_int_eq(bucket.balance, HALVES(5994));
    throughput_bucket_spend(&bucket, HALVES(-4000));
    ck_assert_int_eq(bucket.balance, HALVES(6000));
}
END_TEST

START_TEST(a_new_rate_counts_from_now_on)
{
    setup();
    throughput_bucket_spend(&bucket, HALVES(6000));
    throughput_bucket_set_rate(&bucket, 200, 2 * SECOND);
    ck_assert_int_eq(bucket.balance, HALVES(20));
    throughput_bucket_fill(&bucket, 3 * SECOND);
    ck_assert_int_eq(bucket.balance, HALVES(220));
    throughput_bucket_set_rate(&bucket, 1, 3 * SECOND);
    ck_assert_int_eq(bucket.balance, HALVES(220));
    throughput_bucket_set_rate(&bucket, 200, 1000 * SECOND);
    throughput_bucket_set_rate(&bucket, 2, 2000 * SECOND);
    ck_assert_int_eq(bucket.balance, HALVES(600));
}
END_TEST

START_TEST(a_bound_lowers_and_never_raises)
{
    setup();
    throughput_bucket_limit(&bucket, HALVES(7000));
    ck_assert_int_eq(bucket.balance, HALVES(6000));
    throughput_bucket_limit(&bucket, HALVES(-5));
    ck_assert_int_eq(bucket.balance, HALVES(-5));
    throughput_bucket_limit(&bucket, INT64_MIN);
    ck_assert_int_eq(bucket.balance, HALVES(-6000));
}
END_TEST

START_TEST(the_highest_rate_does_not_overflow)
{
    throughput_bucket_init(&bucket, THROUGHPUT_RATE_MAX, 0);
    throughput_bucket_fill(&bucket, UINT64_MAX);
    ck_assert(throughput_bucket_full(&bucket));
    int64_t most = throughput_capacity(THROUGHPUT_RATE_MAX);
    throughput_bucket_spend(&bucket, -most);
    ck_assert_int_eq(bucket.balance, most);
    throughput_bucket_spend(&bucket, most);
    throughput_bucket_spend(&bucket, most);
    throughput_bucket_spend(&bucket, most);
    ck_assert_int_eq(bucket.balance, -most);
}
END_TEST

TEST_MAIN("throughput bucket", a_new_bucket_holds_300_seconds, it_fills_at_its_rate_and_not_beyond,
          slivers_are_not_handed_out_but_add_up, a_debt_is_paid_first_and_is_bounded,
          what_is_given_back_is_there_again, a_new_rate_counts_from_now_on,
          a_bound_lowers_and_never_raises, the_highest_rate_does_not_overflow)
