#include "read_options.h"

#include "expression_cache.h"
#include "json_item.h"
#include "key_paths.h"
#include "legacy_mix.h"
#include "messages.h"

static const char *read_names(struct arena *arena, yyjson_val *names,
                              struct projection_paths *paths)
{
    paths->paths = arena_alloc(arena, yyjson_arr_size(names) * sizeof(*paths->paths));
    yyjson_arr_iter members = yyjson_arr_iter_with(names);
    for (yyjson_val *member; (member = yyjson_arr_iter_next(&members)) != NULL;) {
        struct slice name = json_string(member);
        if (name.size == 0)
            return MESSAGE_ATTRIBUTE_NAME_EMPTY;
        for (size_t i = 0; i < paths->count; i++)
            if (slice_equal(paths->paths[i].elements[0].name, name))
                return arena_printf(arena, MESSAGE_DUPLICATE_TO_GET, (int)name.size, name.data);
        paths->paths[paths->count++] = document_path_of(arena, name);
    }
    return NULL;
}

const char *read_options_init(struct read_options *options, struct expression_context *context,
                              yyjson_val *input)
{
    *options =
        (struct read_options){.consistent = json_member_bool(input, "ConsistentRead", false)};
    yyjson_val *expression = json_member(input, "ProjectionExpression");
    yyjson_val *names = json_member(input, "AttributesToGet");
    const char *problem = NULL;
    if (expression == NULL && names == NULL)
        return NULL;
    if (names != NULL)
        problem = read_names(context->arena, names, &options->paths);
    else
        problem = expression_cache_projection(context, json_string(expression), &options->paths);
    if (problem != NULL)
        return names != NULL ? problem
                             : arena_printf(context->arena, MESSAGE_INVALID_PROJECTION, problem);
    options->projected = true;
    projection_init(&options->projection, context->arena, &options->paths);
    return NULL;
}

const char *read_options_check_mix(struct arena *arena, const struct shape *shape,
                                   yyjson_val *input)
{
    if (legacy_mix_has_expression(shape, input))
        return legacy_mix_check(arena, shape, input);
    return json_member(input, "ExpressionAttributeNames") != NULL ? MESSAGE_NAMES_ALONE : NULL;
}

const char *read_options_check_table(const struct read_options *options, struct arena *arena,
                                     const struct table *table)
{
    for (size_t i = 0; i < options->paths.count; i++) {
        const char *problem = key_path_check(arena, table, &options->paths.paths[i]);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

void read_options_put_item(struct writer *writer, const struct read_options *options,
                           struct slice item)
{
    if (options->projected)
        projection_put_item(writer, &options->projection, item);
    else
        json_put_item(writer, item);
}
