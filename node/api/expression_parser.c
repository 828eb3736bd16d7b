#include "expression_parser.h"

#include "expression_check.h"
#include "expression_lexer.h"
#include "reserved_words.h"

struct parser {
    struct expression_context *context;
    struct expression_problems problems;
    struct slice text;
    struct lexer lexer;    /* past `current` */
    struct token previous; /* before `current`; empty text at the start of the expression */
    struct token current;  /* not yet taken */
    unsigned depth;        /* of parentheses and NOTs around `current` */
    unsigned operators;    /* counted so far */
};

static struct expression *parse_condition(struct parser *parser);
static struct expression *parse_operand(struct parser *parser);

static bool failed(const struct parser *parser)
{
    return parser->problems.messages[PROBLEM_SYNTAX] != NULL;
}

/* Syntax error at the current token, shown with its neighbours. */
static void fail(struct parser *parser)
{
    struct lexer ahead = parser->lexer;
    struct token next = lexer_next(&ahead);
    const uint8_t *end = next.kind == TOKEN_END ? parser->text.data + parser->text.size
                                                : next.text.data + next.text.size;
    const uint8_t *start = parser->previous.text.data;
    if (parser->current.kind == TOKEN_END)
        expression_report(&parser->problems, PROBLEM_SYNTAX,
                          "Syntax error; token: \"<EOF>\", near: \"%.*s\"", (int)(end - start),
                          start);
    else
        expression_report(
            &parser->problems, PROBLEM_SYNTAX, "Syntax error; token: \"%.*s\", near: \"%.*s\"",
            (int)parser->current.text.size, parser->current.text.data, (int)(end - start), start);
}

static void advance(struct parser *parser)
{
    parser->previous = parser->current;
    parser->current = lexer_next(&parser->lexer);
}

/* Takes the current token if it is of that kind. */
static bool accept(struct parser *parser, enum token_kind kind)
{
    if (failed(parser) || parser->current.kind != kind)
        return false;
    advance(parser);
    return true;
}

static void expect(struct parser *parser, enum token_kind kind)
{
    if (!accept(parser, kind))
        fail(parser);
}

static void count_operator(struct parser *parser)
{
    if (++parser->operators > EXPRESSION_OPERATORS_MAX)
        expression_report(&parser->problems, PROBLEM_OPERATORS,
                          "The expression contains too many operators; operator count: %u",
                          parser->operators);
}

/* False, and the expression is refused, where it nests deeper than operators may follow. */
static bool descend(struct parser *parser)
{
    if (++parser->depth <= EXPRESSION_OPERATORS_MAX)
        return true;
    expression_report(&parser->problems, PROBLEM_SYNTAX,
                      "The expression contains too many operators; operator count: %u",
                      parser->depth);
    return false;
}

static struct expression *node_new(struct parser *parser, enum expression_kind kind)
{
    struct expression *node = arena_zalloc(parser->context->arena, sizeof(*node));
    node->kind = kind;
    return node;
}

static void add_operand(struct expression *node, struct expression *operand)
{
    struct expression **end = &node->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = operand;
    node->count++;
}

/* Paths. */

static void use_name(struct parser *parser, struct slice *name)
{
    struct slice text = parser->previous.text;
    *name = text;
    if (text.data[0] != '#') {
        if (reserved_word(text))
            expression_report(&parser->problems, PROBLEM_RESERVED,
                              "Attribute name is a reserved keyword; reserved keyword: %.*s",
                              (int)text.size, text.data);
        return;
    }
    const struct substitute *substitute = substitutes_use(&parser->context->names, text);
    if (substitute != NULL)
        *name = substitute->means;
    else
        expression_report(&parser->problems, PROBLEM_SUBSTITUTE,
                          "An expression attribute name used in the document path is not defined; "
                          "attribute name: %.*s",
                          (int)text.size, text.data);
}

