#include "hash.h"

#include "test_main.h"

/* Positions decide where data lies: these values must never change. */
START_TEST(known_values)
{
    ck_assert_uint_eq(hash64(SLICE_EMPTY), UINT64_C(0x2d06800538d394c2));
    struct digest empty = digest_of(SLICE_EMPTY, 0);
    ck_assert_uint_eq(empty.high, UINT64_C(0x99aa06d3014798d8));
    ck_assert_uint_eq(empty.low, UINT64_C(0x6001c324468d497f));
}
END_TEST

START_TEST(digests_sum_in_any_order_and_undo)
{
    struct digest a = digest_of(SLICE_LITERAL("a"), 1);
    struct digest b = digest_of(SLICE_LITERAL("b"), 1);
    ck_assert(!digest_equal(a, b));
    ck_assert(!digest_equal(a, digest_of(SLICE_LITERAL("a"), 2)));
    ck_assert(digest_equal(digest_add(a, b), digest_add(b, a)));
    ck_assert(digest_equal(digest_subtract(digest_add(a, b), b), a));
    struct digest one = {0, 1};
    struct digest most = {UINT64_MAX, UINT64_MAX};
    struct digest none = {0, 0};
    ck_assert(digest_equal(digest_add(most, one), none));
    ck_assert(digest_equal(digest_subtract(none, one), most));
    ck_assert(digest_equal(digest_add((struct digest){4, UINT64_MAX}, one), (struct digest){5, 0}));
    ck_assert(
        digest_equal(digest_subtract((struct digest){5, 0}, one), (struct digest){4, UINT64_MAX}));
}
END_TEST

TEST_MAIN("hash", known_values, digests_sum_in_any_order_and_undo)
