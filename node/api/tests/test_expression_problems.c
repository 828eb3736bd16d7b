/* Which one is told of several things that are wrong with an expression. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "expression_parser.h"

#define PARENTHESES "The expression has redundant parentheses;"
#define UNKNOWN     "Invalid function name; function: f"
#define RESERVED    "Attribute name is a reserved keyword; reserved keyword: date"
#define INDEX       "List index is not within the allowable range; index: [99999999999]"
#define UNDEFINED \
    "An expression attribute value used in expression is not defined; attribute value: :q"
#define UNDEFINED_NAME \
    "An expression attribute name used in the document path is not defined; attribute name: #q"
#define MISUSED(function) \
    "The function is not allowed to be used this way in an expression; function: " function
#define SYNTAX(token, near) "Syntax error; token: \"" token "\", near: \"" near "\""
#define SAME                                                                               \
    "The first operand must be distinct from the remaining operands for this operator or " \
    "function; operator: =, first operand: [a]"
#define DEEP      "The document path has too many nesting levels; nesting levels: 33"
#define DEEP_PATH "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
#define OVERLAP                                                                               \
    "Two document paths overlap with each other; must remove or rewrite one of these paths; " \
    "path one: [x], path two: [x]"
#define ONCE "The \"SET\" section can only be used once in an update expression;"

static struct arena arena;
static struct expression_context context;
static yyjson_doc *values;

static void setup(void)
{
    static const char json[] = "{\":s\":{\"S\":\"x\"},\":n\":{\"N\":\"1\"}}";
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

struct problem_case {
    const char *text;
    const char *problem;
};

static const struct problem_case conditions[] = {
    /* Syntax and parentheses: as they are met. */
    {"((a = b)) AND", PARENTHESES},
    {"((a = b)) )", PARENTHESES},
    {"((attribute_exists(a))) %", PARENTHESES},
    {"a = ((b)) %", PARENTHESES},
    {"a IN (((b)), c", PARENTHESES},
    {"(a = ) AND ((b = c))", SYNTAX(")", "= ) AND")},
    {"((a = b)", SYNTAX("<EOF>", ")")},
    {"f(a) AND ((a = b))", PARENTHESES},
    {"a[99999999999] = b AND ((a = b))", PARENTHESES},
    /* Parentheses around a path are looked at once it is compared with something. */
    {"((a)) = )", PARENTHESES},
    {"((a)) IN", PARENTHESES},
    {"((a)) )", SYNTAX(")", ") )")},
    {"((a)) c", SYNTAX("c", ") c")},
    {"((a))", SYNTAX("<EOF>", ")")},
    /* Functions, reserved words and indexes: as they stand in the text. */
    {"f(a) AND date = :s", UNKNOWN},
    {"date = :s AND f(a)", RESERVED},
    {"date = :s AND size(a)", RESERVED},
    {"size(a) AND date = :s", MISUSED("size")},
    {"size(a) AND f(b)", MISUSED("size")},
    {"f(b) AND size(a)", UNKNOWN},
    {"f(a) AND a[99999999999] = b", UNKNOWN},
    {"a[99999999999] = b AND f(a)", INDEX},
    {"a[99999999999] = b AND date = :s", INDEX},
    {"date = :s AND a[99999999999] = b", RESERVED},
    {"size(f(a))", MISUSED("size")},
    {"a = contains(b, f(c))", MISUSED("contains")},
    {"a = contains(b, attribute_exists(c))", MISUSED("contains")},
    {"contains(a, begins_with(b, contains(c, :s)))", MISUSED("begins_with")},
    {"contains(f(a), g(b))", UNKNOWN},
    {"a = a AND date = :s", RESERVED},
    /* Operands: as they stand in the text, but for those of one operator from the inside out. */
    {"a = :q AND a = a", UNDEFINED},
    {"a = a AND a = :q", SAME},
    {"a = :q AND " DEEP_PATH "a = :s", UNDEFINED},
    {DEEP_PATH "a = :s AND a = :q", DEEP},
    {DEEP_PATH "#q = :s", DEEP},
    {"a.#q = :s AND " DEEP_PATH "a = :s", UNDEFINED_NAME},
};

static const struct problem_case updates[] = {
    {"SET x = ((a)) SET", PARENTHESES},
    {"SET x = ((a)) + ", PARENTHESES},
    {"SET x = ((a)), x = a + b + c", PARENTHESES},
    {"SET x = a + b + c, x = ((a))", SYNTAX("+", "b + c")},
    {"SET x = ((a))) ", PARENTHESES},
    {"SET x = ((a", SYNTAX("<EOF>", "a")},
    {"SET x = f(a), x[99999999999] = :s", UNKNOWN},
    {"SET date = :s, x = f(a)", RESERVED},
    {"SET date = :s, x = list_append(list_append(a, b), c)", RESERVED},
    {"SET x = list_append(list_append(a, b), c), date = :s", MISUSED("list_append")},
    {"SET x = a SET y = f(a)", UNKNOWN},
    {"SET x = a SET x = :q", ONCE},
    /* Targets come before operands, the last one first. */
    {"SET x = :q, x = " DEEP_PATH "a", OVERLAP},
    {"SET #q = :s, x = " DEEP_PATH "a", UNDEFINED_NAME},
    {"SET " DEEP_PATH "a = :s, #q = :s", UNDEFINED_NAME},
    {"SET #q = :s, " DEEP_PATH "a = :s", DEEP},
    /* Of operands the last action's. */
    {"SET x = :q, y = " DEEP_PATH "a", DEEP},
    {"SET y = " DEEP_PATH "a, x = :q", UNDEFINED},
};

START_TEST(tells_of_conditions)
{
    struct expression *condition;
    ck_assert_pstr_eq(
        expression_parse_condition(&context, slice_of_string(conditions[_i].text), &condition),
        conditions[_i].problem);
}
END_TEST

START_TEST(tells_of_updates)
{
    struct update_expression update;
    ck_assert_pstr_eq(expression_parse_update(&context, slice_of_string(updates[_i].text), &update),
                      updates[_i].problem);
}
END_TEST

/* Operators are counted last. */
START_TEST(counts_operators_last)
{
    static const struct problem_case cases[] = {
        {"a = b", "The expression contains too many operators; operator count: 301"},
        {"f(a)", UNKNOWN},
        {"((a = b))", PARENTHESES},
        {"a = a", SAME},
        {"a = :q", UNDEFINED},
        {DEEP_PATH "a = :s", DEEP},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char text[4096];
        size_t size = (size_t)sprintf(text, "%s", cases[i].text);
        for (int j = 0; j < 150; j++)
            size += (size_t)sprintf(text + size, " AND a=b");
        struct expression *condition;
        ck_assert_pstr_eq(expression_parse_condition(&context, slice_of(text, size), &condition),
                          cases[i].problem);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expression_problems");
    TCase *all = tcase_create("expression_problems");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, tells_of_conditions, 0, (int)array_size(conditions));
    tcase_add_loop_test(all, tells_of_updates, 0, (int)array_size(updates));
    tcase_add_test(all, counts_operators_last);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
