#include "decimal.h"

#include <stdio.h>
#include <string.h>

#include "prng.h"
#include "test_main.h"

static struct slice format(struct slice encoded)
{
    static char text[DECIMAL_TEXT_SIZE];
    return decimal_format(encoded, text);
}

static struct decimal_bytes parsed(const char *text)
{
    struct decimal_bytes decimal;
    enum decimal_result result = decimal_parse(slice_of_string(text), &decimal);
    ck_assert_msg(result == DECIMAL_OK, "%s: %d", text, (int)result);
    return decimal;
}

struct parse_case {
    const char *text;
    enum decimal_result result;
    const char *canonical;
};

#define NINES_38 "99999999999999999999999999999999999999"
#define ZEROS_38 "00000000000000000000000000000000000000"

static const struct parse_case parse_cases[] = {
    {"0", DECIMAL_OK, "0"},
    {"-0", DECIMAL_OK, "0"},
    {"+0.000", DECIMAL_OK, "0"},
    {"0e999999999999", DECIMAL_OK, "0"},
    {"1", DECIMAL_OK, "1"},
    {"+1", DECIMAL_OK, "1"},
    {"-1.0", DECIMAL_OK, "-1"},
    {"007", DECIMAL_OK, "7"},
    {"100", DECIMAL_OK, "100"},
    {"1E+2", DECIMAL_OK, "100"},
    {"1e2", DECIMAL_OK, "100"},
    {"1e-3", DECIMAL_OK, "0.001"},
    {".5", DECIMAL_OK, "0.5"},
    {"5.", DECIMAL_OK, "5"},
    {"-.5e1", DECIMAL_OK, "-5"},
    {"12.3400", DECIMAL_OK, "12.34"},
    {"1200.034", DECIMAL_OK, "1200.034"},
    {"0.00e5", DECIMAL_OK, "0"},
    {"1e00000000000000000000000000002", DECIMAL_OK, "100"},
    {NINES_38, DECIMAL_OK, NINES_38},
    {"0." NINES_38, DECIMAL_OK, "0." NINES_38},
    {ZEROS_38 "1" ZEROS_38, DECIMAL_OK, "1" ZEROS_38},
    {NINES_38 ZEROS_38, DECIMAL_OK, NINES_38 ZEROS_38},
    {"1." ZEROS_38 "1", DECIMAL_TOO_MANY_DIGITS, NULL},
    {NINES_38 "9", DECIMAL_TOO_MANY_DIGITS, NULL},
    {NINES_38 ".1", DECIMAL_TOO_MANY_DIGITS, NULL},
    {"1E126", DECIMAL_OVERFLOW, NULL},
    {"-10E125", DECIMAL_OVERFLOW, NULL},
    {"1e999999999999999999999999", DECIMAL_OVERFLOW, NULL},
    {"1e18446744073709551617", DECIMAL_OVERFLOW, NULL},
    {"9.9E-131", DECIMAL_UNDERFLOW, NULL},
    {"-0.1E-130", DECIMAL_UNDERFLOW, NULL},
    {"1e-999999999999999999999999", DECIMAL_UNDERFLOW, NULL},
    {"", DECIMAL_NOT_A_NUMBER, NULL},
    {" 1", DECIMAL_NOT_A_NUMBER, NULL},
    {"1 ", DECIMAL_NOT_A_NUMBER, NULL},
    {"+", DECIMAL_NOT_A_NUMBER, NULL},
    {"--1", DECIMAL_NOT_A_NUMBER, NULL},
    {".", DECIMAL_NOT_A_NUMBER, NULL},
    {"-.", DECIMAL_NOT_A_NUMBER, NULL},
    {".e1", DECIMAL_NOT_A_NUMBER, NULL},
    {"1..2", DECIMAL_NOT_A_NUMBER, NULL},
    {"1.2.3", DECIMAL_NOT_A_NUMBER, NULL},
    {"e1", DECIMAL_NOT_A_NUMBER, NULL},
    {"1e", DECIMAL_NOT_A_NUMBER, NULL},
    {"1e+", DECIMAL_NOT_A_NUMBER, NULL},
    {"1e1.5", DECIMAL_NOT_A_NUMBER, NULL},
    {"1e5x", DECIMAL_NOT_A_NUMBER, NULL},
    {"0x10", DECIMAL_NOT_A_NUMBER, NULL},
    {"NaN", DECIMAL_NOT_A_NUMBER, NULL},
    {"Infinity", DECIMAL_NOT_A_NUMBER, NULL},
    {"-inf", DECIMAL_NOT_A_NUMBER, NULL},
    {"1_000", DECIMAL_NOT_A_NUMBER, NULL},
    {"1,5", DECIMAL_NOT_A_NUMBER, NULL},
};

