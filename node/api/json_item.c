#include "json_item.h"

#include <string.h>

#include "base64.h"
#include "decimal.h"
#include "json_writer.h"
#include "messages.h"
#include "utf8.h"

enum { SHOWN_MAX = 1024 /* bytes of a client's value that an error message repeats */ };

static void *arena_malloc(void *context, size_t size)
{
    return arena_alloc(context, size);
}

static void *arena_realloc(void *context, void *memory, size_t old_size, size_t size)
{
    if (size <= old_size)
        return memory;
    void *grown = arena_alloc(context, size);
    memcpy(grown, memory, old_size);
    return grown;
}

static void arena_free(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

yyjson_alc json_arena_allocator(struct arena *arena)
{
    return (yyjson_alc){arena_malloc, arena_realloc, arena_free, arena};
}

static struct slice string_of(yyjson_val *json)
{
    return slice_of(yyjson_get_str(json), yyjson_get_len(json));
}

/* On the way of every attribute, so without calls. */
static enum value_type type_named(struct slice name)
{
    static const struct {
        uint8_t size;
        char text[5];
    } types[] = {
        [VALUE_STRING] = {1, "S"},      [VALUE_NUMBER] = {1, "N"},
        [VALUE_BINARY] = {1, "B"},      [VALUE_BOOL] = {4, "BOOL"},
        [VALUE_NULL] = {4, "NULL"},     [VALUE_LIST] = {1, "L"},
        [VALUE_MAP] = {1, "M"},         [VALUE_STRING_SET] = {2, "SS"},
        [VALUE_NUMBER_SET] = {2, "NS"}, [VALUE_BINARY_SET] = {2, "BS"},
    };
    for (enum value_type type = VALUE_STRING; type <= VALUE_BINARY_SET; type++)
        if (name.size == types[type].size && memcmp(name.data, types[type].text, name.size) == 0)
            return type;
    return VALUE_NONE;
}

/* Types. */

const char *json_cannot_convert(struct arena *arena, yyjson_val *json, const char *type)
{
    if (yyjson_is_obj(json))
        return MESSAGE_TYPE_MAP_HERE;
    if (yyjson_is_arr(json))
        return arena_printf(arena, MESSAGE_TYPE_LIST_JAVA, type);
    const char *found = yyjson_is_true(json)    ? "TRUE_VALUE"
                        : yyjson_is_false(json) ? "FALSE_VALUE"
                        : yyjson_is_int(json)   ? "NUMBER_VALUE"
                        : yyjson_is_num(json)   ? "DECIMAL_VALUE"
                                                : "STRING_VALUE";
    return arena_printf(arena, MESSAGE_TYPE_CONVERT, found, type);
}

static const char *check_string(struct arena *arena, yyjson_val *json)
{
    return yyjson_is_str(json) ? NULL : json_cannot_convert(arena, json, "String");
}

static const char *check_bool(struct arena *arena, yyjson_val *json)
{
    if (yyjson_is_bool(json))
        return NULL;
    if (yyjson_is_str(json))
        return MESSAGE_TYPE_TOKEN;
    return json_cannot_convert(arena, json, "Boolean");
}

static const char *check_binary(struct arena *arena, yyjson_val *json)
{
    if (yyjson_is_str(json))
        return base64_check(arena, string_of(json));
    if (yyjson_is_obj(json))
        return MESSAGE_TYPE_MAP_HERE;
    if (yyjson_is_arr(json))
        return MESSAGE_TYPE_LIST_BUFFER;
    return MESSAGE_TYPE_BINARY;
}

static const char *check_value(struct arena *arena, yyjson_val *json, unsigned depth);

static const char *check_map(struct arena *arena, yyjson_val *json, unsigned depth)
{
    if (yyjson_is_arr(json))
        return MESSAGE_TYPE_LIST_VALUES;
    if (!yyjson_is_obj(json))
        return MESSAGE_TYPE_FIELD;
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        const char *problem = check_value(arena, yyjson_obj_iter_get_val(name), depth);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *check_member(struct arena *arena, enum value_type type, yyjson_val *json,
                                unsigned depth)
{
    switch (type) {
    case VALUE_STRING:
    case VALUE_NUMBER:
        return check_string(arena, json);
    case VALUE_BINARY:
        return check_binary(arena, json);
    default:
        return check_value(arena, json, depth);
    }
}

static const char *check_list(struct arena *arena, enum value_type type, yyjson_val *json,
                              unsigned depth)
{
    if (yyjson_is_obj(json))
        return MESSAGE_TYPE_MAP_HERE;
    if (!yyjson_is_arr(json))
        return MESSAGE_TYPE_FIELD;
    yyjson_arr_iter members = yyjson_arr_iter_with(json);
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        const char *problem = check_member(arena, value_type_of_member(type), member, depth);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *check_typed(struct arena *arena, enum value_type type, yyjson_val *json,
                               unsigned depth)
{
    switch (type) {
    case VALUE_NONE:
        return NULL; /* an unknown member of the structure: ignored, as the service does */
    case VALUE_BOOL:
    case VALUE_NULL:
        return check_bool(arena, json);
    case VALUE_MAP:
        return check_map(arena, json, depth + 1);
    case VALUE_LIST:
    case VALUE_STRING_SET:
    case VALUE_NUMBER_SET:
    case VALUE_BINARY_SET:
        return check_list(arena, type, json, depth + 1);
    default:
        return check_member(arena, type, json, depth);
    }
}

static const char *check_value(struct arena *arena, yyjson_val *json, unsigned depth)
{
    if (depth > VALUE_NESTING_MAX || yyjson_is_null(json))
        return NULL; /* reading the value refuses it */
    if (yyjson_is_arr(json))
        return MESSAGE_TYPE_LIST_VALUE;
    if (!yyjson_is_obj(json))
        return MESSAGE_TYPE_VALUE;
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        yyjson_val *member = yyjson_obj_iter_get_val(name);
        if (yyjson_is_null(member))
            continue;
        const char *problem = check_typed(arena, type_named(string_of(name)), member, depth);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

const char *json_value_check(struct arena *arena, yyjson_val *json)
{
    return check_value(arena, json, 0);
}

const char *json_item_check(struct arena *arena, yyjson_val *json)
{
    return check_map(arena, json, 0);
}

const char *attribute_name_check(struct slice name)
{
    if (name.size == 0)
        return MESSAGE_ATTRIBUTE_NAME_EMPTY;
    return name.size > ATTRIBUTE_NAME_SIZE_MAX ? MESSAGE_ATTRIBUTE_NAME_TOO_LARGE : NULL;
}

/* Values. */

static const char *read_value(struct arena *arena, yyjson_val *json, unsigned depth,
                              struct value_node **value);

static const char *read_number(struct arena *arena, struct slice text, struct slice *bytes)
{
    struct decimal_bytes decimal;
    switch (decimal_parse(text, &decimal)) {
    case DECIMAL_OK:
        *bytes = arena_copy(arena, decimal_slice(&decimal));
        return NULL;
    case DECIMAL_OVERFLOW:
        return MESSAGE_NUMBER_OVERFLOW;
    case DECIMAL_UNDERFLOW:
        return MESSAGE_NUMBER_UNDERFLOW;
    case DECIMAL_TOO_MANY_DIGITS:
        return MESSAGE_NUMBER_DIGITS;
    case DECIMAL_NOT_A_NUMBER:
        break;
    }
    if (text.size == 0)
        return MESSAGE_EMPTY_NUMBER;
    text = utf8_cut(text, SHOWN_MAX);
    return arena_printf(arena, MESSAGE_NOT_A_NUMBER, (int)text.size, text.data);
}

/* The payload of a string, number or binary. */
static const char *read_bytes(struct arena *arena, enum value_type type, yyjson_val *json,
                              struct slice *bytes)
{
    *bytes = string_of(json);
    if (type == VALUE_NUMBER)
        return read_number(arena, *bytes, bytes);
    if (type == VALUE_BINARY)
        *bytes = base64_decode(arena, *bytes);
    return NULL;
}

static const char *empty_set(enum value_type type)
{
    switch (type) {
    case VALUE_STRING_SET:
        return MESSAGE_SET_EMPTY_STRINGS;
    case VALUE_NUMBER_SET:
        return MESSAGE_SET_EMPTY_NUMBERS;
    default:
        return MESSAGE_SET_EMPTY_BINARIES;
    }
}

/* A set's members as the client gave them: "[a, b]". */
static char *show_set(struct arena *arena, const struct value_node *set)
{
    struct writer text;
    writer_init(&text, 0);
    writer_put_u8(&text, '[');
    for (const struct value_node *member = set->first; member != NULL; member = member->next) {
        if (member != set->first)
            writer_put(&text, ", ", 2);
        if (text.size > SHOWN_MAX)
            break;
        if (set->type == VALUE_BINARY_SET)
            base64_encode(&text, member->bytes);
        else
            writer_put_slice(&text, member->bytes);
    }
    writer_put_u8(&text, ']');
    char *shown = arena_printf(arena, "%.*s", (int)text.size, text.buffer->data);
    writer_deinit(&text);
    return shown;
}

static const char *describe_problem(struct arena *arena, enum value_problem problem,
                                    const struct value_node *culprit)
{
    switch (problem) {
    case VALUE_FINE:
        return NULL;
    case VALUE_EMPTY_SET:
        return empty_set(culprit->type);
    case VALUE_TOO_DEEP:
        return MESSAGE_TOO_DEEP_INSIDE;
    case VALUE_DUPLICATE_NAME:
        return MESSAGE_NAME_TWICE;
    case VALUE_DUPLICATE_MEMBER:
        break;
    }
    if (culprit->type == VALUE_NUMBER_SET)
        return MESSAGE_SET_DUPLICATE_NUMBERS;
    return arena_printf(arena, MESSAGE_SET_DUPLICATES, show_set(arena, culprit),
                        culprit->type == VALUE_BINARY_SET ? "of type BS" : "");
}

/* Tells what is wrong with a tree that is whole. */
static const char *finish(struct arena *arena, struct value_node *value)
{
    const struct value_node *culprit;
    enum value_problem found = value_node_finish(value, &culprit);
    return describe_problem(arena, found, culprit);
}

static const char *read_set(struct arena *arena, enum value_type type, yyjson_val *json,
                            struct value_node *set)
{
    if (yyjson_arr_size(json) == 0)
        return empty_set(type);
    yyjson_arr_iter members = yyjson_arr_iter_with(json);
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        struct slice bytes;
        const char *problem = read_bytes(arena, value_type_of_member(type), member, &bytes);
        if (problem != NULL)
            return problem;
        value_node_add(arena, set, bytes);
    }
    return finish(arena, set);
}

static const char *read_list(struct arena *arena, yyjson_val *json, unsigned depth,
                             struct value_node *list)
{
    yyjson_arr_iter members = yyjson_arr_iter_with(json);
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        struct value_node *value;
        const char *problem = read_value(arena, member, depth, &value);
        if (problem != NULL)
            return problem;
        value_node_append(list, value);
    }
    return NULL;
}

static const char *read_map(struct arena *arena, yyjson_val *json, unsigned depth,
                            struct value_node *map)
{
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        struct value_node *value;
        const char *problem = read_value(arena, yyjson_obj_iter_get_val(name), depth, &value);
        if (problem == NULL)
            problem = attribute_name_check(string_of(name));
        if (problem != NULL)
            return problem;
        value_node_put(map, string_of(name), value);
    }
    return NULL;
}

static const char *read_container(struct arena *arena, enum value_type type, yyjson_val *json,
                                  unsigned depth, struct value_node **value)
{
    *value = value_node_container(arena, type);
    if (value_type_is_set(type))
        return read_set(arena, type, json, *value);
    if (depth >= VALUE_NESTING_MAX)
        return MESSAGE_TOO_DEEP_INSIDE;
    return type == VALUE_LIST ? read_list(arena, json, depth + 1, *value)
                              : read_map(arena, json, depth + 1, *value);
}

static const char *read_typed(struct arena *arena, enum value_type type, yyjson_val *json,
                              unsigned depth, struct value_node **value)
{
    if (type == VALUE_BOOL) {
        *value = value_node_bool(arena, yyjson_get_bool(json));
        return NULL;
    }
    if (type == VALUE_NULL) {
        *value = value_node_null(arena);
        return yyjson_get_bool(json) ? NULL : MESSAGE_VALUE_NULL_FALSE;
    }
    if (value_type_is_container(type))
        return read_container(arena, type, json, depth, value);
    struct slice bytes;
    const char *problem = read_bytes(arena, type, json, &bytes);
    if (problem == NULL)
        *value = value_node_scalar(arena, type, bytes);
    return problem;
}

static const char *read_value(struct arena *arena, yyjson_val *json, unsigned depth,
                              struct value_node **value)
{
    *value = NULL;
    if (depth > VALUE_NESTING_MAX)
        return MESSAGE_TOO_DEEP_INSIDE;
    unsigned types = 0;
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        yyjson_val *member = yyjson_obj_iter_get_val(name);
        enum value_type type = type_named(string_of(name));
        if (type == VALUE_NONE || yyjson_is_null(member))
            continue;
        types++;
        const char *problem = read_typed(arena, type, member, depth, value);
        if (problem != NULL)
            return problem;
    }
    if (types == 1)
        return NULL;
    return types == 0 ? MESSAGE_VALUE_EMPTY : MESSAGE_VALUE_TWO_TYPES;
}

const char *json_value_read(struct arena *arena, yyjson_val *json, struct value_node **value)
{
    const char *problem = read_value(arena, json, 0, value);
    return problem != NULL ? problem : finish(arena, *value);
}

const char *json_value_encode(struct arena *arena, yyjson_val *json, struct slice *value)
{
    struct value_node *node;
    *value = SLICE_EMPTY;
    const char *problem = json_value_read(arena, json, &node);
    if (problem != NULL)
        return problem;
    struct writer encoded;
    writer_init(&encoded, 0);
    writer_put_value(&encoded, node);
    *value = arena_copy(arena, writer_slice(&encoded));
    writer_deinit(&encoded);
    return NULL;
}

const char *json_item_read(struct arena *arena, yyjson_val *json, struct value_node **item)
{
    *item = value_node_container(arena, VALUE_MAP);
    const char *problem = read_map(arena, json, 0, *item);
    if (problem != NULL)
        return problem;
    const struct value_node *culprit;
    enum value_problem found = value_node_finish_item(*item, &culprit);
    return describe_problem(arena, found, culprit);
}
