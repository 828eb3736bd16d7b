/* The expression front end: tokens, syntax errors, what else is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "expression_lexer.h"
#include "expression_parser.h"
#include "reserved_words.h"
#include "shape.h"

static struct arena arena;
static struct expression_context context;
static yyjson_doc *names, *values;

static void setup(void)
{
    static const char names_json[] = "{\"#n\":\"name\",\"#d\":\"a.b\"}";
    static const char values_json[] =
        "{\":s\":{\"S\":\"x\"},\":t\":{\"S\":\"S\"},\":n\":{\"N\":\"1\"},\":m\":{\"N\":\"2\"},"
        "\":l\":{\"L\":[]},\":ss\":{\"SS\":[\"x\"]},\":b\":{\"BOOL\":true},\":z\":{\"NULL\":true},"
        "\":map\":{\"M\":{}},\":bin\":{\"B\":\"YQ==\"}}";
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
    {"a[01]", "Syntax error; token: \"1\", near: \"01]\""},
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
    {"a IN (:n, a)", "The first operand must be distinct from the remaining operands for this "
                     "operator or function; operator: IN, first operand: [a]"},
    {"a BETWEEN :n AND a", "The first operand must be distinct from the remaining operands for "
                           "this operator or function; operator: BETWEEN, first operand: [a]"},
    {"a BETWEEN :m AND :n",
     "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower "
     "bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"},
    {"a BETWEEN :n AND :s",
     "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
     "operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}"},
};

/* Operands whose types are known beforehand. */
static const struct text_case typed_conditions[] = {
    {"a = :b", NULL},
    {"a <> :l", NULL},
    {"size(a) BETWEEN size(b) AND :n", NULL},
    {"contains(:n, :l)", NULL},
    {"a < :b", "Incorrect operand type for operator or function; operator or function: <, operand "
               "type: BOOL"},
    {":z >= a", "Incorrect operand type for operator or function; operator or function: >=, "
                "operand type: NULL"},
    {"a < :b AND #q = :n AND c = :q AND d = d",
     "Incorrect operand type for operator or function; operator or function: <, operand type: "
     "BOOL"},
    {"#q = :n AND a < :b", "An expression attribute name used in the document path is not defined; "
                           "attribute name: #q"},
    {"d = d AND size(a, b) = :n", "The first operand must be distinct from the remaining operands "
                                  "for this operator or function; operator: =, first operand: [d]"},
    {"foo(a) AND a[99999999999] = :n", "Invalid function name; function: foo"},
    {"a <= :ss", "Incorrect operand type for operator or function; operator or function: <=, "
                 "operand type: SS"},
    {"a BETWEEN :l AND :l", "Incorrect operand type for operator or function; operator or "
                            "function: BETWEEN, operand type: L"},
    {"a BETWEEN :s AND :l", "Incorrect operand type for operator or function; operator or "
                            "function: BETWEEN, operand type: L"},
    {"size(:n) = :n", "Incorrect operand type for operator or function; operator or function: "
                      "size, operand type: N"},
    {"size(size(a)) = :n", "Incorrect operand type for operator or function; operator or function: "
                           "size, operand type: N"},
    {"begins_with(a, size(b))", "Incorrect operand type for operator or function; operator or "
                                "function: begins_with, operand type: N"},
    {"attribute_exists(size(b))", "Operator or function requires a document path; operator or "
                                  "function: attribute_exists"},
};

START_TEST(checks_types)
{
    const struct text_case *one = &typed_conditions[_i];
    struct expression *expression;
    const char *problem =
        expression_parse_condition(&context, slice_of_string(one->text), &expression);
    if (one->problem == NULL)
        ck_assert_msg(problem == NULL, "%s: %s", one->text, problem);
    else
        ck_assert_str_eq(problem, one->problem);
}
END_TEST

