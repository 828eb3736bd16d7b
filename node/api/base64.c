#include "base64.h"

#include "messages.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a character; 64 if it is none of the alphabet's. */
static unsigned sextet_of(uint8_t character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26U;
    if (character >= '0' && character <= '9')
        return character - '0' + 52U;
    if (character == '+')
        return 62;
    return character == '/' ? 63 : 64;
}

static size_t padding_of(struct slice text)
{
    if (text.size == 0 || text.data[text.size - 1] != '=')
        return 0;
    return text.data[text.size - 2] == '=' ? 2 : 1;
}

const char *base64_check(struct arena *arena, struct slice text)
{
    if (text.size % 4 != 0)
        return arena_printf(arena, MESSAGE_BASE64_LENGTH, text.size);
    size_t padding = padding_of(text);
    size_t characters = text.size - padding;
    for (size_t i = 0; i < characters; i++)
        if (sextet_of(text.data[i]) == 64)
            return arena_printf(arena, MESSAGE_BASE64_CHARACTER,
                                text.data[i] >= 0x20 && text.data[i] < 0x7f ? text.data[i] : '?');
    unsigned unused_bits = padding == 2 ? 0xf : padding == 1 ? 0x3 : 0;
    if (padding > 0 && (sextet_of(text.data[characters - 1]) & unused_bits) != 0)
        return MESSAGE_BASE64_LAST;
    return NULL;
}

struct slice base64_decode(struct arena *arena, struct slice text)
{
    ensure(text.size % 4 == 0);
    if (text.size == 0)
        return SLICE_EMPTY;
    size_t size = text.size / 4 * 3 - padding_of(text);
    uint8_t *bytes = arena_alloc(arena, size + 2); /* the last group is written whole */
    uint8_t *at = bytes;
    for (size_t i = 0; i < text.size; i += 4) {
        unsigned group = 0;
        for (size_t j = 0; j < 4; j++)
            group = group << 6 | (sextet_of(text.data[i + j]) & 63);
        *at++ = (uint8_t)(group >> 16);
        *at++ = (uint8_t)(group >> 8);
        *at++ = (uint8_t)group;
    }
    return slice_of(bytes, size);
}

void base64_encode(struct writer *writer, struct slice bytes)
{
    if (bytes.size == 0)
        return;
    uint8_t *at = writer_extend(writer, (bytes.size + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        unsigned group = (unsigned)bytes.data[i] << 16;
        group |= left > 1 ? (unsigned)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        *at++ = (uint8_t)alphabet[group >> 18];
        *at++ = (uint8_t)alphabet[group >> 12 & 63];
        *at++ = left > 1 ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        *at++ = left > 2 ? (uint8_t)alphabet[group & 63] : '=';
    }
}
