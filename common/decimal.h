/* decimal: DynamoDB numbers. 38 significant digits, magnitude 1E-130 to 9.99...E+125, or zero.
 *
 * A number lives as its encoding, of which each number has exactly one: bytes sort as numbers do,
 * equal numbers are equal bytes, and no encoding is a prefix of another.
 *
 *   zero      0x80
 *   positive  exponent of the first digit: one byte 0x82 + 62 + exponent for -62 to 62, else
 *             0x81 (below) or 0xff (above) and the byte exponent + 130;
 *             then two digits a byte, twice their value, plus one on all but the last
 *   negative  the complement of the positive number's bytes */
#pragma once

#include "bytes.h"

enum {
    DECIMAL_DIGITS_MAX = 38,
    DECIMAL_EXPONENT_MIN = -130,
    DECIMAL_EXPONENT_MAX = 125,
    DECIMAL_SIZE_MAX = 2 + DECIMAL_DIGITS_MAX / 2,
    DECIMAL_TEXT_SIZE = 172 /* sign, "0.", 129 zeros, 38 digits, and two to spare */
};

enum decimal_result {
    DECIMAL_OK,
    DECIMAL_NOT_A_NUMBER, /* the text is no number, or the bytes are no canonical encoding */
    DECIMAL_OVERFLOW,     /* magnitude above the range */
    DECIMAL_UNDERFLOW,    /* magnitude below the range, and not zero */
    DECIMAL_TOO_MANY_DIGITS
};

struct decimal_bytes {
    uint8_t size;
    uint8_t bytes[DECIMAL_SIZE_MAX];
};

static inline struct slice decimal_slice(const struct decimal_bytes *decimal)
{
    return slice_of(decimal->bytes, decimal->size);
}

/* Reads [sign] digits [. digits] [e [sign] digits], with a digit before or after the point, and
 * nothing else. `out` is the zero when the result is not DECIMAL_OK; the same holds below. */
enum decimal_result must_check decimal_parse(struct slice text, struct decimal_bytes *out);
/* True for the encodings that decimal_parse can yield, and no others. */
bool decimal_valid(struct slice encoded);
/* Plain notation without exponent, as DynamoDB answers: "100", "-0.001". Writes it into `text` and
 * returns it, without terminator; empty if `encoded` is not valid. */
struct slice decimal_format(struct slice encoded, char text[DECIMAL_TEXT_SIZE]);

/* Exact or an error, never rounded. */
enum decimal_result must_check decimal_add(struct slice a, struct slice b,
                                           struct decimal_bytes *out);
enum decimal_result must_check decimal_subtract(struct slice a, struct slice b,
                                                struct decimal_bytes *out);
/* <0, 0, >0, for valid encodings. */
static inline int decimal_compare(struct slice a, struct slice b)
{
    return slice_compare(a, b);
}

/* Significant digits of a valid encoding, 0 for zero; costs no decoding. */
unsigned decimal_digits(struct slice encoded);
bool decimal_negative(struct slice encoded);
bool decimal_is_integer(struct slice encoded);
/* False if it is no integer or does not fit; then `out` is 0. */
bool must_check decimal_to_i64(struct slice encoded, int64_t *out);
void decimal_from_i64(int64_t value, struct decimal_bytes *out);