START_TEST(limits_in)
{
    char text[1024] = "a IN (:n";
    for (int i = 0; i < 99; i++)
        strcat(text, ",:n");
    struct expression *expression;
    size_t size = strlen(text);
    strcat(text, ")");
    ck_assert_ptr_null(expression_parse_condition(&context, slice_of_string(text), &expression));
    strcpy(text + size, ",:m)");
    ck_assert_str_eq(expression_parse_condition(&context, slice_of_string(text), &expression),
                     "The IN operator is provided with too many operands; number of operands: 101");
}
END_TEST

#define ONCE(section) "The \"" section "\" section can only be used once in an update expression;"
#define OVERLAP(one, two)                                                                          \
    "Two document paths overlap with each other; must remove or rewrite one of these paths; path " \
    "one: " one ", path two: " two
#define WRONG_TYPE(operation, type)                                                     \
    "Incorrect operand type for operator or function; operator or function: " operation \
    ", operand type: " type
#define NOT_ALLOWED(section, type)                                                                \
    "Incorrect operand type for operator or function; operator: " section ", operand type: " type \
    ", typeSet: ALLOWED_FOR_" section "_OPERAND"
#define OPERANDS(function, count)                                                                 \
    "Incorrect number of operands for operator or function; operator or function: " function ", " \
    "number of operands: " count
#define MISUSED(function) \
    "The function is not allowed to be used this way in an expression; function: " function