START_TEST(parses_what_dynamodb_does)
{
    for (size_t i = 0; i < array_size(parse_cases); i++) {
        const struct parse_case *at = &parse_cases[i];
        struct decimal_bytes decimal;
        enum decimal_result result = decimal_parse(slice_of_string(at->text), &decimal);
        ck_assert_msg(result == at->result, "%s: %d", at->text, (int)result);
        const char *canonical = at->canonical == NULL ? "0" : at->canonical;
        struct slice text = format(decimal_slice(&decimal));
        ck_assert_msg(slice_equal(text, slice_of_string(canonical)), "%s: %.*s", at->text,
                      (int)text.size, (const char *)text.data);
    }
}
END_TEST

START_TEST(limits_fit_their_sizes)
{
    static const char *const widest[] = {"-1.2345678901234567890123456789012345678E-130",
                                         "-9.9999999999999999999999999999999999999E125", "1E-130",
                                         "-1E125"};
    for (size_t i = 0; i < array_size(widest); i++) {
        struct decimal_bytes decimal = parsed(widest[i]);
        ck_assert_uint_le(decimal.size, DECIMAL_SIZE_MAX);
        struct slice text = format(decimal_slice(&decimal));
        ck_assert_uint_le(text.size, DECIMAL_TEXT_SIZE);
        struct decimal_bytes again;
        ck_assert(decimal_parse(text, &again) == DECIMAL_OK);
        ck_assert(slice_equal(decimal_slice(&again), decimal_slice(&decimal)));
    }
    struct decimal_bytes small = parsed("42");
    ck_assert_uint_eq(small.size, 2);
}
END_TEST

/* A reference: every place a number can have, as an array, and school arithmetic. */
enum { PLACE_MIN = -170, PLACE_MAX = 130, PLACES = PLACE_MAX - PLACE_MIN + 1 };

struct reference {
    bool negative;
    uint8_t digits[PLACES]; /* [0] is 10^PLACE_MIN */
};

static int compare_magnitudes(const struct reference *a, const struct reference *b)
{
    for (int i = PLACES - 1; i >= 0; i--) {
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    }
    return 0;
}

static int compare(const struct reference *a, const struct reference *b)
{
    static const struct reference zero = {0};
    int sign_a = compare_magnitudes(a, &zero) * (a->negative ? -1 : 1);
    int sign_b = compare_magnitudes(b, &zero) * (b->negative ? -1 : 1);
    if (sign_a != sign_b)
        return sign_a < sign_b ? -1 : 1;
    return compare_magnitudes(a, b) * (sign_a < 0 ? -1 : 1);
}

static struct reference sum(const struct reference *a, const struct reference *b)
{
    if (compare_magnitudes(a, b) < 0)
        return sum(b, a);
    struct reference result = *a;
    int sign = a->negative == b->negative ? 1 : -1;
    int carried = 0;
    for (int i = 0; i < PLACES; i++) {
        int digit = a->digits[i] + sign * b->digits[i] + carried;
        carried = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        result.digits[i] = (uint8_t)(digit - 10 * carried);
    }
    ck_assert_int_eq(carried, 0);
    return result;
}

