#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE = 4096, /* most requests fit one */
    ALIGNMENT = 16
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* bytes of `data` */
    _Alignas(ALIGNMENT) uint8_t data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){NULL, 0, 0};
}

void arena_deinit(struct arena *arena)
{
    while (arena->head != NULL) {
        struct arena_chunk *next = arena->head->next;
        free(arena->head);
        arena->head = next;
    }
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = NULL;
    while (arena->head != NULL) {
        struct arena_chunk *chunk = arena->head;
        arena->head = chunk->next;
        if (kept == NULL && chunk->size == CHUNK_SIZE)
            kept = chunk;
        else
            free(chunk);
    }
    *arena = (struct arena){kept, 0, kept == NULL ? 0 : CHUNK_SIZE};
    if (kept != NULL)
        kept->next = NULL;
}

static void arena_grow(struct arena *arena, size_t size)
{
    size_t wanted = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + wanted);
    ensure(chunk != NULL);
    chunk->next = arena->head;
    chunk->size = wanted;
    arena->head = chunk;
    arena->used = 0;
    arena->total += wanted;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    ensure(size <= SIZE_MAX / 2);
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (arena->head == NULL || arena->head->size - arena->used < rounded)
        arena_grow(arena, rounded);
    void *memory = arena->head->data + arena->used;
    arena->used += rounded;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
    if (bytes.size == 0)
        return SLICE_EMPTY;
    return slice_of(memcpy(arena_alloc(arena, bytes.size), bytes.data, bytes.size), bytes.size);
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    ensure(format != NULL);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    ensure(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
