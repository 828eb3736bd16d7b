#include "local_index.h"

#include "api_state.h"
#include "json_writer.h"
#include "key_schema.h"
#include "messages.h"
#include "table_arn.h"
#include "operation_call.h"

enum {
    NON_KEY_ATTRIBUTES_MAX = 20, /* of one index; the service's limits */
    PROJECTED_MAX = 100,         /* of all indexes together, where a projection names them */
    CHECKED_MAX = 20 /* of more, a client hears of the first ones or that they are many */
};

const struct shape shape_index_name = {
    .kind = SHAPE_STRING, .ranged = true, .min = 3, .max = 255, .table_name = true};

static const struct shape shape_projection_type = {.kind = SHAPE_STRING,
                                                   .values = "ALL, INCLUDE, KEYS_ONLY"};
static const struct shape shape_non_key_attribute = {
    .kind = SHAPE_STRING, .ranged = true, .min = 1, .max = 255};
static const struct shape shape_non_key_attributes = {.kind = SHAPE_LIST,
                                                      .ranged = true,
                                                      .min = 1,
                                                      .max = NON_KEY_ATTRIBUTES_MAX,
                                                      .element = &shape_non_key_attribute};
static const struct shape_member projection_members[] = {
    {"ProjectionType", &shape_projection_type, false, false},
    {"NonKeyAttributes", &shape_non_key_attributes, false, false},
};
static const struct shape shape_projection = {.kind = SHAPE_STRUCTURE,
                                              .type = "Projection",
                                              .members = projection_members,
                                              .members_count = array_size(projection_members)};
static const struct shape_member index_members[] = {
    {"IndexName", &shape_index_name, true, false},
    {"KeySchema", &shape_key_schema, true, false},
    {"Projection", &shape_projection, true, false},
};
static const struct shape shape_local_index = {.kind = SHAPE_STRUCTURE,
                                               .type = "LocalSecondaryIndex",
                                               .members = index_members,
                                               .members_count = array_size(index_members)};
const struct shape shape_local_indexes = {.kind = SHAPE_LIST, .element = &shape_local_index};

/* Requests. */

/* One index as it is asked for. */
struct index_request {
    yyjson_val *schema;
    yyjson_val *projected; /* NonKeyAttributes, or NULL */
    struct slice name;
    struct slice projection;
};

static struct index_request index_request_of(yyjson_val *json)
{
    yyjson_val *projection = json_member(json, "Projection");
    return (struct index_request){.schema = json_member(json, "KeySchema"),
                                  .projected = json_member(projection, "NonKeyAttributes"),
                                  .name = json_member_string(json, "IndexName"),
                                  .projection = json_member_string(projection, "ProjectionType")};
}

static const char *check_keys(struct operation_call *call, const struct index_request *index)
{
    yyjson_val *definitions = json_member(call->input, "AttributeDefinitions");
    struct slice hash = key_schema_name(json_member(call->input, "KeySchema"), 0);
    struct slice index_hash = key_schema_name(index->schema, 0);
    const char *problem = key_schema_check(call->arena, index->schema, definitions);
    if (problem != NULL)
        return problem;
    if (yyjson_arr_size(index->schema) < 2)
        return arena_printf(call->arena, MESSAGE_INDEX_NO_RANGE_KEY, (int)index->name.size,
                            index->name.data);
    if (!slice_equal(hash, index_hash))
        return arena_printf(call->arena, MESSAGE_INDEX_OTHER_HASH_KEY, (int)index->name.size,
                            index->name.data, (int)index_hash.size, index_hash.data, (int)hash.size,
                            hash.data);
    return NULL;
}

static const char *check_projected(yyjson_val *names)
{
    for (size_t i = 0; i < yyjson_arr_size(names); i++)
        if (yyjson_is_null(yyjson_arr_get(names, i)))
            return MESSAGE_PROJECTED_NULL;
    return NULL;
}

