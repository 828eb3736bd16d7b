#include "index_key.h"

#include <string.h>

#include "key_relations.h"
#include "prng.h"
#include "test_main.h"

enum { PARTITIONS = 16, INDEX = 3 };

static struct item_key item_of(struct slice partition_key, struct slice sort_key)
{
    return item_key_of(7, partition_key, sort_key, PARTITIONS);
}

static const struct slice values[] = {
    SLICE_CONSTANT(""),         SLICE_CONSTANT("\0"),        SLICE_CONSTANT("\0\0"),
    SLICE_CONSTANT("\0\1"),     SLICE_CONSTANT("\0a"),       SLICE_CONSTANT("\0\xff"),
    SLICE_CONSTANT("\1"),       SLICE_CONSTANT("\1\0"),      SLICE_CONSTANT("a"),
    SLICE_CONSTANT("a\0"),      SLICE_CONSTANT("a\0\0"),     SLICE_CONSTANT("a\0\1"),
    SLICE_CONSTANT("a\0\xff"),  SLICE_CONSTANT("a\1"),       SLICE_CONSTANT("aa"),
    SLICE_CONSTANT("b"),        SLICE_CONSTANT("\xff"),      SLICE_CONSTANT("\xff\0"),
    SLICE_CONSTANT("\xff\xff"), SLICE_CONSTANT("\xff\xff\1")};

START_TEST(keys_come_back)
{
    struct writer writer;
    writer_init(&writer, 0);
    for (size_t i = 0; i < array_size(values); i++) {
        struct item_key item = item_of(SLICE_LITERAL("user"), SLICE_LITERAL("\0\1x"));
        struct index_key back;
        writer_reset(&writer);
        index_key_encode(&writer, INDEX, &item, values[i]);
        struct slice bytes = writer_slice(&writer);
        ck_assert(index_key_decode(bytes, &back));
        ck_assert_uint_eq(back.index, INDEX);
        ck_assert_uint_eq(back.item.partition, item.partition);
        ck_assert_uint_eq(back.item.table_id, 7);
        ck_assert_uint_eq(back.item.position, item.position);
        ck_assert(slice_equal(back.item.partition_key, item.partition_key));
        ck_assert(slice_equal(back.item.sort_key, item.sort_key));
        for (size_t cut = 0; cut + item.sort_key.size < bytes.size; cut++)
            ck_assert(!index_key_decode(slice_of(bytes.data, cut), &back));
    }
    writer_deinit(&writer);
}
END_TEST

/* By the attribute first, then by the table's own sort key. */
START_TEST(keys_sort_by_value_then_by_sort_key)
{
    static const struct slice sort_keys[] = {SLICE_CONSTANT(""), SLICE_CONSTANT("\0"),
                                             SLICE_CONSTANT("m"), SLICE_CONSTANT("\xff")};
    struct writer before, here;
    writer_init(&before, 0);
    writer_init(&here, 0);
    for (size_t i = 0; i < array_size(values) * array_size(sort_keys); i++) {
        struct item_key item = item_of(SLICE_LITERAL("user"), sort_keys[i % array_size(sort_keys)]);
        writer_reset(&here);
        index_key_encode(&here, INDEX, &item, values[i / array_size(sort_keys)]);
        ck_assert_int_lt(slice_compare(writer_slice(&before), writer_slice(&here)), 0);
        writer_reset(&before);
        writer_put_slice(&before, writer_slice(&here));
    }
    writer_deinit(&before);
    writer_deinit(&here);
}
END_TEST

