#include "decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ZERO_BYTE = 0x80,
    BELOW_BYTE = 0x81,
    INLINE_ZERO_BYTE = 0x82 + 62,
    ABOVE_BYTE = 0xff,
    INLINE_EXPONENT_MAX = 62, /* as many as one byte holds beside sign, zero and two escapes */
    /* Digits between the ends of two numbers whose exact sum may still fit 38: beyond it the high
     * number cannot lose more than one digit to the low one, so the sum has at least 40. */
    SUM_SPAN_MAX = 40,
    EXPONENT_LIMIT = 1000000000 /* an exponent's text stops counting here: far out of range */
};

/* digits[0] . digits[1] digits[2] ... times 10^exponent; no zero digit at either end. */
struct decimal {
    bool negative;
    unsigned count; /* digits; 0: the number is zero */
    int exponent;
    uint8_t digits[DECIMAL_DIGITS_MAX];
};

static void encode(const struct decimal *decimal, struct decimal_bytes *out)
{
    uint8_t *at = out->bytes;
    if (decimal->count == 0) {
        *at++ = ZERO_BYTE;
    } else if (decimal->exponent < -INLINE_EXPONENT_MAX ||
               decimal->exponent > INLINE_EXPONENT_MAX) {
        *at++ = decimal->exponent < 0 ? BELOW_BYTE : ABOVE_BYTE;
        *at++ = (uint8_t)(decimal->exponent - DECIMAL_EXPONENT_MIN);
    } else {
        *at++ = (uint8_t)(INLINE_ZERO_BYTE + decimal->exponent);
    }
    for (unsigned i = 0; i < decimal->count; i += 2) {
        unsigned second = i + 1 < decimal->count ? decimal->digits[i + 1] : 0;
        unsigned pair = decimal->digits[i] * 10u + second;
        *at++ = (uint8_t)(pair * 2 + (i + 2 < decimal->count));
    }
    out->size = (uint8_t)(at - out->bytes);
    for (unsigned i = 0; decimal->negative && i < out->size; i++)
        out->bytes[i] = (uint8_t)~out->bytes[i];
}

static void encode_zero(struct decimal_bytes *out)
{
    encode(&(struct decimal){.count = 0}, out);
}

/* Reads the exponent; `flip` is 0xff for negative numbers. False if it stands in the wrong form. */
static bool decode_exponent(struct reader *reader, uint8_t flip, int *exponent)
{
    int first = reader_get_u8(reader) ^ flip;
    if (first == BELOW_BYTE || first == ABOVE_BYTE) {
        *exponent = (reader_get_u8(reader) ^ flip) + DECIMAL_EXPONENT_MIN;
        return first == BELOW_BYTE ? *exponent < -INLINE_EXPONENT_MAX
                                   : *exponent > INLINE_EXPONENT_MAX;
    }
    *exponent = first - INLINE_ZERO_BYTE;
    return *exponent >= -INLINE_EXPONENT_MAX && *exponent <= INLINE_EXPONENT_MAX;
}

static bool decode_digits(struct reader *reader, uint8_t flip, struct decimal *out)
{
    bool more = true;
    while (more && out->count < DECIMAL_DIGITS_MAX) {
        unsigned byte = reader_get_u8(reader) ^ flip;
        more = byte & 1;
        if (reader->failed || byte / 2 > 99)
            return false;
        out->digits[out->count++] = (uint8_t)(byte / 2 / 10);
        out->digits[out->count++] = (uint8_t)(byte / 2 % 10);
    }
    if (more || !reader_done(reader) || out->digits[0] == 0)
        return false;
    if (out->digits[out->count - 1] == 0)
        out->count--;
    return out->digits[out->count - 1] != 0;
}

static bool decode(struct slice encoded, struct decimal *out)
{
    *out = (struct decimal){.count = 0};
    if (encoded.size == 0)
        return false;
    if (encoded.data[0] == ZERO_BYTE)
        return encoded.size == 1;
    out->negative = encoded.data[0] < ZERO_BYTE;
    uint8_t flip = out->negative ? 0xff : 0;
    struct reader reader = reader_of(encoded);
    return decode_exponent(&reader, flip, &out->exponent) && decode_digits(&reader, flip, out);
}