static const struct text_case updates[] = {
    {"SET a = :n", NULL},
    {"set a = :n remove b add c :n delete d :ss", NULL},
    {"REMOVE a, b[0], c.d ADD e :ss SET f = :l", NULL},
    {"SET a = (:n + :n), b = (:n) - (c), d = ((:n) - (:n))", NULL},
    {"SET a = (if_not_exists(b, :n) + :n), c = :n + if_not_exists (c, :n)", NULL},
    {"SET a = if_not_exists((a), (if_not_exists(b, if_not_exists(c, :n))))", NULL},
    {"SET a = list_append(if_not_exists(b, :n), (:l)), b = list_append(b, b), c = d + d", NULL},
    {"SET a[0].b = a[0].b, #n.c = #d.c", NULL},
    {"SET a[0] = :n, a[1] = :n, b.c = :n, b.d = :n", NULL},
    {"", "The expression can not be empty;"},
    {" ", "Syntax error; token: \"<EOF>\", near: \" \""},
    {"SET", "Syntax error; token: \"<EOF>\", near: \"SET\""},
    {"SET a", "Syntax error; token: \"<EOF>\", near: \"a\""},
    {"SET a =", "Syntax error; token: \"<EOF>\", near: \"=\""},
    {"SET a = :n,", "Syntax error; token: \"<EOF>\", near: \",\""},
    {"SET a = :n REMOVE", "Syntax error; token: \"<EOF>\", near: \"REMOVE\""},
    {"SET a = b = c", "Syntax error; token: \"=\", near: \"b = c\""},
    {"INVALID SYNTAX", "Syntax error; token: \"INVALID\", near: \"INVALID SYNTAX\""},
    {"a = :n", "Syntax error; token: \"a\", near: \"a =\""},
    {"SET :n = a", "Syntax error; token: \":n\", near: \"SET :n =\""},
    {"SET a = :n + :n + :n", "Syntax error; token: \"+\", near: \":n + :n\""},
    {"SET a = (:n + :n) - :n", "Syntax error; token: \"-\", near: \") - :n\""},
    {"SET (a) = :n", "Syntax error; token: \"(\", near: \"SET (a\""},
    {"SET a = ()", "Syntax error; token: \")\", near: \"()\""},
    {"SET a = (:n", "Syntax error; token: \"<EOF>\", near: \":n\""},
    {"SET a = :n)", "Syntax error; token: \")\", near: \":n)\""},
    {"SET a = -:n", "Syntax error; token: \"-\", near: \"= -:n\""},
    {"SET a = 1", "Syntax error; token: \"1\", near: \"= 1\""},
    {"SET a = NOT b", "Syntax error; token: \"NOT\", near: \"= NOT b\""},
    {"SET a = :n AND b = :n", "Syntax error; token: \"AND\", near: \":n AND b\""},
    {"SET set = :n", "Syntax error; token: \"set\", near: \"SET set =\""},
    {"SET a = :n, ADD b :n", "Syntax error; token: \"ADD\", near: \", ADD b\""},
    {"SET a = :n; b = :n", "Syntax error; token: \";\", near: \":n; b\""},
    {"SET a = :n b = :n", "Syntax error; token: \"b\", near: \":n b =\""},
    {"SET a, b = :n", "Syntax error; token: \",\", near: \"a, b\""},
    {"SET a = if_not_exists()", "Syntax error; token: \")\", near: \"()\""},
    {"SET a = if_not_exists(b, :n + :n)", "Syntax error; token: \"+\", near: \":n + :n\""},
    {"SET a = list_append((:n + :n), b)", "Syntax error; token: \"+\", near: \":n + :n\""},
    {"SET f(a) = :n", "Syntax error; token: \"(\", near: \"f(a\""},
    {"REMOVE a b", "Syntax error; token: \"b\", near: \"a b\""},
    {"REMOVE :n", "Syntax error; token: \":n\", near: \"REMOVE :n\""},
    {"REMOVE a = b", "Syntax error; token: \"=\", near: \"a = b\""},
    {"ADD a", "Syntax error; token: \"<EOF>\", near: \"a\""},
    {"ADD a b", "Syntax error; token: \"b\", near: \"a b\""},
    {"ADD a (:n)", "Syntax error; token: \"(\", near: \"a (:n\""},
    {"ADD a :n + :n", "Syntax error; token: \"+\", near: \":n + :n\""},
    {"ADD a if_not_exists(a, :n)", "Syntax error; token: \"if_not_exists\", near: "
                                   "\"a if_not_exists(\""},
    {"SET a = ((:n))", "The expression has redundant parentheses;"},
    {"SET a = ((:n + :n))", "The expression has redundant parentheses;"},
    {"SET a = ((:n)) SET b = :n", "The expression has redundant parentheses;"},
    {"SET a = f(:n)", "Invalid function name; function: f"},
    {"SET a = IF_NOT_EXISTS(a, :n)", "Invalid function name; function: IF_NOT_EXISTS"},
    {"SET a = size(b)", "The function is not allowed in an update expression; function: size"},
    {"SET a = list_append(list_append(:l, :l), :l)", MISUSED("list_append")},
    {"SET a = if_not_exists(a, list_append(:l, :l))", MISUSED("list_append")},
    {"SET a = list_append(:l, :l) + :n", MISUSED("list_append")},
    {"SET date = :n SET b = :n", "Attribute name is a reserved keyword; reserved keyword: date"},
    {"SET a = date", "Attribute name is a reserved keyword; reserved keyword: date"},
    {"SET a = :n SET b = :n", ONCE("SET")},
    {"REMOVE a SET c = :n REMOVE b", ONCE("REMOVE")},
    {"ADD a :n ADD a :s", ONCE("ADD")},
    {"DELETE a :q DELETE b :s", ONCE("DELETE")},
    {"SET #q = :n", "An expression attribute name used in the document path is not defined; "
                    "attribute name: #q"},
    {"ADD b :q", "An expression attribute value used in expression is not defined; attribute "
                 "value: :q"},
    {"REMOVE a[99999999999]", "List index is not within the allowable range; index: [99999999999]"},
    {"SET x.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.aa.bb.cc.dd.ee.ff = :n",
     "The document path has too many nesting levels; nesting levels: 33"},
    {"SET a = :n, a = :n", OVERLAP("[a]", "[a]")},
    {"SET a.b = :n REMOVE a", OVERLAP("[a, b]", "[a]")},
    {"SET a = :s - :n ADD a :n", OVERLAP("[a]", "[a]")},
    {"SET a.b = :n, a[0] = if_not_exists(b)",
     "Two document paths conflict with each other; must remove or rewrite one of these paths; path "
     "one: [a, b], path two: [a, [0]]"},
    {"SET a = :n, a[0] = :n, a.b = :n",
     "Two document paths conflict with each other; must remove or rewrite one of these paths; path "
     "one: [a, [0]], path two: [a, b]"},
    {"SET #q = :n, a = :n, a = :n", OVERLAP("[a]", "[a]")},
    {"SET a = :n, a = :n, #q = :n",
     "An expression attribute name used in the document path is not defined; attribute name: #q"},
    {"SET a = :n, a = :q", OVERLAP("[a]", "[a]")},
    {"SET #q = :n, a = :q", "An expression attribute name used in the document path is not "
                            "defined; attribute name: #q"},
    {"SET a = :q, b = a + :s", WRONG_TYPE("+", "S")},
    {"SET a = a + :s, b = :q", "An expression attribute value used in expression is not defined; "
                               "attribute value: :q"},
    {"ADD b :s SET a = :n + :s", WRONG_TYPE("+", "S")},
    {"SET a = if_not_exists(a)", OPERANDS("if_not_exists", "1")},
    {"SET a = list_append(:l, :l, :l)", OPERANDS("list_append", "3")},
    {"SET a = if_not_exists(b, b)",
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; operator: if_not_exists, first operand: [b]"},
    {"SET a = if_not_exists(:n, a)", "Operator or function requires a document path; operator or "
                                     "function: if_not_exists"},
    {"SET a = if_not_exists(if_not_exists(a, :n), :n)",
     "Operator or function requires a document path; operator or function: if_not_exists"},
    {"SET a = list_append(:n, :l)", WRONG_TYPE("list_append", "N")},
    {"SET a = list_append(b, :map)", WRONG_TYPE("list_append", "M")},
    {"SET a = :s + :n", WRONG_TYPE("+", "S")},
    {"SET a = b - :b", WRONG_TYPE("-", "BOOL")},
    {"ADD a :s", NOT_ALLOWED("ADD", "STRING")},
    {"ADD a :l", NOT_ALLOWED("ADD", "LIST")},
    {"ADD a :b", NOT_ALLOWED("ADD", "BOOLEAN")},
    {"ADD a :bin", NOT_ALLOWED("ADD", "BINARY")},
    {"DELETE a :n", NOT_ALLOWED("DELETE", "NUMBER")},
    {"DELETE a :z", NOT_ALLOWED("DELETE", "NULL")},
    {"DELETE a :map", NOT_ALLOWED("DELETE", "MAP")},
};

START_TEST(parses_updates)
{
    const struct text_case *one = &updates[_i];
    struct update_expression update;
    const char *problem = expression_parse_update(&context, slice_of_string(one->text), &update);
    if (one->problem == NULL)
        ck_assert_msg(problem == NULL, "%s: %s", one->text, problem);
    else
        ck_assert_str_eq(problem, one->problem);
}
END_TEST

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
        memcpy(text, "SET a=", 6);
        struct update_expression update;
        ck_assert_ptr_nonnull(expression_parse_update(&context, slice_of(text, size), &update));
    }
    memset(text, 'a', EXPRESSION_SIZE_MAX + 1);
    struct projection_paths paths;
    ck_assert_str_eq(
        expression_parse_projection(&context, slice_of(text, EXPRESSION_SIZE_MAX + 1), &paths),
        "Expression size has exceeded the maximum allowed size;");
    struct expression *condition;
    ck_assert_str_eq(
        expression_parse_condition(&context, slice_of(text, EXPRESSION_SIZE_MAX + 1), &condition),
        "Expression size has exceeded the maximum allowed size; expression size: 4097");
}
END_TEST

