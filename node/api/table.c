#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_state.h"
#include "decimal.h"
#include "hash.h"
#include "json_item.h"
#include "json_writer.h"
#include "local_index.h"
#include "statistics.h"
#include "table_arn.h"
#include "table_settings.h"
#include "table_throughput.h"

static struct slice find(struct slice definition, const char *name)
{
    struct slice value;
    return item_find(definition, slice_of_string(name), &value) ? value : SLICE_EMPTY;
}

static struct slice find_bytes(struct slice definition, const char *name)
{
    return value_bytes(find(definition, name));
}

int64_t definition_number(struct slice definition, const char *name)
{
    int64_t number = 0;
    return decimal_to_i64(find_bytes(definition, name), &number) ? number : 0;
}

enum value_type table_key_type_named(struct slice name)
{
    for (enum value_type type = VALUE_STRING; type <= VALUE_BINARY; type++)
        if (slice_equal(name, slice_of_string(value_type_name(type))))
            return type;
    return VALUE_NONE;
}

static void parse_throughput(struct table *table, struct slice definition)
{
    table->on_demand =
        slice_equal(find_bytes(definition, "billing_mode"), SLICE_LITERAL("PAY_PER_REQUEST"));
    table->billing_changed_ms = (uint64_t)definition_number(definition, "billing_changed_ms");
    table->on_demand_switches = find_bytes(definition, "on_demand_switches");
    table->read_units = definition_number(definition, "read_units");
    table->write_units = definition_number(definition, "write_units");
    table->increased_ms = (uint64_t)definition_number(definition, "increased_ms");
    table->decreased_ms = (uint64_t)definition_number(definition, "decreased_ms");
    table->decreases = definition_number(definition, "decreases");
    table->max_read_units = definition_number(definition, "max_read_units");
    table->max_write_units = definition_number(definition, "max_write_units");
    table->warm_read_units = definition_number(definition, "warm_read_units");
    table->warm_write_units = definition_number(definition, "warm_write_units");
}

static void parse_settings(struct table *table, struct slice definition)
{
    table->class = find_bytes(definition, "class");
    table->class_changed_ms = (uint64_t)definition_number(definition, "class_changed_ms");
    table->protected = value_bool(find(definition, "protected"));
    table->created_ms = (uint64_t)definition_number(definition, "created_ms");
    table->ttl_attribute = find_bytes(definition, "ttl_attribute");
    table->ttl_changed_ms = (uint64_t)definition_number(definition, "ttl_changed_ms");
    table->quorum.n = (uint8_t)definition_number(definition, "n");
    table->quorum.r = (uint8_t)definition_number(definition, "r");
    table->quorum.w = (uint8_t)definition_number(definition, "w");
    table->quorum.sloppy = value_bool(find(definition, "sloppy"));
    table->tags = find(definition, "tags");
    table->indexes_count = local_indexes_parse(find(definition, "local_indexes"), table->indexes);
}

struct table *table_parse(struct slice bytes)
{
    if (!item_valid(bytes))
        return NULL;
    struct table *table = calloc(1, sizeof(*table));
    ensure(table != NULL);
    table->references = 1;
    table->definition = buffer_from(bytes);
    struct slice definition = buffer_slice(table->definition);
    struct reader id = reader_of(find_bytes(definition, "id"));
    table->name = find_bytes(definition, "name");
    table->id = reader_get_u64(&id);
    table->revision = (uint64_t)definition_number(definition, "revision");
    table->partition_key.name = find_bytes(definition, "partition_key");
    table->partition_key.type = table_key_type_named(find_bytes(definition, "partition_key_type"));
    table->sort_key.name = find_bytes(definition, "sort_key");
    table->sort_key.type = table_key_type_named(find_bytes(definition, "sort_key_type"));
    parse_throughput(table, definition);
    parse_settings(table, definition);
    if (table->name.size > 0 && reader_done(&id) && table->partition_key.type != VALUE_NONE)
        return table;
    table_unref(table);
    return NULL;
}

struct table *table_ref(struct table *table)
{
    table->references++;
    return table;
}

void table_unref(struct table *table)
{
    if (table == NULL)
        return;
    ensure(table->references > 0);
    if (--table->references > 0)
        return;
    buffer_unref(table->definition);
    free(table);
}

/* Descriptions. */

static void put_definition(struct writer *writer, const struct table_key *key)
{
    json_put_separator(writer);
    json_put_raw(writer, "{");
    json_put_name(writer, "AttributeName");
    json_put_string(writer, key->name);
    json_put_name(writer, "AttributeType");
    json_put_string(writer, slice_of_string(value_type_name(key->type)));
    json_put_raw(writer, "}");
}

