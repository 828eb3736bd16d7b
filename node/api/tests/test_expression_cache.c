/* Expressions out of the cache are what the parser makes of their texts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression_cache.h"
#include "expression_parser.h"
#include "program_build.h"

static struct expression_cache cache;
static struct arena arena;

static void setup(void)
{
    expression_cache_init(&cache);
    arena_init(&arena);
}

static void teardown(void)
{
    expression_cache_deinit(&cache);
    arena_deinit(&arena);
}

static yyjson_val *json_of(const char *text)
{
    if (text == NULL)
        return NULL;
    static yyjson_doc *kept[2];
    static unsigned next;
    yyjson_doc **slot = &kept[next++ % 2];
    yyjson_doc_free(*slot);
    *slot = yyjson_read(text, strlen(text), 0);
    return yyjson_doc_get_root(*slot);
}

static struct expression_context context_of(const char *names, const char *values)
{
    struct expression_context context;
    ck_assert_ptr_null(expression_context_init(&context, &arena, json_of(names), json_of(values)));
    context.cache = &cache;
    return context;
}

/* A condition and an update as bytes, by which two of them can be compared. */
static struct slice bytes_of(const struct expression *condition,
                             const struct update_expression *update)
{
    struct program_parts parts = {.condition = condition, .update = update};
    struct writer writer;
    writer_init(&writer, 0);
    program_build(&writer, &arena, &parts);
    struct slice bytes = arena_copy(&arena, writer_slice(&writer));
    writer_deinit(&writer);
    return bytes;
}

struct cache_case {
    const char *text;
    const char *names;
    const char *values; /* of the first request, */
    const char *others; /* and of the second, of the same types */
};

static const struct cache_case conditions[] = {
    {"attribute_exists(a)", NULL, NULL, NULL},
    {"a.b[3].c = d", NULL, NULL, NULL},
    {"a = :v", NULL, "{\":v\":{\"N\":\"1\"}}", "{\":v\":{\"N\":\"2\"}}"},
    {"#a.#b[0] <> :v AND NOT (size(#b) < :n OR x IN (:n, :v, :n))",
     "{\"#a\":\"one\",\"#b\":\"t w.o\"}", "{\":v\":{\"S\":\"x\"},\":n\":{\"N\":\"1\"}}",
     "{\":v\":{\"S\":\"yy\"},\":n\":{\"N\":\"5\"}}"},
    {"a BETWEEN :v AND :w AND contains(b, :v)", NULL, "{\":v\":{\"N\":\"1\"},\":w\":{\"N\":\"2\"}}",
     "{\":v\":{\"N\":\"7\"},\":w\":{\"N\":\"8\"}}"},
    {"attribute_type(a, :v)", NULL, "{\":v\":{\"S\":\"S\"}}", "{\":v\":{\"S\":\"NULL\"}}"},
};

static const struct cache_case updates[] = {
    {"SET a = :v", NULL, "{\":v\":{\"N\":\"1\"}}", "{\":v\":{\"N\":\"2\"}}"},
    {"SET #a[2].x = if_not_exists(#a, :v) + :w, b = list_append(:l, c) REMOVE d, e.f ADD g :v "
     "DELETE h :s",
     "{\"#a\":\"A\"}",
     "{\":v\":{\"N\":\"1\"},\":w\":{\"N\":\"2\"},\":l\":{\"L\":[]},\":s\":{\"SS\":[\"a\"]}}",
     "{\":v\":{\"N\":\"9\"},\":w\":{\"N\":\"-2\"},\":l\":{\"L\":[{\"N\":\"1\"}]},\":s\":{\"SS\":["
     "\"b\",\"c\"]}}"},
    {"REMOVE a[1], a[2], b", NULL, NULL, NULL},
};

static struct slice condition_bytes(struct expression_context *context, const char *text,
                                    bool cached)
{
    struct expression *condition;
    struct slice slice = slice_of_string(text);
    const char *problem = cached ? expression_cache_condition(context, slice, &condition)
                                 : expression_parse_condition(context, slice, &condition);
    ck_assert_msg(problem == NULL, "%s: %s", text, problem);
    return bytes_of(condition, NULL);
}

