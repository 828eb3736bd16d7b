#include "key.h"

#include <string.h>

#include "decimal.h"
#include "hash.h"
#include "key_relations.h"
#include "prng.h"
#include "ring.h"
#include "test_main.h"

enum { PARTITIONS = 16 };

static struct slice encoded(struct writer *writer, const struct item_key *key)
{
    writer_reset(writer);
    item_key_encode(writer, key);
    return writer_slice(writer);
}

START_TEST(keys_come_back)
{
    struct writer writer;
    writer_init(&writer, 0);
    struct item_key key = item_key_of(7, SLICE_LITERAL("user"), SLICE_LITERAL("2024"), PARTITIONS);
    ck_assert_uint_eq(key.position, hash64(SLICE_LITERAL("user")));
    ck_assert_uint_eq(key.partition, ring_partition(key.position, PARTITIONS));
    struct slice bytes = encoded(&writer, &key);
    ck_assert_uint_eq(bytes.size, ITEM_KEY_HEADER_SIZE + 8);
    struct item_key back;
    ck_assert(item_key_decode(bytes, &back));
    ck_assert_uint_eq(back.partition, key.partition);
    ck_assert_uint_eq(back.table_id, 7);
    ck_assert_uint_eq(back.position, key.position);
    ck_assert(slice_equal(back.partition_key, key.partition_key));
    ck_assert(slice_equal(back.sort_key, key.sort_key));
    for (size_t cut = 0; cut < ITEM_KEY_HEADER_SIZE + 4; cut++) {
        ck_assert(!item_key_decode(slice_of(bytes.data, cut), &back));
        ck_assert_uint_eq(back.partition_key.size, 0);
    }
    ck_assert(item_key_decode(slice_of(bytes.data, ITEM_KEY_HEADER_SIZE + 4), &back));
    ck_assert_uint_eq(back.sort_key.size, 0);
    writer_deinit(&writer);
}
END_TEST

START_TEST(attribute_values_come_back)
{
    static const struct slice values[] = {SLICE_CONSTANT("\x01\x02hi"),
                                          SLICE_CONSTANT("\x02\x02\xc1\x54"),
                                          SLICE_CONSTANT("\x03\x02\xff\x00")};
    struct writer key;
    struct writer value;
    writer_init(&key, 0);
    writer_init(&value, 0);
    for (size_t i = 0; i < array_size(values); i++) {
        writer_reset(&key);
        writer_reset(&value);
        ck_assert(key_value_encode(values[i], &key));
        ck_assert(slice_equal(writer_slice(&key), value_bytes(values[i])));
        ck_assert(key_value_decode(value_type(values[i]), writer_slice(&key), &value));
        ck_assert(slice_equal(writer_slice(&value), values[i]));
    }
    writer_reset(&value);
    ck_assert(!key_value_encode(SLICE_LITERAL("\x05"), &value));
    ck_assert(!key_value_encode(SLICE_EMPTY, &value));
    ck_assert(!key_value_decode(VALUE_STRING, SLICE_LITERAL("\xff"), &value));
    ck_assert(!key_value_decode(VALUE_NUMBER, SLICE_LITERAL("12"), &value));
    ck_assert(!key_value_decode(VALUE_BOOL, SLICE_LITERAL("\x01"), &value));
    ck_assert_uint_eq(value.size, 0);
    writer_deinit(&key);
    writer_deinit(&value);
}
END_TEST

START_TEST(byte_order_is_ring_order)
{
    struct writer writers[2];
    writer_init(&writers[0], 0);
    writer_init(&writers[1], 0);
    for (unsigned i = 0; i < 300; i++) {
        for (unsigned k = 0; k < 300; k++) {
            uint8_t names[2][4] = {{(uint8_t)i, (uint8_t)(i >> 8), 'x', 'y'},
                                   {(uint8_t)k, (uint8_t)(k >> 8), 'x', 'y'}};
            struct item_key a =
                item_key_of(1, slice_of(names[0], 2 + i % 3), SLICE_EMPTY, PARTITIONS);
            struct item_key b =
                item_key_of(1, slice_of(names[1], 2 + k % 3), SLICE_EMPTY, PARTITIONS);
            int order = slice_compare(encoded(&writers[0], &a), encoded(&writers[1], &b));
            int expected = (a.position > b.position) - (a.position < b.position);
            ck_assert_int_eq((order > 0) - (order < 0), expected);
        }
    }
    writer_deinit(&writers[0]);
    writer_deinit(&writers[1]);
}
END_TEST

