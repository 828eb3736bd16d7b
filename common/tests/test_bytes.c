#include "bytes.h"

#include <string.h>

#include "test_main.h"

START_TEST(slices_compare_as_unsigned_bytes)
{
    static const char *const ascending[] = {"",     "a",    "aa",   "ab",      "b",
                                            "\x7f", "\x80", "\xff", "\xff\x01"};
    for (size_t i = 0; i < array_size(ascending); i++) {
        for (size_t k = 0; k < array_size(ascending); k++) {
            struct slice a = slice_of_string(ascending[i]);
            struct slice b = slice_of_string(ascending[k]);
            int order = slice_compare(a, b);
            ck_assert_int_eq((order > 0) - (order < 0), (i > k) - (i < k));
            ck_assert_int_eq(slice_equal(a, b), i == k);
        }
    }
    ck_assert(slice_equal(SLICE_EMPTY, SLICE_LITERAL("")));
    ck_assert(slice_starts_with(SLICE_LITERAL("abc"), SLICE_LITERAL("ab")));
    ck_assert(slice_starts_with(SLICE_EMPTY, SLICE_EMPTY));
    ck_assert(!slice_starts_with(SLICE_LITERAL("ab"), SLICE_LITERAL("abc")));
    char *text = slice_to_string(SLICE_LITERAL("text"));
    ck_assert_str_eq(text, "text");
    free(text);
}
END_TEST

START_TEST(slices_are_sorted)
{
    struct slice slices[] = {SLICE_LITERAL("b"), SLICE_LITERAL("ab"), SLICE_EMPTY,
                             SLICE_LITERAL("a")};
    static const char *const ordered[] = {"", "a", "ab", "b"};
    slices_sort(slices, array_size(slices));
    for (size_t i = 0; i < array_size(slices); i++)
        ck_assert(slice_equal(slices[i], slice_of_string(ordered[i])));
    slices_sort(NULL, 0);
}
END_TEST

START_TEST(integers_are_big_endian_and_come_back)
{
    struct writer writer;
    writer_init(&writer, 0);
    ck_assert_uint_eq(writer_slice(&writer).size, 0);
    writer_put_u8(&writer, 0xa1);
    writer_put_u16(&writer, 0xb1b2);
    writer_put_u32(&writer, 0xc1c2c3c4);
    writer_put_u64(&writer, UINT64_C(0xd1d2d3d4d5d6d7d8));
    ck_assert(
        slice_equal(writer_slice(&writer), SLICE_LITERAL("\xa1\xb1\xb2\xc1\xc2\xc3\xc4"
                                                         "\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8")));
    struct reader reader = reader_of(writer_slice(&writer));
    ck_assert_uint_eq(reader_get_u8(&reader), 0xa1);
    ck_assert_uint_eq(reader_get_u16(&reader), 0xb1b2);
    ck_assert_uint_eq(reader_get_u32(&reader), 0xc1c2c3c4);
    ck_assert(!reader_done(&reader));
    ck_assert_uint_eq(reader_get_u64(&reader), UINT64_C(0xd1d2d3d4d5d6d7d8));
    ck_assert(reader_done(&reader));
    writer_deinit(&writer);
}
END_TEST

START_TEST(varints_come_back_in_their_shortest_form)
{
    for (unsigned bit = 0; bit <= 64; bit++) {
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t value = (bit == 64 ? 0 : UINT64_C(1) << bit) + (uint64_t)delta;
            struct writer writer;
            writer_init(&writer, 0);
            writer_put_varint(&writer, value);
            struct slice bytes = writer_slice(&writer);
            ck_assert_uint_le(bytes.size, 10);
            ck_assert(bytes.size == 1 || bytes.data[bytes.size - 1] != 0);
            struct reader reader = reader_of(bytes);
            ck_assert_uint_eq(reader_get_varint(&reader), value);
            ck_assert(reader_done(&reader));
            for (size_t cut = 0; cut < bytes.size; cut++) {
                reader = reader_of(slice_of(bytes.data, cut));
                ck_assert_uint_eq(reader_get_varint(&reader), 0);
                ck_assert(reader.failed);
            }
            writer_deinit(&writer);
        }
    }
}
END_TEST

