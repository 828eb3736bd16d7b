#include "linear_memory.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

enum { HEADS_MIN = 1024 };

void linear_memory_init(struct linear_memory *memory)
{
    *memory = (struct linear_memory){.heads_count = HEADS_MIN};
    memory->heads = calloc(HEADS_MIN, sizeof(*memory->heads));
    ensure(memory->heads != NULL);
}

void linear_memory_deinit(struct linear_memory *memory)
{
    free(memory->cells);
    free(memory->heads);
}

static uint32_t *head_of(const struct linear_memory *memory,
                         const struct configuration *configuration)
{
    uint64_t hash = hash64(slice_of(configuration, offsetof(struct configuration, unknown)));
    return &memory->heads[hash & (memory->heads_count - 1)];
}

static void cell_link(struct linear_memory *memory, size_t index)
{
    struct memory_cell *cell = &memory->cells[index];
    uint32_t *head = head_of(memory, &cell->configuration);
    cell->next = *head;
    *head = (uint32_t)index + 1;
}

static void heads_grow(struct linear_memory *memory)
{
    free(memory->heads);
    memory->heads_count *= 2;
    memory->heads = calloc(memory->heads_count, sizeof(*memory->heads));
    ensure(memory->heads != NULL);
    for (size_t i = 0; i < memory->count; i++)
        cell_link(memory, i);
}

static bool covers(const struct configuration *seen, const struct configuration *other)
{
    if (memcmp(seen, other, offsetof(struct configuration, unknown)) != 0)
        return false;
    for (size_t i = 0; i < BITS_WORDS; i++) {
        if ((seen->unknown.words[i] & ~other->unknown.words[i]) != 0)
            return false;
    }
    return true;
}

bool linear_memory_add(struct linear_memory *memory, const struct configuration *configuration)
{
    for (uint32_t at = *head_of(memory, configuration); at != 0; at = memory->cells[at - 1].next) {
        if (covers(&memory->cells[at - 1].configuration, configuration))
            return false;
    }
    if (memory->count == memory->capacity) {
        memory->capacity = memory->capacity == 0 ? HEADS_MIN : 2 * memory->capacity;
        ensure(memory->capacity < UINT32_MAX);
        memory->cells = realloc(memory->cells, memory->capacity * sizeof(*memory->cells));
        ensure(memory->cells != NULL);
    }
    memory->cells[memory->count].configuration = *configuration;
    cell_link(memory, memory->count++);
    if (memory->count > memory->heads_count)
        heads_grow(memory);
    return true;
}
