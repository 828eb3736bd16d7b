#include "utf8.h"

#include <string.h>

/* Table 3-7 of the Unicode standard: only the second byte has a range that depends on the first. */
struct lead {
    uint8_t first_min;
    uint8_t first_max;
    uint8_t second_min;
    uint8_t second_max;
    uint8_t size;
};

static const struct lead leads[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Bytes of the sequence that starts at `at`, 0 if it is broken. */
static size_t sequence_size(const uint8_t *at, size_t left)
{
    for (size_t i = 0; i < array_size(leads); i++) {
        const struct lead *lead = &leads[i];
        if (*at < lead->first_min || *at > lead->first_max)
            continue;
        if (left < lead->size || at[1] < lead->second_min || at[1] > lead->second_max)
            return 0;
        for (size_t k = 2; k < lead->size; k++) {
            if ((at[k] & 0xc0) != 0x80)
                return 0;
        }
        return lead->size;
    }
    return 0;
}

/* Most text is ASCII, which goes 32 bytes at a time. */
static size_t ascii_size(const uint8_t *at, size_t left)
{
    size_t size = 0;
    uint64_t words[4];
    for (; left - size >= sizeof(words); size += sizeof(words)) {
        memcpy(words, at + size, sizeof(words));
        uint64_t all = words[0] | words[1] | words[2] | words[3];
        if ((all & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (size < left && at[size] < 0x80)
        size++;
    return size;
}

bool utf8_valid(struct slice text)
{
    size_t at = 0;
    while (at < text.size) {
        at += ascii_size(text.data + at, text.size - at);
        if (at == text.size)
            return true;
        size_t size = sequence_size(text.data + at, text.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

struct slice utf8_cut(struct slice text, size_t size_max)
{
    if (text.size <= size_max)
        return text;
    size_t size = size_max;
    while (size > 0 && (text.data[size] & 0xc0) == 0x80)
        size--;
    return slice_of(text.data, size);
}
