#include <stdlib.h>

#include "expiry_entries.h"
#include "row.h"
#include "world.h"

static void never(struct store_op *op)
{
    (void)op;
    abort();
}

static void read_family(const struct sim_node *node, enum store_family family,
                        struct store_range *range)
{
    store_range_init(range, family, SLICE_EMPTY, SLICE_EMPTY, never);
    range->rows_max = UINT32_MAX;
    range->bytes_max = SIZE_MAX;
    while (!store_try_read(node->store[0], &range->op))
        continue;
}

static bool held(const struct sim_node *node, struct slice key)
{
    struct store_get get;
    store_get_init(&get, STORE_INDEX, key, never);
    while (!store_try_read(node->store[0], &get.op))
        continue;
    bool found = get.value != NULL;
    buffer_unref(get.value);
    return found;
}

/* How many of the items on its disk say when they expire; the entry of each is there, and their
 * partition is known to be complete. */
static size_t check_items(struct world *world, const struct sim_node *node)
{
    struct store_range items;
    struct slice key, value;
    struct writer entry, head;
    size_t count = 0;
    writer_init(&entry, 64);
    writer_init(&head, 16);
    read_family(node, STORE_ITEMS, &items);
    struct reader rows = reader_of(writer_slice(&items.rows));
    while (store_rows_next(&rows, &key, &value)) {
        struct item_key decoded;
        struct row row;
        uint64_t seconds;
        if (!item_key_decode(key, &decoded) || decoded.table_id != CLIENT_TABLE_ID ||
            !row_decode(value, &row) || !expiry_of_item(SLICE_LITERAL("n"), row.value, &seconds))
            continue;
        writer_reset(&entry);
        writer_reset(&head);
        expiry_key_encode(&entry, &decoded, seconds);
        expiry_head_encode(&head, decoded.partition, decoded.table_id);
        if (!held(node, writer_slice(&entry)) || !held(node, writer_slice(&head)))
            world_fail(world, "%s: a counter of %llu is not found by it", node->name,
                       (unsigned long long)seconds);
        count++;
    }
    store_range_deinit(&items);
    writer_deinit(&entry);
    writer_deinit(&head);
    return count;
}

static size_t count_entries(const struct sim_node *node)
{
    struct store_range index;
    struct slice key, value;
    struct expiry_key entry;
    size_t count = 0;
    read_family(node, STORE_INDEX, &index);
    struct reader rows = reader_of(writer_slice(&index.rows));
    while (store_rows_next(&rows, &key, &value))
        count += expiry_key_decode(key, &entry);
    store_range_deinit(&index);
    return count;
}

void expiries_run(struct world *world)
{
    for (uint16_t i = 0; i < world->options.nodes && world->options.expiry; i++) {
        const struct sim_node *node = &world->nodes[i];
        if (!node->up)
            continue;
        size_t wanted = check_items(world, node);
        size_t found = count_entries(node);
        if (found != wanted)
            world_fail(world, "%s: %zu entries of %zu counters", node->name, found, wanted);
    }
}
