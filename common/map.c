#include "map.h"

#include <stdlib.h>

#include "ensure.h"

enum { MAP_CAPACITY_MIN = 16 };

void map_init(struct map *map)
{
    *map = (struct map){NULL, 0, 0};
}

void map_deinit(struct map *map)
{
    free(map->slots);
    map_init(map);
}

/* Ids are often consecutive: the multiplication (Knuth's golden ratio) spreads them. */
static size_t home_slot(const struct map *map, uint64_t id)
{
    return (size_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (map->capacity - 1);
}

static size_t find_slot(const struct map *map, uint64_t id)
{
    size_t at = home_slot(map, id);
    while (map->slots[at].id != 0 && map->slots[at].id != id)
        at = (at + 1) & (map->capacity - 1);
    return at;
}

static void map_grow(struct map *map)
{
    struct map old = *map;
    map->capacity = old.capacity == 0 ? MAP_CAPACITY_MIN : old.capacity * 2;
    map->slots = calloc(map->capacity, sizeof(struct map_slot));
    ensure(map->slots != NULL);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].id != 0)
            map->slots[find_slot(map, old.slots[i].id)] = old.slots[i];
    }
    free(old.slots);
}

void map_put(struct map *map, uint64_t id, void *object)
{
    ensure(id != 0);
    ensure(object != NULL);
    if ((map->count + 1) * 4 > map->capacity * 3)
        map_grow(map);
    size_t at = find_slot(map, id);
    ensure(map->slots[at].id == 0);
    map->slots[at] = (struct map_slot){id, object};
    map->count++;
}

void *map_find(const struct map *map, uint64_t id)
{
    if (map->count == 0 || id == 0)
        return NULL;
    return map->slots[find_slot(map, id)].object;
}

/* Closes the hole at `at`, so that no probe sequence is cut. */
static void close_hole(struct map *map, size_t at)
{
    size_t mask = map->capacity - 1;
    size_t hole = at;
    for (size_t i = (at + 1) & mask; map->slots[i].id != 0; i = (i + 1) & mask) {
        size_t home = home_slot(map, map->slots[i].id);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct map_slot){0, NULL};
}

void *map_remove(struct map *map, uint64_t id)
{
    if (map->count == 0 || id == 0)
        return NULL;
    size_t at = find_slot(map, id);
    void *object = map->slots[at].object;
    if (map->slots[at].id == 0)
        return NULL;
    close_hole(map, at);
    map->count--;
    return object;
}

void *map_each(const struct map *map, size_t *cursor)
{
    uint64_t id;
    return map_each_id(map, cursor, &id);
}

void *map_each_id(const struct map *map, size_t *cursor, uint64_t *id)
{
    while (*cursor < map->capacity) {
        const struct map_slot *slot = &map->slots[(*cursor)++];
        *id = slot->id;
        if (slot->id != 0)
            return slot->object;
    }
    return NULL;
}
