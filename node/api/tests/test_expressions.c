/* The expression front end: tokens, syntax errors, what else is refused, key conditions. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "expression_lexer.h"
#include "key_condition.h"
#include "reserved_words.h"
#include "shape.h"

static struct arena arena;
static struct expression_context context;
static yyjson_doc *names, *values;

static void setup(void)
{
    static const char names_json[] = "{\"#n\":\"name\",\"#d\":\"a.b\"}";
    static const char values_json[] =
        "{\":s\":{\"S\":\"x\"},\":t\":{\"S\":\"S\"},\":n\":{\"N\":\"1\"},\":m\":{\"N\":\"2\"}}";
    arena_init(&arena);
    names = yyjson_read(names_json, sizeof(names_json) - 1, 0);
    values = yyjson_read(values_json, sizeof(values_json) - 1, 0);
    ck_assert_ptr_null(expression_context_init(&context, &arena, yyjson_doc_get_root(names),
                                               yyjson_doc_get_root(values)));
}

static void teardown(void)
{
    yyjson_doc_free(names);
    yyjson_doc_free(values);
    arena_deinit(&arena);
}

START_TEST(lexes)
{
    static const char text[] = "a_1 #b:c 12<>\t<=>=(),.[]+- And oR é";
    static const enum token_kind kinds[] = {TOKEN_NAME,
                                            TOKEN_NAME_SUBSTITUTE,
                                            TOKEN_VALUE_SUBSTITUTE,
                                            TOKEN_NUMBER,
                                            TOKEN_NOT_EQUAL,
                                            TOKEN_LESS_OR_EQUAL,
                                            TOKEN_GREATER_OR_EQUAL,
                                            TOKEN_OPEN,
                                            TOKEN_CLOSE,
                                            TOKEN_COMMA,
                                            TOKEN_DOT,
                                            TOKEN_OPEN_BRACKET,
                                            TOKEN_CLOSE_BRACKET,
                                            TOKEN_PLUS,
                                            TOKEN_MINUS,
                                            TOKEN_AND,
                                            TOKEN_OR,
                                            TOKEN_INVALID,
                                            TOKEN_END,
                                            TOKEN_END};
    struct lexer lexer = {slice_of_string(text)};
    for (size_t i = 0; i < array_size(kinds); i++)
        ck_assert_int_eq(lexer_next(&lexer).kind, kinds[i]);
}
END_TEST

START_TEST(knows_reserved_words)
{
    ck_assert(reserved_word(SLICE_LITERAL("abort")));
    ck_assert(reserved_word(SLICE_LITERAL("Zone")));
    ck_assert(reserved_word(SLICE_LITERAL("NAME")));
    ck_assert(!reserved_word(SLICE_LITERAL("names1")));
    ck_assert(!reserved_word(SLICE_LITERAL("")));
    ck_assert(!reserved_word(SLICE_LITERAL("abcdefghijklmnopqrstuvwxyzabcdefghijklmn")));
}
END_TEST

struct text_case {
    const char *text;
    const char *problem; /* NULL: none */
};

static const struct text_case projections[] = {
    {"a", NULL},
    {"a, b[0].c, #n", NULL},
    {"a . b [ 1 ]", NULL},
    {"", "The expression can not be empty;"},
    {" ", "Syntax error; token: \"<EOF>\", near: \" \""},
    {"a b c", "Syntax error; token: \"b\", near: \"a b c\""},
    {"a,", "Syntax error; token: \"<EOF>\", near: \",\""},
    {",a", "Syntax error; token: \",\", near: \",a\""},
    {"a..b", "Syntax error; token: \".\", near: \"..b\""},
    {"a[b]", "Syntax error; token: \"b\", near: \"[b]\""},
    {"a[1", "Syntax error; token: \"<EOF>\", near: \"1\""},
    {"a[-1]", "Syntax error; token: \"-\", near: \"[-1\""},
    {"_a", "Syntax error; token: \"_\", near: \"_a\""},
    {"1a", "Syntax error; token: \"1\", near: \"1a\""},
    {"a, %", "Syntax error; token: \"%\", near: \", %\""},
    {"(a)", "Syntax error; token: \"(\", near: \"(a\""},
    {"and", "Syntax error; token: \"and\", near: \"and\""},
    {"a[99999999999]", "List index is not within the allowable range; index: [99999999999]"},
    {"abort", "Attribute name is a reserved keyword; reserved keyword: abort"},
    {"#x", "An expression attribute name used in the document path is not defined; attribute name: "
           "#x"},
    {"foo.bar, foo", "Two document paths overlap with each other; must remove or rewrite one of "
                     "these paths; path one: [foo, bar], path two: [foo]"},
    {"a[0],a.b", "Two document paths conflict with each other; must remove or rewrite one of these "
                 "paths; path one: [a, [0]], path two: [a, b]"},
    {"x.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.aa.bb.cc.dd.ee.ff",
     "The document path has too many nesting levels; nesting levels: 33"},
};

