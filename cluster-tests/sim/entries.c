#include "expiry_entries.h"
#include "index_entries.h"
#include "row.h"
#include "world.h"

enum { INDEXES = LOCAL_INDEXES_MAX + 1, EXPIRY_COUNT = LOCAL_INDEXES_MAX };

/* Entries by index, those of expiring items last. */
struct entry_counts {
    size_t of[INDEXES];
};

/* Counts an entry that must be there, and takes it out of the writer. */
static void want(struct world *world, const struct sim_node *node, struct writer *entry,
                 size_t *count)
{
    struct buffer *value = node_read_row(node, STORE_INDEX, writer_slice(entry));
    if (value == NULL)
        world_fail(world, "%s: an item has no entry in an index", node->name);
    buffer_unref(value);
    writer_reset(entry);
    *count += 1;
}

static void check_item(struct world *world, const struct sim_node *node,
                       const struct table_schema *schema, const struct item_key *key,
                       struct slice item, struct entry_counts *counts)
{
    struct writer entry;
    uint64_t seconds;
    size_t heads = 0;
    writer_init(&entry, 64);
    for (uint8_t i = 0; i < schema->local_count; i++)
        if (index_entry(&entry, schema, i, key, item))
            want(world, node, &entry, &counts->of[i]);
    if (schema->expiry.size > 0 && expiry_of_item(schema->expiry, item, &seconds)) {
        expiry_key_encode(&entry, key, seconds);
        want(world, node, &entry, &counts->of[EXPIRY_COUNT]);
        expiry_head_encode(&entry, key->partition, key->table_id);
        want(world, node, &entry, &heads);
    }
    writer_deinit(&entry);
}

/* Those that the items on its disk ask for; each is there. */
static struct entry_counts check_items(struct world *world, const struct sim_node *node)
{
    struct table_schema schema = items_schema(&world->options);
    struct entry_counts counts = {{0}};
    struct store_range items;
    struct slice bytes, value;
    node_read_family(node, STORE_ITEMS, &items);
    struct reader rows = reader_of(writer_slice(&items.rows));
    while (store_rows_next(&rows, &bytes, &value)) {
        struct item_key key;
        struct row row;
        if (item_key_decode(bytes, &key) && key.table_id == items_table_id(&world->options) &&
            row_decode(value, &row))
            check_item(world, node, &schema, &key, row.value, &counts);
    }
    store_range_deinit(&items);
    return counts;
}

static struct entry_counts count_entries(const struct sim_node *node)
{
    struct entry_counts counts = {{0}};
    struct store_range entries;
    struct slice bytes, value;
    struct expiry_key expiry;
    struct index_key local;
    node_read_family(node, STORE_INDEX, &entries);
    struct reader rows = reader_of(writer_slice(&entries.rows));
    while (store_rows_next(&rows, &bytes, &value)) {
        if (expiry_key_decode(bytes, &expiry))
            counts.of[EXPIRY_COUNT]++;
        else if (index_key_decode(bytes, &local) && local.index < LOCAL_INDEXES_MAX)
            counts.of[local.index]++;
    }
    store_range_deinit(&entries);
    return counts;
}

void entries_run(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        if (!node->up)
            continue;
        struct entry_counts wanted = check_items(world, node);
        struct entry_counts found = count_entries(node);
        for (size_t j = 0; j < INDEXES; j++)
            if (found.of[j] != wanted.of[j])
                world_fail(world, "%s: index %zu has %zu entries for %zu items", node->name, j,
                           found.of[j], wanted.of[j]);
    }
}