static struct slice update_bytes(struct expression_context *context, const char *text, bool cached)
{
    struct update_expression update;
    struct slice slice = slice_of_string(text);
    const char *problem = cached ? expression_cache_update(context, slice, &update)
                                 : expression_parse_update(context, slice, &update);
    ck_assert_msg(problem == NULL, "%s: %s", text, problem);
    return bytes_of(NULL, &update);
}

typedef struct slice (*parse_function)(struct expression_context *context, const char *text,
                                       bool cached);

/* Twice through the cache, with other values, and each time the same as without it. */
static void compare(const struct cache_case *one, parse_function parse)
{
    const char *const values[] = {one->values, one->others};
    for (size_t i = 0; i < array_size(values); i++) {
        struct expression_context context = context_of(one->names, values[i]);
        struct slice cached = parse(&context, one->text, true);
        ck_assert_ptr_null(expression_context_check_used(&context));
        struct expression_context plain = context_of(one->names, values[i]);
        ck_assert_msg(slice_equal(cached, parse(&plain, one->text, false)), "%s", one->text);
    }
    ck_assert_uint_eq(cache.misses, 1);
    ck_assert_uint_eq(cache.hits, 1);
}

START_TEST(copies_conditions)
{
    compare(&conditions[_i], condition_bytes);
}
END_TEST

START_TEST(copies_updates)
{
    compare(&updates[_i], update_bytes);
}
END_TEST

START_TEST(copies_projections)
{
    static const char names[] = "{\"#a\":\"one\",\"#b\":\"t w.o\"}";
    for (int i = 0; i < 2; i++) {
        struct expression_context context = context_of(names, NULL);
        struct projection_paths projection, plain;
        struct slice text = SLICE_LITERAL("#a, x.#b[3].y, z");
        ck_assert_ptr_null(expression_cache_projection(&context, text, &projection));
        ck_assert_ptr_null(expression_context_check_used(&context));
        ck_assert_ptr_null(expression_parse_projection(&context, text, &plain));
        ck_assert_uint_eq(projection.count, plain.count);
        for (size_t j = 0; j < plain.count; j++)
            ck_assert_int_eq(document_path_compare(&projection.paths[j], &plain.paths[j]), 0);
    }
    ck_assert_uint_eq(cache.hits, 1);
}
END_TEST

static const char *condition_problem(const char *text, const char *names, const char *values)
{
    struct expression_context context = context_of(names, values);
    struct expression *condition;
    return expression_cache_condition(&context, slice_of_string(text), &condition);
}

/* What is right by the types of values may be wrong by the values. */
START_TEST(looks_at_values_again)
{
    static const char between[] = "a BETWEEN :v AND :w OR attribute_type(b, :t)";
    ck_assert_ptr_null(condition_problem(
        between, NULL, "{\":v\":{\"N\":\"1\"},\":w\":{\"N\":\"2\"},\":t\":{\"S\":\"S\"}}"));
    ck_assert_str_eq(condition_problem(between, NULL,
                                       "{\":v\":{\"N\":\"3\"},\":w\":{\"N\":\"2\"},\":t\":{\"S\":"
                                       "\"X\"}}"),
                     "The BETWEEN operator requires upper bound to be greater than or equal to "
                     "lower bound; lower bound operand: AttributeValue: {N:3}, upper bound "
                     "operand: AttributeValue: {N:2}");
    ck_assert_str_eq(condition_problem(between, NULL,
                                       "{\":v\":{\"N\":\"1\"},\":w\":{\"N\":\"2\"},\":t\":{\"S\":"
                                       "\"X\"}}"),
                     "Invalid attribute type name found; type: X, valid types: "
                     "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
    ck_assert_uint_eq(cache.hits, 2);
}
END_TEST

/* All that the parser looks at tells expressions apart; what is wrong is not kept. */
START_TEST(tells_apart)
{
    static const struct {
        const char *text, *names, *values;
        bool right;
    } cases[] = {
        {"a < :v", NULL, "{\":v\":{\"N\":\"1\"}}", true},
        {"a > :v", NULL, "{\":v\":{\"N\":\"1\"}}", true},
        {"a < :v", NULL, "{\":v\":{\"BOOL\":true}}", false},
        {"a < :v", NULL, "{\":v\":{\"S\":\"1\"}}", true},
        {"a < :v", NULL, "{\":w\":{\"S\":\"1\"}}", false},
        {"a < :v", NULL, NULL, false},
        {"a < #v", "{\"#v\":\"b\"}", NULL, true},
        {"a < #v", "{\"#v\":\"c\"}", NULL, true},
        {"a < #v", "{\"#v\":\"a\"}", NULL, false},
        {"a < #v", "{\"#v\":\"c\",\"#w\":\"c\"}", NULL, true},
        {"a < #v", NULL, NULL, false},
    };
    size_t right = 0;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < array_size(cases); i++) {
            const char *problem = condition_problem(cases[i].text, cases[i].names, cases[i].values);
            ck_assert_msg((problem == NULL) == cases[i].right, "%s", cases[i].text);
            right += cases[i].right && round == 0;
        }
    ck_assert_uint_eq(cache.hits, right);
    ck_assert_uint_eq(cache.recent.count, right);
    struct expression_context context = context_of("{\"#v\":\"b\"}", NULL);
    struct projection_paths projection;
    ck_assert_str_eq(expression_cache_projection(&context, SLICE_LITERAL("a < #v"), &projection),
                     "Syntax error; token: \"<\", near: \"a < #v\"");
}
END_TEST