static void parse_index(struct parser *parser, struct path_element *element)
{
    struct slice digits = parser->current.text;
    expect(parser, TOKEN_NUMBER);
    if (failed(parser))
        return;
    uint64_t index = 0;
    for (size_t i = 0; i < digits.size && index <= UINT32_MAX; i++)
        index = index * 10 + (digits.data[i] - (uint64_t)'0');
    if (index > INT32_MAX)
        expression_report(&parser->problems, PROBLEM_PATH,
                          "List index is not within the allowable range; index: [%.*s]",
                          (int)digits.size, digits.data);
    element->is_index = true;
    element->index = (uint32_t)index;
    expect(parser, TOKEN_CLOSE_BRACKET);
}

static void parse_name(struct parser *parser, struct path_element *element)
{
    if (accept(parser, TOKEN_NAME) || accept(parser, TOKEN_NAME_SUBSTITUTE))
        use_name(parser, &element->name);
    else
        fail(parser);
}

/* The elements behind the first, which stands in elements[0]. */
static struct document_path parse_path_rest(struct parser *parser, struct path_element *elements)
{
    size_t count = 1;
    while (!failed(parser)) {
        struct path_element element = {.is_index = false};
        if (accept(parser, TOKEN_DOT))
            parse_name(parser, &element);
        else if (accept(parser, TOKEN_OPEN_BRACKET))
            parse_index(parser, &element);
        else
            break;
        if (count < PATH_ELEMENTS_MAX)
            elements[count] = element;
        count++;
    }
    if (count > PATH_ELEMENTS_MAX) {
        expression_report(&parser->problems, PROBLEM_PATH,
                          "The document path has too many nesting levels; nesting levels: %zu",
                          count);
        count = PATH_ELEMENTS_MAX;
    }
    struct path_element *kept = arena_alloc(parser->context->arena, count * sizeof(*kept));
    for (size_t i = 0; i < count; i++)
        kept[i] = elements[i];
    return (struct document_path){kept, count};
}

static struct document_path parse_path(struct parser *parser)
{
    struct path_element elements[PATH_ELEMENTS_MAX] = {{.is_index = false}};
    parse_name(parser, &elements[0]);
    return parse_path_rest(parser, elements);
}

/* Operands. */

static struct expression *parse_value(struct parser *parser)
{
    struct expression *node = node_new(parser, EXPRESSION_VALUE);
    struct slice text = parser->previous.text;
    const struct substitute *substitute = substitutes_use(&parser->context->values, text);
    if (substitute != NULL)
        node->value = substitute->means;
    else
        expression_report(&parser->problems, PROBLEM_SUBSTITUTE,
                          "An expression attribute value used in expression is not defined; "
                          "attribute value: %.*s",
                          (int)text.size, text.data);
    return node;
}

static bool update_function(struct slice name)
{
    return slice_equal(name, SLICE_LITERAL("if_not_exists")) ||
           slice_equal(name, SLICE_LITERAL("list_append"));
}

/* The name was taken, and an opening parenthesis follows. */
static struct expression *parse_function(struct parser *parser)
{
    struct expression *node = node_new(parser, EXPRESSION_FUNCTION);
    struct slice name = parser->previous.text;
    node->function = expression_function_named(name);
    if (update_function(name))
        expression_report(&parser->problems, PROBLEM_UNKNOWN_FUNCTION,
                          "The function is not allowed in a condition expression; function: %.*s",
                          (int)name.size, name.data);
    else if (node->function == FUNCTION_UNKNOWN)
        expression_report(&parser->problems, PROBLEM_UNKNOWN_FUNCTION,
                          "Invalid function name; function: %.*s", (int)name.size, name.data);
    count_operator(parser);
    expect(parser, TOKEN_OPEN);
    do {
        struct expression *operand = parse_operand(parser);
        if (operand != NULL)
            add_operand(node, operand);
    } while (accept(parser, TOKEN_COMMA));
    expect(parser, TOKEN_CLOSE);
    if (!failed(parser) && node->function != FUNCTION_UNKNOWN)
        expression_check_node(&parser->problems, node);
    return node;
}

static struct expression *parse_path_or_function(struct parser *parser)
{
    if (parser->current.kind == TOKEN_NAME) {
        struct lexer ahead = parser->lexer;
        if (lexer_next(&ahead).kind == TOKEN_OPEN) {
            advance(parser);
            return parse_function(parser);
        }
    }
    struct expression *node = node_new(parser, EXPRESSION_PATH);
    node->path = parse_path(parser);
    return node;
}

