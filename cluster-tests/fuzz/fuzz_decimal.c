/* F6: number text to binary and back. Two numbers, on a line each, against a slow reference that
 * works on strings of digits: what is accepted, the order, the text, and sums. */
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "fuzz.h"

enum {
    REFERENCE_LOW = -130 - 38, /* place of the last digit that any number has */
    REFERENCE_PLACES = 126 + 130 + 38 + 2,
    TEXT_MAX = 400
};

/* All places of a number in the range, the lowest first. */
struct reference {
    bool negative;
    uint8_t digits[REFERENCE_PLACES];
};

/* The parts of a text that is a number. */
struct parts {
    bool negative;
    char digits[TEXT_MAX]; /* before and behind the point, as they stand */
    size_t count;
    long place; /* of the first digit */
};

static bool split(struct slice text, struct parts *parts)
{
    char copy[TEXT_MAX + 1] = {0};
    char digits[] = "0123456789";
    if (text.size == 0 || text.size > TEXT_MAX || memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    const char *at = copy;
    parts->negative = *at == '-';
    at += *at == '-' || *at == '+';
    size_t whole = strspn(at, digits);
    memcpy(parts->digits, at, whole);
    at += whole;
    size_t fraction = *at == '.' ? strspn(at + 1, digits) : 0;
    memcpy(parts->digits + whole, at + 1, fraction);
    at += *at == '.' ? 1 + fraction : 0;
    parts->count = whole + fraction;
    parts->place = (long)whole - 1;
    if (parts->count == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        size_t sign = *at == '-' || *at == '+';
        size_t count = strspn(at + sign, digits);
        long exponent = strtol(at, NULL, 10);
        if (count == 0)
            return false;
        parts->place += exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : exponent;
        at += sign + count;
    }
    return *at == '\0';
}

static enum decimal_result refer(struct slice text, struct reference *reference)
{
    struct parts parts = {.count = 0};
    memset(reference, 0, sizeof(*reference));
    if (!split(text, &parts))
        return DECIMAL_NOT_A_NUMBER;
    size_t first = 0, last = parts.count;
    while (first < last && parts.digits[first] == '0')
        first++;
    while (last > first && parts.digits[last - 1] == '0')
        last--;
    if (first == last)
        return DECIMAL_OK;
    long place = parts.place - (long)first;
    if (place > DECIMAL_EXPONENT_MAX)
        return DECIMAL_OVERFLOW;
    if (place < DECIMAL_EXPONENT_MIN)
        return DECIMAL_UNDERFLOW;
    if (last - first > DECIMAL_DIGITS_MAX)
        return DECIMAL_TOO_MANY_DIGITS;
    reference->negative = parts.negative;
    for (size_t i = first; i < last; i++)
        reference->digits[place - (long)(i - first) - REFERENCE_LOW] =
            (uint8_t)(parts.digits[i] - '0');
    return DECIMAL_OK;
}

static int compare_magnitudes(const struct reference *a, const struct reference *b)
{
    for (int i = REFERENCE_PLACES - 1; i >= 0; i--)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return 0;
}

static int compare(const struct reference *a, const struct reference *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? -compare_magnitudes(a, b) : compare_magnitudes(a, b);
}

static void add(const struct reference *a, const struct reference *b, struct reference *sum)
{
    bool swap = compare_magnitudes(a, b) < 0;
    const struct reference *high = swap ? b : a, *low = swap ? a : b;
    int sign = a->negative == b->negative ? 1 : -1;
    int carried = 0;
    memset(sum, 0, sizeof(*sum));
    for (int i = 0; i < REFERENCE_PLACES; i++) {
        int digit = high->digits[i] + sign * low->digits[i] + carried;
        carried = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        sum->digits[i] = (uint8_t)(digit - 10 * carried);
        sum->negative |= sum->digits[i] != 0 && high->negative;
    }
}

static enum decimal_result limits_of(const struct reference *sum)
{
    int first = -1, last = -1;
    for (int i = 0; i < REFERENCE_PLACES; i++) {
        if (sum->digits[i] == 0)
            continue;
        first = first < 0 ? i : first;
        last = i;
    }
    if (last < 0)
        return DECIMAL_OK;
    if (last + REFERENCE_LOW > DECIMAL_EXPONENT_MAX)
        return DECIMAL_OVERFLOW;
    if (last + REFERENCE_LOW < DECIMAL_EXPONENT_MIN)
        return DECIMAL_UNDERFLOW;
    return last - first >= DECIMAL_DIGITS_MAX ? DECIMAL_TOO_MANY_DIGITS : DECIMAL_OK;
}

static void check_text(const struct decimal_bytes *decimal, const struct reference *reference)
{
    char text[DECIMAL_TEXT_SIZE];
    struct decimal_bytes again;
    struct reference read;
    ensure(decimal_valid(decimal_slice(decimal)));
    struct slice plain = decimal_format(decimal_slice(decimal), text);
    ensure(memchr(plain.data, 'e', plain.size) == NULL);
    ensure(decimal_parse(plain, &again) == DECIMAL_OK);
    ensure(slice_equal(decimal_slice(decimal), decimal_slice(&again)));
    ensure(refer(plain, &read) == DECIMAL_OK);
    ensure(compare(&read, reference) == 0);
    ensure(decimal_negative(decimal_slice(decimal)) == reference->negative);
}

static void check_sum(const struct decimal_bytes *a, const struct decimal_bytes *b,
                      const struct reference *sum, bool subtracted)
{
    struct decimal_bytes result;
    enum decimal_result how = subtracted
                                  ? decimal_subtract(decimal_slice(a), decimal_slice(b), &result)
                                  : decimal_add(decimal_slice(a), decimal_slice(b), &result);
    enum decimal_result expected = limits_of(sum);
    ensure((how == DECIMAL_OK) == (expected == DECIMAL_OK));
    if (how == DECIMAL_OK)
        check_text(&result, sum);
}

static void check_pair(const struct decimal_bytes *a, const struct reference *reference_a,
                       const struct decimal_bytes *b, const struct reference *reference_b)
{
    struct reference sum;
    int order = compare(reference_a, reference_b);
    int bytes = decimal_compare(decimal_slice(a), decimal_slice(b));
    ensure((order < 0) == (bytes < 0));
    ensure((order > 0) == (bytes > 0));
    ensure(order == 0 || !slice_starts_with(decimal_slice(a), decimal_slice(b)));
    add(reference_a, reference_b, &sum);
    check_sum(a, b, &sum, false);
    struct reference opposite = *reference_b;
    opposite.negative = !opposite.negative;
    add(reference_a, &opposite, &sum);
    check_sum(a, b, &sum, true);
}

/* Bytes from a peer or a disk. */
static void check_bytes(struct slice bytes)
{
    char text[DECIMAL_TEXT_SIZE];
    struct decimal_bytes again;
    struct slice plain = decimal_format(bytes, text);
    ensure(decimal_valid(bytes) == (plain.size > 0));
    if (plain.size == 0)
        return;
    ensure(decimal_parse(plain, &again) == DECIMAL_OK);
    ensure(slice_equal(bytes, decimal_slice(&again)));
    int64_t integer;
    if (decimal_to_i64(bytes, &integer)) {
        decimal_from_i64(integer, &again);
        ensure(slice_equal(bytes, decimal_slice(&again)));
        ensure(decimal_is_integer(bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice texts[2];
    struct decimal_bytes decimals[2];
    struct reference references[2];
    const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    size_t first = line == NULL ? size : (size_t)(line - data);
    texts[0] = slice_of(data, first);
    texts[1] = line == NULL ? texts[0] : slice_of(line + 1, size - first - 1);
    check_bytes(slice_of(data, size));
    bool good = true;
    for (int i = 0; i < 2; i++) {
        if (texts[i].size > TEXT_MAX)
            return 0;
        enum decimal_result result = decimal_parse(texts[i], &decimals[i]);
        ensure(result == refer(texts[i], &references[i]));
        good &= result == DECIMAL_OK;
        if (result == DECIMAL_OK)
            check_text(&decimals[i], &references[i]);
    }
    if (good)
        check_pair(&decimals[0], &references[0], &decimals[1], &references[1]);
    return 0;
}