START_TEST(successors)
{
    static const struct {
        struct slice prefix;
        struct slice next;
    } cases[] = {{SLICE_CONSTANT("a"), SLICE_CONSTANT("b")},
                 {SLICE_CONSTANT("a\xff"), SLICE_CONSTANT("b")},
                 {SLICE_CONSTANT("a\xfe\xff\xff"), SLICE_CONSTANT("a\xff")},
                 {SLICE_CONSTANT("a\0"), SLICE_CONSTANT("a\x01")},
                 {SLICE_CONSTANT("\xff\xff"), SLICE_CONSTANT("")},
                 {SLICE_CONSTANT(""), SLICE_CONSTANT("")}};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct writer writer;
        writer_init(&writer, 0);
        bytes_successor(cases[i].prefix, &writer);
        ck_assert_msg(slice_equal(writer_slice(&writer), cases[i].next), "%zu", i);
        writer_deinit(&writer);
    }
}
END_TEST

START_TEST(table_ranges_hold_exactly_their_keys)
{
    struct writer writer;
    struct key_range range;
    writer_init(&writer, 0);
    key_range_init(&range);
    static const uint64_t positions[] = {0, 1, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};
    static const uint64_t tables[] = {0, 1, 2, 255, 256, UINT64_MAX};
    for (uint32_t partition = 0; partition < 3; partition++) {
        for (size_t t = 0; t < array_size(tables); t++) {
            for (size_t p = 0; p < array_size(positions); p++) {
                struct item_key key = {partition, tables[t], positions[p], SLICE_LITERAL("\xff"),
                                       SLICE_LITERAL("\xff\xff")};
                struct slice bytes = encoded(&writer, &key);
                for (size_t other = 0; other < array_size(tables); other++) {
                    bool same = partition == 1 && other == t;
                    key_range_table(&range, 1, tables[other]);
                    ck_assert_int_eq(key_range_holds(&range, bytes), same);
                    key_range_table_from(&range, 1, tables[other], UINT64_MAX - 1);
                    ck_assert_int_eq(key_range_holds(&range, bytes),
                                     same && positions[p] >= UINT64_MAX - 1);
                    key_range_positions(&range, 1, tables[other], 1, UINT64_MAX - 1);
                    ck_assert_int_eq(key_range_holds(&range, bytes),
                                     same && positions[p] >= 1 && positions[p] < UINT64_MAX);
                    key_range_positions(&range, 1, tables[other], 1, UINT64_MAX);
                    ck_assert_int_eq(key_range_holds(&range, bytes), same && positions[p] >= 1);
                }
            }
        }
    }
    key_range_deinit(&range);
    writer_deinit(&writer);
}
END_TEST

static const struct slice sort_keys[] = {
    SLICE_CONSTANT(""),         SLICE_CONSTANT("\0"),     SLICE_CONSTANT("\0\0"),
    SLICE_CONSTANT("a"),        SLICE_CONSTANT("a\0"),    SLICE_CONSTANT("a\x01"),
    SLICE_CONSTANT("ab"),       SLICE_CONSTANT("a\xff"),  SLICE_CONSTANT("a\xff\xff"),
    SLICE_CONSTANT("a\xff\0"),  SLICE_CONSTANT("b"),      SLICE_CONSTANT("\xff"),
    SLICE_CONSTANT("\xff\xff"), SLICE_CONSTANT("\xff\0"), SLICE_CONSTANT("\xff\xff\xff")};

