/* Paths looked up in an item: however often, what document_path_find() finds in the encoding. */
#include "item_view.h"

#include <check.h>
#include <stdlib.h>

#include "item_build.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_deinit(&arena);
}

enum { STEPS = 7, MEMBERS = 40 };

/* Names that are there and are not, and indexes inside and outside. */
static const struct path_element steps[STEPS] = {
    {.name = SLICE_CONSTANT("a")},   {.name = SLICE_CONSTANT("b7")},
    {.name = SLICE_CONSTANT("b39")}, {.name = SLICE_CONSTANT("zz")},
    {.is_index = true, .index = 0},  {.is_index = true, .index = 39},
    {.is_index = true, .index = 40},
};

static struct value_node *container(unsigned depth, enum value_type type);

static struct value_node *member(unsigned depth, unsigned number)
{
    if (depth > 0 && number % 10 == 7)
        return container(depth - 1, VALUE_LIST);
    if (depth > 0 && (number == 0 || number == MEMBERS - 1))
        return container(depth - 1, VALUE_MAP);
    return value_node_bool(&arena, number % 2 == 0);
}

static struct value_node *container(unsigned depth, enum value_type type)
{
    struct value_node *made = value_node_container(&arena, type);
    for (unsigned i = 0; i < MEMBERS && type == VALUE_LIST; i++)
        value_node_append(made, member(depth, i));
    for (unsigned i = 0; i < MEMBERS && type == VALUE_MAP; i++)
        value_node_put(made, slice_of_string(i == 0 ? "a" : arena_printf(&arena, "b%u", i)),
                       member(depth, i));
    return made;
}

static struct slice encoded_item(void)
{
    struct value_node *item = container(2, VALUE_MAP);
    const struct value_node *culprit;
    struct writer writer;
    ck_assert_int_eq(value_node_finish_item(item, &culprit), VALUE_FINE);
    writer_init(&writer, 0);
    writer_put_item(&writer, item);
    struct slice encoded = arena_copy(&arena, writer_slice(&writer));
    writer_deinit(&writer);
    return encoded;
}

static void check_path(struct item_view *view, const struct document_path *path)
{
    struct slice expected, found;
    bool there = document_path_find(path, view->item, &expected);
    ck_assert_int_eq(item_view_find(view, path, &found), there);
    ck_assert_ptr_eq(found.data, expected.data);
    ck_assert_uint_eq(found.size, expected.size);
}

/* Every path of up to three steps. */
static void check_all(struct slice item)
{
    struct item_view view;
    item_view_init(&view, &arena, item);
    for (unsigned number = 0; number < 4 * STEPS * STEPS; number++) {
        struct path_element elements[3] = {steps[number % 4], steps[number / 4 % STEPS],
                                           steps[number / 4 / STEPS]};
        for (size_t count = 1; count <= 3; count++)
            check_path(&view, &(struct document_path){elements, count});
    }
}

START_TEST(every_short_path_is_found_as_in_the_encoding)
{
    check_all(encoded_item());
    check_all(SLICE_EMPTY);
}
END_TEST

START_TEST(an_item_that_claims_more_than_it_holds_is_searched_as_far_as_it_goes)
{
    struct slice item = encoded_item();
    for (size_t size = 0; size < item.size; size += 13)
        check_all(slice_of(item.data, size));
    check_all(SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\x7f\x01"
                            "a\x05"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("item_view");
    TCase *cases = tcase_create("item_view");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, every_short_path_is_found_as_in_the_encoding);
    tcase_add_test(cases, an_item_that_claims_more_than_it_holds_is_searched_as_far_as_it_goes);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
