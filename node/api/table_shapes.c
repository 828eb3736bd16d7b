#include "table_shapes.h"

#include "api_state.h"
#include "messages.h"

enum {
    TAGS_MAX = 50, /* the service's limits */
    TAG_KEY_SIZE_MAX = 128,
    TAG_VALUE_SIZE_MAX = 256
};

const struct shape shape_plain_table_name = {
    .kind = SHAPE_STRING, .table_name = true, .table_arn = true, .table_first = true};
static const struct shape shape_tag_key = {
    .kind = SHAPE_STRING, .ranged = true, .min = 1, .max = TAG_KEY_SIZE_MAX};
static const struct shape shape_tag_value = {
    .kind = SHAPE_STRING, .ranged = true, .min = 0, .max = TAG_VALUE_SIZE_MAX};
static const struct shape_member tag_members[] = {
    {"Key", &shape_tag_key, true, false},
    {"Value", &shape_tag_value, true, false},
};
static const struct shape shape_tag = {.kind = SHAPE_STRUCTURE,
                                       .type = "Tag",
                                       .members = tag_members,
                                       .members_count = array_size(tag_members)};
const struct shape shape_tags = {.kind = SHAPE_LIST, .element = &shape_tag};
const struct shape shape_tag_keys = {.kind = SHAPE_LIST, .element = &shape_tag_key};

void table_fail_not_found(struct operation_call *call)
{
    struct slice name = call->lookup_name;
    operation_fail(call, "ResourceNotFoundException",
                   arena_printf(call->arena, MESSAGE_NO_TABLE, (int)name.size, name.data));
}

static const char *add_tag(struct arena *arena, struct value_node *tags, yyjson_val *tag,
                           bool repeated)
{
    struct slice key = json_member_string(tag, "Key");
    struct value_node *value =
        value_node_scalar(arena, VALUE_STRING, json_member_string(tag, "Value"));
    if (yyjson_is_null(tag))
        return MESSAGE_TAG_NULL;
    if (slice_starts_with(key, SLICE_LITERAL("aws:")))
        return MESSAGE_TAG_RESERVED;
    if (repeated)
        return MESSAGE_TAG_TWICE;
    struct value_node *old = value_node_find(tags, key);
    if (old != NULL)
        value_node_replace(tags, old, value);
    else
        value_node_put(tags, key, value);
    return NULL;
}

static bool repeats(yyjson_val *list, size_t at)
{
    struct slice key = json_member_string(yyjson_arr_get(list, at), "Key");
    for (size_t i = 0; i < at; i++)
        if (slice_equal(key, json_member_string(yyjson_arr_get(list, i), "Key")))
            return true;
    return false;
}

const char *tags_add(struct arena *arena, struct value_node *tags, yyjson_val *list)
{
    size_t count = yyjson_arr_size(list);
    for (size_t i = 0; i < count && count <= TAGS_MAX; i++) {
        const char *problem = add_tag(arena, tags, yyjson_arr_get(list, i), repeats(list, i));
        if (problem != NULL)
            return problem;
    }
    if (count > TAGS_MAX || tags->count > TAGS_MAX)
        return MESSAGE_TAGS_TOO_MANY;
    return NULL;
}