/* Two expressions of one request: what each uses is remembered for itself. */
START_TEST(remembers_what_is_used)
{
    static const char names[] = "{\"#a\":\"x\",\"#b\":\"y\"}";
    static const char values[] = "{\":a\":{\"N\":\"1\"},\":b\":{\"N\":\"2\"}}";
    static const char unused_names[] =
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}";
    for (int i = 0; i < 2; i++) {
        struct expression_context context = context_of(names, values);
        condition_bytes(&context, "#a = :a", true);
        update_bytes(&context, "SET #b = :b", true);
        ck_assert_ptr_null(expression_context_check_used(&context));
    }
    struct expression_context context = context_of(names, values);
    update_bytes(&context, "SET #b = :b", true);
    ck_assert_str_eq(expression_context_check_used(&context), unused_names);
    ck_assert_uint_eq(cache.hits, 3);
}
END_TEST

START_TEST(is_bounded)
{
    char text[4096] = "a = :v";
    static const char values[] = "{\":v\":{\"N\":\"1\"}}";
    for (int i = 0; i < 3000; i++) {
        sprintf(text, "a%d = :v", i);
        ck_assert_ptr_null(condition_problem(text, NULL, values));
        ck_assert_ptr_null(condition_problem("kept = :v", NULL, values));
        arena_reset(&arena);
    }
    ck_assert_uint_eq(cache.recent.count, 1024);
    ck_assert_uint_eq(cache.by_id.count, 1024);
    ck_assert_uint_eq(cache.hits, 2999); /* what is used does not go */
    for (int i = 0; i < 1000; i++) {
        int size = sprintf(text, "b%d = :v", i);
        while (size < 3900)
            size += sprintf(text + size, " AND b = :v");
        (void)condition_problem(text, NULL, values);
        size = sprintf(text, "b%d IN (:v", i);
        for (int j = 0; j < 99; j++)
            size += sprintf(text + size, ",c%d.d.e.f.g.h.i.j", j);
        strcpy(text + size, ")");
        ck_assert_ptr_null(condition_problem(text, NULL, values));
        arena_reset(&arena);
    }
    ck_assert_uint_le(cache.size, 2 << 20);
    ck_assert_uint_gt(cache.size, 1 << 20);
    /* Names too large to be compared each time. */
    char *names = malloc(20000);
    ck_assert_ptr_nonnull(names);
    int size = sprintf(names, "{\"#n\":\"");
    memset(names + size, 'x', 9000);
    strcpy(names + size + 9000, "\"}");
    uint64_t misses = cache.misses;
    ck_assert_ptr_null(condition_problem("attribute_exists(#n)", names, NULL));
    ck_assert_uint_eq(cache.misses, misses);
    free(names);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expression_cache");
    TCase *all = tcase_create("expression_cache");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, copies_conditions, 0, (int)array_size(conditions));
    tcase_add_loop_test(all, copies_updates, 0, (int)array_size(updates));
    tcase_add_test(all, copies_projections);
    tcase_add_test(all, looks_at_values_again);
    tcase_add_test(all, tells_apart);
    tcase_add_test(all, remembers_what_is_used);
    tcase_add_test(all, is_bounded);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
