/* The bytes of a register: there and back, cut short, and forged. */
#include "row.h"

#include <string.h>

#include "acceptor.h"
#include "prng.h"
#include "test_main.h"

static struct version version_at(uint64_t n)
{
    return (struct version){n << 16, (n % 3 + 1) << 16};
}

/* A row of every shape: own origin or not, lineage of 0 to LINEAGE_MAX, tombstone or value. */
static struct row row_shape(unsigned shape)
{
    static const uint8_t value[] = "some value";
    struct row row = {.ballot = version_at(100)};
    row.origin = shape % 2 == 0 ? row.ballot : version_at(90);
    row.tombstone = shape / 2 % 2 == 1;
    row.lineage.count = (uint8_t)(shape / 4 % (LINEAGE_MAX + 1));
    row.lineage.base = row.lineage.count > 0 ? version_at(10) : row.ballot;
    for (uint8_t i = 0; i < row.lineage.count; i++)
        row.lineage.origins[i] = version_at(80U - i);
    if (!row.tombstone)
        row.value = slice_of(value, shape / 36 % 2 == 1 ? 0 : sizeof(value));
    return row;
}

enum { SHAPES = 4 * (LINEAGE_MAX + 1) * 2 };

static void check_equal(const struct row *is, const struct row *was)
{
    ck_assert(version_equal(is->ballot, was->ballot));
    ck_assert(version_equal(is->origin, was->origin));
    ck_assert_int_eq(is->tombstone, was->tombstone);
    ck_assert_uint_eq(is->lineage.count, was->lineage.count);
    ck_assert(version_equal(is->lineage.base, was->lineage.base));
    for (uint8_t i = 0; i < was->lineage.count; i++)
        ck_assert(version_equal(is->lineage.origins[i], was->lineage.origins[i]));
    ck_assert(slice_equal(is->value, was->value));
}

START_TEST(every_shape_comes_back_as_it_went)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct row was = row_shape(shape), is;
        struct writer writer;
        writer_init(&writer, 0);
        row_encode(&writer, &was);
        ck_assert(row_decode(writer_slice(&writer), &is));
        check_equal(&is, &was);
        ck_assert(version_equal(row_ballot(writer_slice(&writer)), was.ballot));
        writer_deinit(&writer);
    }
}
END_TEST

/* Bytes before the value: what no truncation may lose. */
static size_t head_size(const struct row *row)
{
    size_t size = 1 + VERSION_SIZE;
    size += version_equal(row->origin, row->ballot) ? 0 : VERSION_SIZE;
    size += row->lineage.count == 0 ? 0 : 1 + (row->lineage.count + 1U) * VERSION_SIZE;
    return size;
}

START_TEST(a_row_cut_in_its_head_is_refused)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct row was = row_shape(shape), is;
        struct writer writer;
        writer_init(&writer, 0);
        row_encode(&writer, &was);
        struct slice whole = writer_slice(&writer);
        ck_assert_uint_eq(whole.size, head_size(&was) + was.value.size);
        for (size_t size = 0; size < whole.size; size++)
            ck_assert_int_eq(row_decode(slice_of(whole.data, size), &is), size >= head_size(&was));
        for (size_t size = 0; size < 1 + VERSION_SIZE; size++)
            ck_assert(version_is_none(row_ballot(slice_of(whole.data, size))));
        writer_deinit(&writer);
    }
}
END_TEST

START_TEST(flags_and_counts_that_mean_nothing_are_refused)
{
    struct row was = row_shape(4), is;
    struct writer writer;
    writer_init(&writer, 0);
    row_encode(&writer, &was);
    uint8_t *bytes = writer.buffer->data;
    struct slice whole = writer_slice(&writer);
    uint8_t flags = bytes[0];
    for (unsigned bit = 3; bit < 8; bit++) {
        bytes[0] = (uint8_t)(flags | 1U << bit);
        ck_assert(!row_decode(whole, &is));
    }
    bytes[0] = flags | 1;
    ck_assert_msg(!row_decode(whole, &is), "a tombstone with a value");
    bytes[0] = flags;
    ck_assert(row_decode(whole, &is));
    for (unsigned count = 0; count < 256; count++) {
        bytes[1 + VERSION_SIZE] = (uint8_t)count;
        if (count == 0 || count > LINEAGE_MAX)
            ck_assert(!row_decode(whole, &is));
        else
            (void)!row_decode(whole, &is);
    }
    writer_deinit(&writer);
}
END_TEST

START_TEST(ballots_are_something_and_not_below_their_origin)
{
    struct row none = {.ballot = VERSION_NONE, .origin = VERSION_NONE}, is;
    struct row above = {.ballot = version_at(5), .origin = version_at(6)};
    const struct row *rows[] = {&none, &above};
    for (size_t i = 0; i < array_size(rows); i++) {
        struct writer writer;
        writer_init(&writer, 0);
        row_encode(&writer, rows[i]);
        ck_assert(!row_decode(writer_slice(&writer), &is));
        writer_deinit(&writer);
    }
}
END_TEST

START_TEST(any_bytes_may_be_offered_as_a_row)
{
    struct prng prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[256];
        size_t size = (size_t)prng_below(&prng, sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)prng_next(&prng);
        if (size > 0)
            bytes[0] &= prng_chance(&prng, 900000) ? 7 : 255;
        struct row row;
        if (!row_decode(slice_of(bytes, size), &row))
            continue;
        struct writer again;
        writer_init(&again, size);
        row_encode(&again, &row);
        struct row twin;
        ck_assert(row_decode(writer_slice(&again), &twin));
        check_equal(&twin, &row);
        writer_deinit(&again);
    }
}
END_TEST

START_TEST(promises_come_back_with_and_without_a_value)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct row was = row_shape(shape);
        struct acceptor acceptor = {0};
        struct writer writer;
        writer_init(&writer, 0);
        promise_encode(&writer, version_at(7), shape == 0 ? NULL : &was);
        ck_assert(promise_decode(writer_slice(&writer), &acceptor));
        ck_assert(version_equal(acceptor.promised, version_at(7)));
        ck_assert_int_eq(acceptor.has_accepted, shape != 0);
        if (shape != 0)
            check_equal(&acceptor.accepted, &was);
        size_t head = shape == 0 ? VERSION_SIZE : VERSION_SIZE + head_size(&was);
        for (size_t cut = 0; cut < head; cut++)
            ck_assert_int_eq(promise_decode(slice_of(writer.buffer->data, cut), &acceptor),
                             cut == VERSION_SIZE);
        writer_deinit(&writer);
    }
}
END_TEST

TEST_MAIN("row", every_shape_comes_back_as_it_went, a_row_cut_in_its_head_is_refused,
          flags_and_counts_that_mean_nothing_are_refused,
          ballots_are_something_and_not_below_their_origin, any_bytes_may_be_offered_as_a_row,
          promises_come_back_with_and_without_a_value)
