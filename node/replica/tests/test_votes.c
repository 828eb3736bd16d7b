/* Numbers of votes: given to batches, and known to others once they are durable. */
#include "votes.h"

#include "test_main.h"

/* The row that a batch holds, which is its last change. */
static uint64_t row_of(const struct store_batch *batch, const char *wanted_key)
{
    struct reader reader = reader_of(writer_slice(&batch->encoded));
    struct store_batch_change change;
    uint64_t number = 0;
    while (store_batch_next(&reader, &change)) {
        ck_assert_int_eq(change.change, STORE_PUT);
        ck_assert_int_eq(change.family, STORE_META);
        ck_assert(slice_equal(change.key, slice_of_string(wanted_key)));
        struct reader value = reader_of(change.value);
        number = reader_get_u64(&value);
        ck_assert(reader_done(&value));
    }
    return number;
}

START_TEST(each_batch_gets_the_next_number_and_its_row)
{
    struct votes votes;
    struct store_batch batch;
    votes_init(&votes, 13, 41);
    ck_assert_uint_eq(votes.durable, 41);
    for (uint64_t number = 42; number < 50; number++) {
        store_batch_init(&batch);
        ck_assert_uint_eq(votes_put(&votes, &batch), number);
        ck_assert_uint_eq(row_of(&batch, "votes/13"), number);
        ck_assert_msg(votes.durable == 41, "not known before it is durable");
        store_batch_deinit(&batch);
    }
}
END_TEST

START_TEST(the_highest_durable_number_counts_whatever_failed_before)
{
    struct votes votes;
    struct store_batch batch;
    votes_init(&votes, 0, 0);
    store_batch_init(&batch);
    for (uint64_t number = 1; number <= 5; number++)
        ck_assert_uint_eq(votes_put(&votes, &batch), number);
    votes_durable(&votes, 1);
    ck_assert_uint_eq(votes.durable, 1);
    votes_durable(&votes, 4);
    votes_durable(&votes, 2);
    ck_assert_uint_eq(votes.durable, 4);
    store_batch_deinit(&batch);
}
END_TEST

START_TEST(numbers_go_on_above_what_is_skipped)
{
    struct votes votes;
    struct store_batch batch;
    votes_init(&votes, 0, 5);
    store_batch_init(&batch);
    votes_skip(&votes, 3);
    ck_assert_uint_eq(votes_put(&votes, &batch), 6);
    votes_skip(&votes, 100);
    ck_assert_uint_eq(votes.durable, 100);
    ck_assert_uint_eq(votes_put(&votes, &batch), 101);
    store_batch_deinit(&batch);
}
END_TEST

START_TEST(every_shard_has_its_own_row)
{
    for (unsigned one = 0; one <= UINT16_MAX; one += 257) {
        struct votes_key key, other;
        for (unsigned two = 0; two <= UINT16_MAX; two += 1021) {
            bool same =
                slice_equal(votes_key(&key, (uint16_t)one), votes_key(&other, (uint16_t)two));
            ck_assert_int_eq(same, one == two);
        }
    }
}
END_TEST

TEST_MAIN("votes", each_batch_gets_the_next_number_and_its_row,
          the_highest_durable_number_counts_whatever_failed_before,
          numbers_go_on_above_what_is_skipped, every_shard_has_its_own_row)
