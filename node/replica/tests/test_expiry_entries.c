#include "expiry_entries.h"

#include "decimal.h"
#include "test_main.h"

#define ATTRIBUTE SLICE_LITERAL("ttl")

/* An item with that attribute; a number if `text` is one. */
static void put_item(struct writer *writer, const char *text, enum value_type type)
{
    struct decimal_bytes number;
    writer_reset(writer);
    if (text == NULL)
        return;
    writer_put_varint(writer, 1);
    writer_put_sized(writer, ATTRIBUTE);
    writer_put_u8(writer, (uint8_t)type);
    if (type == VALUE_NUMBER) {
        enum decimal_result result = decimal_parse(slice_of_string(text), &number);
        ck_assert_int_eq(result, DECIMAL_OK);
        writer_put_sized(writer, decimal_slice(&number));
    } else {
        writer_put_sized(writer, slice_of_string(text));
    }
}

START_TEST(seconds_are_those_of_the_attribute_rounded_up)
{
    static const struct {
        const char *text;
        enum value_type type;
        bool expires;
        uint64_t seconds;
    } cases[] = {
        {NULL, VALUE_NONE, false, 0},
        {"1700000000", VALUE_STRING, false, 0},
        {"0", VALUE_NUMBER, true, 0},
        {"1", VALUE_NUMBER, true, 1},
        {"1700000000", VALUE_NUMBER, true, 1700000000},
        {"1700000000.000001", VALUE_NUMBER, true, 1700000001},
        {"1e9", VALUE_NUMBER, true, 1000000000},
        {"0.5", VALUE_NUMBER, true, 1},
        {"1e-130", VALUE_NUMBER, true, 1},
        {"-1", VALUE_NUMBER, false, 0},
        {"-0.1", VALUE_NUMBER, false, 0},
        {"9223372036854775807", VALUE_NUMBER, true, INT64_MAX},
        {"9223372036854775808", VALUE_NUMBER, false, 0},
        {"999999999999999999.9", VALUE_NUMBER, true, UINT64_C(1000000000000000000)},
        {"1000000000000000000.5", VALUE_NUMBER, false, 0},
        {"1e125", VALUE_NUMBER, false, 0},
    };
    struct writer item;
    writer_init(&item, 64);
    for (size_t i = 0; i < array_size(cases); i++) {
        uint64_t seconds = 7;
        put_item(&item, cases[i].text, cases[i].type);
        ck_assert_int_eq(expiry_of_item(ATTRIBUTE, writer_slice(&item), &seconds),
                         cases[i].expires);
        ck_assert_uint_eq(seconds, cases[i].seconds);
        ck_assert(!expiry_of_item(SLICE_LITERAL("other"), writer_slice(&item), &seconds));
    }
    writer_deinit(&item);
}
END_TEST

START_TEST(an_entry_follows_its_item)
{
    static const struct {
        const char *before;
        const char *after;
        unsigned deletes;
        unsigned puts;
    } cases[] = {
        {NULL, NULL, 0, 0}, {NULL, "5", 0, 1},  {"5", NULL, 1, 0},    {"5", "5", 0, 0},
        {"5", "6", 1, 1},   {"0", NULL, 1, 0},  {NULL, "0", 0, 1},    {"5", "-5", 1, 0},
        {"-5", "5", 0, 1},  {"-5", "-6", 0, 0}, {"5.1", "5.9", 0, 0},
    };
    struct item_key key = item_key_of(9, SLICE_LITERAL("p"), SLICE_LITERAL("s"), 16);
    struct writer before, after;
    writer_init(&before, 64);
    writer_init(&after, 64);
    for (size_t i = 0; i < array_size(cases); i++) {
        struct store_batch batch;
        struct store_batch_change change;
        unsigned counts[] = {[STORE_PUT] = 0, [STORE_DELETE] = 0};
        put_item(&before, cases[i].before, VALUE_NUMBER);
        put_item(&after, cases[i].after, VALUE_NUMBER);
        store_batch_init(&batch);
        expiry_entries_change(&batch, ATTRIBUTE, &key, writer_slice(&before), writer_slice(&after));
        struct reader reader = reader_of(writer_slice(&batch.encoded));
        while (store_batch_next(&reader, &change)) {
            ck_assert_int_eq(change.family, STORE_INDEX);
            counts[change.change]++;
        }
        ck_assert_uint_eq(counts[STORE_PUT], cases[i].puts);
        ck_assert_uint_eq(counts[STORE_DELETE], cases[i].deletes);
        store_batch_deinit(&batch);
    }
    writer_deinit(&before);
    writer_deinit(&after);
}
END_TEST

TEST_MAIN("expiry_entries", seconds_are_those_of_the_attribute_rounded_up,
          an_entry_follows_its_item)
