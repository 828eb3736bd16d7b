#include "legacy_update.h"

#include "item.h"
#include "json_item.h"
#include "legacy_condition.h"
#include "messages.h"
#include "shape.h"
#include "table.h"

static enum update_section section_of(struct slice action, bool has_value)
{
    if (slice_equal(action, SLICE_LITERAL("ADD")))
        return UPDATE_LEGACY_ADD;
    if (slice_equal(action, SLICE_LITERAL("DELETE")))
        return has_value ? UPDATE_LEGACY_DELETE : UPDATE_REMOVE;
    return UPDATE_SET;
}

static const char *check_type(struct arena *arena, enum update_section section,
                              enum value_type type)
{
    if (section == UPDATE_LEGACY_DELETE && !value_type_is_set(type))
        return arena_printf(arena, MESSAGE_LEGACY_DELETE, value_type_name(type));
    if (section == UPDATE_LEGACY_ADD && type != VALUE_NUMBER && type != VALUE_LIST &&
        !value_type_is_set(type))
        return arena_printf(arena, MESSAGE_LEGACY_ADD, value_type_name(type));
    return NULL;
}

static const char *read_action(struct arena *arena, struct slice name, yyjson_val *json,
                               struct update_action *action)
{
    yyjson_val *value = json_member(json, "Value");
    const char *problem = attribute_name_check(name);
    if (problem != NULL)
        return problem;
    action->section = section_of(json_member_string(json, "Action"), value != NULL);
    action->path = document_path_of(arena, name);
    if (value == NULL)
        return action->section == UPDATE_REMOVE ? NULL : MESSAGE_LEGACY_ONLY_DELETE;
    action->value = arena_zalloc(arena, sizeof(*action->value));
    action->value->kind = EXPRESSION_VALUE;
    problem = json_value_encode(arena, value, &action->value->value);
    return problem != NULL ? problem
                           : check_type(arena, action->section, value_type(action->value->value));
}

static bool has_duplicates(struct arena *arena, const struct update_expression *update)
{
    struct slice *names = arena_alloc(arena, update->count * sizeof(*names));
    for (size_t i = 0; i < update->count; i++)
        names[i] = update->actions[i].path.elements[0].name;
    slices_sort(names, update->count);
    for (size_t i = 1; i < update->count; i++)
        if (slice_equal(names[i - 1], names[i]))
            return true;
    return false;
}

/* All of it must fit into the item. */
static bool is_too_large(const struct update_expression *update)
{
    uint64_t size = 0;
    for (size_t i = 0; i < update->count; i++) {
        const struct update_action *action = &update->actions[i];
        size += action->path.elements[0].name.size;
        size += action->value == NULL ? 0 : value_size(action->value->value);
    }
    return size > ITEM_SIZE_MAX;
}

const char *legacy_update_read(struct arena *arena, yyjson_val *json,
                               struct update_expression *update)
{
    *update = (struct update_expression){
        arena_zalloc(arena, yyjson_obj_size(json) * sizeof(*update->actions)), 0};
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        const char *problem = read_action(arena, json_string(name), yyjson_obj_iter_get_val(name),
                                          &update->actions[update->count++]);
        if (problem != NULL)
            return problem;
    }
    if (is_too_large(update))
        return MESSAGE_UPDATE_TOO_LARGE;
    return has_duplicates(arena, update) ? MESSAGE_NAME_TWICE : NULL;
}

/* What a key is compared with: of what no key can be, the type is enough. */
static struct value_node *key_node(struct arena *arena, struct slice value)
{
    enum value_type type = value_type(value);
    if (value_type_is_container(type))
        return value_node_container(arena, type);
    if (type == VALUE_NULL)
        return value_node_null(arena);
    if (type == VALUE_BOOL)
        return value_node_bool(arena, false);
    return value_node_scalar(arena, type, value_bytes(value));
}

struct value_node *legacy_update_values(struct arena *arena, const struct update_expression *update)
{
    struct value_node *values = value_node_container(arena, VALUE_MAP);
    for (size_t i = 0; i < update->count; i++) {
        const struct update_action *action = &update->actions[i];
        if (action->value == NULL)
            continue;
        value_node_put(values, action->path.elements[0].name,
                       key_node(arena, action->value->value));
    }
    return values;
}

bool legacy_update_deletes(const struct update_expression *update)
{
    for (size_t i = 0; i < update->count; i++)
        if (update->actions[i].section != UPDATE_REMOVE &&
            update->actions[i].section != UPDATE_LEGACY_DELETE)
            return false;
    return update->count > 0;
}
