/* record_file against files whose records are put together here. */
#include "record_file.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 * 1024, HEADER = 7, FULL = 1, FIRST = 2, MIDDLE = 3, LAST = 4 };

static struct {
    uint8_t data[16 * BLOCK];
    size_t size;
} file;

static void append(const void *bytes, size_t size)
{
    ck_assert_uint_le(file.size + size, sizeof(file.data));
    memcpy(file.data + file.size, bytes, size);
    file.size += size;
}

/* Bit by bit: the definition. */
static uint32_t crc32c(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78 & -(crc & 1));
    }
    return ~crc;
}

static void append_fragment(uint8_t type, size_t size)
{
    uint8_t bytes[BLOCK];
    bytes[6] = type;
    for (size_t i = 0; i < size; i++)
        bytes[HEADER + i] = (uint8_t)(file.size + i * 7);
    uint32_t crc = crc32c(bytes + 6, size + 1);
    crc = (crc >> 15 | crc << 17) + 0xa282ead8;
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(crc >> 8 * i);
    bytes[4] = (uint8_t)size;
    bytes[5] = (uint8_t)(size >> 8);
    append(bytes, HEADER + size);
}

/* A record as RocksDB cuts it: fragments that end with their blocks, zeroes where no header fits. */
static void append_record(size_t size)
{
    static const uint8_t zeroes[HEADER];
    bool first = true;
    do {
        size_t room = BLOCK - file.size % BLOCK;
        if (room < HEADER) {
            append(zeroes, room);
            room = BLOCK;
        }
        size_t part = size < room - HEADER ? size : room - HEADER;
        bool last = part == size;
        append_fragment(first ? last ? FULL : FIRST : last ? LAST : MIDDLE, part);
        first = false;
        size -= part;
    } while (size > 0);
}

static struct record_file_damage check(size_t size)
{
    struct record_file_damage damage;
    record_file_check(slice_of(file.data, size), &damage);
    return damage;
}

/* Sizes of records: small, to the byte at a block's end, over several blocks. */
static const size_t sizes[] = {1, 500, BLOCK - 600, 69, 3, 0, 3 * BLOCK, 10000, 40};

static size_t append_all(size_t starts[array_size(sizes)])
{
    for (size_t i = 0; i < array_size(sizes); i++) {
        starts[i] = file.size;
        append_record(sizes[i]);
    }
    return file.size;
}

START_TEST(test_whole_files_are_good)
{
    size_t starts[array_size(sizes)];
    ck_assert(!check(0).damaged);
    size_t size = append_all(starts);
    ck_assert(!check(size).damaged);
    for (size_t i = 0; i < array_size(sizes); i++)
        ck_assert(!check(starts[i]).damaged);
}
END_TEST

START_TEST(test_any_end_that_is_cut_off_is_torn)
{
    size_t starts[array_size(sizes)];
    size_t size = append_all(starts), record = array_size(sizes) - 1;
    for (size_t end = size - 1; end > 0; end -= end > 97 ? 97 : 1) {
        while (starts[record] > end)
            record--;
        struct record_file_damage damage = check(end);
        if (!damage.damaged)
            continue; /* between records, or in the zeroes at a block's end */
        ck_assert_msg(damage.torn, "at %zu", end);
        ck_assert_uint_le(damage.offset, end);
        ck_assert_uint_ge(damage.offset + BLOCK % HEADER + HEADER, starts[record]);
    }
}
END_TEST

/* Whether nothing is there but the zeroes at a block's end. */
static bool is_padding(size_t place)
{
    return BLOCK - place % BLOCK < HEADER && file.data[place] == 0;
}

START_TEST(test_damage_is_torn_only_in_the_last_record)
{
    size_t starts[array_size(sizes)];
    size_t size = append_all(starts), last = starts[array_size(sizes) - 1];
    for (size_t place = 0; place<size; place += place> last - 50 ? 1 : 61) {
        file.data[place] ^= 0x40;
        struct record_file_damage damage = check(size);
        file.data[place] ^= 0x40;
        if (!damage.damaged)
            ck_assert_msg(is_padding(place), "at %zu", place);
        else
            ck_assert_msg(damage.torn == (place >= last), "at %zu", place);
    }
}
END_TEST

START_TEST(test_a_large_last_record_is_torn_anywhere)
{
    append_record(100);
    size_t start = file.size;
    append_record(4 * BLOCK);
    size_t size = file.size;
    for (size_t place = start; place < size; place += 509) {
        file.data[place] ^= 0x01;
        struct record_file_damage damage = check(size);
        file.data[place] ^= 0x01;
        ck_assert_msg(damage.damaged && damage.torn, "at %zu", place);
        ck_assert_uint_eq(damage.offset, start);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_file");
    TCase *files = tcase_create("files");
    tcase_add_test(files, test_whole_files_are_good);
    tcase_add_test(files, test_any_end_that_is_cut_off_is_torn);
    tcase_add_test(files, test_damage_is_torn_only_in_the_last_record);
    tcase_add_test(files, test_a_large_last_record_is_torn_anywhere);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
