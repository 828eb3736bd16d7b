/* F11: the encoding of items. Bytes as a disk or a peer may give them (after a 0), or an item made
 * of choices. Valid bytes are canonical: what is read out of them and built anew is the same bytes;
 * of others the readers find less, and never read past the end. */
#include "decimal.h"
#include "fuzz.h"
#include "json_item.h"

static void touch(struct slice bytes, uint64_t *sum)
{
    for (size_t i = 0; i < bytes.size; i++)
        *sum += bytes.data[i];
}

/* Walks as deep as there is something, valid or not. */
static void walk_value(struct slice value, unsigned depth, uint64_t *sum)
{
    struct item_cursor cursor = value_cursor(value);
    enum value_type type = value_type(value);
    struct slice name, member;
    touch(value_bytes(value), sum);
    *sum += value_bool(value) + value_count(value);
    if (depth > VALUE_NESTING_MAX + 4)
        return;
    if (type == VALUE_MAP)
        while (item_next(&cursor, &name, &member)) {
            touch(name, sum);
            walk_value(member, depth + 1, sum);
        }
    else if (type == VALUE_LIST)
        while (list_next(&cursor, &member))
            walk_value(member, depth + 1, sum);
    else
        while (set_next(&cursor, &member))
            touch(member, sum);
}

static void walk(struct slice item, uint64_t *sum)
{
    struct item_cursor cursor = item_cursor(item);
    struct slice name, value;
    while (item_next(&cursor, &name, &value))
        walk_value(value, 0, sum);
}

static struct value_node *rebuild(struct arena *arena, struct slice value);

static struct value_node *rebuild_container(struct arena *arena, struct slice value,
                                            enum value_type type)
{
    struct value_node *node = value_node_container(arena, type);
    struct item_cursor cursor = value_cursor(value);
    struct slice name, member;
    if (type == VALUE_MAP)
        while (item_next(&cursor, &name, &member))
            value_node_put(node, name, rebuild(arena, member));
    else if (type == VALUE_LIST)
        while (list_next(&cursor, &member))
            value_node_append(node, rebuild(arena, member));
    else
        while (set_next(&cursor, &member))
            value_node_add(arena, node, member);
    return node;
}

static struct value_node *rebuild(struct arena *arena, struct slice value)
{
    enum value_type type = value_type(value);
    if (type == VALUE_BOOL)
        return value_node_bool(arena, value_bool(value));
    if (type == VALUE_NULL)
        return value_node_null(arena);
    if (value_type_is_container(type))
        return rebuild_container(arena, value, type);
    return value_node_scalar(arena, type, value_bytes(value));
}

/* In the opposite order, which must make no difference. */
static struct value_node *rebuild_item(struct arena *arena, struct slice item)
{
    size_t count = (size_t)item_count(item), i = count;
    struct slice *names = arena_alloc(arena, (count + 1) * sizeof(*names));
    struct value_node *map = value_node_container(arena, VALUE_MAP);
    struct item_cursor cursor = item_cursor(item);
    struct slice value, found;
    while (i > 0 && item_next(&cursor, &names[i - 1], &value)) {
        bool there = item_find(item, names[i - 1], &found);
        ensure(there && slice_equal(found, value) && found.data == value.data);
        i--;
    }
    ensure(i == 0);
    for (i = 0; i < count; i++) {
        item_find(item, names[i], &value);
        value_node_put(map, names[i], rebuild(arena, value));
    }
    return map;
}

static void check_valid(struct arena *arena, struct slice item)
{
    const struct value_node *culprit;
    struct writer again;
    writer_init(&again, 0);
    struct value_node *map = rebuild_item(arena, item);
    ensure(value_node_finish_item(map, &culprit) == VALUE_FINE);
    writer_put_item(&again, map);
    ensure(slice_equal(writer_slice(&again), item));
    writer_reset(&again);
    map = value_node_of_item(arena, item);
    ensure(value_node_finish_item(map, &culprit) == VALUE_FINE);
    writer_put_item(&again, map);
    ensure(slice_equal(writer_slice(&again), item));
    writer_reset(&again);
    json_put_item(&again, item);
    ensure(json_parse(arena, writer_slice(&again)) != NULL);
    writer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct draws draws = {slice_of(data, size)};
    uint64_t sum = 0;
    arena_init(&arena);
    bool raw = draw_byte(&draws) == 0;
    struct slice item = raw ? draw_rest(&draws) : draw_item(&draws, &arena, 4, 12);
    walk(item, &sum);
    walk_value(item, 0, &sum);
    (void)item_size(item);
    (void)value_nesting(item);
    ensure(raw || item_valid(item));
    if (item_valid(item))
        check_valid(&arena, item);
    arena_deinit(&arena);
    return 0;
}
