#include "index_entries.h"

#include "planted.h"

/* The value of an item in index `index`, as keys have it. False if it does not stand in it; `value`
 * is then empty. */
static bool index_value(const struct table_schema *schema, uint8_t index, struct slice item,
                        struct slice *value)
{
    struct slice found;
    *value = SLICE_EMPTY;
    if (index >= schema->local_count || item.size == 0 ||
        !item_find(item, schema->local[index].name, &found) ||
        value_type(found) != schema->local[index].type)
        return false;
    *value = value_bytes(found);
    return true;
}

bool index_entry(struct writer *writer, const struct table_schema *schema, uint8_t index,
                 const struct item_key *key, struct slice item)
{
    struct slice value;
    if (!index_value(schema, index, item, &value))
        return false;
    index_key_encode(writer, index, key, value);
    return true;
}

static void change(struct store_batch *batch, const struct table_schema *schema, uint8_t index,
                   const struct item_key *key, struct slice before, struct slice after)
{
    struct slice old_value, new_value;
    bool was = index_value(schema, index, before, &old_value);
    bool is = index_value(schema, index, after, &new_value);
    if (was == is && slice_equal(old_value, new_value))
        return;
    struct writer entry;
    writer_init(&entry, 0);
    if (was && !PLANTED(OLD_ENTRY_STAYS)) {
        index_key_encode(&entry, index, key, old_value);
        store_batch_delete(batch, STORE_INDEX, writer_slice(&entry));
    }
    writer_reset(&entry);
    if (is) {
        index_key_encode(&entry, index, key, new_value);
        store_batch_put(batch, STORE_INDEX, writer_slice(&entry), SLICE_EMPTY);
    }
    writer_deinit(&entry);
}

void index_entries_change(struct store_batch *batch, const struct table_schema *schema,
                          const struct item_key *key, struct slice before, struct slice after)
{
    for (uint8_t i = 0; i < schema->local_count; i++)
        change(batch, schema, i, key, before, after);
}