/* What decimal_add must say, and in `text` (as digits and exponent) which number. */
static enum decimal_result judge(const struct reference *value, char *text)
{
    int high = PLACES - 1;
    while (high >= 0 && value->digits[high] == 0)
        high--;
    int low = 0;
    while (low < high && value->digits[low] == 0)
        low++;
    if (high < 0) {
        strcpy(text, "0");
        return DECIMAL_OK;
    }
    if (high + PLACE_MIN > DECIMAL_EXPONENT_MAX)
        return DECIMAL_OVERFLOW;
    if (high + PLACE_MIN < DECIMAL_EXPONENT_MIN)
        return DECIMAL_UNDERFLOW;
    if (high - low + 1 > DECIMAL_DIGITS_MAX)
        return DECIMAL_TOO_MANY_DIGITS;
    if (value->negative)
        *text++ = '-';
    for (int i = high; i >= low; i--)
        *text++ = (char)('0' + value->digits[i]);
    sprintf(text, "E%d", low + PLACE_MIN);
    return DECIMAL_OK;
}

struct sample {
    struct reference reference;
    struct decimal_bytes decimal;
};

static void sample_set(struct sample *sample, const char *digits, int exponent, bool negative)
{
    size_t count = strlen(digits);
    *sample = (struct sample){.reference = {.negative = negative}};
    for (size_t i = 0; i < count; i++)
        sample->reference.digits[exponent - (int)i - PLACE_MIN] = (uint8_t)(digits[i] - '0');
    char text[64];
    snprintf(text, sizeof(text), "%s%sE%d", negative ? "-" : "", digits, exponent - (int)count + 1);
    sample->decimal = parsed(text);
}

enum { SAMPLES_MAX = 1600 };
static struct sample samples[SAMPLES_MAX];

/* Digit strings at the edges of pairs and of the length, at exponents at the edges of the forms,
 * both signs, and zero. */
static size_t make_samples(void)
{
    static const char *const digits[] = {"1",
                                         "9",
                                         "10",
                                         "11",
                                         "12",
                                         "2",
                                         "19",
                                         "99",
                                         "101",
                                         "1001",
                                         "109",
                                         "999",
                                         "12345",
                                         "123451",
                                         "10000000000000000000000000000000000001",
                                         "99999999999999999999999999999999999999",
                                         "9999999999999999999999999999999999999",
                                         "12345678901234567890123456789012345678",
                                         "88888888888888888888888888888888888881"};
    static const int exponents[] = {-130, -129, -100, -64, -63, -62, -61, -38, -37, -2, -1,  0,
                                    1,    2,    36,   37,  38,  39,  61,  62,  63,  64, 124, 125};
    size_t count = 0;
    for (size_t d = 0; d < array_size(digits); d++) {
        for (size_t e = 0; e < array_size(exponents); e++) {
            sample_set(&samples[count++], digits[d], exponents[e], false);
            sample_set(&samples[count++], digits[d], exponents[e], true);
        }
    }
    sample_set(&samples[count++], "0", 0, false);
    ck_assert_uint_le(count, SAMPLES_MAX);
    return count;
}

START_TEST(bytes_sort_as_numbers_and_no_encoding_begins_another)
{
    size_t count = make_samples();
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            int expected = compare(&samples[i].reference, &samples[k].reference);
            struct slice a = decimal_slice(&samples[i].decimal);
            struct slice b = decimal_slice(&samples[k].decimal);
            int order = decimal_compare(a, b);
            if ((order > 0) - (order < 0) != expected)
                ck_abort_msg("samples %zu and %zu", i, k);
            if (expected != 0 && slice_starts_with(a, b))
                ck_abort_msg("sample %zu begins with %zu", i, k);
        }
    }
}
END_TEST