START_TEST(counts_operators)
{
    char text[EXPRESSION_SIZE_MAX] = "SET a=:n+:n";
    size_t size = strlen(text);
    for (int i = 1; i < EXPRESSION_OPERATORS_MAX; i++)
        size += (size_t)sprintf(text + size, ",b%d=:n", i);
    struct update_expression update;
    ck_assert_ptr_null(expression_parse_update(&context, slice_of(text, size), &update));
    ck_assert_uint_eq(update.count, EXPRESSION_OPERATORS_MAX);
    size = (size_t)sprintf(text, "SET a=:n+:n");
    for (int i = 1; i <= EXPRESSION_OPERATORS_MAX; i++)
        size += (size_t)sprintf(text + size, ",b%d=c-d", i);
    ck_assert_str_eq(expression_parse_update(&context, slice_of(text, size), &update),
                     "The expression contains too many operators; operator count: 301");
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
                     "{:b, :bin, :l, :m, :map, :n, :s, :ss, :t, :z}");
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
        /* What names mean is looked at last. */
        {"{\"#x\":\"\"}", "{\":\":{\"S\":\"a\"}}",
         "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\""},
        {"{\"#x\":\"\"}", "{\":x\":{\"N\":\"b\"}}",
         "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a "
         "numeric value: b for key :x"},
        {"{\"x\":\"\"}", "{}",
         "ExpressionAttributeNames contains invalid key: Syntax error; key: \"x\""},
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

