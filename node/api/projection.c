#include "projection.h"

#include <stdlib.h>

#include "item.h"
#include "json_item.h"
#include "json_writer.h"

static int compare_elements(const struct path_element *a, const struct path_element *b)
{
    if (a->is_index)
        return (a->index > b->index) - (a->index < b->index);
    return slice_compare(a->name, b->name);
}

/* The child for that element, made if there is none. */
static struct projection_node *child_for(struct projection_node *parent, struct arena *arena,
                                         const struct path_element *element)
{
    struct projection_node **at = &parent->first;
    while (*at != NULL && compare_elements(&(*at)->element, element) < 0)
        at = &(*at)->next;
    if (*at != NULL && compare_elements(&(*at)->element, element) == 0)
        return *at;
    struct projection_node *child = arena_zalloc(arena, sizeof(*child));
    child->element = *element;
    child->next = *at;
    *at = child;
    return child;
}

static int compare_descending(const void *a, const void *b)
{
    return document_path_compare(b, a);
}

/* From the last path to the first, so that each child is the first of its parent when it is made. */
void projection_init(struct projection *projection, struct arena *arena,
                     const struct projection_paths *paths)
{
    *projection = (struct projection){.root = {.whole = false}};
    struct document_path *ordered = arena_alloc(arena, paths->count * sizeof(*ordered));
    for (size_t i = 0; i < paths->count; i++)
        ordered[i] = paths->paths[i];
    if (paths->count > 0)
        qsort(ordered, paths->count, sizeof(*ordered), compare_descending);
    for (size_t i = 0; i < paths->count; i++) {
        struct projection_node *node = &projection->root;
        for (size_t j = 0; j < ordered[i].count; j++)
            node = child_for(node, arena, &ordered[i].elements[j]);
        node->whole = true;
    }
}

static bool put_selected(struct writer *writer, const struct projection_node *node,
                         struct slice value);

/* Both sides are in the order of names. */
static bool put_attributes(struct writer *writer, const struct projection_node *parent,
                           struct item_cursor cursor)
{
    bool found = false;
    struct slice name, value;
    const struct projection_node *child = parent->first;
    writer_put_u8(writer, '{');
    while (child != NULL && item_next(&cursor, &name, &value)) {
        while (child != NULL && slice_compare(child->element.name, name) < 0)
            child = child->next;
        if (child == NULL || !slice_equal(child->element.name, name))
            continue;
        size_t before = writer->size;
        json_put_key(writer, name);
        if (put_selected(writer, child, value))
            found = true;
        else
            writer->size = before;
    }
    writer_put_u8(writer, '}');
    return found;
}

static bool put_elements(struct writer *writer, const struct projection_node *parent,
                         struct item_cursor cursor)
{
    bool found = false;
    struct slice value;
    const struct projection_node *child = parent->first;
    writer_put_u8(writer, '[');
    for (uint64_t index = 0; child != NULL && list_next(&cursor, &value); index++) {
        if (child->element.index != index)
            continue;
        size_t before = writer->size;
        json_put_separator(writer);
        if (put_selected(writer, child, value))
            found = true;
        else
            writer->size = before;
        child = child->next;
    }
    writer_put_u8(writer, ']');
    return found;
}

/* False, and what was written does not count, if the value holds nothing that is selected. */
static bool put_selected(struct writer *writer, const struct projection_node *node,
                         struct slice value)
{
    if (node->whole) {
        json_put_value(writer, value);
        return true;
    }
    enum value_type wanted = node->first->element.is_index ? VALUE_LIST : VALUE_MAP;
    if (value_type(value) != wanted)
        return false;
    writer_put_u8(writer, '{');
    json_put_name(writer, value_type_name(wanted));
    bool found = wanted == VALUE_LIST ? put_elements(writer, node, value_cursor(value))
                                      : put_attributes(writer, node, value_cursor(value));
    writer_put_u8(writer, '}');
    return found;
}

void projection_put_item(struct writer *writer, const struct projection *projection,
                         struct slice item)
{
    put_attributes(writer, &projection->root, item_cursor(item));
}
