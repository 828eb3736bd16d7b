#include "shape.h"

#include <inttypes.h>
#include <string.h>

#include "json_item.h"
#include "json_writer.h"
#include "messages.h"
#include "utf8.h"

enum {
    VIOLATIONS_MAX = 10, /* the service lists no more */
    SHOWN_MAX = 1024,    /* bytes of a client's value that a message repeats */
    TABLE_NAME_SIZE_MIN = 3,
    TABLE_NAME_SIZE_MAX = 255,
    ARN_SIZE_MAX = 1024 /* the service's limits */
};

yyjson_val *json_member(yyjson_val *object, const char *name)
{
    yyjson_val *member = yyjson_obj_get(object, name);
    return yyjson_is_null(member) ? NULL : member;
}

struct slice json_string(yyjson_val *json)
{
    const char *text = yyjson_get_str(json);
    return text == NULL ? SLICE_EMPTY : slice_of(text, yyjson_get_len(json));
}

struct slice json_member_string(yyjson_val *object, const char *name)
{
    return json_string(json_member(object, name));
}

bool json_member_bool(yyjson_val *object, const char *name, bool otherwise)
{
    yyjson_val *member = json_member(object, name);
    return member == NULL ? otherwise : yyjson_get_bool(member);
}

static int64_t integer_of(yyjson_val *json)
{
    if (yyjson_is_real(json)) {
        double value = yyjson_get_real(json);
        return value >= 9.2e18 ? INT64_MAX : value <= -9.2e18 ? INT64_MIN : (int64_t)value;
    }
    if (yyjson_is_uint(json) && yyjson_get_uint(json) > INT64_MAX)
        return INT64_MAX;
    return yyjson_get_sint(json);
}

int64_t json_member_integer(yyjson_val *object, const char *name, int64_t otherwise)
{
    yyjson_val *member = json_member(object, name);
    return member == NULL ? otherwise : integer_of(member);
}

/* Types. */

/* Of structures, where they stand makes a difference to the words. */
static const char *check_element_types(struct arena *arena, const struct shape *shape,
                                       yyjson_val *json)
{
    if (shape->kind == SHAPE_STRUCTURE && !yyjson_is_ctn(json) && !yyjson_is_null(json))
        return MESSAGE_TYPE_VALUE;
    return shape_check_types(arena, shape, json);
}

static const char *check_field_types(struct arena *arena, const struct shape *shape,
                                     yyjson_val *json)
{
    if (shape->kind == SHAPE_VALUE && !yyjson_is_ctn(json))
        return MESSAGE_TYPE_FIELD;
    return shape_check_types(arena, shape, json);
}

