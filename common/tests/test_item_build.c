#include "item_build.h"

#include <string.h>

#include "decimal.h"
#include "prng.h"
#include "test_main.h"

static struct arena arena;
static const struct value_node *culprit;

static struct value_node *text(const char *string)
{
    return value_node_scalar(&arena, VALUE_STRING, slice_of_string(string));
}

static struct slice number(const char *digits)
{
    struct decimal_bytes decimal;
    ck_assert(decimal_parse(slice_of_string(digits), &decimal) == DECIMAL_OK);
    return arena_copy(&arena, decimal_slice(&decimal));
}

static struct slice written_value(struct value_node *node)
{
    ck_assert_int_eq(value_node_finish(node, &culprit), VALUE_FINE);
    ck_assert_ptr_null(culprit);
    struct writer writer;
    writer_init(&writer, 0);
    writer_put_value(&writer, node);
    struct slice bytes = arena_copy(&arena, writer_slice(&writer));
    writer_deinit(&writer);
    ck_assert(value_valid(bytes));
    return bytes;
}

static struct slice written_item(struct value_node *map)
{
    ck_assert_int_eq(value_node_finish_item(map, &culprit), VALUE_FINE);
    struct writer writer;
    writer_init(&writer, 0);
    writer_put_item(&writer, map);
    struct slice bytes = arena_copy(&arena, writer_slice(&writer));
    writer_deinit(&writer);
    ck_assert(item_valid(bytes));
    return bytes;
}

START_TEST(scalars)
{
    arena_init(&arena);
    ck_assert(slice_equal(written_value(text("hi")), SLICE_LITERAL("\x01\x02hi")));
    ck_assert(slice_equal(written_value(text("")), SLICE_LITERAL("\x01\x00")));
    ck_assert(slice_equal(written_value(value_node_bool(&arena, true)), SLICE_LITERAL("\x04\x01")));
    ck_assert(
        slice_equal(written_value(value_node_bool(&arena, false)), SLICE_LITERAL("\x04\x00")));
    ck_assert(slice_equal(written_value(value_node_null(&arena)), SLICE_LITERAL("\x05")));
    struct value_node *n = value_node_scalar(&arena, VALUE_NUMBER, number("42.0"));
    ck_assert(slice_equal(written_value(n), SLICE_LITERAL("\x02\x02\xc1\x54")));
    struct value_node *again = value_node_encoded(&arena, SLICE_LITERAL("\x01\x02hi"));
    ck_assert(slice_equal(written_value(again), SLICE_LITERAL("\x01\x02hi")));
    arena_deinit(&arena);
}
END_TEST