START_TEST(limits_substitutes)
{
    enum { SIZE = 2 * 1024 * 1024 };
    char *text = malloc(SIZE + 64);
    ck_assert_ptr_nonnull(text);
    struct expression_context fresh;
    static const struct {
        size_t size;
        const char *problem;
    } cases[] = {{SIZE, NULL}, {SIZE + 1, "ExpressionAttributeValues exceeds max size"}};
    for (size_t i = 0; i < array_size(cases); i++) {
        size_t at = (size_t)sprintf(text, "{\":x\":{\"S\":\"");
        memset(text + at, 'x', cases[i].size);
        strcpy(text + at + cases[i].size, "\"}}");
        yyjson_doc *document = yyjson_read(text, strlen(text), 0);
        const char *problem =
            expression_context_init(&fresh, &arena, NULL, yyjson_doc_get_root(document));
        ck_assert_pstr_eq(problem, cases[i].problem);
        yyjson_doc_free(document);
    }
    size_t at = (size_t)sprintf(text, "{\"#x\":\"");
    memset(text + at, 'x', 65536);
    strcpy(text + at + 65536, "\"}");
    yyjson_doc *document = yyjson_read(text, strlen(text), 0);
    ck_assert_str_eq(
        expression_context_init(&fresh, &arena, yyjson_doc_get_root(document), NULL),
        "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be "
        "less than 65536 bytes for key #x");
    yyjson_doc_free(document);
    free(text);
}
END_TEST

START_TEST(limits_substitute_keys)
{
    static const struct {
        char first;
        const char *problem;
    } cases[] = {{'#', "ExpressionAttributeNames contains invalid key: The expression attribute "
                       "map contains a key that is too long; size of key: 256"},
                 {':', "ExpressionAttributeValues contains invalid key: The expression attribute "
                       "map contains a key that is too long;"}};
    for (size_t i = 0; i < array_size(cases); i++) {
        char text[512];
        bool is_name = cases[i].first == '#';
        int start = sprintf(text, "{\"%c", cases[i].first);
        memset(text + start, 'a', 255);
        strcpy(text + start + 255, is_name ? "\":\"x\"}" : "\":{\"S\":\"x\"}}");
        yyjson_doc *document = yyjson_read(text, strlen(text), 0);
        yyjson_val *map = yyjson_doc_get_root(document);
        struct expression_context fresh;
        ck_assert_str_eq(
            expression_context_init(&fresh, &arena, is_name ? map : NULL, is_name ? NULL : map),
            cases[i].problem);
        yyjson_doc_free(document);
    }
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
    tcase_add_loop_test(all, checks_types, 0, (int)array_size(typed_conditions));
    tcase_add_test(all, limits_in);
    tcase_add_loop_test(all, parses_updates, 0, (int)array_size(updates));
    tcase_add_test(all, binds_as_sql_does);
    tcase_add_test(all, bears_extremes);
    tcase_add_test(all, counts_operators);
    tcase_add_test(all, finds_unused_substitutes);
    tcase_add_test(all, refuses_bad_substitutes);
    tcase_add_test(all, limits_substitutes);
    tcase_add_test(all, limits_substitute_keys);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