static const char *check_list_types(struct arena *arena, const struct shape *shape,
                                    yyjson_val *json)
{
    if (yyjson_is_obj(json))
        return MESSAGE_TYPE_MAP_HERE;
    if (!yyjson_is_arr(json))
        return MESSAGE_TYPE_FIELD;
    yyjson_arr_iter members = yyjson_arr_iter_with(json);
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        const char *problem = check_element_types(arena, shape->element, member);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *check_map_types(struct arena *arena, const struct shape *shape, yyjson_val *json)
{
    if (yyjson_is_arr(json))
        return arena_printf(arena, MESSAGE_TYPE_LIST_MAP, shape->type);
    if (!yyjson_is_obj(json))
        return MESSAGE_TYPE_FIELD;
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        const char *problem =
            check_element_types(arena, shape->element, yyjson_obj_iter_get_val(name));
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *check_structure_types(struct arena *arena, const struct shape *shape,
                                         yyjson_val *json)
{
    if (yyjson_is_arr(json))
        return arena_printf(arena, MESSAGE_TYPE_LIST_STRUCTURE, shape->type);
    if (!yyjson_is_obj(json))
        return MESSAGE_TYPE_FIELD;
    for (size_t i = 0; i < shape->members_count; i++) {
        yyjson_val *member = json_member(json, shape->members[i].name);
        if (member == NULL)
            continue;
        const char *problem = check_field_types(arena, shape->members[i].shape, member);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

const char *shape_check_types(struct arena *arena, const struct shape *shape, yyjson_val *json)
{
    if (yyjson_is_null(json) && shape->kind != SHAPE_VALUE)
        return NULL;
    switch (shape->kind) {
    case SHAPE_STRING:
        return yyjson_is_str(json) ? NULL : json_cannot_convert(arena, json, "String");
    case SHAPE_BOOLEAN:
        if (yyjson_is_str(json))
            return MESSAGE_TYPE_TOKEN;
        return yyjson_is_bool(json) ? NULL : json_cannot_convert(arena, json, "Boolean");
    case SHAPE_INTEGER:
        return yyjson_is_num(json) ? NULL : json_cannot_convert(arena, json, "Integer");
    case SHAPE_LONG:
        return yyjson_is_num(json) ? NULL : json_cannot_convert(arena, json, "Long");
    case SHAPE_LIST:
        return check_list_types(arena, shape, json);
    case SHAPE_MAP:
        return check_map_types(arena, shape, json);
    case SHAPE_STRUCTURE:
        return check_structure_types(arena, shape, json);
    case SHAPE_VALUE:
        return json_value_check(arena, json);
    case SHAPE_ANY:
        break;
    }
    return NULL;
}

/* Constraints. */

/* Where a member stands, from the inside out; on the stack of the walk. */
struct place {
    const struct place *parent; /* NULL: the request itself */
    const char *name;           /* a member of a structure */
    struct slice key;           /* an entry of a map */
    size_t position;            /* an element of a list, counted from 1; 0: not in a list */
};

struct violations {
    struct arena *arena;
    char *text; /* NULL: none */
    unsigned count;
};

static void check_member(struct violations *violations, const struct shape *shape, yyjson_val *json,
                         const struct place *place);

/* "requestItems.users.member.keys": as the service spells it. */
static char *place_show(struct arena *arena, const struct place *place)
{
    if (place->parent == NULL)
        return "";
    char *before = place_show(arena, place->parent);
    const char *dot = place->parent->parent == NULL ? "" : ".";
    if (place->name != NULL)
        return arena_printf(arena, "%s%s%c%s", before, dot, place->name[0] | 0x20, place->name + 1);
    if (place->position > 0)
        return arena_printf(arena, "%s%s%zu.member", before, dot, place->position);
    struct slice shown = utf8_cut(place->key, SHOWN_MAX);
    return arena_printf(arena, "%s%s%.*s.member", before, dot, (int)shown.size, shown.data);
}

static char *value_show(struct arena *arena, yyjson_val *json)
{
    if (json == NULL)
        return "null";
    struct slice shown = utf8_cut(json_string(json), SHOWN_MAX);
    if (yyjson_is_str(json))
        return arena_printf(arena, "'%.*s'", (int)shown.size, shown.data);
    if (yyjson_is_num(json))
        return arena_printf(arena, "'%" PRId64 "'", integer_of(json));
    if (yyjson_is_bool(json))
        return yyjson_get_bool(json) ? "'true'" : "'false'";
    bool is_object = yyjson_is_obj(json);
    return yyjson_get_len(json) == 0 ? (is_object ? "'{}'" : "'[]'")
                                     : (is_object ? "'{...}'" : "'[...]'");
}

static void violate(struct violations *violations, yyjson_val *json, const struct place *place,
                    const char *constraint)
{
    if (violations->count++ >= VIOLATIONS_MAX)
        return;
    bool first = violations->text == NULL;
    violations->text = arena_printf(
        violations->arena, MESSAGE_VIOLATION, first ? "" : violations->text, first ? "" : "; ",
        value_show(violations->arena, json), place_show(violations->arena, place), constraint);
}

static bool table_name_matches(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool valid = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-';
        if (!valid)
            return false;
    }
    return name.size > 0;
}

/* What is in it is for those to say who look for the table. */
static bool is_arn(struct slice name)
{
    return slice_starts_with(name, SLICE_LITERAL("arn:")) && name.size <= ARN_SIZE_MAX;
}

static bool table_name_fits(struct slice name)
{
    return name.size >= TABLE_NAME_SIZE_MIN && name.size <= TABLE_NAME_SIZE_MAX;
}

bool shape_table_name_valid(struct slice name)
{
    return table_name_fits(name) && table_name_matches(name);
}

/* `values` is "A, B". */
static bool value_allowed(const char *values, struct slice value)
{
    for (const char *at = values; at != NULL;) {
        const char *comma = strstr(at, ", ");
        size_t size = comma == NULL ? strlen(at) : (size_t)(comma - at);
        if (slice_equal(value, slice_of(at, size)))
            return true;
        at = comma == NULL ? NULL : comma + 2;
    }
    return false;
}

static void check_range(struct violations *violations, const struct shape *shape, yyjson_val *json,
                        const struct place *place)
{
    bool number = shape->kind == SHAPE_INTEGER || shape->kind == SHAPE_LONG;
    int64_t value = number ? integer_of(json) : (int64_t)yyjson_get_len(json);
    const char *what = number ? "value" : "length";
    if (value < shape->min)
        violate(violations, json, place,
                arena_printf(violations->arena, MESSAGE_MEMBER_LEAST, what, shape->min));
    if (value > shape->max)
        violate(violations, json, place,
                arena_printf(violations->arena, MESSAGE_MEMBER_MOST, what, shape->max));
}

static void check_string(struct violations *violations, const struct shape *shape, yyjson_val *json,
                         const struct place *place)
{
    if (shape->table_name && !table_name_matches(json_string(json)))
        violate(violations, json, place, MESSAGE_MEMBER_PATTERN);
    if (shape->values != NULL && !value_allowed(shape->values, json_string(json)))
        violate(violations, json, place,
                arena_printf(violations->arena, MESSAGE_MEMBER_ENUM, shape->values));
}

static void check_map_keys(struct violations *violations, const struct shape *shape,
                           yyjson_val *json, const struct place *place)
{
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *name;
         violations->count < VIOLATIONS_MAX && (name = yyjson_obj_iter_next(&members)) != NULL;) {
        struct slice key = json_string(name);
        int64_t length = (int64_t)yyjson_get_len(yyjson_obj_iter_get_val(name));
        if (shape->table_keys && !is_arn(key) && !shape_table_name_valid(key))
            violate(violations, json, place, MESSAGE_MAP_KEYS);
        if (shape->values_max > 0 && (length < 1 || length > shape->values_max))
            violate(violations, json, place,
                    arena_printf(violations->arena, MESSAGE_MAP_VALUES, shape->values_max));
    }
}

static bool has_constraints(const struct shape *shape)
{
    return shape->kind != SHAPE_VALUE && shape->kind != SHAPE_ANY &&
           (shape->element == NULL || has_constraints(shape->element) || shape->ranged);
}

static void check_list(struct violations *violations, const struct shape *shape, yyjson_val *json,
                       const struct place *place)
{
    yyjson_arr_iter members = yyjson_arr_iter_with(json);
    struct place inner = {.parent = place};
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        inner.position++;
        check_member(violations, shape->element, yyjson_is_null(member) ? NULL : member, &inner);
    }
}

static void check_map(struct violations *violations, const struct shape *shape, yyjson_val *json,
                      const struct place *place)
{
    check_map_keys(violations, shape, json, place);
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    struct place inner = {.parent = place};
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;) {
        inner.key = json_string(name);
        check_member(violations, shape->element, yyjson_obj_iter_get_val(name), &inner);
    }
}