/* Adds the entries 0..count-1 in an order drawn from `prng`. */
static struct value_node *shuffled_map(struct prng *prng, unsigned count)
{
    unsigned order[300];
    for (unsigned i = 0; i < count; i++)
        order[i] = i;
    for (unsigned i = count; i > 1; i--) {
        unsigned other = (unsigned)prng_below(prng, i);
        unsigned kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    struct value_node *map = value_node_container(&arena, VALUE_MAP);
    for (unsigned i = 0; i < count; i++) {
        const char *name = arena_printf(&arena, "name%u", order[i]);
        struct value_node *list = value_node_container(&arena, VALUE_LIST);
        value_node_append(list, text(name));
        value_node_append(list, value_node_null(&arena));
        value_node_put(map, slice_of_string(name), list);
    }
    return map;
}

START_TEST(order_of_building_does_not_matter)
{
    struct prng prng;
    prng_init(&prng, 12);
    for (unsigned count = 0; count < 300; count += 1 + count / 4) {
        arena_init(&arena);
        struct slice first = written_item(shuffled_map(&prng, count));
        ck_assert_uint_eq(item_count(first), count);
        for (int i = 0; i < 5; i++)
            ck_assert(slice_equal(written_item(shuffled_map(&prng, count)), first));
        struct slice value = written_value(shuffled_map(&prng, count));
        ck_assert(slice_equal(value_map_item(value), first));
        arena_deinit(&arena);
    }
}
END_TEST

START_TEST(sets_sort_by_their_members)
{
    arena_init(&arena);
    struct value_node *numbers = value_node_container(&arena, VALUE_NUMBER_SET);
    static const char *const digits[] = {"10", "-3", "9", "0", "-20", "1.5"};
    static const char *const sorted[] = {"-20", "-3", "0", "1.5", "9", "10"};
    for (size_t i = 0; i < array_size(digits); i++)
        value_node_add(&arena, numbers, number(digits[i]));
    struct item_cursor cursor = value_cursor(written_value(numbers));
    struct slice member;
    for (size_t i = 0; i < array_size(sorted); i++)
        ck_assert(set_next(&cursor, &member) && slice_equal(member, number(sorted[i])));
    ck_assert(!set_next(&cursor, &member));
    ck_assert(slice_equal(numbers->first->bytes, number("10")));
    arena_deinit(&arena);
}
END_TEST

START_TEST(problems_are_named)
{
    arena_init(&arena);
    struct value_node *set = value_node_container(&arena, VALUE_STRING_SET);
    struct value_node *map = value_node_container(&arena, VALUE_MAP);
    value_node_put(map, SLICE_LITERAL("set"), set);
    ck_assert_int_eq(value_node_finish_item(map, &culprit), VALUE_EMPTY_SET);
    ck_assert_ptr_eq(culprit, set);
    value_node_add(&arena, set, SLICE_LITERAL("a"));
    ck_assert_int_eq(value_node_finish_item(map, &culprit), VALUE_FINE);
    value_node_add(&arena, set, SLICE_LITERAL("b"));
    value_node_add(&arena, set, SLICE_LITERAL("a"));
    ck_assert_int_eq(value_node_finish_item(map, &culprit), VALUE_DUPLICATE_MEMBER);
    ck_assert_ptr_eq(culprit, set);
    value_node_remove(set, set->last);
    ck_assert_int_eq(value_node_finish_item(map, &culprit), VALUE_FINE);
    value_node_put(map, SLICE_LITERAL("other"), text("x"));
    struct value_node *second = text("y");
    value_node_put(map, SLICE_LITERAL("set"), second);
    ck_assert_int_eq(value_node_finish_item(map, &culprit), VALUE_DUPLICATE_NAME);
    ck_assert_ptr_eq(culprit, second);
    struct value_node *one_point = value_node_container(&arena, VALUE_NUMBER_SET);
    value_node_add(&arena, one_point, number("1"));
    value_node_add(&arena, one_point, number("1.0"));
    ck_assert_int_eq(value_node_finish(one_point, &culprit), VALUE_DUPLICATE_MEMBER);
    arena_deinit(&arena);
}
END_TEST

/* `levels` lists around `inner`. */
static struct value_node *wrapped(struct value_node *inner, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++) {
        struct value_node *list = value_node_container(&arena, VALUE_LIST);
        value_node_append(list, inner);
        inner = list;
    }
    return inner;
}

START_TEST(nesting_has_its_limit_also_around_encoded_values)
{
    arena_init(&arena);
    written_value(wrapped(text("x"), VALUE_NESTING_MAX));
    struct value_node *deep = wrapped(text("x"), VALUE_NESTING_MAX + 1);
    ck_assert_int_eq(value_node_finish(deep, &culprit), VALUE_TOO_DEEP);
    struct slice half = written_value(wrapped(text("x"), VALUE_NESTING_MAX / 2));
    struct value_node *fits = wrapped(value_node_encoded(&arena, half), VALUE_NESTING_MAX / 2);
    written_value(fits);
    ck_assert_int_eq(value_node_finish(wrapped(fits, 1), &culprit), VALUE_TOO_DEEP);
    struct value_node *map = value_node_container(&arena, VALUE_MAP);
    value_node_put(map, SLICE_LITERAL("a"), wrapped(text("x"), VALUE_NESTING_MAX));
    written_item(map);
    arena_deinit(&arena);
}
END_TEST

