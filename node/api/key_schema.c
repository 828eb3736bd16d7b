#include "key_schema.h"

#include "messages.h"

enum {
    KEY_NAME_SIZE_MAX = 255, /* the service's limit */
    NAMES_SHOWN_MAX = 100    /* of a list that a client may make as long as it likes */
};

static const struct shape shape_key_name = {
    .kind = SHAPE_STRING, .ranged = true, .min = 1, .max = KEY_NAME_SIZE_MAX};
static const struct shape shape_attribute_type = {.kind = SHAPE_STRING, .values = "B, N, S"};
static const struct shape shape_key_type = {.kind = SHAPE_STRING, .values = "HASH, RANGE"};
static const struct shape_member definition_members[] = {
    {"AttributeName", &shape_key_name, true, false},
    {"AttributeType", &shape_attribute_type, true, false},
};
static const struct shape shape_definition = {.kind = SHAPE_STRUCTURE,
                                              .type = "AttributeDefinition",
                                              .members = definition_members,
                                              .members_count = array_size(definition_members)};
const struct shape shape_attribute_definitions = {.kind = SHAPE_LIST, .element = &shape_definition};
static const struct shape_member key_members[] = {
    {"AttributeName", &shape_key_name, true, false},
    {"KeyType", &shape_key_type, true, false},
};
static const struct shape shape_key = {.kind = SHAPE_STRUCTURE,
                                       .type = "KeySchemaElement",
                                       .members = key_members,
                                       .members_count = array_size(key_members)};
const struct shape shape_key_schema = {
    .kind = SHAPE_LIST, .ranged = true, .min = 1, .max = 2, .element = &shape_key};

struct slice key_schema_name(yyjson_val *list, size_t index)
{
    return json_member_string(yyjson_arr_get(list, index), "AttributeName");
}

struct slice key_schema_type(yyjson_val *definitions, struct slice name)
{
    yyjson_arr_iter members = yyjson_arr_iter_with(definitions);
    for (yyjson_val *definition; (definition = yyjson_arr_iter_next(&members)) != NULL;)
        if (slice_equal(json_member_string(definition, "AttributeName"), name))
            return json_member_string(definition, "AttributeType");
    return SLICE_EMPTY;
}

const char *key_schema_names(struct arena *arena, yyjson_val *list)
{
    const char *names = "";
    for (size_t i = 0; i < yyjson_arr_size(list) && i < NAMES_SHOWN_MAX; i++)
        names = arena_printf(arena, "%s%s%.*s", names, i == 0 ? "" : ", ",
                             (int)key_schema_name(list, i).size, key_schema_name(list, i).data);
    return names;
}

const char *key_schema_check(struct arena *arena, yyjson_val *schema, yyjson_val *definitions)
{
    static const char *const types[] = {"HASH", "RANGE"};
    static const char *const positions[] = {"first", "second"};
    size_t count = yyjson_arr_size(schema);
    for (size_t i = 0; i < count; i++)
        if (key_schema_type(definitions, key_schema_name(schema, i)).size == 0)
            return arena_printf(arena, MESSAGE_SCHEMA_UNDEFINED_KEYS,
                                key_schema_names(arena, schema),
                                key_schema_names(arena, definitions));
    if (count == 2 && slice_equal(key_schema_name(schema, 0), key_schema_name(schema, 1)))
        return MESSAGE_SCHEMA_SAME_NAME;
    for (size_t i = 0; i < count; i++)
        if (!slice_equal(json_member_string(yyjson_arr_get(schema, i), "KeyType"),
                         slice_of_string(types[i])))
            return arena_printf(arena, MESSAGE_SCHEMA_KEY_TYPE, positions[i], types[i]);
    return NULL;
}
