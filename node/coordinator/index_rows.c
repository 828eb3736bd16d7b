#include "index_rows.h"

#include <string.h>

#include "arena.h"
#include "hash.h"
#include "index_entries.h"
#include "map.h"
#include "probe.h"
#include "store.h"

struct placed_row {
    struct slice place; /* of its own */
    struct slice item;
};

static bool is_covered(const struct index_rows_range *range, struct slice place)
{
    return key_in_range(place, range->from, range->to) &&
           (!range->more || key_walk_compare(range->reverse, place, range->covered) <= 0);
}

/* Rows that have been placed so far. */
struct placement {
    const struct index_rows_range *range;
    struct arena arena;
    struct placed_row *rows;
    size_t count;
    struct map items; /* hashes of their items' keys */
};

/* False if the item is there already: it was seen twice, at two times. */
static bool add_item(struct placement *placement, struct slice place)
{
    struct index_key entry;
    struct writer key;
    bool decoded = index_key_decode(place, &entry);
    ensure(decoded); /* it was told by a page, which was checked, or made of one that was */
    writer_init(&key, place.size);
    item_key_encode(&key, &entry.item);
    uint64_t id = hash64_id(writer_slice(&key));
    writer_deinit(&key);
    if (map_find(&placement->items, id) != NULL)
        return false;
    map_put(&placement->items, id, placement);
    return true;
}

/* From the end: nearly all rows come in order. */
static void insert(struct placement *placement, struct placed_row row)
{
    if (!add_item(placement, row.place))
        return;
    size_t at = placement->count++;
    while (at > 0 && key_walk_compare(placement->range->reverse, row.place,
                                      placement->rows[at - 1].place) < 0)
        at--;
    memmove(&placement->rows[at + 1], &placement->rows[at],
            (placement->count - 1 - at) * sizeof(row));
    placement->rows[at] = row;
}

/* The item's own entry; false if it has none. */
static bool own_place(const struct index_rows_range *range, struct slice told, struct slice item,
                      struct writer *place)
{
    struct index_key key;
    bool decoded = index_key_decode(told, &key);
    ensure(decoded);
    writer_reset(place);
    return index_entry(place, range->schema, range->index, &key.item, item);
}

/* A row that has left the place where it was told of. */
static void place_moved(struct placement *placement, struct slice place, struct slice item)
{
    if (!is_covered(placement->range, place))
        return;
    PROBE("a row of an index has moved while it was read");
    insert(placement, (struct placed_row){arena_copy(&placement->arena, place), item});
}

static size_t count_rows(struct slice rows)
{
    struct reader reader = reader_of(rows);
    struct slice key, item;
    size_t count = 0;
    while (store_rows_next(&reader, &key, &item))
        count++;
    return count;
}

/* Those that stand where they were told of, or those that do not. */
static void place_rows(struct placement *placement, struct slice rows, bool standing)
{
    struct reader reader = reader_of(rows);
    struct slice told, item;
    struct writer place;
    writer_init(&place, 0);
    while (store_rows_next(&reader, &told, &item)) {
        bool has = own_place(placement->range, told, item, &place);
        bool stands = has && slice_equal(writer_slice(&place), told);
        if (stands && standing)
            insert(placement, (struct placed_row){told, item});
        else if (has && !stands && !standing)
            place_moved(placement, writer_slice(&place), item);
    }
    writer_deinit(&place);
}

static void place_beside(struct placement *placement, struct slice rows)
{
    const struct index_rows_range *range = placement->range;
    struct reader reader = reader_of(rows);
    struct slice encoded, item;
    struct item_key key;
    struct writer place;
    writer_init(&place, 0);
    while (store_rows_next(&reader, &encoded, &item)) {
        writer_reset(&place);
        if (item_key_decode(encoded, &key) &&
            index_entry(&place, range->schema, range->index, &key, item))
            place_moved(placement, writer_slice(&place), item);
    }
    writer_deinit(&place);
}

uint32_t index_rows_place(const struct index_rows_range *range, struct slice rows,
                          struct slice beside, struct writer *out)
{
    struct placement placement = {.range = range};
    arena_init(&placement.arena);
    map_init(&placement.items);
    placement.rows = arena_alloc(&placement.arena, (count_rows(rows) + count_rows(beside) + 1) *
                                                       sizeof(*placement.rows));
    place_rows(&placement, rows, true);
    place_rows(&placement, rows, false);
    place_beside(&placement, beside);
    for (size_t i = 0; i < placement.count; i++) {
        writer_put_sized(out, placement.rows[i].place);
        writer_put_sized(out, placement.rows[i].item);
    }
    map_deinit(&placement.items);
    arena_deinit(&placement.arena);
    return (uint32_t)placement.count;
}
