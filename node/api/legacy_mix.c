#include "legacy_mix.h"

#include <string.h>

#include "messages.h"

/* Both in the order in which the service names them. */
static const char *const legacy[] = {"AttributeUpdates", "AttributesToGet", "QueryFilter",
                                     "ScanFilter",       "Expected",        "ConditionalOperator",
                                     "KeyConditions"};
static const char *const expressions[] = {"UpdateExpression", "ProjectionExpression",
                                          "FilterExpression", "ConditionExpression",
                                          "KeyConditionExpression"};

/* Members that the shape does not have are no parameters, and ignored. */
static bool has_parameter(const struct shape *shape, yyjson_val *json, const char *name)
{
    if (json_member(json, name) == NULL)
        return false;
    for (size_t i = 0; i < shape->members_count; i++)
        if (strcmp(shape->members[i].name, name) == 0)
            return true;
    return false;
}

/* Those that are there, with commas; NULL if none is. */
static const char *list(struct arena *arena, const char *const *names, size_t count,
                        const struct shape *shape, yyjson_val *json)
{
    const char *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (has_parameter(shape, json, names[i]))
            found = found == NULL ? names[i] : arena_printf(arena, "%s, %s", found, names[i]);
    return found;
}

bool legacy_mix_has_expression(const struct shape *shape, yyjson_val *json)
{
    for (size_t i = 0; i < array_size(expressions); i++)
        if (has_parameter(shape, json, expressions[i]))
            return true;
    return false;
}

const char *legacy_mix_check(struct arena *arena, const struct shape *shape, yyjson_val *json)
{
    /* KeyConditions go with the other expressions of a Query. */
    bool keys_clash = json_member(json, "KeyConditionExpression") != NULL;
    const char *before = list(arena, legacy, array_size(legacy) - !keys_clash, shape, json);
    if (before == NULL)
        return NULL;
    return arena_printf(arena, MESSAGE_LEGACY_MIX, before,
                        list(arena, expressions, array_size(expressions), shape, json));
}
