/* linear_memory: the configurations that a search of linear.c has seen. */
#pragma once

#include "linear.h"

enum { BITS_WORDS = LINEAR_PENDING_MAX / 64 };

struct bits {
    uint64_t words[BITS_WORDS];
};

static inline bool bits_get(const struct bits *bits, uint32_t at)
{
    return bits->words[at / 64] >> (at % 64) & 1;
}

static inline void bits_set(struct bits *bits, uint32_t at)
{
    bits->words[at / 64] |= UINT64_C(1) << (at % 64);
}

static inline void bits_clear(struct bits *bits, uint32_t at)
{
    bits->words[at / 64] &= ~(UINT64_C(1) << (at % 64));
}

/* All operations of levels below took effect; of those pending at the level, the marked ones. No
 * padding: it is hashed as bytes. */
struct configuration {
    uint64_t level;
    uint64_t state;
    struct bits answered; /* by slot */
    struct bits unknown;  /* by slot */
};

struct memory_cell {
    struct configuration configuration;
    uint32_t next; /* of equal hash: index + 1; 0: none */
};

struct linear_memory {
    struct memory_cell *cells;
    size_t count;
    size_t capacity;
    uint32_t *heads;    /* by hash: index + 1; 0: none */
    size_t heads_count; /* a power of two */
};

void linear_memory_init(struct linear_memory *memory);
void linear_memory_deinit(struct linear_memory *memory);
/* False, and nothing is added, if one was seen that is equal but for the operations of unknown
 * outcome, and of those has no other ones. */
bool linear_memory_add(struct linear_memory *memory, const struct configuration *configuration);
