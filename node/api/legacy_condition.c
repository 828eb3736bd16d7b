#include "legacy_condition.h"

#include <limits.h>

#include "item.h"
#include "json_item.h"
#include "messages.h"
#include "shape.h"

enum {
    TYPES_TEXT = 1 << VALUE_STRING | 1 << VALUE_BINARY,
    TYPES_ORDERED = TYPES_TEXT | 1 << VALUE_NUMBER,
    TYPES_FLAT = TYPES_ORDERED | 1 << VALUE_BOOL | 1 << VALUE_NULL,
    TYPES_ALL = INT_MAX
};

static const struct legacy_operator operators[] = {
    {"EQ", 1, 1, TYPES_ALL, EXPRESSION_EQUAL, FUNCTION_UNKNOWN},
    {"NE", 1, 1, TYPES_ALL, EXPRESSION_NOT_EQUAL, FUNCTION_UNKNOWN},
    {"IN", 1, SIZE_MAX, TYPES_ORDERED, EXPRESSION_IN, FUNCTION_UNKNOWN},
    {"LE", 1, 1, TYPES_ORDERED, EXPRESSION_LESS_OR_EQUAL, FUNCTION_UNKNOWN},
    {"LT", 1, 1, TYPES_ORDERED, EXPRESSION_LESS, FUNCTION_UNKNOWN},
    {"GE", 1, 1, TYPES_ORDERED, EXPRESSION_GREATER_OR_EQUAL, FUNCTION_UNKNOWN},
    {"GT", 1, 1, TYPES_ORDERED, EXPRESSION_GREATER, FUNCTION_UNKNOWN},
    {"BETWEEN", 2, 2, TYPES_ORDERED, EXPRESSION_BETWEEN, FUNCTION_UNKNOWN},
    {"NOT_NULL", 0, 0, 0, EXPRESSION_FUNCTION, FUNCTION_ATTRIBUTE_EXISTS},
    {"NULL", 0, 0, 0, EXPRESSION_FUNCTION, FUNCTION_ATTRIBUTE_NOT_EXISTS},
    {"CONTAINS", 1, 1, TYPES_FLAT, EXPRESSION_FUNCTION, FUNCTION_CONTAINS},
    {"NOT_CONTAINS", 1, 1, TYPES_FLAT, EXPRESSION_NOT, FUNCTION_CONTAINS},
    {"BEGINS_WITH", 1, 1, TYPES_TEXT, EXPRESSION_FUNCTION, FUNCTION_BEGINS_WITH},
};

/* The shape lets no other names pass. */
static const struct legacy_operator *operator_named(struct slice name)
{
    size_t i = 0;
    while (i < array_size(operators) && !slice_equal(name, slice_of_string(operators[i].name)))
        i++;
    ensure(i < array_size(operators));
    return &operators[i];
}

static const char *check_types(struct arena *arena, const struct legacy_condition *condition)
{
    for (size_t i = 0; i < condition->count; i++) {
        enum value_type type = value_type(condition->values[i]);
        if ((condition->comparison->types & 1U << type) == 0)
            return arena_printf(arena, MESSAGE_LEGACY_TYPE, condition->comparison->name,
                                value_type_name(type));
    }
    for (size_t i = 1; i < condition->count; i++)
        if (value_type(condition->values[i]) != value_type(condition->values[0]))
            return MESSAGE_LEGACY_TYPES_DIFFER;
    return NULL;
}

static const char *check_values(struct arena *arena, const struct legacy_condition *condition)
{
    const struct legacy_operator *comparison = condition->comparison;
    if (condition->count < comparison->values_min || condition->count > comparison->values_max)
        return arena_printf(arena, MESSAGE_LEGACY_COUNT, comparison->name);
    const char *problem = check_types(arena, condition);
    if (problem == NULL && comparison->kind == EXPRESSION_BETWEEN &&
        slice_compare(value_bytes(condition->values[0]), value_bytes(condition->values[1])) > 0)
        return MESSAGE_LEGACY_BETWEEN;
    return problem;
}

