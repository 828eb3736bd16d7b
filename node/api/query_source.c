#include "query_source.h"

#include <stdio.h>

#include "api_state.h"
#include "index_key.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"

const char *query_source_init(struct query_source *source, struct operation_call *call)
{
    yyjson_val *json = json_member(call->input, "IndexName");
    *source = (struct query_source){.table = call->found};
    if (json == NULL)
        return NULL;
    struct slice name = json_string(json);
    source->index = local_index_find(call->found, name);
    if (source->index == NULL)
        return arena_printf(call->arena, MESSAGE_NO_INDEX, (int)name.size, name.data);
    source->number = (uint8_t)(source->index - call->found->indexes);
    return NULL;
}

const struct table_key *query_source_sort_key(const struct query_source *source)
{
    return source->index != NULL ? &source->index->sort_key : &source->table->sort_key;
}

/* Ranges. */

void query_source_collection(const struct query_source *source, const struct item_key *collection,
                             struct key_range *range)
{
    if (source->index != NULL)
        index_range_collection(range, source->number, collection);
    else
        key_range_collection(range, collection);
}

void query_source_sort(const struct query_source *source, const struct item_key *collection,
                       enum sort_bound relation, struct slice bound, struct slice bound_high,
                       struct key_range *range)
{
    if (source->index != NULL)
        index_range_sort(range, source->number, collection, relation, bound, bound_high);
    else
        key_range_sort(range, collection, relation, bound, bound_high);
}

void query_source_positions(const struct query_source *source, uint32_t partition, uint64_t first,
                            uint64_t last, struct key_range *range)
{
    if (source->index != NULL)
        index_range_positions(range, partition, source->table->id, source->number, first, last);
    else
        key_range_positions(range, partition, source->table->id, first, last);
}

void query_source_encode(struct writer *writer, const struct query_source *source,
                         const struct item_key *item, const struct value_node *start)
{
    if (source->index == NULL)
        item_key_encode(writer, item);
    else
        index_key_encode(writer, source->number, item,
                         value_node_find(start, source->index->sort_key.name)->bytes);
}

/* Rows. */

static bool is_table_key(const struct table *table, struct slice name)
{
    return slice_equal(name, table->partition_key.name) || slice_equal(name, table->sort_key.name);
}

void query_source_put_key(struct writer *writer, const struct query_source *source,
                          struct slice item)
{
    table_put_key(writer, source->table, item);
    if (source->index == NULL || is_table_key(source->table, source->index->sort_key.name))
        return;
    writer->size--; /* the brace that ends it */
    struct slice value;
    if (item_find(item, source->index->sort_key.name, &value)) {
        json_put_key(writer, source->index->sort_key.name);
        json_put_value(writer, value);
    }
    json_put_raw(writer, "}");
}

bool query_source_has_all(const struct query_source *source)
{
    return source->index == NULL || slice_equal(source->index->projection, SLICE_LITERAL("ALL"));
}

uint64_t query_source_size(const struct query_source *source, struct slice item, uint64_t size)
{
    return query_source_has_all(source) ? size
                                        : local_index_size(source->table, source->index, item);
}

/* Paths. */

void query_source_projected(const struct query_source *source, struct arena *arena,
                            struct projection_paths *paths)
{
    const struct local_index *index = source->index;
    const struct table_key *keys[] = {&source->table->partition_key, &source->table->sort_key,
                                      &index->sort_key};
    struct item_cursor names = value_cursor(index->attributes);
    struct slice name;
    *paths = (struct projection_paths){NULL, 0};
    paths->paths = arena_alloc(arena, (array_size(keys) + value_count(index->attributes)) *
                                          sizeof(*paths->paths));
    paths->paths[paths->count++] = document_path_of(arena, keys[0]->name);
    paths->paths[paths->count++] = document_path_of(arena, keys[1]->name);
    if (!is_table_key(source->table, keys[2]->name))
        paths->paths[paths->count++] = document_path_of(arena, keys[2]->name);
    while (set_next(&names, &name))
        if (!is_table_key(source->table, name) && !slice_equal(name, keys[2]->name))
            paths->paths[paths->count++] = document_path_of(arena, name);
}

bool query_source_has_paths(const struct query_source *source, const struct projection_paths *paths)
{
    bool all = true;
    for (size_t i = 0; i < paths->count && all && !query_source_has_all(source); i++)
        all = local_index_projects(source->table, source->index, paths->paths[i].elements[0].name);
    return all;
}

/* Names that the index has not, each as often as it is met. */
struct lacking {
    const struct query_source *source;
    struct slice names[EXPRESSION_SIZE_MAX / 4]; /* as many as a client may want to hear of */
    size_t count;
};

static void collect(struct lacking *lacking, const struct expression *expression)
{
    if (expression->kind == EXPRESSION_PATH) {
        struct slice name = expression->path.elements[0].name;
        if (lacking->count < array_size(lacking->names) &&
            !local_index_projects(lacking->source->table, lacking->source->index, name))
            lacking->names[lacking->count++] = name;
        return;
    }
    for (const struct expression *at = expression->first; at != NULL; at = at->next)
        collect(lacking, at);
}

static const char *join(struct arena *arena, const struct slice *names, size_t count)
{
    size_t room = 1, used = 0;
    for (size_t i = 0; i < count; i++)
        room += names[i].size + sizeof(", ");
    char *text = arena_alloc(arena, room);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%.*s", i == 0 ? "" : ", ",
                                 (int)names[i].size, names[i].data);
    return text;
}

const char *query_source_lacks(const struct query_source *source, struct arena *arena,
                               const struct expression *expression)
{
    if (expression == NULL || query_source_has_all(source))
        return NULL;
    struct lacking lacking = {.source = source};
    collect(&lacking, expression);
    if (lacking.count == 0)
        return NULL;
    slices_sort(lacking.names, lacking.count);
    size_t count = 1;
    for (size_t i = 1; i < lacking.count; i++)
        if (!slice_equal(lacking.names[i], lacking.names[count - 1]))
            lacking.names[count++] = lacking.names[i];
    return join(arena, lacking.names, count);
}
