#include "update.h"

#include "messages.h"
#include "table.h"
#include "update_value.h"

/* An action with its effect worked out, before anything has changed. */
struct change {
    struct value_node *container;
    struct value_node *member; /* what stands there now, or NULL */
    const struct path_element *last;
    struct slice value; /* to stand there; empty: nothing */
};

bool update_targets(const struct update_expression *update, struct slice attribute)
{
    for (size_t i = 0; i < update->count; i++)
        if (slice_equal(update->actions[i].path.elements[0].name, attribute))
            return true;
    return false;
}

/* Follows the path to its last step; opens what lies on the way. */
static const char *find_target(struct arena *arena, struct value_node *root,
                               const struct document_path *path, struct change *change)
{
    struct value_node *at = root;
    for (size_t i = 0; i < path->count; i++) {
        const struct path_element *element = &path->elements[i];
        if (at == NULL || at->type != (element->is_index ? VALUE_LIST : VALUE_MAP))
            return MESSAGE_UPDATE_PATH;
        value_node_open(arena, at);
        change->container = at;
        change->last = element;
        at = element->is_index ? value_node_at(at, element->index)
                               : value_node_find(at, element->name);
    }
    change->member = at;
    return NULL;
}

static void put(struct arena *arena, const struct change *change)
{
    struct value_node *fresh = value_node_encoded(arena, change->value);
    if (change->member != NULL)
        value_node_replace(change->container, change->member, fresh);
    else if (change->last->is_index)
        value_node_append(change->container, fresh);
    else
        value_node_put(change->container, change->last->name, fresh);
}

/* Elements are taken out of lists last, so that every index means the place it had before. Actions
 * come by ascending path: what goes past the end of a list is appended in the order of indexes. */
static void make_changes(struct arena *arena, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (changes[i].value.size > 0)
            put(arena, &changes[i]);
    for (size_t i = 0; i < count; i++)
        if (changes[i].value.size == 0 && changes[i].member != NULL)
            value_node_remove(changes[i].container, changes[i].member);
}

static const char *work_out(struct arena *arena, const struct update_expression *update,
                            struct slice item, struct value_node *root, struct change *changes)
{
    uint64_t size = 0;
    struct item_view view;
    item_view_init(&view, arena, item);
    for (size_t i = 0; i < update->count; i++) {
        const struct update_action *action = &update->actions[i];
        const char *problem = find_target(arena, root, &action->path, &changes[i]);
        if (problem == NULL)
            problem = update_value_of(arena, action, &view, &changes[i].value);
        if (problem != NULL)
            return problem;
        /* All of it will be in the item: refused before it can fill the memory. */
        size += value_size(changes[i].value);
        if (size > ITEM_SIZE_MAX)
            return MESSAGE_UPDATE_TOO_LARGE;
    }
    return NULL;
}

const char *update_apply(struct arena *arena, const struct update_expression *update,
                         struct slice item, struct value_node **updated)
{
    struct value_node *root = value_node_of_item(arena, item);
    struct change *changes = arena_zalloc(arena, update->count * sizeof(*changes));
    const char *problem = work_out(arena, update, item, root, changes);
    *updated = root;
    if (problem != NULL)
        return problem;
    make_changes(arena, changes, update->count);
    const struct value_node *culprit;
    return value_node_finish_item(root, &culprit) == VALUE_FINE ? NULL : MESSAGE_TOO_DEEP;
}