START_TEST(parses_projections)
{
    const struct text_case *one = &projections[_i];
    struct projection_paths paths;
    const char *problem = expression_parse_projection(&context, slice_of_string(one->text), &paths);
    if (one->problem == NULL)
        ck_assert_ptr_null(problem);
    else
        ck_assert_str_eq(problem, one->problem);
}
END_TEST

static const struct text_case conditions[] = {
    {"a = :s", NULL},
    {"(a)=(:s)", NULL},
    {"NOT NOT a = :s OR b <> :s AND (c < :n OR d IN (:n, :m))", NULL},
    {"attribute_exists(a.b[1]) AND size(a) > :n", NULL},
    {"a BETWEEN :n AND :m AND begins_with(b, :s)", NULL},
    {"attribute_type(a, :t)", NULL},
    {"#n = :s", NULL},
    {"(a = :s", "Syntax error; token: \"<EOF>\", near: \":s\""},
    {"a = :s)", "Syntax error; token: \")\", near: \":s)\""},
    {"a == :s", "Syntax error; token: \"=\", near: \"== :s\""},
    {"a", "Syntax error; token: \"<EOF>\", near: \"a\""},
    {"(a)", "Syntax error; token: \"<EOF>\", near: \")\""},
    {"a IN ()", "Syntax error; token: \")\", near: \"()\""},
    {"a IN :s", "Syntax error; token: \":s\", near: \"IN :s\""},
    {"a = :s AND", "Syntax error; token: \"<EOF>\", near: \"AND\""},
    {"((a = :s))", "The expression has redundant parentheses;"},
    {"((a)) = :s", "The expression has redundant parentheses;"},
    {"foo(a)", "Invalid function name; function: foo"},
    {"SIZE(a) = :n", "Invalid function name; function: SIZE"},
    {"a = list_append(a, :s)",
     "The function is not allowed in a condition expression; function: list_append"},
    {"size(a)", "The function is not allowed to be used this way in an expression; function: size"},
    {"a = begins_with(a, :s)",
     "The function is not allowed to be used this way in an expression; function: begins_with"},
    {"date = :s", "Attribute name is a reserved keyword; reserved keyword: date"},
    {"a = :zz", "An expression attribute value used in expression is not defined; attribute value: "
                ":zz"},
    {"begins_with(a)", "Incorrect number of operands for operator or function; operator or "
                       "function: begins_with, number of operands: 1"},
    {"begins_with(a, :n)", "Incorrect operand type for operator or function; operator or function: "
                           "begins_with, operand type: N"},
    {"attribute_exists(:s)", "Operator or function requires a document path; operator or function: "
                             "attribute_exists"},
    {"a = a", "The first operand must be distinct from the remaining operands for this operator or "
              "function; operator: =, first operand: [a]"},
    {"a BETWEEN :m AND :n",
     "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower "
     "bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"},
    {"a BETWEEN :n AND :s",
     "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
     "operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}"},
};

START_TEST(parses_conditions)
{
    const struct text_case *one = &conditions[_i];
    struct expression *expression;
    const char *problem =
        expression_parse_condition(&context, slice_of_string(one->text), &expression);
    if (one->problem == NULL)
        ck_assert_msg(problem == NULL, "%s: %s", one->text, problem);
    else
        ck_assert_str_eq(problem, one->problem);
}
END_TEST

START_TEST(binds_as_sql_does)
{
    struct expression * or ;
    ck_assert_ptr_null(expression_parse_condition(
        &context, SLICE_LITERAL("a = :s OR NOT b = :s AND c = :s"), & or));
    ck_assert_int_eq(or->kind, EXPRESSION_OR);
    ck_assert_uint_eq(or->count, 2);
    const struct expression *and = or->first->next;
    ck_assert_int_eq(and->kind, EXPRESSION_AND);
    ck_assert_int_eq(and->first->kind, EXPRESSION_NOT);
    ck_assert_int_eq(and->first->first->kind, EXPRESSION_EQUAL);
}
END_TEST