static void note_parentheses(struct parser *parser, struct expression *node)
{
    if (node->parenthesized)
        expression_report(&parser->problems, PROBLEM_PARENTHESES,
                          "The expression has redundant parentheses;");
    node->parenthesized = true;
}

/* NULL after a syntax error. */
static struct expression *parse_operand(struct parser *parser)
{
    if (failed(parser))
        return NULL;
    if (accept(parser, TOKEN_VALUE_SUBSTITUTE))
        return parse_value(parser);
    if (parser->current.kind != TOKEN_OPEN) {
        if (!descend(parser))
            return NULL;
        struct expression *node = parse_path_or_function(parser);
        parser->depth--;
        return failed(parser) ? NULL : node;
    }
    advance(parser);
    struct expression *inner = descend(parser) ? parse_operand(parser) : NULL;
    expect(parser, TOKEN_CLOSE);
    if (failed(parser))
        return NULL;
    parser->depth--;
    note_parentheses(parser, inner);
    return inner;
}

/* Conditions. All return NULL after a syntax error. */

static bool is_comparator(enum token_kind kind)
{
    return kind >= TOKEN_EQUAL && kind <= TOKEN_GREATER_OR_EQUAL;
}

static bool is_operand(const struct expression *node)
{
    return node->kind == EXPRESSION_PATH || node->kind == EXPRESSION_VALUE;
}

static struct expression *finish_comparison(struct parser *parser, struct expression *node)
{
    if (failed(parser))
        return NULL;
    expression_check_node(&parser->problems, node);
    return node;
}

static struct expression *parse_comparison(struct parser *parser, struct expression *left)
{
    static const enum expression_kind kinds[] = {EXPRESSION_EQUAL,   EXPRESSION_NOT_EQUAL,
                                                 EXPRESSION_LESS,    EXPRESSION_LESS_OR_EQUAL,
                                                 EXPRESSION_GREATER, EXPRESSION_GREATER_OR_EQUAL};
    struct expression *node = node_new(parser, kinds[parser->current.kind - TOKEN_EQUAL]);
    count_operator(parser);
    advance(parser);
    add_operand(node, left);
    struct expression *right = parse_operand(parser);
    if (right != NULL)
        add_operand(node, right);
    return finish_comparison(parser, node);
}

static struct expression *parse_between(struct parser *parser, struct expression *left)
{
    struct expression *node = node_new(parser, EXPRESSION_BETWEEN);
    count_operator(parser);
    add_operand(node, left);
    struct expression *low = parse_operand(parser);
    expect(parser, TOKEN_AND);
    struct expression *high = parse_operand(parser);
    if (failed(parser))
        return NULL;
    add_operand(node, low);
    add_operand(node, high);
    return finish_comparison(parser, node);
}

static struct expression *parse_in(struct parser *parser, struct expression *left)
{
    struct expression *node = node_new(parser, EXPRESSION_IN);
    struct expression *last = left;
    count_operator(parser);
    add_operand(node, left);
    expect(parser, TOKEN_OPEN);
    do {
        struct expression *operand = parse_operand(parser);
        if (operand == NULL)
            return NULL;
        last->next = operand;
        last = operand;
        node->count++;
    } while (accept(parser, TOKEN_COMMA));
    expect(parser, TOKEN_CLOSE);
    return finish_comparison(parser, node);
}

static struct expression *parse_group(struct parser *parser)
{
    if (!descend(parser))
        return NULL;
    struct expression *inner = parse_condition(parser);
    expect(parser, TOKEN_CLOSE);
    if (failed(parser))
        return NULL;
    parser->depth--;
    note_parentheses(parser, inner);
    return inner;
}

/* Also yields a bare operand where a parenthesis closes behind it: whoever opened it may go on with
 * a comparator, and if not refuses it. */
static struct expression *parse_primary(struct parser *parser)
{
    struct expression *left =
        accept(parser, TOKEN_OPEN) ? parse_group(parser) : parse_operand(parser);
    if (left == NULL)
        return NULL;
    if (is_operand(left) || left->kind == EXPRESSION_FUNCTION) {
        if (is_comparator(parser->current.kind))
            return parse_comparison(parser, left);
        if (accept(parser, TOKEN_BETWEEN))
            return parse_between(parser, left);
        if (accept(parser, TOKEN_IN))
            return parse_in(parser, left);
    }
    if (is_operand(left) && (parser->current.kind != TOKEN_CLOSE || parser->depth == 0)) {
        fail(parser);
        return NULL;
    }
    return left;
}