static void check_structure(struct violations *violations, const struct shape *shape,
                            yyjson_val *json, const struct place *place)
{
    struct place inner = {.parent = place};
    for (size_t i = 0; i < shape->members_count; i++) {
        const struct shape_member *member = &shape->members[i];
        yyjson_val *value = json_member(json, member->name);
        inner.name = member->name;
        if (value != NULL)
            check_member(violations, member->shape, value, &inner);
        else if (member->required)
            violate(violations, NULL, &inner, MESSAGE_MEMBER_NULL);
    }
}

static void check_member(struct violations *violations, const struct shape *shape, yyjson_val *json,
                         const struct place *place)
{
    if (json == NULL || violations->count >= VIOLATIONS_MAX || !has_constraints(shape))
        return;
    if (shape->table_arn && is_arn(json_string(json)))
        return;
    if (shape->kind == SHAPE_STRING)
        check_string(violations, shape, json, place);
    if (shape->ranged)
        check_range(violations, shape, json, place);
    if (shape->kind == SHAPE_LIST && has_constraints(shape->element))
        check_list(violations, shape, json, place);
    if (shape->kind == SHAPE_MAP && has_constraints(shape->element))
        check_map(violations, shape, json, place);
    if (shape->kind == SHAPE_STRUCTURE)
        check_structure(violations, shape, json, place);
}

static const char *check_refused(struct arena *arena, const struct shape *shape, yyjson_val *json)
{
    for (size_t i = 0; i < shape->members_count; i++)
        if (shape->members[i].refused && json_member(json, shape->members[i].name) != NULL)
            return arena_printf(arena, MESSAGE_PARAMETER_UNSUPPORTED, shape->members[i].name);
    return NULL;
}

static const char *check_first(const struct shape *shape, yyjson_val *json)
{
    for (size_t i = 0; i < shape->members_count; i++) {
        const struct shape *wanted = shape->members[i].shape;
        if (!wanted->resource_first && !wanted->table_first)
            continue;
        yyjson_val *member = json_member(json, shape->members[i].name);
        if (member == NULL)
            return wanted->resource_first ? MESSAGE_ARN : MESSAGE_TABLE_NAME_MISSING;
        struct slice name = json_string(member);
        if (wanted->table_first && !table_name_fits(name) && !is_arn(name))
            return MESSAGE_TABLE_NAME_LENGTH;
    }
    return NULL;
}

const char *shape_check_constraints(struct arena *arena, const struct shape *shape,
                                    yyjson_val *json)
{
    struct violations violations = {arena, NULL, 0};
    struct place root = {.parent = NULL};
    const char *problem = check_first(shape, json);
    if (problem != NULL)
        return problem;
    check_structure(&violations, shape, json, &root);
    if (violations.count == 0)
        return check_refused(arena, shape, json);
    unsigned count = violations.count < VIOLATIONS_MAX ? violations.count : VIOLATIONS_MAX;
    return arena_printf(arena, MESSAGE_VIOLATIONS, count, count > 1 ? "s" : "", violations.text);
}
