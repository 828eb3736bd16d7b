#include "leaf.h"

#include "test_main.h"

START_TEST(keys_go_both_ways_and_sort_by_partition_table_and_leaf)
{
    static const struct leaf_key keys[] = {
        {0, 0, 0},
        {0, 0, 1},
        {0, 0, 256},
        {0, 1, 0},
        {0, 1ULL << 63, 4095},
        {1, 0, 0},
        {65535, UINT64_MAX, 4095},
    };
    uint8_t before[LEAF_KEY_SIZE] = {0}, bytes[LEAF_KEY_SIZE];
    for (size_t i = 0; i < array_size(keys); i++) {
        struct leaf_key key;
        leaf_key_encode(&keys[i], bytes);
        ck_assert(leaf_key_decode(slice_of(bytes, sizeof(bytes)), &key));
        ck_assert_uint_eq(key.partition, keys[i].partition);
        ck_assert_uint_eq(key.table_id, keys[i].table_id);
        ck_assert_uint_eq(key.leaf, keys[i].leaf);
        ck_assert(i == 0 || memcmp(before, bytes, sizeof(bytes)) < 0);
        memcpy(before, bytes, sizeof(bytes));
    }
}
END_TEST

START_TEST(what_is_no_key_or_sum_is_refused)
{
    struct leaf_key key;
    struct leaf_sum sum;
    uint8_t bytes[LEAF_SUM_SIZE + 1] = {0};
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        ck_assert(leaf_key_decode(slice_of(bytes, size), &key) == (size == LEAF_KEY_SIZE));
        ck_assert(leaf_sum_decode(slice_of(bytes, size), &sum) == (size == LEAF_SUM_SIZE));
    }
    bytes[LEAF_KEY_SIZE - 2] = TABLE_LEAVES >> 8;
    ck_assert(!leaf_key_decode(slice_of(bytes, LEAF_KEY_SIZE), &key));
}
END_TEST

START_TEST(sums_do_not_depend_on_order_and_come_back_to_nothing)
{
    struct leaf_sum deltas[] = {
        {{1, UINT64_MAX}, 1}, {{UINT64_MAX, 2}, 1}, {{5, 5}, -3}, {{0, 0}, INT64_MAX}};
    struct leaf_sum forth = {0}, back = {0};
    for (size_t i = 0; i < array_size(deltas); i++) {
        forth = leaf_sum_add(forth, deltas[i]);
        back = leaf_sum_add(back, deltas[array_size(deltas) - 1 - i]);
    }
    ck_assert(leaf_sum_equal(forth, back));
    ck_assert(!leaf_sum_empty(forth));
    uint8_t bytes[LEAF_SUM_SIZE];
    leaf_sum_encode(forth, bytes);
    ck_assert(leaf_sum_decode(slice_of(bytes, sizeof(bytes)), &back));
    ck_assert(leaf_sum_equal(forth, back));
    for (size_t i = 0; i < array_size(deltas); i++)
        forth = leaf_sum_subtract(forth, deltas[i]);
    ck_assert(leaf_sum_empty(forth));
}
END_TEST

START_TEST(keys_spread_over_the_leaves)
{
    unsigned counts[TABLE_LEAVES] = {0};
    for (uint32_t i = 0; i < 16 * TABLE_LEAVES; i++)
        counts[leaf_of(slice_of(&i, sizeof(i)))]++;
    for (size_t i = 0; i < TABLE_LEAVES; i++)
        ck_assert_uint_lt(counts[i], 48);
}
END_TEST

TEST_MAIN("leaf", keys_go_both_ways_and_sort_by_partition_table_and_leaf,
          what_is_no_key_or_sum_is_refused, sums_do_not_depend_on_order_and_come_back_to_nothing,
          keys_spread_over_the_leaves)
