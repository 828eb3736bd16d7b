#include "item_view.h"

#include "item.h"

enum { DIRECT_LOOKUPS = 4 /* up to here walking the whole item to search it does not pay */ };

struct view_member {
    struct slice name; /* in an item or map */
    struct slice value;
    struct view_members *members; /* of the value; NULL: not walked yet */
};

struct view_members {
    bool named;   /* in the order of names */
    size_t count; /* of `all` */
    struct view_member all[];
};

void item_view_init(struct item_view *view, struct arena *arena, struct slice item)
{
    *view = (struct item_view){.arena = arena, .item = item};
}

/* `count` is what the encoding claims: members that are not there are left out. */
static struct view_members *walk(struct arena *arena, struct item_cursor cursor, bool named)
{
    size_t bytes = reader_left(&cursor.reader);
    size_t room = cursor.left < bytes ? (size_t)cursor.left : bytes;
    struct view_members *members =
        arena_alloc(arena, sizeof(*members) + room * sizeof(members->all[0]));
    *members = (struct view_members){.named = named};
    struct view_member member = {.members = NULL};
    while (members->count < room && (named ? item_next(&cursor, &member.name, &member.value)
                                           : list_next(&cursor, &member.value)))
        members->all[members->count++] = member;
    return members;
}

static struct view_member *find_name(struct view_members *members, struct slice name)
{
    size_t low = 0, high = members->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(members->all[middle].name, name);
        if (order == 0)
            return &members->all[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static struct view_member *find_member(struct view_members *members,
                                       const struct path_element *element)
{
    if (members->named == element->is_index)
        return NULL;
    if (!element->is_index)
        return find_name(members, element->name);
    return element->index < members->count ? &members->all[element->index] : NULL;
}

/* NULL unless the value is a list or a map. */
static struct view_members *members_of(struct arena *arena, struct view_member *member)
{
    enum value_type type = value_type(member->value);
    if (member->members == NULL && (type == VALUE_LIST || type == VALUE_MAP))
        member->members = walk(arena, value_cursor(member->value), type == VALUE_MAP);
    return member->members;
}

bool item_view_find(struct item_view *view, const struct document_path *path, struct slice *value)
{
    *value = SLICE_EMPTY;
    if (view->lookups < DIRECT_LOOKUPS) {
        view->lookups++;
        return document_path_find(path, view->item, value);
    }
    if (view->members == NULL)
        view->members = walk(view->arena, item_cursor(view->item), true);
    struct view_members *members = view->members;
    struct view_member *member = NULL;
    for (size_t i = 0; i < path->count; i++) {
        member = members == NULL ? NULL : find_member(members, &path->elements[i]);
        if (member == NULL)
            return false;
        if (i + 1 < path->count)
            members = members_of(view->arena, member);
    }
    *value = member->value;
    return true;
}
