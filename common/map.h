/* map: from never-reused 64-bit ids to objects. What waits for an answer is found here, so a late
 * or stale completion finds nothing instead of somebody else's memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t id; /* 0: free */
    void *object;
};

struct map {
    struct map_slot *slots; /* open addressing, linear probing */
    size_t capacity;        /* 0 or a power of two */
    size_t count;
};

void map_init(struct map *map);
/* Frees the table, not the objects. */
void map_deinit(struct map *map);
/* `id` is not 0 and not in the map yet; `object` is not NULL. */
void map_put(struct map *map, uint64_t id, void *object);
/* The object, or NULL. */
void *map_find(const struct map *map, uint64_t id);
/* Removes and returns the object, or NULL. */
void *map_remove(struct map *map, uint64_t id);
/* Walks in no order: start with *cursor = 0; NULL at the end. The map must not change meanwhile. */
void *map_each(const struct map *map, size_t *cursor);
/* The same, and tells its id. */
void *map_each_id(const struct map *map, size_t *cursor, uint64_t *id);
