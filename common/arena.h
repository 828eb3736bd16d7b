/* arena: memory that lives as long as one request and is freed at once. */
#pragma once

#include <stdarg.h>

#include "bytes.h"

struct arena {
    struct arena_chunk *head; /* newest chunk; NULL until the first allocation */
    size_t used;              /* bytes used in the newest chunk */
    size_t total;             /* bytes of all chunks, for limits */
};

void arena_init(struct arena *arena);
/* Frees everything the arena gave out; it is empty and usable afterwards. */
void arena_deinit(struct arena *arena);
/* Keeps one chunk of ordinary size for the next request and frees the rest. */
void arena_reset(struct arena *arena);
/* Aligned for any type, not zeroed; never NULL. The caller has checked sizes that came from
 * outside. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, zeroed. */
void *arena_zalloc(struct arena *arena, size_t size);
struct slice arena_copy(struct arena *arena, struct slice bytes);
/* A NUL-terminated string in the arena, formatted as printf does. */
char *arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) printf_like(2, 0);