/* All relations over all triples of sort keys, in the collection asked for and beside it. */
START_TEST(sort_ranges_hold_exactly_their_keys)
{
    static const struct slice collections[] = {SLICE_CONSTANT("p"), SLICE_CONSTANT("p\xff"),
                                               SLICE_CONSTANT("\xff")};
    struct writer writer;
    struct key_range range;
    writer_init(&writer, 0);
    key_range_init(&range);
    size_t count = array_size(sort_keys);
    for (size_t c = 0; c < array_size(collections) * array_size(collections); c++) {
        struct item_key wanted = {0, 1, UINT64_MAX, collections[c / 3], SLICE_EMPTY};
        for (size_t at = 0; at < count * count * (SORT_BEGINS_WITH + 1); at++) {
            struct slice low = sort_keys[at % count];
            struct slice high = sort_keys[at / count % count];
            enum sort_bound relation = (enum sort_bound)(at / count / count);
            key_range_sort(&range, &wanted, relation, low, high);
            for (size_t i = 0; i < count; i++) {
                struct item_key key = {0, 1, UINT64_MAX, collections[c % 3], sort_keys[i]};
                bool expected =
                    c / 3 == c % 3 && key_relation_holds(relation, sort_keys[i], low, high);
                if (key_range_holds(&range, encoded(&writer, &key)) != expected)
                    ck_abort_msg("collections %zu relation %d key %zu", c, (int)relation, i);
            }
        }
    }
    key_range_deinit(&range);
    writer_deinit(&writer);
}
END_TEST

START_TEST(pages_go_on_after_and_before_a_key)
{
    struct writer writer;
    struct key_range range;
    writer_init(&writer, 0);
    key_range_init(&range);
    size_t count = array_size(sort_keys);
    for (size_t last = 0; last < count; last++) {
        for (size_t i = 0; i < count; i++) {
            struct item_key page_end = {0, 1, 2, SLICE_LITERAL("p"), sort_keys[last]};
            struct item_key key = {0, 1, 2, SLICE_LITERAL("p"), sort_keys[i]};
            int order = slice_compare(sort_keys[i], sort_keys[last]);
            bool selected = slice_compare(sort_keys[i], SLICE_LITERAL("a")) >= 0;
            key_range_sort(&range, &page_end, SORT_GREATER_OR_EQUAL, SLICE_LITERAL("a"),
                           SLICE_EMPTY);
            key_range_after(&range, &page_end);
            ck_assert_int_eq(key_range_holds(&range, encoded(&writer, &key)),
                             selected && order > 0);
            key_range_sort(&range, &page_end, SORT_GREATER_OR_EQUAL, SLICE_LITERAL("a"),
                           SLICE_EMPTY);
            key_range_before(&range, &page_end);
            ck_assert_int_eq(key_range_holds(&range, encoded(&writer, &key)),
                             selected && order < 0);
        }
    }
    key_range_deinit(&range);
    writer_deinit(&writer);
}
END_TEST

START_TEST(numbers_sort_inside_a_collection)
{
    static const char *const ascending[] = {"-1E100", "-11", "-10.5", "-1", "-0.1", "0",
                                            "1E-100", "0.5", "9",     "10", "11",   "1E30"};
    struct writer writers[2];
    writer_init(&writers[0], 0);
    writer_init(&writers[1], 0);
    for (size_t i = 0; i + 1 < array_size(ascending); i++) {
        struct decimal_bytes numbers[2];
        struct item_key keys[2];
        for (size_t k = 0; k < 2; k++) {
            ck_assert(decimal_parse(slice_of_string(ascending[i + k]), &numbers[k]) == DECIMAL_OK);
            keys[k] = item_key_of(1, SLICE_LITERAL("p"), decimal_slice(&numbers[k]), PARTITIONS);
        }
        ck_assert_int_lt(
            slice_compare(encoded(&writers[0], &keys[0]), encoded(&writers[1], &keys[1])), 0);
    }
    writer_deinit(&writers[0]);
    writer_deinit(&writers[1]);
}
END_TEST

START_TEST(a_key_of_absurd_size_is_refused)
{
    struct item_key decoded;
    struct writer writer;
    writer_init(&writer, ITEM_KEY_SIZE_MAX + 1);
    memset(writer_extend(&writer, ITEM_KEY_SIZE_MAX + 1), 0, ITEM_KEY_SIZE_MAX + 1);
    ck_assert(item_key_decode(slice_of(writer.buffer->data, ITEM_KEY_SIZE_MAX), &decoded));
    ck_assert(!item_key_decode(writer_slice(&writer), &decoded));
    ck_assert_uint_eq(decoded.sort_key.size, 0);
    writer_deinit(&writer);
}
END_TEST

TEST_MAIN("key", keys_come_back, a_key_of_absurd_size_is_refused, attribute_values_come_back,
          byte_order_is_ring_order, successors, table_ranges_hold_exactly_their_keys,
          sort_ranges_hold_exactly_their_keys, pages_go_on_after_and_before_a_key,
          numbers_sort_inside_a_collection)