static void check_range(const struct key_range *range, enum sort_bound relation, size_t bound,
                        size_t high)
{
    struct writer key;
    writer_init(&key, 0);
    for (size_t i = 0; i < array_size(values); i++) {
        struct item_key item = item_of(SLICE_LITERAL("user"), SLICE_LITERAL("\xff"));
        writer_reset(&key);
        index_key_encode(&key, INDEX, &item, values[i]);
        ck_assert_msg(key_range_holds(range, writer_slice(&key)) ==
                          key_relation_holds(relation, values[i], values[bound], values[high]),
                      "relation %d, bound %zu, high %zu, value %zu", (int)relation, bound, high, i);
        struct item_key other = item_of(SLICE_LITERAL("uses"), SLICE_EMPTY);
        writer_reset(&key);
        index_key_encode(&key, INDEX, &other, values[i]);
        ck_assert(!key_range_holds(range, writer_slice(&key)));
        writer_reset(&key);
        index_key_encode(&key, INDEX + 1, &item, values[i]);
        ck_assert(!key_range_holds(range, writer_slice(&key)));
    }
    writer_deinit(&key);
}

START_TEST(ranges_hold_what_they_say)
{
    struct key_range range;
    struct item_key item = item_of(SLICE_LITERAL("user"), SLICE_EMPTY);
    key_range_init(&range);
    for (int relation = SORT_EQUAL; relation <= SORT_BEGINS_WITH; relation++)
        for (size_t bound = 0; bound < array_size(values); bound++)
            for (size_t high = bound; high < array_size(values); high++) {
                index_range_sort(&range, INDEX, &item, (enum sort_bound)relation, values[bound],
                                 values[high]);
                check_range(&range, (enum sort_bound)relation, bound, high);
            }
    key_range_deinit(&range);
}
END_TEST

START_TEST(a_collection_is_all_of_it)
{
    static const struct slice names[] = {SLICE_CONSTANT("user"), SLICE_CONSTANT("\xff\xff"),
                                         SLICE_CONSTANT("")};
    struct key_range range;
    struct writer key;
    key_range_init(&range);
    writer_init(&key, 0);
    for (size_t i = 0; i < array_size(names); i++) {
        struct item_key item = item_of(names[i], SLICE_LITERAL("x"));
        index_range_collection(&range, INDEX, &item);
        index_key_encode(&key, INDEX, &item, SLICE_LITERAL("\xff\xff\xff"));
        ck_assert(key_range_holds(&range, writer_slice(&key)));
        struct index_range decoded;
        ck_assert(index_range_decode(writer_slice(&range.from), writer_slice(&range.to), &decoded));
        ck_assert_uint_eq(decoded.index, INDEX);
        ck_assert_uint_eq(decoded.table_id, 7);
        ck_assert_uint_eq(decoded.partition, item.partition);
        ck_assert_uint_eq(decoded.first_position, item.position);
        ck_assert_uint_ge(decoded.last_position, item.position);
        writer_reset(&key);
    }
    ck_assert(!index_range_decode(SLICE_LITERAL("short"), SLICE_EMPTY, &(struct index_range){0}));
    writer_deinit(&key);
    key_range_deinit(&range);
}
END_TEST

START_TEST(positions_are_both_included)
{
    static const uint64_t positions[][2] = {{0, 0}, {5, 9}, {0, UINT64_MAX}, {9, UINT64_MAX}};
    struct key_range range;
    struct writer key;
    key_range_init(&range);
    writer_init(&key, 0);
    for (size_t i = 0; i < array_size(positions); i++) {
        index_range_positions(&range, 1, 7, INDEX, positions[i][0], positions[i][1]);
        for (uint64_t step = 0; step < 12; step++) {
            struct item_key item = {.partition = 1, .table_id = 7, .position = step};
            if (step == 11)
                item.position = UINT64_MAX;
            writer_reset(&key);
            index_key_encode(&key, INDEX, &item, SLICE_LITERAL("v"));
            ck_assert(key_range_holds(&range, writer_slice(&key)) ==
                      (item.position >= positions[i][0] && item.position <= positions[i][1]));
        }
    }
    writer_deinit(&key);
    key_range_deinit(&range);
}
END_TEST

TEST_MAIN("index_key", keys_come_back, keys_sort_by_value_then_by_sort_key,
          ranges_hold_what_they_say, a_collection_is_all_of_it, positions_are_both_included)
