#include "item_build.h"

static struct value_node *node_new(struct arena *arena, enum value_type type, struct slice bytes)
{
    struct value_node *node = arena_alloc(arena, sizeof(*node));
    *node = (struct value_node){.type = type, .bytes = bytes};
    return node;
}

struct value_node *value_node_scalar(struct arena *arena, enum value_type type, struct slice bytes)
{
    ensure(type >= VALUE_STRING && type <= VALUE_BINARY);
    return node_new(arena, type, bytes);
}

struct value_node *value_node_bool(struct arena *arena, bool value)
{
    static const uint8_t payloads[] = {0, 1};
    return node_new(arena, VALUE_BOOL, slice_of(&payloads[value], 1));
}

struct value_node *value_node_null(struct arena *arena)
{
    return node_new(arena, VALUE_NULL, SLICE_EMPTY);
}

struct value_node *value_node_container(struct arena *arena, enum value_type type)
{
    ensure(value_type_is_container(type));
    return node_new(arena, type, SLICE_EMPTY);
}

struct value_node *value_node_encoded(struct arena *arena, struct slice value)
{
    struct value_node *node = node_new(arena, value_type(value), value);
    ensure(node->type != VALUE_NONE);
    node->encoded = true;
    return node;
}

static void append(struct value_node *container, struct value_node *member)
{
    ensure(!container->encoded);
    container->opened = NULL;
    member->next = NULL;
    member->previous = container->last;
    if (container->last == NULL)
        container->first = member;
    else
        container->last->next = member;
    container->last = member;
    container->count++;
}

/* Members stand in the order of the encoding: found by position, or by halves. */
static void note_opened(struct arena *arena, struct value_node *container)
{
    struct value_node **opened = arena_alloc(arena, container->count * sizeof(struct value_node *));
    size_t count = 0;
    for (struct value_node *node = container->first; node != NULL; node = node->next)
        opened[count++] = node;
    container->opened = opened;
}

static void put_all(struct arena *arena, struct value_node *map, struct item_cursor cursor)
{
    struct slice name;
    struct slice value;
    while (item_next(&cursor, &name, &value))
        value_node_put(map, name, value_node_encoded(arena, value));
    note_opened(arena, map);
}

struct value_node *value_node_of_item(struct arena *arena, struct slice item)
{
    struct value_node *map = value_node_container(arena, VALUE_MAP);
    put_all(arena, map, item_cursor(item));
    return map;
}

void value_node_append(struct value_node *list, struct value_node *member)
{
    ensure(list->type == VALUE_LIST);
    append(list, member);
}

void value_node_put(struct value_node *map, struct slice name, struct value_node *member)
{
    ensure(map->type == VALUE_MAP);
    member->name = name;
    append(map, member);
}

void value_node_add(struct arena *arena, struct value_node *set, struct slice member)
{
    ensure(value_type_is_set(set->type));
    append(set, node_new(arena, value_type_of_member(set->type), member));
}

void value_node_open(struct arena *arena, struct value_node *node)
{
    if (!node->encoded || !value_type_is_container(node->type))
        return;
    struct item_cursor cursor = value_cursor(node->bytes);
    node->encoded = false;
    node->bytes = SLICE_EMPTY;
    struct slice member;
    if (node->type == VALUE_MAP) {
        put_all(arena, node, cursor);
    } else if (node->type == VALUE_LIST) {
        while (list_next(&cursor, &member))
            value_node_append(node, value_node_encoded(arena, member));
        note_opened(arena, node);
    } else {
        while (set_next(&cursor, &member))
            value_node_add(arena, node, member);
    }
}