static bool is_digit(struct slice text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

static bool take_sign(struct slice text, size_t *at)
{
    if (*at == text.size || (text.data[*at] != '-' && text.data[*at] != '+'))
        return false;
    return text.data[(*at)++] == '-';
}

/* A number whose digits and exponent are still unlimited. */
struct scan {
    struct decimal decimal; /* its exponent is not set */
    int64_t exponent;       /* of the first digit */
    uint64_t zeros;         /* since the last digit that was kept: dropped if none follows */
    bool too_many;          /* more digits than fit */
};

static void scan_digit(struct scan *scan, uint8_t digit)
{
    struct decimal *decimal = &scan->decimal;
    if (digit == 0) {
        scan->zeros += decimal->count > 0;
        return;
    }
    if (scan->zeros >= DECIMAL_DIGITS_MAX - decimal->count) {
        scan->too_many = true;
        return;
    }
    while (scan->zeros > 0) {
        decimal->digits[decimal->count++] = 0;
        scan->zeros--;
    }
    decimal->digits[decimal->count++] = digit;
}

/* Takes the digits before and after the point; false if there are none. */
static bool scan_digits(struct scan *scan, struct slice text, size_t *at)
{
    size_t from = *at;
    bool point = false;
    for (; is_digit(text, *at) || (!point && *at < text.size && text.data[*at] == '.'); (*at)++) {
        if (text.data[*at] == '.') {
            point = true;
            continue;
        }
        bool leading = scan->decimal.count == 0;
        scan_digit(scan, (uint8_t)(text.data[*at] - '0'));
        /* Counts the places before the point from the first digit on, or the zeros behind it. */
        if (!point && scan->decimal.count > 0)
            scan->exponent += !leading;
        else if (point && leading)
            scan->exponent--;
    }
    return *at - from > (point ? 1 : 0);
}

static bool scan_exponent(struct scan *scan, struct slice text, size_t *at)
{
    if (*at == text.size)
        return true;
    if (text.data[*at] != 'e' && text.data[*at] != 'E')
        return false;
    (*at)++;
    bool negative = take_sign(text, at);
    if (!is_digit(text, *at))
        return false;
    int64_t exponent = 0;
    for (; is_digit(text, *at); (*at)++) {
        if (exponent < EXPONENT_LIMIT)
            exponent = exponent * 10 + text.data[*at] - '0';
    }
    scan->exponent += negative ? -exponent : exponent;
    return *at == text.size;
}

/* Checks the limits and encodes. */
static enum decimal_result finish(struct decimal *decimal, int64_t exponent, bool too_many,
                                  struct decimal_bytes *out)
{
    encode_zero(out);
    if (decimal->count == 0)
        return DECIMAL_OK;
    if (exponent > DECIMAL_EXPONENT_MAX)
        return DECIMAL_OVERFLOW;
    if (exponent < DECIMAL_EXPONENT_MIN)
        return DECIMAL_UNDERFLOW;
    if (too_many)
        return DECIMAL_TOO_MANY_DIGITS;
    decimal->exponent = (int)exponent;
    encode(decimal, out);
    return DECIMAL_OK;
}

enum decimal_result decimal_parse(struct slice text, struct decimal_bytes *out)
{
    encode_zero(out);
    struct scan scan = {.exponent = 0};
    size_t at = 0;
    scan.decimal.negative = take_sign(text, &at);
    if (!scan_digits(&scan, text, &at) || !scan_exponent(&scan, text, &at))
        return DECIMAL_NOT_A_NUMBER;
    return finish(&scan.decimal, scan.exponent, scan.too_many, out);
}

bool decimal_valid(struct slice encoded)
{
    struct decimal decimal;
    return decode(encoded, &decimal);
}

struct slice decimal_format(struct slice encoded, char text[DECIMAL_TEXT_SIZE])
{
    struct decimal decimal;
    if (!decode(encoded, &decimal))
        return SLICE_EMPTY;
    int last = decimal.exponent - (int)decimal.count + 1; /* place of the last digit */
    int from = decimal.exponent > 0 ? decimal.exponent : 0;
    int to = last < 0 && decimal.count > 0 ? last : 0;
    char *at = text;
    if (decimal.negative)
        *at++ = '-';
    for (int place = from; place >= to; place--) {
        if (place == -1)
            *at++ = '.';
        int index = decimal.exponent - place;
        bool inside = index >= 0 && index < (int)decimal.count;
        *at++ = (char)('0' + (inside ? decimal.digits[index] : 0));
    }
    return slice_of(text, (size_t)(at - text));
}

static int lowest_place(const struct decimal *decimal)
{
    return decimal->exponent - (int)decimal->count + 1;
}

/* Adds the digits, times `sign`, to the places of `wide`, of which the first is 10^low. */
static void accumulate(int *wide, const struct decimal *decimal, int low, int sign)
{
    for (int i = 0; i < (int)decimal->count; i++)
        wide[decimal->exponent - i - low] += sign * decimal->digits[i];
}

/* Brings every place into 0..9; returns what is carried out: negative for a negative number. */
static int carry(int *wide, int size)
{
    int carried = 0;
    for (int i = 0; i < size; i++) {
        int value = wide[i] + carried;
        wide[i] = (value % 10 + 10) % 10;
        carried = (value - wide[i]) / 10;
    }
    return carried;
}

/* Takes the number out of `wide`, whose first place is 10^low. */
static enum decimal_result finish_wide(const int *wide, int size, int low, bool negative,
                                       struct decimal_bytes *out)
{
    struct decimal result = {.negative = negative};
    int high = size - 1;
    while (high > 0 && wide[high] == 0)
        high--;
    int end = 0;
    while (end < high && wide[end] == 0)
        end++;
    bool too_many = high - end >= DECIMAL_DIGITS_MAX;
    if (wide[high] == 0)
        return finish(&result, 0, false, out);
    for (int i = high; i >= end && !too_many; i--)
        result.digits[result.count++] = (uint8_t)wide[i];
    result.count += too_many;
    return finish(&result, high + low, too_many, out);
}

/* Both are not zero. */
static enum decimal_result add(const struct decimal *a, const struct decimal *b,
                               struct decimal_bytes *out)
{
    int low_a = lowest_place(a);
    int low_b = lowest_place(b);
    int low = low_a < low_b ? low_a : low_b;
    int high = a->exponent > b->exponent ? a->exponent : b->exponent;
    if (high - low >= SUM_SPAN_MAX)
        return DECIMAL_TOO_MANY_DIGITS;
    int wide[SUM_SPAN_MAX + 1] = {0};
    accumulate(wide, a, low, a->negative ? -1 : 1);
    accumulate(wide, b, low, b->negative ? -1 : 1);
    bool negative = carry(wide, SUM_SPAN_MAX + 1) < 0;
    if (negative) {
        memset(wide, 0, sizeof(wide));
        accumulate(wide, a, low, a->negative ? 1 : -1);
        accumulate(wide, b, low, b->negative ? 1 : -1);
        int carried = carry(wide, SUM_SPAN_MAX + 1);
        ensure(carried == 0);
    }
    return finish_wide(wide, SUM_SPAN_MAX + 1, low, negative, out);
}

static enum decimal_result add_encoded(struct slice encoded_a, struct slice encoded_b, bool flip_b,
                                       struct decimal_bytes *out)
{
    encode_zero(out);
    struct decimal a;
    struct decimal b;
    if (!decode(encoded_a, &a) || !decode(encoded_b, &b))
        return DECIMAL_NOT_A_NUMBER;
    if (b.count > 0)
        b.negative ^= flip_b;
    if (a.count > 0 && b.count > 0)
        return add(&a, &b, out);
    encode(a.count > 0 ? &a : &b, out);
    return DECIMAL_OK;
}

enum decimal_result decimal_add(struct slice a, struct slice b, struct decimal_bytes *out)
{
    return add_encoded(a, b, false, out);
}

enum decimal_result decimal_subtract(struct slice a, struct slice b, struct decimal_bytes *out)
{
    return add_encoded(a, b, true, out);
}

bool decimal_negative(struct slice encoded)
{
    return encoded.size > 0 && encoded.data[0] < ZERO_BYTE;
}

unsigned decimal_digits(struct slice encoded)
{
    if (encoded.size < 2)
        return 0;
    unsigned flip = decimal_negative(encoded) ? 0xff : 0;
    unsigned first = encoded.data[0] ^ flip;
    unsigned exponent_size = first == BELOW_BYTE || first == ABOVE_BYTE ? 2 : 1;
    unsigned last_pair = (encoded.data[encoded.size - 1] ^ flip) / 2;
    return ((unsigned)encoded.size - exponent_size) * 2 - (last_pair % 10 == 0);
}

bool decimal_is_integer(struct slice encoded)
{
    struct decimal decimal;
    return decode(encoded, &decimal) && (decimal.count == 0 || lowest_place(&decimal) >= 0);
}

bool decimal_to_i64(struct slice encoded, int64_t *out)
{
    *out = 0;
    struct decimal decimal;
    if (!decode(encoded, &decimal))
        return false;
    if (decimal.count > 0 && (lowest_place(&decimal) < 0 || decimal.exponent > 18))
        return false;
    uint64_t value = 0;
    for (int i = 0; decimal.count > 0 && i <= decimal.exponent; i++)
        value = value * 10 + (i < (int)decimal.count ? decimal.digits[i] : 0);
    uint64_t limit = (uint64_t)INT64_MAX + decimal.negative;
    if (value > limit)
        return false;
    *out = decimal.negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

void decimal_from_i64(int64_t value, struct decimal_bytes *out)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%" PRId64, value);
    enum decimal_result result = decimal_parse(slice_of(text, (size_t)size), out);
    ensure(result == DECIMAL_OK);
}