/* Refuses what is an operand, not a condition. */
static struct expression *require_condition(struct parser *parser, struct expression *node)
{
    if (node != NULL && is_operand(node)) {
        fail(parser);
        return NULL;
    }
    if (node != NULL && node->kind == EXPRESSION_FUNCTION && node->function == FUNCTION_SIZE)
        expression_report(&parser->problems, PROBLEM_MISUSED_FUNCTION,
                          "The function is not allowed to be used this way in an expression; "
                          "function: size");
    return node;
}

static struct expression *parse_not(struct parser *parser)
{
    if (!accept(parser, TOKEN_NOT))
        return parse_primary(parser);
    count_operator(parser);
    if (!descend(parser))
        return NULL;
    struct expression *node = node_new(parser, EXPRESSION_NOT);
    struct expression *inner = require_condition(parser, parse_not(parser));
    if (inner == NULL)
        return NULL;
    parser->depth--;
    add_operand(node, inner);
    return node;
}

/* A chain of one operator; a single operand stays what it is. */
static struct expression *parse_chain(struct parser *parser, enum token_kind operator_token,
                                      enum expression_kind kind,
                                      struct expression *(*parse_next)(struct parser *parser))
{
    struct expression *left = parse_next(parser);
    if (left == NULL || parser->current.kind != operator_token)
        return left;
    struct expression *node = node_new(parser, kind);
    struct expression *last = require_condition(parser, left);
    node->first = last;
    node->count = 1;
    while (last != NULL && accept(parser, operator_token)) {
        count_operator(parser);
        last->next = require_condition(parser, parse_next(parser));
        last = last->next;
        node->count++;
    }
    return failed(parser) ? NULL : node;
}

static struct expression *parse_and(struct parser *parser)
{
    return parse_chain(parser, TOKEN_AND, EXPRESSION_AND, parse_not);
}

static struct expression *parse_condition(struct parser *parser)
{
    return parse_chain(parser, TOKEN_OR, EXPRESSION_OR, parse_and);
}

/* Whole expressions. */

static const char *parser_init(struct parser *parser, struct expression_context *context,
                               struct slice text)
{
    *parser = (struct parser){.context = context, .text = text, .lexer = {text}};
    parser->problems.arena = context->arena;
    if (text.size == 0)
        return "The expression can not be empty;";
    if (text.size > EXPRESSION_SIZE_MAX)
        return "Expression size has exceeded the maximum allowed size;";
    parser->previous.text = slice_of(text.data, 0);
    parser->current = lexer_next(&parser->lexer);
    return NULL;
}

const char *expression_parse_condition(struct expression_context *context, struct slice text,
                                       struct expression **condition)
{
    *condition = NULL;
    struct parser parser;
    const char *problem = parser_init(&parser, context, text);
    if (problem != NULL)
        return problem;
    *condition = require_condition(&parser, parse_condition(&parser));
    if (!failed(&parser) && parser.current.kind != TOKEN_END)
        fail(&parser);
    return expression_gravest(&parser.problems);
}

const char *expression_parse_projection(struct expression_context *context, struct slice text,
                                        struct projection_paths *projection)
{
    *projection = (struct projection_paths){NULL, 0};
    struct parser parser;
    const char *problem = parser_init(&parser, context, text);
    if (problem != NULL)
        return problem;
    /* A path and a comma take two bytes at least. */
    size_t paths_max = text.size / 2 + 1;
    projection->paths = arena_alloc(context->arena, paths_max * sizeof(*projection->paths));
    do {
        projection->paths[projection->count++] = parse_path(&parser);
    } while (accept(&parser, TOKEN_COMMA));
    if (!failed(&parser) && parser.current.kind != TOKEN_END)
        fail(&parser);
    if (!failed(&parser))
        expression_check_paths(&parser.problems, projection);
    return expression_gravest(&parser.problems);
}