START_TEST(sums_agree_with_the_reference)
{
    size_t count = make_samples();
    size_t seen[DECIMAL_TOO_MANY_DIGITS + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i % 7; k < count; k += 7) {
            struct reference total = sum(&samples[i].reference, &samples[k].reference);
            char text[64];
            enum decimal_result expected = judge(&total, text);
            struct decimal_bytes result;
            enum decimal_result found = decimal_add(decimal_slice(&samples[i].decimal),
                                                    decimal_slice(&samples[k].decimal), &result);
            /* A sum may break two limits at once; the texts name one. */
            if ((found == DECIMAL_OK) != (expected == DECIMAL_OK))
                ck_abort_msg("samples %zu and %zu: %d, not %d", i, k, (int)found, (int)expected);
            seen[found]++;
            if (found != DECIMAL_OK)
                continue;
            struct decimal_bytes right = parsed(text);
            ck_assert(slice_equal(decimal_slice(&result), decimal_slice(&right)));
        }
    }
    ck_assert_uint_gt(seen[DECIMAL_OK], 0);
    ck_assert_uint_gt(seen[DECIMAL_OVERFLOW], 0);
    ck_assert_uint_gt(seen[DECIMAL_UNDERFLOW], 0);
    ck_assert_uint_gt(seen[DECIMAL_TOO_MANY_DIGITS], 0);
}
END_TEST

START_TEST(random_sums_and_differences_agree)
{
    struct prng prng;
    prng_init(&prng, 9);
    for (int step = 0; step < 20000; step++) {
        struct sample pair[2];
        int base = (int)prng_below(&prng, 200) - 100;
        for (int i = 0; i < 2; i++) {
            char digits[DECIMAL_DIGITS_MAX + 1] = "";
            size_t size = 1 + (size_t)prng_below(&prng, DECIMAL_DIGITS_MAX);
            for (size_t k = 0; k < size; k++)
                digits[k] = (char)('0' + (prng_chance(&prng, 500000) ? 9 : prng_below(&prng, 10)));
            digits[0] = digits[0] == '0' ? '1' : digits[0];
            int exponent = base + (int)prng_below(&prng, 6);
            sample_set(&pair[i], digits, exponent, prng_chance(&prng, 500000));
        }
        bool subtract = prng_chance(&prng, 500000);
        struct decimal_bytes result;
        struct slice a = decimal_slice(&pair[0].decimal);
        struct slice b = decimal_slice(&pair[1].decimal);
        enum decimal_result found =
            subtract ? decimal_subtract(a, b, &result) : decimal_add(a, b, &result);
        pair[1].reference.negative ^= subtract;
        struct reference total = sum(&pair[0].reference, &pair[1].reference);
        char text[64];
        ck_assert_int_eq(found, judge(&total, text));
        if (found != DECIMAL_OK)
            continue;
        struct decimal_bytes right = parsed(text);
        ck_assert(slice_equal(decimal_slice(&result), decimal_slice(&right)));
    }
}
END_TEST

START_TEST(arithmetic_edges)
{
    struct decimal_bytes out;
    struct decimal_bytes zero = parsed("0");
    struct decimal_bytes most = parsed("9.9999999999999999999999999999999999999E125");
    struct decimal_bytes least = parsed("1E-130");
    struct decimal_bytes near_least = parsed("1.1E-130");
    struct slice biggest = decimal_slice(&most);
    struct slice nothing = decimal_slice(&zero);
    ck_assert_int_eq(decimal_add(biggest, biggest, &out), DECIMAL_OVERFLOW);
    ck_assert_int_eq(decimal_subtract(biggest, biggest, &out), DECIMAL_OK);
    ck_assert(slice_equal(decimal_slice(&out), nothing));
    ck_assert_int_eq(decimal_subtract(nothing, nothing, &out), DECIMAL_OK);
    ck_assert(slice_equal(decimal_slice(&out), nothing));
    ck_assert_int_eq(decimal_subtract(nothing, biggest, &out), DECIMAL_OK);
    ck_assert(decimal_negative(decimal_slice(&out)));
    ck_assert_int_eq(decimal_subtract(decimal_slice(&near_least), decimal_slice(&least), &out),
                     DECIMAL_UNDERFLOW);
    ck_assert_int_eq(decimal_add(biggest, decimal_slice(&least), &out), DECIMAL_TOO_MANY_DIGITS);
    ck_assert_int_eq(decimal_add(biggest, SLICE_EMPTY, &out), DECIMAL_NOT_A_NUMBER);
    ck_assert_int_eq(decimal_add(SLICE_LITERAL("x"), biggest, &out), DECIMAL_NOT_A_NUMBER);
}
END_TEST

