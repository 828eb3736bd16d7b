#include "key_paths.h"

#include "messages.h"

static bool key_path_begins(const struct table *table, const struct document_path *path)
{
    struct slice name = path->elements[0].name;
    return slice_equal(name, table->partition_key.name) || slice_equal(name, table->sort_key.name);
}

const char *key_path_check(struct arena *arena, const struct table *table,
                           const struct document_path *path)
{
    if (path->count == 1 || !key_path_begins(table, path))
        return NULL;
    struct slice name = path->elements[0].name;
    return arena_printf(arena, MESSAGE_PATH_IN_KEY, (int)name.size, name.data);
}

const char *key_path_check_all(struct arena *arena, const struct table *table,
                               const struct expression *expression)
{
    if (expression == NULL)
        return NULL;
    if (expression->kind == EXPRESSION_PATH)
        return key_path_check(arena, table, &expression->path);
    const char *problem = NULL;
    for (const struct expression *at = expression->first; at != NULL && problem == NULL;
         at = at->next)
        problem = key_path_check_all(arena, table, at);
    return problem;
}

static bool is_about(const struct expression *expression, struct slice name)
{
    if (expression->kind == EXPRESSION_PATH)
        return slice_equal(name, expression->path.elements[0].name);
    bool found = false;
    for (const struct expression *at = expression->first; at != NULL && !found; at = at->next)
        found = is_about(at, name);
    return found;
}

struct slice key_path_find(const struct table *table, const struct table_key *sort_key,
                           const struct expression *expression)
{
    if (expression == NULL)
        return SLICE_EMPTY;
    if (is_about(expression, table->partition_key.name))
        return table->partition_key.name;
    return is_about(expression, sort_key->name) ? sort_key->name : SLICE_EMPTY;
}