START_TEST(padded_and_overlong_varints_fail)
{
    static const struct slice bad[] = {
        SLICE_CONSTANT("\x80\x00"), SLICE_CONSTANT("\xff\x80\x00"),
        SLICE_CONSTANT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        SLICE_CONSTANT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"),
        SLICE_CONSTANT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")};
    for (size_t i = 0; i < array_size(bad); i++) {
        struct reader reader = reader_of(bad[i]);
        ck_assert_uint_eq(reader_get_varint(&reader), 0);
        ck_assert(reader.failed);
    }
}
END_TEST

START_TEST(reading_past_the_end_fails_for_good)
{
    struct reader reader = reader_of(SLICE_LITERAL("\x01\x02\x03"));
    ck_assert_uint_eq(reader_get_u32(&reader), 0);
    ck_assert(reader.failed);
    ck_assert_uint_eq(reader_left(&reader), 0);
    ck_assert_uint_eq(reader_get_u8(&reader), 0);
    ck_assert_uint_eq(reader_get_slice(&reader, 1).size, 0);
    ck_assert(!reader_done(&reader));
    reader = reader_of(SLICE_EMPTY);
    ck_assert(reader_done(&reader));
    ck_assert_uint_eq(reader_get_slice(&reader, 0).size, 0);
    ck_assert(reader_done(&reader));
    ck_assert_uint_eq(reader_get_u8(&reader), 0);
    ck_assert(reader.failed);
}
END_TEST

START_TEST(sized_bytes_come_back_and_lying_sizes_fail)
{
    struct writer writer;
    writer_init(&writer, 0);
    writer_put_sized(&writer, SLICE_LITERAL("name"));
    writer_put_sized(&writer, SLICE_EMPTY);
    struct reader reader = reader_of(writer_slice(&writer));
    ck_assert(slice_equal(reader_get_sized(&reader), SLICE_LITERAL("name")));
    ck_assert_uint_eq(reader_get_sized(&reader).size, 0);
    ck_assert(reader_done(&reader));
    writer_reset(&writer);
    writer_put_varint(&writer, UINT64_MAX);
    writer_put_u8(&writer, 'x');
    reader = reader_of(writer_slice(&writer));
    ck_assert_uint_eq(reader_get_sized(&reader).size, 0);
    ck_assert(reader.failed);
    writer_deinit(&writer);
}
END_TEST

START_TEST(writers_grow_and_publish)
{
    struct writer writer;
    writer_init(&writer, 1);
    for (unsigned i = 0; i < 100000; i++)
        writer_put_u32(&writer, i);
    memset(writer_extend(&writer, 3), 0xee, 3);
    struct buffer *buffer = writer_finish(&writer);
    ck_assert_uint_eq(writer_slice(&writer).size, 0);
    ck_assert_uint_eq(buffer->size, 400003);
    struct reader reader = reader_of(buffer_slice(buffer));
    for (unsigned i = 0; i < 100000; i++)
        ck_assert_uint_eq(reader_get_u32(&reader), i);
    ck_assert(slice_equal(reader_get_slice(&reader, 3), SLICE_LITERAL("\xee\xee\xee")));
    ck_assert(reader_done(&reader));
    buffer_unref(buffer);
    buffer = writer_finish(&writer);
    ck_assert_uint_eq(buffer->size, 0);
    buffer_unref(buffer);
}
END_TEST

START_TEST(buffers_live_as_long_as_a_reference)
{
    struct buffer *buffer = buffer_from(SLICE_LITERAL("shared"));
    ck_assert_ptr_eq(buffer_ref(buffer), buffer);
    buffer_unref(buffer);
    ck_assert(slice_equal(buffer_slice(buffer), SLICE_LITERAL("shared")));
    buffer_unref(buffer);
    buffer_unref(NULL);
}
END_TEST

TEST_MAIN("bytes", slices_compare_as_unsigned_bytes, slices_are_sorted,
          integers_are_big_endian_and_come_back, varints_come_back_in_their_shortest_form,
          padded_and_overlong_varints_fail, reading_past_the_end_fails_for_good,
          sized_bytes_come_back_and_lying_sizes_fail, writers_grow_and_publish,
          buffers_live_as_long_as_a_reference)