START_TEST(an_encoded_item_opens_changes_and_closes)
{
    arena_init(&arena);
    struct prng prng;
    prng_init(&prng, 13);
    struct slice item = written_item(shuffled_map(&prng, 10));
    struct value_node *map = value_node_of_item(&arena, item);
    ck_assert(slice_equal(written_item(map), item));
    ck_assert_ptr_null(value_node_find(map, SLICE_LITERAL("nobody")));
    struct value_node *list = value_node_find(map, SLICE_LITERAL("name3"));
    value_node_open(&arena, list);
    value_node_open(&arena, list);
    ck_assert_uint_eq(list->count, 2);
    ck_assert(slice_equal(written_item(map), item));
    ck_assert_ptr_null(value_node_at(list, 2));
    value_node_replace(list, value_node_at(list, 1), text("new"));
    value_node_append(list, value_node_bool(&arena, true));
    value_node_remove(list, value_node_at(list, 0));
    value_node_remove(map, value_node_find(map, SLICE_LITERAL("name0")));
    value_node_remove(map, map->last);
    value_node_put(map, SLICE_LITERAL("added"), value_node_null(&arena));
    item = written_item(map);
    ck_assert_uint_eq(item_count(item), 9);
    struct slice value;
    ck_assert(item_find(item, SLICE_LITERAL("name3"), &value));
    ck_assert(slice_equal(value, SLICE_LITERAL("\x06\x08\x02\x01\x03new\x04\x01")));
    ck_assert(item_find(item, SLICE_LITERAL("added"), &value));
    ck_assert(!item_find(item, SLICE_LITERAL("name0"), &value));
    ck_assert_uint_eq(value_node_of_item(&arena, SLICE_EMPTY)->count, 0);
    arena_deinit(&arena);
}
END_TEST

START_TEST(opened_sets_and_maps_change_too)
{
    arena_init(&arena);
    struct value_node *set = value_node_encoded(&arena, SLICE_LITERAL("\x08\x05\x02\x01"
                                                                      "a\x01"
                                                                      "c"));
    value_node_open(&arena, set);
    ck_assert_ptr_null(value_node_member(set, SLICE_LITERAL("b")));
    value_node_add(&arena, set, SLICE_LITERAL("b"));
    value_node_remove(set, value_node_member(set, SLICE_LITERAL("a")));
    ck_assert(slice_equal(written_value(set), SLICE_LITERAL("\x08\x05\x02\x01"
                                                            "b\x01"
                                                            "c")));
    struct value_node *map = value_node_encoded(&arena, SLICE_LITERAL("\x07\x04\x01\x01"
                                                                      "k\x05"));
    value_node_open(&arena, map);
    value_node_replace(map, value_node_find(map, SLICE_LITERAL("k")), text("v"));
    ck_assert(slice_equal(written_value(map), SLICE_LITERAL("\x07\x06\x01\x01"
                                                            "k\x01\x01v")));
    arena_deinit(&arena);
}
END_TEST

START_TEST(sizes_of_many_bytes)
{
    arena_init(&arena);
    uint8_t *bytes = arena_alloc(&arena, 70000);
    memset(bytes, 'x', 70000);
    static const size_t sizes[] = {0, 1, 126, 127, 128, 129, 16383, 16384, 70000};
    for (size_t i = 0; i < array_size(sizes); i++) {
        struct slice payload = slice_of(bytes, sizes[i]);
        struct value_node *map = value_node_container(&arena, VALUE_MAP);
        struct value_node *inner = value_node_container(&arena, VALUE_MAP);
        value_node_put(inner, payload, value_node_scalar(&arena, VALUE_BINARY, payload));
        value_node_put(map, SLICE_LITERAL("inner"), inner);
        struct slice item = written_item(map);
        struct slice value;
        ck_assert(item_find(item, SLICE_LITERAL("inner"), &value));
        ck_assert(map_value_find(value, payload, &value));
        ck_assert(slice_equal(value_bytes(value), payload));
        ck_assert_uint_eq(item_size(item), 5 + 3 + 1 + 2 * sizes[i]);
    }
    arena_deinit(&arena);
}
END_TEST

TEST_MAIN("item_build", scalars, order_of_building_does_not_matter, sets_sort_by_their_members,
          problems_are_named, nesting_has_its_limit_also_around_encoded_values,
          an_encoded_item_opens_changes_and_closes, opened_sets_and_maps_change_too,
          sizes_of_many_bytes)
