/* bytes: a borrowed span of bytes, a shared frozen buffer, a growing writer and a bounds-checked
 * reader. Every decoder in the tree is built on `struct reader`, every encoder on `struct writer`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ensure.h"

/* A span that somebody else owns. `data` may be NULL only when `size` is 0. */
struct slice {
    const uint8_t *data;
    size_t size;
};

#define SLICE_EMPTY ((struct slice){NULL, 0})
/* The bytes of a string literal, without its terminator. */
#define SLICE_LITERAL(text) ((struct slice){(const uint8_t *)("" text), sizeof(text) - 1})
/* The same as an initializer, for constant tables. */
#define SLICE_CONSTANT(text)                         \
    {                                                \
        (const uint8_t *)("" text), sizeof(text) - 1 \
    }

static inline struct slice slice_of(const void *data, size_t size)
{
    return (struct slice){(const uint8_t *)data, size};
}

/* The bytes of a NUL-terminated string; borrowed. */
static inline struct slice slice_of_string(const char *text)
{
    return slice_of(text, strlen(text));
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Unsigned bytewise order, a prefix before what it begins: <0, 0, >0. */
int slice_compare(struct slice a, struct slice b);
/* Puts them into that order. */
void slices_sort(struct slice *slices, size_t count);
bool slice_starts_with(struct slice whole, struct slice prefix);
/* A NUL-terminated heap copy: the caller frees it. For names and messages, not for the hot path. */
char *slice_to_string(struct slice from);

/* Immutable once published, shared by reference count: one encoded message serves N sends. The
 * count is atomic, since shards of one process hand buffers to each other. */
struct buffer {
    uint32_t references; /* touched only through buffer_ref and buffer_unref */
    uint32_t reserved;
    size_t size;    /* bytes of `data` */
    uint8_t data[]; /* frozen after its writer has finished */
};

/* A buffer of `size` bytes, not yet filled, held once by the caller. */
struct buffer *buffer_new(size_t size);
/* A buffer with a copy of `bytes`, held once by the caller. */
struct buffer *buffer_from(struct slice bytes);
struct buffer *buffer_ref(struct buffer *buffer);
/* Gives one reference back; NULL is allowed. */
void buffer_unref(struct buffer *buffer);
static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return slice_of(buffer->data, buffer->size);
}

/* Grows as needed. The bytes live in a buffer, so that writer_finish() can publish them uncopied.
 * What every reply and frame is put together with stands here, to be inlined. */
struct writer {
    struct buffer *buffer; /* NULL until the first byte */
    size_t size;           /* bytes written */
    size_t capacity;       /* bytes there is room for */
};

void writer_init(struct writer *writer, size_t expected_size);
void writer_deinit(struct writer *writer);
/* Forgets what was written and keeps the memory. */
void writer_reset(struct writer *writer);
/* For the functions below: there is not room for `size` more bytes, or no buffer yet. */
void writer_grow(struct writer *writer, size_t size);

/* Makes room for `size` more bytes without counting them as written. */
static inline void writer_reserve(struct writer *writer, size_t size)
{
    if (writer->capacity - writer->size < size)
        writer_grow(writer, size);
}

/* Room for `size` more bytes, counted as written; the caller fills them before the next call. */
static inline uint8_t *writer_extend(struct writer *writer, size_t size)
{
    if (writer->capacity - writer->size < size || writer->buffer == NULL)
        writer_grow(writer, size);
    uint8_t *at = writer->buffer->data + writer->size;
    writer->size += size;
    return at;
}

static inline void writer_put(struct writer *writer, const void *data, size_t size)
{
    if (size > 0)
        memcpy(writer_extend(writer, size), data, size);
}

static inline void writer_put_slice(struct writer *writer, struct slice bytes)
{
    writer_put(writer, bytes.data, bytes.size);
}

static inline void writer_put_u8(struct writer *writer, uint8_t value)
{
    *writer_extend(writer, 1) = value;
}

/* Fixed-width integers go out big-endian, so that their bytes sort as their values. */
void writer_put_u16(struct writer *writer, uint16_t value);
void writer_put_u32(struct writer *writer, uint32_t value);
void writer_put_u64(struct writer *writer, uint64_t value);
/* LEB128, at most 10 bytes. */
void writer_put_varint(struct writer *writer, uint64_t value);
/* A varint length, then the bytes. */
void writer_put_sized(struct writer *writer, struct slice bytes);
/* What was written so far; valid until the next write. */
struct slice writer_slice(const struct writer *writer);
/* Publishes the bytes as a frozen buffer that the caller owns, and leaves the writer empty. */
struct buffer *writer_finish(struct writer *writer);

/* Reads never pass the end: the first one that would sets `failed`, and from then on all yield
 * zero. So a decoder may read a whole record and look at `failed` once. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct reader reader_of(struct slice bytes)
{
    return (struct reader){bytes.data, bytes.data == NULL ? NULL : bytes.data + bytes.size, false};
}

static inline size_t reader_left(const struct reader *reader)
{
    return reader->failed ? 0 : (size_t)(reader->end - reader->at);
}

/* False, and the reader has failed, if fewer than `size` bytes are left. */
static inline bool reader_take(struct reader *reader, size_t size)
{
    if (!reader->failed && (size_t)(reader->end - reader->at) >= size)
        return true;
    reader->failed = true;
    return false;
}

static inline uint8_t reader_get_u8(struct reader *reader)
{
    return reader_take(reader, 1) ? *reader->at++ : 0;
}

uint16_t reader_get_u16(struct reader *reader);

static inline uint32_t reader_get_u32(struct reader *reader)
{
    uint32_t big_endian;
    if (!reader_take(reader, sizeof(big_endian)))
        return 0;
    memcpy(&big_endian, reader->at, sizeof(big_endian));
    reader->at += sizeof(big_endian);
    return __builtin_bswap32(big_endian);
}

static inline uint64_t reader_get_u64(struct reader *reader)
{
    uint64_t big_endian;
    if (!reader_take(reader, sizeof(big_endian)))
        return 0;
    memcpy(&big_endian, reader->at, sizeof(big_endian));
    reader->at += sizeof(big_endian);
    return __builtin_bswap64(big_endian);
}

/* Fails on more than 10 bytes, on overflow and on padding (each value has one encoding). */
uint64_t reader_get_varint(struct reader *reader);
/* The next `size` bytes, borrowed from what is read. */
struct slice reader_get_slice(struct reader *reader, size_t size);
/* A varint length, then the bytes, borrowed. */
struct slice reader_get_sized(struct reader *reader);
/* True if nothing failed and nothing is left over. */
bool must_check reader_done(const struct reader *reader);