static const char *check_projection(struct arena *arena, const struct index_request *index)
{
    bool include = slice_equal(index->projection, SLICE_LITERAL("INCLUDE"));
    if (index->projection.size == 0)
        return MESSAGE_PROJECTION_UNKNOWN;
    if (include && index->projected == NULL)
        return MESSAGE_PROJECTION_NAMES_NOTHING;
    if (!include && index->projected != NULL)
        return arena_printf(arena, MESSAGE_PROJECTION_NAMES, (int)index->projection.size,
                            index->projection.data);
    return check_projected(index->projected);
}

static const char *check_names(struct operation_call *call, yyjson_val *list)
{
    for (size_t i = 0; i < yyjson_arr_size(list); i++) {
        struct slice name = json_member_string(yyjson_arr_get(list, i), "IndexName");
        for (size_t before = 0; before < i; before++)
            if (slice_equal(name, json_member_string(yyjson_arr_get(list, before), "IndexName")))
                return arena_printf(call->arena, MESSAGE_INDEX_NAME_REPEATED, (int)name.size,
                                    name.data);
    }
    return NULL;
}

static const char *check_all(struct operation_call *call, yyjson_val *list)
{
    size_t projected = 0;
    if (yyjson_arr_size(json_member(call->input, "KeySchema")) < 2)
        return MESSAGE_INDEX_TABLE_NO_RANGE_KEY;
    for (size_t i = 0; i < yyjson_arr_size(list) && i < CHECKED_MAX; i++) {
        struct index_request index = index_request_of(yyjson_arr_get(list, i));
        const char *problem = check_keys(call, &index);
        if (problem == NULL)
            problem = check_projection(call->arena, &index);
        if (problem != NULL)
            return problem;
        projected += yyjson_arr_size(index.projected);
    }
    if (yyjson_arr_size(list) > LOCAL_INDEXES_MAX)
        return MESSAGE_TOO_MANY_LOCAL_INDEXES;
    return projected > PROJECTED_MAX ? MESSAGE_TOO_MANY_PROJECTED : check_names(call, list);
}

static struct value_node *build(struct operation_call *call, const struct index_request *index)
{
    struct arena *arena = call->arena;
    struct value_node *map = value_node_container(arena, VALUE_MAP);
    struct slice sort_key = key_schema_name(index->schema, 1);
    definition_put_string(arena, map, "name", index->name);
    definition_put_string(arena, map, "sort_key", sort_key);
    definition_put_string(
        arena, map, "sort_key_type",
        key_schema_type(json_member(call->input, "AttributeDefinitions"), sort_key));
    definition_put_string(arena, map, "projection", index->projection);
    if (index->projected == NULL)
        return map;
    struct value_node *attributes = value_node_container(arena, VALUE_STRING_SET);
    for (size_t i = 0; i < yyjson_arr_size(index->projected); i++) {
        struct slice name = json_string(yyjson_arr_get(index->projected, i));
        if (value_node_member(attributes, name) == NULL)
            value_node_add(arena, attributes, name);
    }
    definition_put(map, "attributes", attributes);
    return map;
}

const char *local_indexes_create(struct operation_call *call, struct value_node *definition)
{
    yyjson_val *list = json_member(call->input, "LocalSecondaryIndexes");
    if (list == NULL)
        return NULL;
    if (yyjson_arr_size(list) == 0)
        return MESSAGE_NO_LOCAL_INDEXES;
    const char *problem = check_all(call, list);
    if (problem != NULL)
        return problem;
    struct value_node *indexes = value_node_container(call->arena, VALUE_LIST);
    for (size_t i = 0; i < yyjson_arr_size(list); i++) {
        struct index_request index = index_request_of(yyjson_arr_get(list, i));
        value_node_append(indexes, build(call, &index));
    }
    definition_put(definition, "local_indexes", indexes);
    return NULL;
}

/* Definitions. */

static struct slice find(struct slice map, const char *name)
{
    struct slice value;
    map_value_find(map, slice_of_string(name), &value);
    return value;
}