/* Long expressions neither crash nor take long. */
START_TEST(bears_extremes)
{
    static const char *const repeated[] = {"(",           "NOT ", "a[",     "size(", "a,",
                                           "a = :s AND ", "a.",   "a IN (", ")"};
    char text[EXPRESSION_SIZE_MAX + 64];
    for (size_t i = 0; i < array_size(repeated); i++) {
        text[0] = '\0';
        size_t size = 0;
        while (size + strlen(repeated[i]) <= EXPRESSION_SIZE_MAX) {
            strcpy(text + size, repeated[i]);
            size += strlen(repeated[i]);
        }
        struct expression *expression;
        struct projection_paths paths;
        ck_assert_ptr_nonnull(
            expression_parse_condition(&context, slice_of(text, size), &expression));
        ck_assert_ptr_nonnull(expression_parse_projection(&context, slice_of(text, size), &paths));
    }
    memset(text, 'a', EXPRESSION_SIZE_MAX + 1);
    struct projection_paths paths;
    ck_assert_str_eq(
        expression_parse_projection(&context, slice_of(text, EXPRESSION_SIZE_MAX + 1), &paths),
        "Expression size has exceeded the maximum allowed size;");
}
END_TEST

START_TEST(finds_unused_substitutes)
{
    struct projection_paths paths;
    ck_assert_ptr_null(expression_parse_projection(&context, SLICE_LITERAL("#n"), &paths));
    ck_assert_str_eq(expression_context_check_used(&context),
                     "Value provided in ExpressionAttributeNames unused in expressions: keys: "
                     "{#d}");
    ck_assert_ptr_null(expression_parse_projection(&context, SLICE_LITERAL("#d"), &paths));
    ck_assert(slice_equal(paths.paths[0].elements[0].name, SLICE_LITERAL("a.b")));
    ck_assert_str_eq(expression_context_check_used(&context),
                     "Value provided in ExpressionAttributeValues unused in expressions: keys: "
                     "{:m, :n, :s, :t}");
}
END_TEST

START_TEST(refuses_bad_substitutes)
{
    static const struct {
        const char *names, *values, *problem;
    } cases[] = {
        {"{}", NULL, "ExpressionAttributeNames must not be empty"},
        {"{\"x\":\"a\"}", NULL,
         "ExpressionAttributeNames contains invalid key: Syntax error; key: \"x\""},
        {"{\"#x\":\"\"}", NULL,
         "ExpressionAttributeNames contains invalid value: Empty attribute name for key #x"},
        {NULL, "{\":x-\":{\"S\":\"a\"}}",
         "ExpressionAttributeValues contains invalid key: Syntax error; key: \":x-\""},
        {NULL, "{\":x\":{\"SS\":[]}}",
         "ExpressionAttributeValues contains invalid value: One or more parameter values were "
         "invalid: An string set  may not be empty for key :x"},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct expression_context fresh;
        yyjson_doc *n =
            cases[i].names == NULL ? NULL : yyjson_read(cases[i].names, strlen(cases[i].names), 0);
        yyjson_doc *v = cases[i].values == NULL
                            ? NULL
                            : yyjson_read(cases[i].values, strlen(cases[i].values), 0);
        ck_assert_str_eq(
            expression_context_init(&fresh, &arena, yyjson_doc_get_root(n), yyjson_doc_get_root(v)),
            cases[i].problem);
        yyjson_doc_free(n);
        yyjson_doc_free(v);
    }
}
END_TEST

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

START_TEST(parses_key_conditions)
{
    const struct text_case *one = &key_conditions[_i];
    struct key_condition condition;
    const char *problem = key_condition_parse(&context, slice_of_string(one->text), &condition);
    if (one->problem == NULL)
        ck_assert_ptr_null(problem);
    else
        ck_assert_str_eq(problem, one->problem);
}
END_TEST

START_TEST(reads_key_terms)
{
    struct key_condition condition;
    ck_assert_ptr_null(
        key_condition_parse(&context, SLICE_LITERAL(":n <= sk AND pk = :s"), &condition));
    ck_assert_uint_eq(condition.count, 2);
    ck_assert(slice_equal(condition.terms[0].name, SLICE_LITERAL("sk")));
    ck_assert_int_eq(condition.terms[0].relation, SORT_GREATER_OR_EQUAL);
    ck_assert_int_eq(value_type(condition.terms[0].bound), VALUE_NUMBER);
    ck_assert_int_eq(condition.terms[1].relation, SORT_EQUAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expressions");
    TCase *all = tcase_create("expressions");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, lexes);
    tcase_add_test(all, knows_reserved_words);
    tcase_add_loop_test(all, parses_projections, 0, (int)array_size(projections));
    tcase_add_loop_test(all, parses_conditions, 0, (int)array_size(conditions));
    tcase_add_test(all, binds_as_sql_does);
    tcase_add_test(all, bears_extremes);
    tcase_add_test(all, finds_unused_substitutes);
    tcase_add_test(all, refuses_bad_substitutes);
    tcase_add_loop_test(all, parses_key_conditions, 0, (int)array_size(key_conditions));
    tcase_add_test(all, reads_key_terms);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