static const char *read_list(struct arena *arena, yyjson_val *list,
                             struct legacy_condition *condition)
{
    condition->values = arena_alloc(arena, yyjson_arr_size(list) * sizeof(*condition->values));
    yyjson_arr_iter members = yyjson_arr_iter_with(list);
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        if (yyjson_is_null(member))
            return MESSAGE_VALUE_NULL;
        struct slice *value = &condition->values[condition->count++];
        const char *problem = json_value_encode(arena, member, value);
        if (problem != NULL)
            return problem;
    }
    return check_values(arena, condition);
}

static const char *read_one(struct arena *arena, yyjson_val *value,
                            struct legacy_condition *condition)
{
    condition->values = arena_alloc(arena, sizeof(*condition->values));
    condition->count = 1;
    const char *problem = json_value_encode(arena, value, condition->values);
    return problem != NULL ? problem : check_values(arena, condition);
}

const char *legacy_condition_read(struct arena *arena, struct slice name, yyjson_val *json,
                                  struct legacy_condition *condition)
{
    *condition = (struct legacy_condition){.name = name};
    const char *problem = attribute_name_check(name);
    if (problem != NULL)
        return problem;
    condition->comparison = operator_named(json_member_string(json, "ComparisonOperator"));
    return read_list(arena, json_member(json, "AttributeValueList"), condition);
}

/* Expected. */

static const char *about(struct arena *arena, const char *what, struct slice name)
{
    return arena_printf(arena, MESSAGE_LEGACY_ATTRIBUTE, what, (int)name.size, name.data);
}

/* {"Exists": false}, or {"Value": v} with or without {"Exists": true}. */
static const char *read_existence(struct arena *arena, yyjson_val *json,
                                  struct legacy_condition *condition)
{
    yyjson_val *exists = json_member(json, "Exists");
    yyjson_val *value = json_member(json, "Value");
    bool wanted = exists == NULL || yyjson_get_bool(exists);
    if (!wanted && value != NULL)
        return about(arena, MESSAGE_LEGACY_VALUE_UNWANTED, condition->name);
    if (wanted && value == NULL)
        return about(arena,
                     exists == NULL ? MESSAGE_LEGACY_EXISTS_NULL : MESSAGE_LEGACY_EXISTS_TRUE,
                     condition->name);
    condition->comparison = operator_named(wanted ? SLICE_LITERAL("EQ") : SLICE_LITERAL("NULL"));
    return wanted ? read_one(arena, value, condition) : NULL;
}

static const char *read_comparison(struct arena *arena, yyjson_val *json,
                                   struct legacy_condition *condition)
{
    yyjson_val *list = json_member(json, "AttributeValueList");
    yyjson_val *value = json_member(json, "Value");
    condition->comparison = operator_named(json_member_string(json, "ComparisonOperator"));
    if (json_member(json, "Exists") != NULL)
        return about(arena, MESSAGE_LEGACY_EXISTS_AND_OPERATOR, condition->name);
    if (list != NULL && value != NULL)
        return about(arena, MESSAGE_LEGACY_VALUE_AND_LIST, condition->name);
    if (value != NULL)
        return read_one(arena, value, condition);
    if (list == NULL && condition->comparison->values_max > 0)
        return about(arena,
                     arena_printf(arena, MESSAGE_LEGACY_NO_VALUE, condition->comparison->name),
                     condition->name);
    return read_list(arena, list, condition);
}

const char *legacy_condition_read_expected(struct arena *arena, struct slice name, yyjson_val *json,
                                           struct legacy_condition *condition)
{
    *condition = (struct legacy_condition){.name = name};
    const char *problem = attribute_name_check(name);
    if (problem != NULL)
        return problem;
    if (yyjson_is_null(json))
        return about(arena, MESSAGE_LEGACY_EXPECTED_NULL, name);
    if (json_member(json, "ComparisonOperator") != NULL)
        return read_comparison(arena, json, condition);
    if (json_member(json, "AttributeValueList") == NULL)
        return read_existence(arena, json, condition);
    return about(arena,
                 json_member(json, "Value") != NULL ? MESSAGE_LEGACY_VALUE_AND_LIST
                                                    : MESSAGE_LEGACY_LIST_ALONE,
                 name);
}
