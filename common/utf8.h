/* utf8: validation of text from outside (RFC 3629). */
#pragma once

#include "bytes.h"

/* False on overlong forms, surrogates, values above U+10FFFF and cut sequences. */
bool utf8_valid(struct slice text);
/* The longest beginning of valid text that takes at most `size_max` bytes and cuts no character. */
struct slice utf8_cut(struct slice text, size_t size_max);
