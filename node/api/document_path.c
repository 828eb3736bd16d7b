#include "document_path.h"

#include "item.h"

struct document_path document_path_of(struct arena *arena, struct slice attribute)
{
    struct path_element *element = arena_zalloc(arena, sizeof(*element));
    element->name = attribute;
    return (struct document_path){element, 1};
}

static int compare_elements(const struct path_element *a, const struct path_element *b)
{
    if (a->is_index != b->is_index)
        return a->is_index ? 1 : -1;
    if (a->is_index)
        return (a->index > b->index) - (a->index < b->index);
    bool same = a->name.data == b->name.data && a->name.size == b->name.size;
    return same ? 0 : slice_compare(a->name, b->name);
}

int document_path_compare(const struct document_path *a, const struct document_path *b)
{
    size_t shared = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < shared; i++) {
        int order = compare_elements(&a->elements[i], &b->elements[i]);
        if (order != 0)
            return order;
    }
    return (a->count > b->count) - (a->count < b->count);
}

enum path_clash document_path_clash(const struct document_path *a, const struct document_path *b)
{
    size_t shared = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < shared; i++) {
        if (a->elements[i].is_index != b->elements[i].is_index)
            return PATHS_CONFLICT;
        if (compare_elements(&a->elements[i], &b->elements[i]) != 0)
            return PATHS_APART;
    }
    return PATHS_OVERLAP;
}

bool document_path_find(const struct document_path *path, struct slice item, struct slice *value)
{
    bool found = item_find(item, path->elements[0].name, value);
    for (size_t i = 1; i < path->count && found; i++) {
        const struct path_element *element = &path->elements[i];
        struct slice container = *value;
        found = element->is_index ? list_find(container, element->index, value)
                                  : map_value_find(container, element->name, value);
    }
    return found;
}
