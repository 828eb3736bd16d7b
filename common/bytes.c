#include "bytes.h"

#include <stdlib.h>
#include <string.h>

enum { WRITER_SIZE_MIN = 64 };

int slice_compare(struct slice a, struct slice b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

static int compare_slices(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

void slices_sort(struct slice *slices, size_t count)
{
    if (count > 0)
        qsort(slices, count, sizeof(*slices), compare_slices);
}

bool slice_starts_with(struct slice whole, struct slice prefix)
{
    return whole.size >= prefix.size && slice_equal(slice_of(whole.data, prefix.size), prefix);
}

char *slice_to_string(struct slice from)
{
    char *copy = malloc(from.size + 1);
    ensure(copy != NULL);
    if (from.size > 0)
        memcpy(copy, from.data, from.size);
    copy[from.size] = '\0';
    return copy;
}

struct buffer *buffer_new(size_t size)
{
    ensure(size <= SIZE_MAX - sizeof(struct buffer));
    struct buffer *buffer = malloc(sizeof(*buffer) + size);
    ensure(buffer != NULL);
    buffer->references = 1;
    buffer->reserved = 0;
    buffer->size = size;
    return buffer;
}

struct buffer *buffer_from(struct slice bytes)
{
    struct buffer *buffer = buffer_new(bytes.size);
    if (bytes.size > 0)
        memcpy(buffer->data, bytes.data, bytes.size);
    return buffer;
}

struct buffer *buffer_ref(struct buffer *buffer)
{
    ensure(buffer != NULL);
    uint32_t before = __atomic_fetch_add(&buffer->references, 1, __ATOMIC_RELAXED);
    ensure(before > 0);
    return buffer;
}

void buffer_unref(struct buffer *buffer)
{
    if (buffer == NULL)
        return;
    uint32_t before = __atomic_fetch_sub(&buffer->references, 1, __ATOMIC_ACQ_REL);
    ensure(before > 0);
    if (before == 1)
        free(buffer);
}

void writer_init(struct writer *writer, size_t expected_size)
{
    *writer = (struct writer){NULL, 0, 0};
    if (expected_size > 0)
        writer_reserve(writer, expected_size);
}

void writer_deinit(struct writer *writer)
{
    buffer_unref(writer->buffer);
    *writer = (struct writer){NULL, 0, 0};
}

void writer_reset(struct writer *writer)
{
    writer->size = 0;
}

void writer_grow(struct writer *writer, size_t size)
{
    ensure(size <= SIZE_MAX / 4 - writer->size);
    size_t wanted = writer->capacity < WRITER_SIZE_MIN ? WRITER_SIZE_MIN : writer->capacity * 2;
    while (wanted - writer->size < size)
        wanted *= 2;
    struct buffer *grown = realloc(writer->buffer, sizeof(*grown) + wanted);
    ensure(grown != NULL);
    grown->references = 1;
    grown->reserved = 0;
    writer->buffer = grown;
    writer->capacity = wanted;
}

void writer_put_u16(struct writer *writer, uint16_t value)
{
    uint16_t big_endian = __builtin_bswap16(value);
    writer_put(writer, &big_endian, sizeof(big_endian));
}

void writer_put_u32(struct writer *writer, uint32_t value)
{
    uint32_t big_endian = __builtin_bswap32(value);
    writer_put(writer, &big_endian, sizeof(big_endian));
}

void writer_put_u64(struct writer *writer, uint64_t value)
{
    uint64_t big_endian = __builtin_bswap64(value);
    writer_put(writer, &big_endian, sizeof(big_endian));
}

void writer_put_varint(struct writer *writer, uint64_t value)
{
    while (value >= 0x80) {
        writer_put_u8(writer, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    writer_put_u8(writer, (uint8_t)value);
}

void writer_put_sized(struct writer *writer, struct slice bytes)
{
    writer_put_varint(writer, bytes.size);
    writer_put_slice(writer, bytes);
}

struct slice writer_slice(const struct writer *writer)
{
    return writer->buffer == NULL ? SLICE_EMPTY : slice_of(writer->buffer->data, writer->size);
}

struct buffer *writer_finish(struct writer *writer)
{
    if (writer->buffer == NULL)
        return buffer_new(0);
    struct buffer *buffer = writer->buffer;
    buffer->size = writer->size;
    *writer = (struct writer){NULL, 0, 0};
    return buffer;
}

uint16_t reader_get_u16(struct reader *reader)
{
    uint16_t big_endian;
    if (!reader_take(reader, sizeof(big_endian)))
        return 0;
    memcpy(&big_endian, reader->at, sizeof(big_endian));
    reader->at += sizeof(big_endian);
    return __builtin_bswap16(big_endian);
}

uint64_t reader_get_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (!reader_take(reader, 1))
            return 0;
        uint8_t byte = *reader->at++;
        bool overflows = shift == 63 && byte > 1;
        bool padded = shift > 0 && byte == 0;
        if (overflows || padded)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->failed = true;
    return 0;
}

struct slice reader_get_slice(struct reader *reader, size_t size)
{
    if (size == 0 || !reader_take(reader, size))
        return SLICE_EMPTY;
    struct slice bytes = slice_of(reader->at, size);
    reader->at += size;
    return bytes;
}

struct slice reader_get_sized(struct reader *reader)
{
    uint64_t size = reader_get_varint(reader);
    if (size > reader_left(reader)) {
        reader->failed = true;
        return SLICE_EMPTY;
    }
    return reader_get_slice(reader, (size_t)size);
}

bool reader_done(const struct reader *reader)
{
    return !reader->failed && reader->at == reader->end;
}
