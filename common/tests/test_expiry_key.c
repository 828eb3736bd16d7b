#include "expiry_key.h"

#include "test_main.h"

enum { PARTITIONS = 16, TABLE = 7 };

static struct item_key item_of(struct slice partition_key, struct slice sort_key)
{
    return item_key_of(TABLE, partition_key, sort_key, PARTITIONS);
}

START_TEST(keys_come_back)
{
    struct item_key item = item_of(SLICE_LITERAL("user"), SLICE_LITERAL("\0\1x"));
    struct writer writer;
    struct expiry_key back;
    writer_init(&writer, 0);
    expiry_key_encode(&writer, &item, 1700000000);
    struct slice bytes = writer_slice(&writer);
    ck_assert(expiry_key_decode(bytes, &back));
    ck_assert_uint_eq(back.seconds, 1700000000);
    ck_assert_uint_eq(back.item.partition, item.partition);
    ck_assert_uint_eq(back.item.table_id, TABLE);
    ck_assert_uint_eq(back.item.position, item.position);
    ck_assert(slice_equal(back.item.partition_key, item.partition_key));
    ck_assert(slice_equal(back.item.sort_key, item.sort_key));
    for (size_t cut = 0; cut + item.sort_key.size < bytes.size; cut++)
        ck_assert(!expiry_key_decode(slice_of(bytes.data, cut), &back));
    writer.buffer->data[12] = 4;
    ck_assert(!expiry_key_decode(bytes, &back));
    writer_deinit(&writer);
}
END_TEST

START_TEST(what_expires_first_comes_first)
{
    static const uint64_t seconds[] = {0, 1, 255, 256, 1700000000, INT64_MAX};
    static const struct slice names[] = {SLICE_CONSTANT("a"), SLICE_CONSTANT("b"),
                                         SLICE_CONSTANT("c")};
    struct writer before, here;
    writer_init(&before, 0);
    writer_init(&here, 0);
    expiry_head_encode(&before, 3, TABLE);
    for (size_t i = 0; i < array_size(seconds) * array_size(names); i++) {
        struct item_key item = item_of(names[i % array_size(names)], SLICE_EMPTY);
        item.partition = 3;
        item.position = i % array_size(names);
        writer_reset(&here);
        expiry_key_encode(&here, &item, seconds[i / array_size(names)]);
        ck_assert_int_lt(slice_compare(writer_slice(&before), writer_slice(&here)), 0);
        writer_reset(&before);
        writer_put_slice(&before, writer_slice(&here));
    }
    writer_deinit(&before);
    writer_deinit(&here);
}
END_TEST

static bool holds(const struct key_range *range, struct slice key)
{
    return slice_compare(writer_slice(&range->from), key) <= 0 &&
           slice_compare(key, writer_slice(&range->to)) < 0;
}

START_TEST(due_are_those_above_one_second_up_to_another)
{
    struct item_key item = item_of(SLICE_LITERAL("user"), SLICE_LITERAL("\xff\xff"));
    struct key_range due, all;
    struct writer key;
    key_range_init(&due);
    key_range_init(&all);
    writer_init(&key, 0);
    expiry_range_due(&due, item.partition, TABLE, 100, 200);
    expiry_range_all(&all, item.partition, TABLE);
    for (uint64_t seconds = 0; seconds < 300; seconds++) {
        writer_reset(&key);
        expiry_key_encode(&key, &item, seconds);
        ck_assert(holds(&all, writer_slice(&key)));
        ck_assert_int_eq(holds(&due, writer_slice(&key)), seconds > 100 && seconds <= 200);
    }
    writer_reset(&key);
    expiry_head_encode(&key, item.partition, TABLE);
    ck_assert(holds(&all, writer_slice(&key)));
    ck_assert(!holds(&due, writer_slice(&key)));
    writer_deinit(&key);
    key_range_deinit(&due);
    key_range_deinit(&all);
}
END_TEST

TEST_MAIN("expiry_key", keys_come_back, what_expires_first_comes_first,
          due_are_those_above_one_second_up_to_another)
