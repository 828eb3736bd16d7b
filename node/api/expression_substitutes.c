#include "expression_substitutes.h"

#include <stdlib.h>

#include "expression_lexer.h"
#include "json_item.h"
#include "messages.h"

enum {
    KEY_SIZE_MAX = 255,                /* the service's limits: on a substitute's length, */
    NAME_SIZE_MAX = 65535,             /* on that of an attribute's name, */
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

static const char *read_name(struct arena *arena, yyjson_val *json, struct substitute *substitute)
{
    substitute->means = string_of(json);
    if (substitute->means.size > NAME_SIZE_MAX)
        return arena_printf(arena, MESSAGE_NAME_TOO_LARGE, (int)substitute->key.size,
                            substitute->key.data);
    if (substitute->means.size > 0)
        return NULL;
    return arena_printf(arena, MESSAGE_NAME_EMPTY, (int)substitute->key.size, substitute->key.data);
}

static const char *read_value(struct arena *arena, yyjson_val *json, struct substitute *substitute)
{
    const char *problem = json_value_encode(arena, json, &substitute->means);
    return problem == NULL ? NULL
                           : arena_printf(arena, MESSAGE_VALUE_INVALID, problem,
                                          (int)substitute->key.size, substitute->key.data);
}

/* What distinguishes the two parameters. */
struct substitute_kind {
    const char *parameter;
    char first;
    const char *(*read)(struct arena *arena, yyjson_val *json, struct substitute *substitute);
};

static const char *read_keys(struct arena *arena, const struct substitute_kind *kind,
                             yyjson_val *json, struct substitutes *substitutes)
{
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&members)) != NULL;) {
        struct slice text = string_of(key);
        if (text.size > KEY_SIZE_MAX)
            return kind->first == '#' ? arena_printf(arena, MESSAGE_NAME_KEY_TOO_LONG, text.size)
                                      : MESSAGE_VALUE_KEY_TOO_LONG;
        if (!substitute_valid(text, kind->first))
            return arena_printf(arena, MESSAGE_SUBSTITUTE_KEY, kind->parameter, (int)text.size,
                                text.data);
        substitutes->all[substitutes->count++].key = text;
    }
    return NULL;
}

static const char *read_all(struct arena *arena, const struct substitute_kind *kind,
                            yyjson_val *json, struct substitutes *substitutes)
{
    *substitutes = (struct substitutes){NULL, 0};
    if (json == NULL)
        return NULL;
    if (yyjson_obj_size(json) == 0)
        return arena_printf(arena, MESSAGE_SUBSTITUTES_EMPTY, kind->parameter);
    substitutes->all = arena_zalloc(arena, yyjson_obj_size(json) * sizeof(*substitutes->all));
    const char *problem = read_keys(arena, kind, json, substitutes);
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    for (size_t i = 0; i < substitutes->count && problem == NULL; i++) {
        yyjson_val *key = yyjson_obj_iter_next(&members);
        problem = kind->read(arena, yyjson_obj_iter_get_val(key), &substitutes->all[i]);
    }
    if (problem == NULL)
        qsort(substitutes->all, substitutes->count, sizeof(*substitutes->all), compare_keys);
    return problem;
}

static const char *check_values_size(const struct substitutes *values)
{
    uint64_t size = 0;
    for (size_t i = 0; i < values->count; i++)
        size += value_size(values->all[i].means);
    return size > VALUES_SIZE_MAX ? MESSAGE_VALUES_TOO_LARGE : NULL;
}

const char *expression_context_init(struct expression_context *context, struct arena *arena,
                                    yyjson_val *names, yyjson_val *values)
{
    static const struct substitute_kind name_kind = {"ExpressionAttributeNames", '#', read_name};
    static const struct substitute_kind value_kind = {"ExpressionAttributeValues", ':', read_value};
    *context = (struct expression_context){.arena = arena};
    const char *problem = read_all(arena, &name_kind, names, &context->names);
    if (problem != NULL)
        return problem;
    problem = read_all(arena, &value_kind, values, &context->values);
    return problem != NULL ? problem : check_values_size(&context->values);
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
