#include "expression_substitutes.h"

#include <stdlib.h>

#include "expression_lexer.h"
#include "json_item.h"
#include "messages.h"

enum {
    KEY_SIZE_MAX = 255,                /* the service's limits: on a substitute's length, */
    VALUES_SIZE_MAX = 2 * 1024 * 1024, /* and on all values of a request together */
    UNUSED_SHOWN_MAX = 100
};

static struct slice string_of(yyjson_val *json)
{
    return slice_of(yyjson_get_str(json), yyjson_get_len(json));
}

static int compare_keys(const void *a, const void *b)
{
    const struct substitute *first = a, *second = b;
    return slice_compare(first->key, second->key);
}

typedef const char *(*meaning_reader)(struct arena *arena, yyjson_val *json,
                                      struct substitute *substitute);

static const char *read_name(struct arena *arena, yyjson_val *json, struct substitute *substitute)
{
    substitute->means = string_of(json);
    const char *problem = attribute_name_check(substitute->means);
    if (problem == NULL)
        return NULL;
    return arena_printf(arena, MESSAGE_NAME_INVALID, problem, (int)substitute->key.size,
                        substitute->key.data);
}

static const char *read_value(struct arena *arena, yyjson_val *json, struct substitute *substitute)
{
    const char *problem = json_value_encode(arena, json, &substitute->means);
    return problem == NULL ? NULL
                           : arena_printf(arena, MESSAGE_VALUE_INVALID, problem,
                                          (int)substitute->key.size, substitute->key.data);
}

static const char *check_key(struct arena *arena, const char *parameter, char first,
                             struct slice key)
{
    if (key.size > KEY_SIZE_MAX && first == '#')
        return arena_printf(arena, MESSAGE_SUBSTITUTE_TOO_LONG_SIZE, parameter, key.size);
    if (key.size > KEY_SIZE_MAX)
        return arena_printf(arena, MESSAGE_SUBSTITUTE_TOO_LONG, parameter);
    if (!substitute_valid(key, first))
        return arena_printf(arena, MESSAGE_SUBSTITUTE_KEY, parameter, (int)key.size, key.data);
    return NULL;
}

/* Reads the keys of a parameter, in the order in which they are given. */
static const char *read_keys(struct arena *arena, const char *parameter, char first,
                             yyjson_val *json, struct substitutes *substitutes)
{
    if (json == NULL)
        return NULL;
    if (yyjson_obj_size(json) == 0)
        return arena_printf(arena, MESSAGE_SUBSTITUTES_EMPTY, parameter);
    substitutes->all = arena_zalloc(arena, yyjson_obj_size(json) * sizeof(*substitutes->all));
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&members)) != NULL;) {
        const char *problem = check_key(arena, parameter, first, string_of(key));
        if (problem != NULL)
            return problem;
        substitutes->all[substitutes->count++].key = string_of(key);
    }
    return NULL;
}

/* Reads what they mean, and makes them ready to be found. */
static const char *read_meanings(struct arena *arena, yyjson_val *json, meaning_reader read,
                                 struct substitutes *substitutes)
{
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (size_t i = 0; i < substitutes->count; i++) {
        yyjson_val *key = yyjson_obj_iter_next(&members);
        const char *problem = read(arena, yyjson_obj_iter_get_val(key), &substitutes->all[i]);
        if (problem != NULL)
            return problem;
    }
    if (substitutes->count > 0)
        qsort(substitutes->all, substitutes->count, sizeof(*substitutes->all), compare_keys);
    return NULL;
}

static const char *check_values_size(const struct substitutes *values)
{
    uint64_t size = 0;
    for (size_t i = 0; i < values->count; i++)
        size += value_size(values->all[i].means);
    return size > VALUES_SIZE_MAX ? MESSAGE_VALUES_TOO_LARGE : NULL;
}

/* The order is the service's: a name's meaning is looked at last. */
const char *expression_context_init(struct expression_context *context, struct arena *arena,
                                    yyjson_val *names, yyjson_val *values)
{
    *context = (struct expression_context){.arena = arena};
    const char *problem = read_keys(arena, "ExpressionAttributeNames", '#', names, &context->names);
    if (problem == NULL)
        problem = read_keys(arena, "ExpressionAttributeValues", ':', values, &context->values);
    if (problem == NULL)
        problem = read_meanings(arena, values, read_value, &context->values);
    if (problem == NULL)
        problem = check_values_size(&context->values);
    return problem != NULL ? problem : read_meanings(arena, names, read_name, &context->names);
}

const struct substitute *substitutes_use(struct substitutes *substitutes, struct slice key)
{
    if (substitutes->count == 0)
        return NULL;
    struct substitute wanted = {.key = key};
    struct substitute *found =
        bsearch(&wanted, substitutes->all, substitutes->count, sizeof(wanted), compare_keys);
    if (found != NULL)
        found->used = true;
    return found;
}

static const char *check_used(struct arena *arena, const struct substitutes *substitutes,
                              const char *parameter)
{
    const char *unused = NULL;
    size_t shown = 0;
    for (size_t i = 0; i < substitutes->count && shown < UNUSED_SHOWN_MAX; i++) {
        const struct substitute *substitute = &substitutes->all[i];
        if (substitute->used)
            continue;
        unused = arena_printf(arena, "%s%s%.*s", unused == NULL ? "" : unused,
                              unused == NULL ? "" : ", ", (int)substitute->key.size,
                              substitute->key.data);
        shown++;
    }
    if (unused == NULL)
        return NULL;
    return arena_printf(arena, MESSAGE_SUBSTITUTES_UNUSED, parameter, unused);
}

const char *expression_context_check_used(const struct expression_context *context)
{
    const char *problem = check_used(context->arena, &context->names, "ExpressionAttributeNames");
    if (problem != NULL)
        return problem;
    return check_used(context->arena, &context->values, "ExpressionAttributeValues");
}
