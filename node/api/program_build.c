#include "program_build.h"

#include <stdlib.h>

#include "expression_parser.h"
#include "map.h"

/* Each value once; the bytes of one substitute are the same memory wherever it is used. */
struct value_table {
    struct slice *values;
    size_t count;
    struct map by_address; /* to their places in `values` */
};

static uint64_t address_of(struct slice value)
{
    return (uint64_t)(uintptr_t)value.data;
}

static size_t position_of(const struct value_table *table, struct slice value)
{
    const struct slice *found = map_find(&table->by_address, address_of(value));
    ensure(found != NULL);
    return (size_t)(found - table->values);
}

static size_t count_values(const struct expression *node)
{
    size_t count = node->kind == EXPRESSION_VALUE;
    for (const struct expression *at = node->first; at != NULL; at = at->next)
        count += count_values(at);
    return count;
}

static void collect_values(struct value_table *table, const struct expression *node)
{
    if (node->kind == EXPRESSION_VALUE &&
        map_find(&table->by_address, address_of(node->value)) == NULL) {
        table->values[table->count] = node->value;
        map_put(&table->by_address, address_of(node->value), &table->values[table->count++]);
    }
    for (const struct expression *at = node->first; at != NULL; at = at->next)
        collect_values(table, at);
}

static void value_table_init(struct value_table *table, struct arena *arena,
                             const struct program_parts *parts)
{
    const struct update_action *actions = parts->update == NULL ? NULL : parts->update->actions;
    size_t actions_count = parts->update == NULL ? 0 : parts->update->count;
    size_t values_max = parts->condition == NULL ? 0 : count_values(parts->condition);
    for (size_t i = 0; i < actions_count; i++)
        values_max += actions[i].value == NULL ? 0 : count_values(actions[i].value);
    table->values = arena_alloc(arena, values_max * sizeof(*table->values));
    table->count = 0;
    map_init(&table->by_address);
    if (parts->condition != NULL)
        collect_values(table, parts->condition);
    for (size_t i = 0; i < actions_count; i++)
        if (actions[i].value != NULL)
            collect_values(table, actions[i].value);
}

static void put_values(struct writer *writer, const struct value_table *table)
{
    writer_put_varint(writer, table->count);
    for (size_t i = 0; i < table->count; i++)
        writer_put_sized(writer, table->values[i]);
}

static void put_path(struct writer *writer, const struct document_path *path)
{
    writer_put_varint(writer, path->count);
    for (size_t i = 0; i < path->count; i++) {
        const struct path_element *element = &path->elements[i];
        writer_put_u8(writer, element->is_index);
        if (element->is_index)
            writer_put_varint(writer, element->index);
        else
            writer_put_sized(writer, element->name);
    }
}

static void put_node(struct writer *writer, const struct value_table *table,
                     const struct expression *node)
{
    writer_put_u8(writer, (uint8_t)node->kind);
    if (node->kind == EXPRESSION_PATH) {
        put_path(writer, &node->path);
        return;
    }
    if (node->kind == EXPRESSION_VALUE) {
        writer_put_varint(writer, position_of(table, node->value));
        return;
    }
    if (node->kind == EXPRESSION_FUNCTION)
        writer_put_u8(writer, (uint8_t)node->function);
    writer_put_varint(writer, node->count);
    for (const struct expression *at = node->first; at != NULL; at = at->next)
        put_node(writer, table, at);
}

static int compare_actions(const void *a, const void *b)
{
    const struct update_action *const *first = a;
    const struct update_action *const *second = b;
    return document_path_compare(&(*first)->path, &(*second)->path);
}

static void put_update(struct writer *writer, struct arena *arena, const struct value_table *table,
                       const struct program_parts *parts)
{
    const struct update_expression *update = parts->update;
    const struct update_action **ordered = arena_alloc(arena, update->count * sizeof(*ordered));
    for (size_t i = 0; i < update->count; i++)
        ordered[i] = &update->actions[i];
    if (update->count > 0)
        qsort(ordered, update->count, sizeof(*ordered), compare_actions);
    writer_put_sized(writer, parts->initial);
    writer_put_varint(writer, update->count);
    for (size_t i = 0; i < update->count; i++) {
        writer_put_u8(writer, (uint8_t)ordered[i]->section);
        put_path(writer, &ordered[i]->path);
        if (ordered[i]->value != NULL)
            put_node(writer, table, ordered[i]->value);
    }
}

static void put_index_keys(struct writer *writer, const struct program_parts *parts)
{
    writer_put_varint(writer, parts->keys_count);
    for (size_t i = 0; i < parts->keys_count; i++) {
        writer_put_u8(writer, (uint8_t)parts->keys[i].type);
        writer_put_sized(writer, parts->keys[i].name);
    }
}

static uint8_t flags_of(const struct program_parts *parts)
{
    return (uint8_t)((parts->condition != NULL ? PROGRAM_HAS_CONDITION : 0) |
                     (parts->update != NULL ? PROGRAM_HAS_UPDATE : 0) |
                     (parts->keys_count > 0 ? PROGRAM_HAS_KEYS : 0));
}

void program_build(struct writer *writer, struct arena *arena, const struct program_parts *parts)
{
    struct value_table table;
    value_table_init(&table, arena, parts);
    writer_put_u8(writer, PROGRAM_VERSION);
    ensure(parts->update != NULL || parts->keys_count == 0);
    writer_put_u8(writer, flags_of(parts));
    put_values(writer, &table);
    if (parts->condition != NULL)
        put_node(writer, &table, parts->condition);
    if (parts->update != NULL)
        put_update(writer, arena, &table, parts);
    if (parts->keys_count > 0)
        put_index_keys(writer, parts);
    map_deinit(&table.by_address);
}

const char *program_compile(struct writer *writer, struct expression_context *context,
                            struct slice condition, struct slice update, struct slice initial)
{
    struct expression *parsed_condition = NULL;
    struct update_expression parsed_update;
    const char *problem = NULL;
    if (update.size > 0)
        problem = expression_parse_update(context, update, &parsed_update);
    if (problem == NULL && condition.size > 0)
        problem = expression_parse_condition(context, condition, &parsed_condition);
    if (problem != NULL)
        return problem;
    struct program_parts parts = {.condition = parsed_condition,
                                  .update = update.size > 0 ? &parsed_update : NULL,
                                  .initial = initial};
    program_build(writer, context->arena, &parts);
    return NULL;
}
