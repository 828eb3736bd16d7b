#include "expression_image.h"

#include <stdlib.h>

#include "expression_check.h"

/* Pointers in the arrays lead into the arrays. In place of names stand their offsets in the texts, of
 * values the positions among the context's. */
struct expression_image {
    size_t nodes_count;
    size_t elements_count;
    size_t actions_count; /* of an update or a projection; a condition has none */
    bool is_update;
    bool looks_at_values; /* which were found right not by their types alone */
    struct expression *nodes;
    struct path_element *elements;
    struct update_action *actions;
};

/* Makes an image: first nothing but counts, then fills it. */
struct image_maker {
    struct expression_image *image;
    const struct expression_context *context;
    const struct expression_texts *texts;
};

/* Counting. */

static void count_nodes(struct expression_image *image, const struct expression *node)
{
    image->nodes_count++;
    image->elements_count += node->path.count;
    for (const struct expression *at = node->first; at != NULL; at = at->next)
        count_nodes(image, at);
}

static void count_all(struct expression_image *image, const struct parsed_expression *parsed)
{
    if (parsed->condition != NULL)
        count_nodes(image, parsed->condition);
    for (size_t i = 0; i < parsed->projection.count; i++)
        image->elements_count += parsed->projection.paths[i].count;
    for (size_t i = 0; i < parsed->update.count; i++) {
        image->elements_count += parsed->update.actions[i].path.count;
        if (parsed->update.actions[i].value != NULL)
            count_nodes(image, parsed->update.actions[i].value);
    }
    image->is_update = parsed->update.count > 0;
    image->actions_count = parsed->update.count + parsed->projection.count;
}

static struct expression_image *allocate(const struct expression_image *counted, size_t *size)
{
    size_t nodes = counted->nodes_count * sizeof(*counted->nodes);
    size_t elements = counted->elements_count * sizeof(*counted->elements);
    size_t actions = counted->actions_count * sizeof(*counted->actions);
    *size = sizeof(*counted) + nodes + elements + actions;
    struct expression_image *image = malloc(*size);
    ensure(image != NULL);
    uint8_t *rest = (uint8_t *)(image + 1);
    *image = (struct expression_image){.is_update = counted->is_update};
    image->nodes = (struct expression *)(void *)rest;
    image->elements = (struct path_element *)(void *)(rest + nodes);
    image->actions = (struct update_action *)(void *)(rest + nodes + elements);
    return image;
}

/* Filling. */

static uint32_t offset_of(const struct expression_texts *texts, struct slice name)
{
    const uint8_t *start = texts->expression.data;
    if (name.data >= start && name.data < start + texts->expression.size)
        return (uint32_t)(name.data - start);
    ensure(name.data >= texts->names.data);
    ensure(name.data < texts->names.data + texts->names.size);
    return (uint32_t)(texts->expression.size + (size_t)(name.data - texts->names.data));
}

static struct document_path keep_path(struct image_maker *maker, const struct document_path *path)
{
    struct expression_image *image = maker->image;
    struct document_path kept = {&image->elements[image->elements_count], path->count};
    image->elements_count += path->count;
    for (size_t i = 0; i < path->count; i++) {
        kept.elements[i] = path->elements[i];
        if (path->elements[i].is_index)
            continue;
        kept.elements[i].index = offset_of(maker->texts, path->elements[i].name);
        kept.elements[i].name.data = NULL;
    }
    return kept;
}

static size_t position_of(const struct substitutes *values, struct slice value)
{
    size_t position = 0;
    while (values->all[position].means.data != value.data) {
        position++;
        ensure(position < values->count);
    }
    return position;
}

/* The order of bounds and the names of types are no matter of types. */
static bool looks_at_values(const struct expression *node)
{
    return node->kind == EXPRESSION_BETWEEN ||
           (node->kind == EXPRESSION_FUNCTION && node->function == FUNCTION_ATTRIBUTE_TYPE);
}

static struct expression *keep_node(struct image_maker *maker, const struct expression *node)
{
    struct expression_image *image = maker->image;
    struct expression *kept = &image->nodes[image->nodes_count++];
    *kept = *node;
    kept->next = NULL;
    kept->value = SLICE_EMPTY;
    image->looks_at_values = image->looks_at_values || looks_at_values(node);
    if (node->kind == EXPRESSION_PATH)
        kept->path = keep_path(maker, &node->path);
    if (node->kind == EXPRESSION_VALUE)
        kept->count = position_of(&maker->context->values, node->value);
    struct expression **end = &kept->first;
    for (const struct expression *at = node->first; at != NULL; at = at->next) {
        *end = keep_node(maker, at);
        end = &(*end)->next;
    }
    return kept;
}

