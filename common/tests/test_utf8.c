#include "utf8.h"

#include "test_main.h"

/* The encoding as RFC 3629 defines it, checked or not. */
static size_t encode(uint32_t code, unsigned size, uint8_t *at)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (size == 1) {
        at[0] = (uint8_t)code;
        return 1;
    }
    for (unsigned i = size - 1; i > 0; i--) {
        at[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    at[0] = (uint8_t)(leads[size] | code);
    return size;
}

START_TEST(every_code_point_in_every_length)
{
    static const uint32_t limits[] = {0, 0x80, 0x800, 0x10000, 0x200000};
    for (uint32_t code = 0; code < 0x200000; code++) {
        for (unsigned size = 1; size <= 4; size++) {
            if (code >= limits[size])
                continue;
            uint8_t bytes[4];
            encode(code, size, bytes);
            bool surrogate = code >= 0xd800 && code < 0xe000;
            bool expected = code >= limits[size - 1] && !surrogate && code < 0x110000;
            if (utf8_valid(slice_of(bytes, size)) != expected)
                ck_abort_msg("code %x in %u bytes", code, size);
            if (size > 1 && utf8_valid(slice_of(bytes, size - 1)))
                ck_abort_msg("code %x cut", code);
        }
    }
}
END_TEST

START_TEST(mixtures_and_positions)
{
    ck_assert(utf8_valid(SLICE_EMPTY));
    ck_assert(utf8_valid(SLICE_LITERAL("plain text of more than eight bytes")));
    ck_assert(utf8_valid(SLICE_LITERAL("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 end")));
    static const char *const bad[] = {"\x80",         "abcdefgh\xff",         "abcdefghi\xc3",
                                      "\xe2\x82",     "\xf8\x88\x80\x80\x80", "\xc3(",
                                      "\xf0\x9f\x98("};
    for (size_t i = 0; i < array_size(bad); i++)
        ck_assert_msg(!utf8_valid(slice_of_string(bad[i])), "%zu", i);
}
END_TEST

START_TEST(cuts_between_characters)
{
    struct slice text = SLICE_LITERAL("a\xc3\xbc\xf0\x9f\x98\x80");
    static const size_t sizes[] = {0, 1, 1, 3, 3, 3, 3, 7, 7};
    for (size_t i = 0; i < array_size(sizes); i++)
        ck_assert_uint_eq(utf8_cut(text, i).size, sizes[i]);
    ck_assert_uint_eq(utf8_cut(SLICE_EMPTY, 0).size, 0);
}
END_TEST

TEST_MAIN("utf8", every_code_point_in_every_length, mixtures_and_positions, cuts_between_characters)