void table_put_key_schema(struct writer *writer, const struct table_key *key, const char *type)
{
    json_put_separator(writer);
    json_put_raw(writer, "{");
    json_put_name(writer, "AttributeName");
    json_put_string(writer, key->name);
    json_put_name(writer, "KeyType");
    json_put_string(writer, slice_of_string(type));
    json_put_raw(writer, "}");
}

/* The attribute of index `index` is a key of the table or of an index before it. */
static bool defined_before(const struct table *table, size_t index)
{
    struct slice name = table->indexes[index].sort_key.name;
    bool found =
        slice_equal(name, table->partition_key.name) || slice_equal(name, table->sort_key.name);
    for (size_t i = 0; i < index && !found; i++)
        found = slice_equal(name, table->indexes[i].sort_key.name);
    return found;
}

static void put_keys(struct writer *writer, const struct table *table)
{
    json_put_name(writer, "AttributeDefinitions");
    json_put_raw(writer, "[");
    put_definition(writer, &table->partition_key);
    if (table->sort_key.name.size > 0)
        put_definition(writer, &table->sort_key);
    for (size_t i = 0; i < table->indexes_count; i++)
        if (!defined_before(table, i))
            put_definition(writer, &table->indexes[i].sort_key);
    json_put_raw(writer, "]");
    json_put_name(writer, "KeySchema");
    json_put_raw(writer, "[");
    table_put_key_schema(writer, &table->partition_key, "HASH");
    if (table->sort_key.name.size > 0)
        table_put_key_schema(writer, &table->sort_key, "RANGE");
    json_put_raw(writer, "]");
}

/* A UUID made from the id of the table: the service shows one. */
static void put_table_id(struct writer *writer, const struct table *table)
{
    uint64_t low = hash64(slice_of(&table->id, sizeof(table->id)));
    char text[40];
    int size = snprintf(text, sizeof(text), "\"%08x-%04x-4%03x-a%03x-%012" PRIx64 "\"",
                        (unsigned)(table->id >> 32), (unsigned)(table->id >> 16 & 0xffff),
                        (unsigned)(table->id & 0xfff), (unsigned)(low >> 52), low & 0xffffffffffff);
    ensure(size > 0);
    writer_put(writer, text, (size_t)size);
}

void table_put_description(struct writer *writer, const struct api *api, const struct table *table,
                           const char *status)
{
    struct table_statistics statistics = statistics_of(api, table->id);
    struct arena arena;
    arena_init(&arena);
    json_put_raw(writer, "{");
    put_keys(writer, table);
    local_indexes_put(writer, api, table);
    json_put_name(writer, "TableName");
    json_put_string(writer, table->name);
    json_put_name(writer, "TableStatus");
    json_put_string(writer, slice_of_string(status));
    json_put_name(writer, "CreationDateTime");
    json_put_time(writer, table->created_ms);
    throughput_put(writer, table, api_now_ms(api));
    json_put_name(writer, "TableSizeBytes");
    json_put_integer(writer, (int64_t)statistics.whole.bytes);
    json_put_name(writer, "ItemCount");
    json_put_integer(writer, (int64_t)statistics.whole.items);
    json_put_name(writer, "TableArn");
    json_put_string(writer, slice_of_string(table_arn(&arena, api, table->name)));
    json_put_name(writer, "TableId");
    put_table_id(writer, table);
    settings_describe(writer, table);
    json_put_raw(writer, "}");
    arena_deinit(&arena);
}

/* Definitions being built. */

void definition_put(struct value_node *definition, const char *name, struct value_node *value)
{
    struct slice key = slice_of_string(name);
    struct value_node *old = value_node_find(definition, key);
    if (old != NULL)
        value_node_replace(definition, old, value);
    else
        value_node_put(definition, key, value);
}

void definition_put_string(struct arena *arena, struct value_node *definition, const char *name,
                           struct slice value)
{
    definition_put(definition, name, value_node_scalar(arena, VALUE_STRING, value));
}

void definition_put_number(struct arena *arena, struct value_node *definition, const char *name,
                           int64_t value)
{
    struct decimal_bytes decimal;
    decimal_from_i64(value, &decimal);
    struct slice bytes = arena_copy(arena, decimal_slice(&decimal));
    definition_put(definition, name, value_node_scalar(arena, VALUE_NUMBER, bytes));
}

void definition_put_quorum(struct arena *arena, struct value_node *definition,
                           const struct quorum *quorum)
{
    definition_put_number(arena, definition, "n", quorum->n);
    definition_put_number(arena, definition, "r", quorum->r);
    definition_put_number(arena, definition, "w", quorum->w);
    definition_put(definition, "sloppy", value_node_bool(arena, quorum->sloppy));
}
