#include "start_key.h"

#include <string.h>

#include "json_item.h"
#include "messages.h"
#include "shape.h"

/* What is wrong with the form of a value is told of the starting key; that it is no number, or a set
 * with duplicates, is told as it is. */
static bool is_about_form(const char *problem)
{
    static const char *const about_form[] = {
        MESSAGE_VALUE_EMPTY,       MESSAGE_VALUE_TWO_TYPES,   MESSAGE_VALUE_NULL_FALSE,
        MESSAGE_SET_EMPTY_STRINGS, MESSAGE_SET_EMPTY_NUMBERS, MESSAGE_SET_EMPTY_BINARIES,
    };
    for (size_t i = 0; i < array_size(about_form); i++)
        if (strcmp(problem, about_form[i]) == 0)
            return true;
    return false;
}

const char *start_key_read(struct arena *arena, yyjson_val *input, struct value_node **start)
{
    *start = NULL;
    yyjson_val *json = json_member(input, "ExclusiveStartKey");
    if (json == NULL)
        return NULL;
    const char *problem = json_item_read(arena, json, start);
    return problem != NULL && is_about_form(problem)
               ? arena_printf(arena, MESSAGE_START_INVALID, problem)
               : problem;
}

static const char *check_value(struct arena *arena, const struct table_key *key,
                               const struct value_node *start, bool is_sort_key,
                               enum start_key_use use)
{
    if (key->name.size == 0)
        return NULL;
    const struct value_node *value = value_node_find(start, key->name);
    if (value->type != key->type)
        return use == START_OF_QUERY
                   ? MESSAGE_KEY_MISMATCH
                   : arena_printf(arena, MESSAGE_START_INVALID, MESSAGE_KEY_MISMATCH);
    const char *problem = table_key_check(arena, key, value->bytes, is_sort_key);
    if (problem == NULL)
        return NULL;
    bool empty = value->bytes.size == 0;
    if (empty && !is_sort_key)
        return arena_printf(arena, MESSAGE_START_ONE_ROW ". " MESSAGE_START_INVALID, problem);
    return empty || use == START_OF_SCAN ? arena_printf(arena, MESSAGE_START_INVALID, problem)
                                         : problem;
}

static bool has_names(const struct query_source *source, const struct value_node *start)
{
    const struct slice names[] = {source->table->partition_key.name, source->table->sort_key.name,
                                  query_source_sort_key(source)->name};
    size_t wanted = 0;
    for (size_t i = 0; i < array_size(names); i++) {
        bool repeated =
            i == 2 && (slice_equal(names[2], names[0]) || slice_equal(names[2], names[1]));
        if (names[i].size == 0 || repeated)
            continue;
        wanted++;
        if (value_node_find(start, names[i]) == NULL)
            return false;
    }
    return start->count == wanted;
}

static const char *check_index_key(struct arena *arena, const struct query_source *source,
                                   const struct value_node *start, enum start_key_use use)
{
    const struct table_key *key = query_source_sort_key(source);
    if (source->index == NULL)
        return NULL;
    if (value_node_find(start, key->name)->type != key->type)
        return check_value(arena, key, start, true, use);
    const char *problem = local_indexes_check_item(arena, source->table, start);
    return problem == NULL ? NULL : arena_printf(arena, MESSAGE_START_INVALID, problem);
}

const char *start_key_find(struct arena *arena, const struct query_source *source,
                           const struct value_node *start, uint32_t partitions,
                           enum start_key_use use, struct item_key *key)
{
    const struct table *table = source->table;
    *key = (struct item_key){.partition = 0};
    if (!has_names(source, start))
        return use == START_OF_QUERY
                   ? MESSAGE_START_KEY
                   : arena_printf(arena, MESSAGE_START_INVALID, MESSAGE_KEY_MISMATCH);
    const char *problem = check_value(arena, &table->partition_key, start, false, use);
    if (problem == NULL)
        problem = check_value(arena, &table->sort_key, start, true, use);
    if (problem == NULL)
        problem = check_index_key(arena, source, start, use);
    return problem != NULL ? problem : table_key_within(arena, table, start, partitions, key);
}
