/* F7: base64 against a reference that goes bit by bit. The input is a text to decode, and bytes to
 * encode. */
#include <string.h>

#include "base64.h"
#include "fuzz.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool refer_bit(struct slice text, size_t bit)
{
    size_t value = (size_t)(strchr(alphabet, text.data[bit / 6]) - alphabet);
    return value >> (5 - bit % 6) & 1;
}

/* False if the text is not canonical. */
static bool refer(struct slice text, struct writer *bytes)
{
    size_t characters = text.size;
    while (characters > 0 && text.size - characters < 2 && text.data[characters - 1] == '=')
        characters--;
    if (text.size % 4 != 0)
        return false;
    for (size_t i = 0; i < characters; i++)
        if (text.data[i] == '\0' || strchr(alphabet, text.data[i]) == NULL)
            return false;
    size_t bits = characters * 6 / 8 * 8;
    for (size_t bit = bits; bit < characters * 6; bit++)
        if (refer_bit(text, bit))
            return false;
    for (size_t bit = 0; bit < bits; bit += 8) {
        unsigned byte = 0;
        for (size_t i = 0; i < 8; i++)
            byte = byte << 1 | refer_bit(text, bit + i);
        writer_put_u8(bytes, (uint8_t)byte);
    }
    return true;
}

static void check_text(struct arena *arena, struct slice text)
{
    struct writer expected, again;
    writer_init(&expected, 0);
    writer_init(&again, 0);
    bool good = refer(text, &expected);
    ensure((base64_check(arena, text) == NULL) == good);
    if (good) {
        struct slice decoded = base64_decode(arena, text);
        ensure(slice_equal(decoded, writer_slice(&expected)));
        base64_encode(&again, decoded);
        ensure(slice_equal(writer_slice(&again), text));
    }
    writer_deinit(&expected);
    writer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct writer text;
    arena_init(&arena);
    writer_init(&text, 0);
    check_text(&arena, slice_of(data, size));
    base64_encode(&text, slice_of(data, size));
    check_text(&arena, writer_slice(&text));
    ensure(slice_equal(base64_decode(&arena, writer_slice(&text)), slice_of(data, size)));
    writer_deinit(&text);
    arena_deinit(&arena);
    return 0;
}