size_t local_indexes_parse(struct slice list, struct local_index indexes[LOCAL_INDEXES_MAX])
{
    struct item_cursor cursor = value_cursor(list);
    struct slice map;
    size_t count = 0;
    while (count < LOCAL_INDEXES_MAX && list_next(&cursor, &map))
        indexes[count++] = (struct local_index){
            .name = value_bytes(find(map, "name")),
            .sort_key = {value_bytes(find(map, "sort_key")),
                         table_key_type_named(value_bytes(find(map, "sort_key_type")))},
            .projection = value_bytes(find(map, "projection")),
            .attributes = find(map, "attributes")};
    return count;
}

const struct local_index *local_index_find(const struct table *table, struct slice name)
{
    for (size_t i = 0; i < table->indexes_count; i++)
        if (slice_equal(table->indexes[i].name, name))
            return &table->indexes[i];
    return NULL;
}

bool local_index_projects(const struct table *table, const struct local_index *index,
                          struct slice name)
{
    return slice_equal(index->projection, SLICE_LITERAL("ALL")) ||
           slice_equal(name, table->partition_key.name) ||
           slice_equal(name, table->sort_key.name) || slice_equal(name, index->sort_key.name) ||
           set_contains(index->attributes, name);
}

struct table_schema table_schema_of(const struct table *table)
{
    struct table_schema schema = {.replicas = table->quorum.n,
                                  .local_count = (uint8_t)table->indexes_count,
                                  .expiry = table->ttl_attribute};
    for (size_t i = 0; i < table->indexes_count; i++)
        schema.local[i] = (struct index_attribute){table->indexes[i].sort_key.name,
                                                   table->indexes[i].sort_key.type};
    return schema;
}

/* Items. */

static const char *check_value(struct arena *arena, const struct local_index *index,
                               const struct value_node *value)
{
    const struct table_key *key = &index->sort_key;
    if (value->type != key->type)
        return arena_printf(arena, MESSAGE_INDEX_KEY_TYPE, (int)key->name.size, key->name.data,
                            value_type_name(key->type), value_type_name(value->type),
                            (int)index->name.size, index->name.data);
    if (key->type == VALUE_NUMBER)
        return NULL;
    if (value->bytes.size == 0)
        return arena_printf(arena, MESSAGE_INDEX_KEY_EMPTY,
                            key->type == VALUE_STRING ? "string" : "binary", (int)index->name.size,
                            index->name.data, (int)key->name.size, key->name.data);
    return value->bytes.size > SORT_KEY_SIZE_MAX ? MESSAGE_SORT_KEY_TOO_LARGE : NULL;
}

const char *local_indexes_check_item(struct arena *arena, const struct table *table,
                                     const struct value_node *item)
{
    const char *problem = NULL;
    for (size_t i = 0; i < table->indexes_count && problem == NULL; i++) {
        const struct value_node *value = value_node_find(item, table->indexes[i].sort_key.name);
        if (value != NULL)
            problem = check_value(arena, &table->indexes[i], value);
    }
    return problem;
}

/* Capacity. */

static bool next_projected(const struct table *table, const struct local_index *index,
                           struct item_cursor *cursor, struct slice *name, struct slice *value)
{
    while (item_next(cursor, name, value))
        if (local_index_projects(table, index, *name))
            return true;
    return false;
}

uint64_t local_index_size(const struct table *table, const struct local_index *index,
                          struct slice item)
{
    struct item_cursor cursor = item_cursor(item);
    struct slice name, value;
    uint64_t size = 0;
    while (next_projected(table, index, &cursor, &name, &value))
        size += item_attribute_size(name, value);
    return size;
}

/* The encoded key of the item in the index; empty if it does not stand in it. */
static struct slice key_of(const struct local_index *index, struct slice item)
{
    struct slice value = SLICE_EMPTY;
    bool found = item.size > 0 && item_find(item, index->sort_key.name, &value) &&
                 value_type(value) == index->sort_key.type;
    return found ? value : SLICE_EMPTY;
}

