#include "table.h"

#include "json_item.h"
#include "json_writer.h"
#include "local_index.h"
#include "messages.h"

const char *table_key_check(struct arena *arena, const struct table_key *key, struct slice bytes,
                            bool is_sort_key)
{
    if (key->type == VALUE_NUMBER)
        return NULL;
    if (bytes.size == 0)
        return arena_printf(arena, MESSAGE_KEY_EMPTY,
                            key->type == VALUE_STRING ? "string" : "binary", (int)key->name.size,
                            key->name.data);
    if (!is_sort_key && bytes.size > PARTITION_KEY_SIZE_MAX)
        return MESSAGE_HASH_KEY_TOO_LARGE;
    if (is_sort_key && bytes.size > SORT_KEY_SIZE_MAX)
        return MESSAGE_SORT_KEY_TOO_LARGE;
    return NULL;
}

static const char *read_of_item(struct arena *arena, const struct table_key *key,
                                const struct value_node *item, bool is_sort_key,
                                struct slice *bytes)
{
    const struct value_node *value = value_node_find(item, key->name);
    if (value == NULL)
        return arena_printf(arena, MESSAGE_KEY_MISSING, (int)key->name.size, key->name.data);
    if (value->type != key->type)
        return arena_printf(arena, MESSAGE_KEY_TYPE, (int)key->name.size, key->name.data,
                            value_type_name(key->type), value_type_name(value->type));
    *bytes = value->bytes;
    return table_key_check(arena, key, *bytes, is_sort_key);
}

static const char *read_of_key(struct arena *arena, const struct table_key *key,
                               const struct value_node *map, bool is_sort_key, struct slice *bytes)
{
    const struct value_node *value = value_node_find(map, key->name);
    if (value == NULL || value->type != key->type)
        return MESSAGE_KEY_MISMATCH;
    *bytes = value->bytes;
    return table_key_check(arena, key, *bytes, is_sort_key);
}

typedef const char *(*key_reader)(struct arena *arena, const struct table_key *key,
                                  const struct value_node *map, bool is_sort_key,
                                  struct slice *bytes);

static const char *read_keys(struct arena *arena, const struct table *table,
                             const struct value_node *map, uint32_t partitions,
                             struct item_key *key, key_reader read)
{
    struct slice partition_key = SLICE_EMPTY, sort_key = SLICE_EMPTY;
    const char *problem = read(arena, &table->partition_key, map, false, &partition_key);
    if (problem == NULL && table->sort_key.name.size > 0)
        problem = read(arena, &table->sort_key, map, true, &sort_key);
    *key = item_key_of(table->id, problem == NULL ? partition_key : SLICE_EMPTY,
                       problem == NULL ? sort_key : SLICE_EMPTY, partitions);
    return problem;
}

const char *table_key_of_item(struct arena *arena, const struct table *table,
                              const struct value_node *item, uint32_t partitions,
                              struct item_key *key)
{
    const char *problem = read_keys(arena, table, item, partitions, key, read_of_item);
    return problem != NULL ? problem : local_indexes_check_item(arena, table, item);
}

const char *table_key_of_key(struct arena *arena, const struct table *table,
                             const struct value_node *map, uint32_t partitions,
                             struct item_key *key)
{
    *key = (struct item_key){.partition = 0};
    if (map->count != (table->sort_key.name.size > 0 ? 2U : 1U))
        return MESSAGE_KEY_MISMATCH;
    return table_key_within(arena, table, map, partitions, key);
}

const char *table_key_within(struct arena *arena, const struct table *table,
                             const struct value_node *map, uint32_t partitions,
                             struct item_key *key)
{
    return read_keys(arena, table, map, partitions, key, read_of_key);
}

static void put_key(struct writer *writer, const struct table_key *key, struct slice item)
{
    struct slice value;
    if (!item_find(item, key->name, &value))
        return;
    json_put_key(writer, key->name);
    json_put_value(writer, value);
}

void table_put_key(struct writer *writer, const struct table *table, struct slice item)
{
    json_put_raw(writer, "{");
    put_key(writer, &table->partition_key, item);
    if (table->sort_key.name.size > 0)
        put_key(writer, &table->sort_key, item);
    json_put_raw(writer, "}");
}
