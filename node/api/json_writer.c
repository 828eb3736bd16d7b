#include "json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void json_put_raw(struct writer *writer, const char *text)
{
    writer_put(writer, text, strlen(text));
}

static void put_escaped(struct writer *writer, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_form[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                      ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    if (byte < sizeof(short_form) && short_form[byte] != 0) {
        writer_put_u8(writer, '\\');
        writer_put_u8(writer, (uint8_t)short_form[byte]);
        return;
    }
    uint8_t *at = writer_extend(writer, 6);
    memcpy(at, "\\u00", 4);
    at[4] = (uint8_t)hex[byte >> 4];
    at[5] = (uint8_t)hex[byte & 15];
}

static inline bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
}

/* Sixteen at once: nearly all of a reply passes through here. (A vector of gcc's and clang's, for
 * whatever machine.) */
typedef uint8_t byte_vector __attribute__((vector_size(16)));

static inline bool any_needs_escape(const uint8_t *at)
{
    byte_vector bytes;
    memcpy(&bytes, at, sizeof(bytes));
    byte_vector found =
        (byte_vector)((bytes < 0x20) | (bytes == '"') | (bytes == '\\') | (bytes == 0x7f));
    uint64_t halves[2];
    memcpy(halves, &found, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

/* How many bytes need no escape. */
static size_t plain_size(const uint8_t *at, size_t left)
{
    size_t size = 0;
    while (left - size >= sizeof(byte_vector) && !any_needs_escape(at + size))
        size += sizeof(byte_vector);
    if (size > 0 && left - size < sizeof(byte_vector) &&
        !any_needs_escape(at + left - sizeof(byte_vector)))
        return left;
    while (size < left && !needs_escape(at[size]))
        size++;
    return size;
}

void json_put_string(struct writer *writer, struct slice text)
{
    writer_reserve(writer, text.size + 2);
    writer_put_u8(writer, '"');
    size_t at = 0;
    while (at < text.size) {
        size_t plain = plain_size(text.data + at, text.size - at);
        writer_put(writer, text.data + at, plain);
        at += plain;
        if (at < text.size)
            put_escaped(writer, text.data[at++]);
    }
    writer_put_u8(writer, '"');
}

void json_put_separator(struct writer *writer)
{
    if (writer->size == 0)
        return;
    uint8_t last = writer->buffer->data[writer->size - 1];
    if (last != '{' && last != '[' && last != ':')
        writer_put_u8(writer, ',');
}

void json_put_key(struct writer *writer, struct slice name)
{
    json_put_separator(writer);
    json_put_string(writer, name);
    writer_put_u8(writer, ':');
}

void json_put_name(struct writer *writer, const char *name)
{
    size_t size = strlen(name);
    json_put_separator(writer);
    uint8_t *at = writer_extend(writer, size + 3);
    at[0] = '"';
    memcpy(at + 1, name, size);
    at[size + 1] = '"';
    at[size + 2] = ':';
}

void json_put_integer(struct writer *writer, int64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%" PRId64, value);
    ensure(size > 0);
    writer_put(writer, text, (size_t)size);
}

void json_put_bool(struct writer *writer, bool value)
{
    json_put_raw(writer, value ? "true" : "false");
}

void json_put_halves(struct writer *writer, uint64_t halves)
{
    json_put_integer(writer, (int64_t)(halves / 2));
    json_put_raw(writer, halves % 2 == 0 ? ".0" : ".5");
}

void json_put_time(struct writer *writer, uint64_t time_ms)
{
    char text[32];
    int size =
        snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, time_ms / 1000, time_ms % 1000);
    ensure(size > 0);
    writer_put(writer, text, (size_t)size);
}