/* What is projected of both items is equal. Attributes are in order, so one walk will do. */
static bool same_in(const struct table *table, const struct local_index *index, struct slice item,
                    struct slice other)
{
    struct item_cursor cursor = item_cursor(item), other_cursor = item_cursor(other);
    struct slice name, value, other_name, other_value;
    while (next_projected(table, index, &cursor, &name, &value))
        if (!next_projected(table, index, &other_cursor, &other_name, &other_value) ||
            !slice_equal(name, other_name) || !slice_equal(value, other_value))
            return false;
    return !next_projected(table, index, &other_cursor, &other_name, &other_value);
}

void local_indexes_charge(const struct table *table, struct arena *arena, struct slice before,
                          struct slice after, struct capacity *used)
{
    for (size_t i = 0; i < table->indexes_count; i++) {
        const struct local_index *index = &table->indexes[i];
        struct slice old_key = key_of(index, before), new_key = key_of(index, after);
        struct capacity_entry entry = {.before = old_key.size > 0, .after = new_key.size > 0};
        if (entry.before)
            entry.size_before = local_index_size(table, index, before);
        if (entry.after)
            entry.size_after = local_index_size(table, index, after);
        entry.moved = entry.before && entry.after && !slice_equal(old_key, new_key);
        entry.changed = entry.before && entry.after && !same_in(table, index, before, after);
        capacity_add(used, arena, CAPACITY_LOCAL, index->name, capacity_of_entry(&entry));
    }
}

const char *local_indexes_check_size(const struct table *table, struct slice item, uint64_t size)
{
    for (size_t i = 0; i < table->indexes_count; i++)
        if (key_of(&table->indexes[i], item).size > 0)
            size += local_index_size(table, &table->indexes[i], item);
    return size > ITEM_SIZE_MAX ? MESSAGE_TOO_LARGE : NULL;
}

/* Descriptions. */

static void put_projection(struct writer *writer, const struct local_index *index)
{
    struct item_cursor names = value_cursor(index->attributes);
    struct slice name;
    json_put_name(writer, "Projection");
    json_put_raw(writer, "{");
    json_put_name(writer, "ProjectionType");
    json_put_string(writer, index->projection);
    if (value_count(index->attributes) > 0) {
        json_put_name(writer, "NonKeyAttributes");
        json_put_raw(writer, "[");
        while (set_next(&names, &name)) {
            json_put_separator(writer);
            json_put_string(writer, name);
        }
        json_put_raw(writer, "]");
    }
    json_put_raw(writer, "}");
}

static void put_index(struct writer *writer, const struct api *api, const struct table *table,
                      const struct local_index *index)
{
    struct table_statistics statistics = statistics_of(api, table->id);
    struct figures figures = statistics.indexes[index - table->indexes];
    struct arena arena;
    arena_init(&arena);
    json_put_separator(writer);
    json_put_raw(writer, "{");
    json_put_name(writer, "IndexName");
    json_put_string(writer, index->name);
    json_put_name(writer, "KeySchema");
    json_put_raw(writer, "[");
    table_put_key_schema(writer, &table->partition_key, "HASH");
    table_put_key_schema(writer, &index->sort_key, "RANGE");
    json_put_raw(writer, "]");
    put_projection(writer, index);
    json_put_name(writer, "IndexSizeBytes");
    json_put_integer(writer, (int64_t)figures.bytes);
    json_put_name(writer, "ItemCount");
    json_put_integer(writer, (int64_t)figures.items);
    json_put_name(writer, "IndexArn");
    json_put_string(writer, slice_of_string(arena_printf(&arena, "%s/index/%.*s",
                                                         table_arn(&arena, api, table->name),
                                                         (int)index->name.size, index->name.data)));
    json_put_raw(writer, "}");
    arena_deinit(&arena);
}

void local_indexes_put(struct writer *writer, const struct api *api, const struct table *table)
{
    if (table->indexes_count == 0)
        return;
    json_put_name(writer, "LocalSecondaryIndexes");
    json_put_raw(writer, "[");
    for (size_t i = 0; i < table->indexes_count; i++)
        put_index(writer, api, table, &table->indexes[i]);
    json_put_raw(writer, "]");
}