static void keep_action(struct image_maker *maker, const struct update_action *action)
{
    struct update_action *kept = &maker->image->actions[maker->image->actions_count++];
    kept->section = action->section;
    kept->path = keep_path(maker, &action->path);
    kept->value = action->value == NULL ? NULL : keep_node(maker, action->value);
}

struct expression_image *expression_image_new(const struct parsed_expression *parsed,
                                              const struct expression_context *context,
                                              const struct expression_texts *texts, size_t *size)
{
    struct expression_image counted = {.nodes_count = 0};
    count_all(&counted, parsed);
    struct image_maker maker = {allocate(&counted, size), context, texts};
    if (parsed->condition != NULL)
        keep_node(&maker, parsed->condition);
    for (size_t i = 0; i < parsed->update.count; i++)
        keep_action(&maker, &parsed->update.actions[i]);
    for (size_t i = 0; i < parsed->projection.count; i++) {
        struct update_action path = {UPDATE_SET, parsed->projection.paths[i], NULL};
        keep_action(&maker, &path);
    }
    return maker.image;
}

/* Copying. */

static struct path_element *copy_elements(const struct expression_image *image, struct arena *arena,
                                          const struct expression_texts *texts)
{
    size_t size = image->elements_count * sizeof(*image->elements);
    struct path_element *elements = arena_alloc(arena, size);
    for (size_t i = 0; i < image->elements_count; i++) {
        elements[i] = image->elements[i];
        if (elements[i].is_index)
            continue;
        size_t offset = elements[i].index;
        elements[i].name.data = offset < texts->expression.size
                                    ? texts->expression.data + offset
                                    : texts->names.data + (offset - texts->expression.size);
    }
    return elements;
}

static struct expression *copy_nodes(const struct expression_image *image,
                                     const struct expression_context *context,
                                     struct path_element *elements)
{
    size_t size = image->nodes_count * sizeof(*image->nodes);
    struct expression *nodes = arena_alloc(context->arena, size);
    for (size_t i = 0; i < image->nodes_count; i++) {
        struct expression *node = &nodes[i];
        *node = image->nodes[i];
        if (node->first != NULL)
            node->first = nodes + (node->first - image->nodes);
        if (node->next != NULL)
            node->next = nodes + (node->next - image->nodes);
        if (node->kind == EXPRESSION_PATH)
            node->path.elements = elements + (node->path.elements - image->elements);
        if (node->kind == EXPRESSION_VALUE) {
            node->value = context->values.all[node->count].means;
            node->count = 0;
        }
    }
    return nodes;
}

static void copy_update(const struct expression_image *image, struct arena *arena,
                        struct path_element *elements, struct expression *nodes,
                        struct update_expression *update)
{
    update->count = image->actions_count;
    update->actions = arena_alloc(arena, update->count * sizeof(*update->actions));
    for (size_t i = 0; i < update->count; i++) {
        struct update_action *action = &update->actions[i];
        *action = image->actions[i];
        action->path.elements = elements + (action->path.elements - image->elements);
        if (action->value != NULL)
            action->value = nodes + (action->value - image->nodes);
    }
}

static void copy_projection(const struct expression_image *image, struct arena *arena,
                            struct path_element *elements, struct projection_paths *projection)
{
    projection->count = image->actions_count;
    projection->paths = arena_alloc(arena, projection->count * sizeof(*projection->paths));
    for (size_t i = 0; i < projection->count; i++) {
        projection->paths[i] = image->actions[i].path;
        projection->paths[i].elements =
            elements + (image->actions[i].path.elements - image->elements);
    }
}

/* Nodes stand in the order of the text, and so does what is wrong with them. */
static const char *check_values(const struct expression_image *image, struct arena *arena,
                                const struct expression *nodes)
{
    struct expression_problems problems = {.arena = arena};
    for (size_t i = 0; i < image->nodes_count; i++)
        if (looks_at_values(&nodes[i]))
            expression_check_node(&problems, &nodes[i]);
    return expression_gravest(&problems);
}

const char *expression_image_copy(const struct expression_image *image,
                                  const struct expression_context *context,
                                  const struct expression_texts *texts,
                                  struct parsed_expression *parsed)
{
    struct arena *arena = context->arena;
    *parsed = (struct parsed_expression){.condition = NULL};
    struct path_element *elements = copy_elements(image, arena, texts);
    struct expression *nodes = copy_nodes(image, context, elements);
    if (image->is_update)
        copy_update(image, arena, elements, nodes, &parsed->update);
    else if (image->actions_count > 0)
        copy_projection(image, arena, elements, &parsed->projection);
    else
        parsed->condition = nodes;
    return image->looks_at_values ? check_values(image, arena, nodes) : NULL;
}