static struct value_node *find_opened(const struct value_node *map, struct slice name)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(map->opened[middle]->name, name);
        if (order == 0)
            return map->opened[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct value_node *value_node_find(const struct value_node *map, struct slice name)
{
    ensure(map->type == VALUE_MAP && !map->encoded);
    if (map->opened != NULL)
        return find_opened(map, name);
    struct value_node *node = map->first;
    while (node != NULL && !slice_equal(node->name, name))
        node = node->next;
    return node;
}

struct value_node *value_node_at(const struct value_node *list, uint64_t index)
{
    ensure(list->type == VALUE_LIST && !list->encoded);
    if (index >= list->count)
        return NULL;
    if (list->opened != NULL)
        return list->opened[index];
    struct value_node *node = list->first;
    for (uint64_t i = 0; i < index; i++)
        node = node->next;
    return node;
}

struct value_node *value_node_member(const struct value_node *set, struct slice bytes)
{
    ensure(value_type_is_set(set->type) && !set->encoded);
    struct value_node *node = set->first;
    while (node != NULL && !slice_equal(node->bytes, bytes))
        node = node->next;
    return node;
}

/* Before `next` (NULL: at the end) now stands `previous` (NULL: nothing). */
static void link_pair(struct value_node *container, struct value_node *previous,
                      struct value_node *next)
{
    if (previous == NULL)
        container->first = next;
    else
        previous->next = next;
    if (next == NULL)
        container->last = previous;
    else
        next->previous = previous;
    container->opened = NULL;
}

void value_node_remove(struct value_node *container, struct value_node *member)
{
    link_pair(container, member->previous, member->next);
    member->next = NULL;
    member->previous = NULL;
    container->count--;
}

void value_node_replace(struct value_node *container, struct value_node *member,
                        struct value_node *fresh)
{
    struct value_node *next = member->next;
    fresh->name = member->name;
    link_pair(container, member->previous, fresh);
    link_pair(container, fresh, next);
    member->next = NULL;
    member->previous = NULL;
}

/* By what members of a container are sorted. */
static struct slice sort_key(const struct value_node *member, enum value_type container)
{
    return container == VALUE_MAP ? member->name : member->bytes;
}

static struct value_node *merge(struct value_node *a, struct value_node *b, enum value_type type)
{
    struct value_node *merged = NULL;
    struct value_node **end = &merged;
    while (a != NULL && b != NULL) {
        struct value_node **lower =
            slice_compare(sort_key(a, type), sort_key(b, type)) <= 0 ? &a : &b;
        *end = *lower;
        end = &(*lower)->higher;
        *lower = (*lower)->higher;
    }
    *end = a != NULL ? a : b;
    return merged;
}

/* Sorts the first `count` members from *at on, and moves *at past them. */
static struct value_node *sort(struct value_node **at, size_t count, enum value_type type)
{
    if (count <= 1) {
        struct value_node *only = *at;
        *at = only->next;
        only->higher = NULL;
        return only;
    }
    struct value_node *front = sort(at, count / 2, type);
    struct value_node *back = sort(at, count - count / 2, type);
    return merge(front, back, type);
}

static void link_members(struct value_node *node)
{
    struct value_node *at = node->first;
    node->lowest = NULL;
    if (node->count == 0)
        return;
    if (node->type != VALUE_LIST) {
        node->lowest = sort(&at, node->count, node->type);
        return;
    }
    node->lowest = node->first;
    for (; at != NULL; at = at->next)
        at->higher = at->next;
}

static enum value_problem find_duplicate(const struct value_node *node,
                                         const struct value_node **culprit)
{
    if (node->type == VALUE_LIST || node->lowest == NULL)
        return VALUE_FINE;
    const struct value_node *member = node->lowest;
    for (; member->higher != NULL; member = member->higher) {
        if (!slice_equal(sort_key(member, node->type), sort_key(member->higher, node->type)))
            continue;
        *culprit = node->type == VALUE_MAP ? member->higher : node;
        return node->type == VALUE_MAP ? VALUE_DUPLICATE_NAME : VALUE_DUPLICATE_MEMBER;
    }
    return VALUE_FINE;
}

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >>= 7)
        size++;
    return size;
}

static size_t sized_size(size_t size)
{
    return varint_size(size) + size;
}

