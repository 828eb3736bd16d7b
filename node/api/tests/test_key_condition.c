/* Conditions on keys: what a Query may ask for. */
#include <check.h>
#include <stdlib.h>

#include "key_condition.h"

static struct arena arena;
static struct expression_context context;
static yyjson_doc *values;

static void setup(void)
{
    static const char json[] =
        "{\":s\":{\"S\":\"x\"},\":t\":{\"S\":\"S\"},\":n\":{\"N\":\"1\"},\":m\":{\"N\":\"2\"}}";
    arena_init(&arena);
    values = yyjson_read(json, sizeof(json) - 1, 0);
    ck_assert_ptr_null(
        expression_context_init(&context, &arena, NULL, yyjson_doc_get_root(values)));
}

static void teardown(void)
{
    yyjson_doc_free(values);
    arena_deinit(&arena);
}

/* What is wrong with a text; NULL: nothing. */
struct text_case {
    const char *text;
    const char *problem; /* NULL: none */
};

static const struct text_case key_conditions[] = {
    {"pk = :s", NULL},
    {"pk = :s AND sk = :n", NULL},
    {"(pk = :s) and (sk between :n and :m)", NULL},
    {":s = pk AND :n < sk", NULL},
    {"pk = :s AND begins_with(sk, :s)", NULL},
    {"pk = :s OR sk = :n", "Invalid operator used in KeyConditionExpression: OR"},
    {"NOT pk = :s", "Invalid operator used in KeyConditionExpression: NOT"},
    {"pk <> :s", "Invalid operator used in KeyConditionExpression: <>"},
    {"pk IN (:s)", "Invalid operator used in KeyConditionExpression: IN"},
    {"contains(pk, :s)", "Invalid operator used in KeyConditionExpression: contains"},
    {"size(pk) = :n", "KeyConditionExpressions cannot contain nested operations"},
    {"pk.x = :s", "KeyConditionExpressions cannot have conditions on nested attributes"},
    {":s = :t", "Invalid condition in KeyConditionExpression: No key attribute specified"},
    {"pk = :s AND pk = :t", "KeyConditionExpressions must only contain one condition per key"},
    {"pk = :s AND sk = :n AND x = :n", "Conditions can be of length 1 or 2 only"},
    {":n BETWEEN sk AND :m", "Invalid condition in KeyConditionExpression: BETWEEN operator must "
                             "have the key attribute as its first operand"},
    {"pk = ", "Invalid KeyConditionExpression: Syntax error; token: \"<EOF>\", near: \"= \""},
};

static const char *read_condition(const char *text, struct key_condition *condition)
{
    struct expression *parsed;
    const char *problem = key_condition_parse(&context, slice_of_string(text), &parsed);
    return problem != NULL ? problem : key_condition_reduce(&arena, parsed, condition);
}

START_TEST(parses_key_conditions)
{
    const struct text_case *one = &key_conditions[_i];
    struct key_condition condition;
    const char *problem = read_condition(one->text, &condition);
    if (one->problem == NULL)
        ck_assert_ptr_null(problem);
    else
        ck_assert_str_eq(problem, one->problem);
}
END_TEST

START_TEST(reads_key_terms)
{
    struct key_condition condition;
    ck_assert_ptr_null(read_condition(":n <= sk AND pk = :s", &condition));
    ck_assert_uint_eq(condition.count, 2);
    ck_assert(slice_equal(condition.terms[0].name, SLICE_LITERAL("sk")));
    ck_assert_int_eq(condition.terms[0].relation, SORT_GREATER_OR_EQUAL);
    ck_assert_int_eq(value_type(condition.terms[0].bound), VALUE_NUMBER);
    ck_assert_int_eq(condition.terms[1].relation, SORT_EQUAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key conditions");
    TCase *all = tcase_create("key conditions");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, parses_key_conditions, 0, (int)array_size(key_conditions));
    tcase_add_test(all, reads_key_terms);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