/* Whatever decodes must be exactly what parsing its text yields: so no second encoding exists. */
static void expect_canonical_or_refused(struct slice bytes)
{
    struct slice text = format(bytes);
    ck_assert_int_eq(decimal_valid(bytes), text.size > 0);
    if (text.size == 0)
        return;
    struct decimal_bytes again;
    ck_assert_int_eq(decimal_parse(text, &again), DECIMAL_OK);
    ck_assert(slice_equal(decimal_slice(&again), bytes));
}

START_TEST(only_canonical_encodings_decode)
{
    uint8_t bytes[DECIMAL_SIZE_MAX + 1];
    ck_assert(!decimal_valid(SLICE_EMPTY));
    for (unsigned first = 0; first < 0x1000000; first += first < 0x20000 ? 1 : 13) {
        bytes[0] = (uint8_t)first;
        bytes[1] = (uint8_t)(first >> 8);
        bytes[2] = (uint8_t)(first >> 16);
        size_t size = first < 0x100 ? 1 : first < 0x10000 ? 2 : 3;
        expect_canonical_or_refused(slice_of(bytes, size));
    }
    struct prng prng;
    prng_init(&prng, 10);
    size_t count = make_samples();
    for (size_t i = 0; i < count; i++) {
        struct slice sample = decimal_slice(&samples[i].decimal);
        memcpy(bytes, sample.data, sample.size);
        for (size_t cut = 0; cut < sample.size; cut++)
            ck_assert(!decimal_valid(slice_of(bytes, cut)));
        bytes[sample.size] = (uint8_t)prng_next(&prng);
        ck_assert(!decimal_valid(slice_of(bytes, sample.size + 1)));
        bytes[prng_below(&prng, sample.size)] = (uint8_t)prng_next(&prng);
        expect_canonical_or_refused(slice_of(bytes, sample.size));
    }
}
END_TEST

START_TEST(counts_digits_without_decoding)
{
    static const struct {
        const char *text;
        unsigned digits;
        bool negative;
        bool integer;
    } cases[] = {
        {"0", 0, false, true},     {"5", 1, false, true},         {"-50", 1, true, true},
        {"12", 2, false, true},    {"1.5", 2, false, false},      {"-123", 3, true, true},
        {"1E100", 1, false, true}, {"-1.2E-100", 2, true, false}, {NINES_38, 38, false, true}};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct decimal_bytes decimal = parsed(cases[i].text);
        struct slice encoded = decimal_slice(&decimal);
        ck_assert_uint_eq(decimal_digits(encoded), cases[i].digits);
        ck_assert_int_eq(decimal_negative(encoded), cases[i].negative);
        ck_assert_int_eq(decimal_is_integer(encoded), cases[i].integer);
    }
}
END_TEST

START_TEST(integers_convert_both_ways)
{
    static const int64_t values[] = {0,   1,  -1,  9,         10,        -10,          99,
                                     100, -7, 123, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < array_size(values); i++) {
        struct decimal_bytes decimal;
        decimal_from_i64(values[i], &decimal);
        int64_t back;
        ck_assert(decimal_to_i64(decimal_slice(&decimal), &back));
        ck_assert_int_eq(back, values[i]);
    }
    static const char *const others[] = {
        "0.5", "-1.01", "9223372036854775808", "-9223372036854775809", "1E19", "1E125", "1E-130"};
    for (size_t i = 0; i < array_size(others); i++) {
        struct decimal_bytes decimal = parsed(others[i]);
        int64_t back = 1;
        ck_assert(!decimal_to_i64(decimal_slice(&decimal), &back));
        ck_assert_int_eq(back, 0);
    }
    int64_t back;
    ck_assert(!decimal_to_i64(SLICE_EMPTY, &back));
}
END_TEST

TEST_MAIN("decimal", parses_what_dynamodb_does, limits_fit_their_sizes,
          bytes_sort_as_numbers_and_no_encoding_begins_another, sums_agree_with_the_reference,
          random_sums_and_differences_agree, arithmetic_edges, only_canonical_encodings_decode,
          counts_digits_without_decoding, integers_convert_both_ways)