/* Bytes of a finished value. */
static size_t encoded_size(const struct value_node *node)
{
    if (node->encoded)
        return node->bytes.size;
    if (node->type == VALUE_BOOL || node->type == VALUE_NULL)
        return 1 + node->bytes.size;
    return 1 + sized_size(value_type_is_container(node->type) ? node->body_size : node->bytes.size);
}

static size_t body_size(const struct value_node *node)
{
    size_t size = varint_size(node->count);
    for (const struct value_node *member = node->first; member != NULL; member = member->next) {
        if (value_type_is_set(node->type)) {
            size += sized_size(member->bytes.size);
            continue;
        }
        size += encoded_size(member);
        if (node->type == VALUE_MAP)
            size += sized_size(member->name.size);
    }
    return size;
}

static enum value_problem finish(struct value_node *node, unsigned nesting,
                                 const struct value_node **culprit);

/* Finishes a container; its members stand inside `nesting` lists and maps. */
static enum value_problem finish_members(struct value_node *node, unsigned nesting,
                                         const struct value_node **culprit)
{
    for (struct value_node *member = node->first; member != NULL; member = member->next) {
        enum value_problem problem = finish(member, nesting, culprit);
        if (problem != VALUE_FINE)
            return problem;
    }
    link_members(node);
    node->body_size = body_size(node);
    return find_duplicate(node, culprit);
}

static enum value_problem finish(struct value_node *node, unsigned nesting,
                                 const struct value_node **culprit)
{
    bool is_set = value_type_is_set(node->type);
    bool is_empty_set = is_set && !node->encoded && node->count == 0;
    bool is_level = value_type_is_container(node->type) && !is_set;
    unsigned levels = node->encoded ? value_nesting(node->bytes) : is_level;
    if (is_empty_set || nesting + levels > VALUE_NESTING_MAX) {
        *culprit = node;
        return is_empty_set ? VALUE_EMPTY_SET : VALUE_TOO_DEEP;
    }
    if (node->encoded || !value_type_is_container(node->type))
        return VALUE_FINE;
    return finish_members(node, nesting + is_level, culprit);
}

enum value_problem value_node_finish(struct value_node *value, const struct value_node **culprit)
{
    *culprit = NULL;
    return finish(value, 0, culprit);
}

enum value_problem value_node_finish_item(struct value_node *map, const struct value_node **culprit)
{
    ensure(map->type == VALUE_MAP && !map->encoded);
    *culprit = NULL;
    return finish_members(map, 0, culprit);
}

static void put_value(struct writer *writer, const struct value_node *node);

static void put_body(struct writer *writer, const struct value_node *node)
{
    writer_put_varint(writer, node->count);
    for (const struct value_node *member = node->lowest; member != NULL; member = member->higher) {
        if (node->type == VALUE_MAP)
            writer_put_sized(writer, member->name);
        if (value_type_is_set(node->type))
            writer_put_sized(writer, member->bytes);
        else
            put_value(writer, member);
    }
}

static void put_value(struct writer *writer, const struct value_node *node)
{
    if (node->encoded) {
        writer_put_slice(writer, node->bytes);
        return;
    }
    writer_put_u8(writer, (uint8_t)node->type);
    if (value_type_is_container(node->type)) {
        writer_put_varint(writer, node->body_size);
        put_body(writer, node);
    } else if (node->type == VALUE_BOOL) {
        writer_put_slice(writer, node->bytes);
    } else if (node->type != VALUE_NULL) {
        writer_put_sized(writer, node->bytes);
    }
}

void writer_put_value(struct writer *writer, const struct value_node *value)
{
    writer_reserve(writer, encoded_size(value));
    put_value(writer, value);
}

void writer_put_item(struct writer *writer, const struct value_node *map)
{
    ensure(map->type == VALUE_MAP && !map->encoded);
    writer_reserve(writer, map->body_size);
    put_body(writer, map);
}
