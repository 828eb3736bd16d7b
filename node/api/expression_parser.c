#include "expression_parser.h"

#include "expression_parse.h"
#include "messages.h"

static struct expression *parse_condition(struct parser *parser);

/* Conditions. All return NULL after a syntax error. */

static bool is_comparator(enum token_kind kind)
{
    return kind >= TOKEN_EQUAL && kind <= TOKEN_GREATER_OR_EQUAL;
}

static bool begins_comparison(enum token_kind kind)
{
    return is_comparator(kind) || kind == TOKEN_BETWEEN || kind == TOKEN_IN;
}

static bool is_operand(const struct expression *node)
{
    return node->kind == EXPRESSION_PATH || node->kind == EXPRESSION_VALUE;
}

static struct expression *finish_comparison(struct parser *parser, struct expression *node)
{
    if (parser_failed(parser))
        return NULL;
    expression_check_node(&parser->problems, node);
    return node;
}

static struct expression *parse_comparison(struct parser *parser, struct expression *left)
{
    static const enum expression_kind kinds[] = {EXPRESSION_EQUAL,   EXPRESSION_NOT_EQUAL,
                                                 EXPRESSION_LESS,    EXPRESSION_LESS_OR_EQUAL,
                                                 EXPRESSION_GREATER, EXPRESSION_GREATER_OR_EQUAL};
    struct expression *node = parser_node(parser, kinds[parser->current.kind - TOKEN_EQUAL]);
    parser_count_operator(parser);
    parser_advance(parser);
    parser_add_operand(node, left);
    struct expression *right = parser_operand(parser);
    if (right != NULL)
        parser_add_operand(node, right);
    return finish_comparison(parser, node);
}

static struct expression *parse_between(struct parser *parser, struct expression *left)
{
    struct expression *node = parser_node(parser, EXPRESSION_BETWEEN);
    parser_count_operator(parser);
    parser_add_operand(node, left);
    struct expression *low = parser_operand(parser);
    parser_expect(parser, TOKEN_AND);
    struct expression *high = parser_operand(parser);
    if (parser_failed(parser))
        return NULL;
    parser_add_operand(node, low);
    parser_add_operand(node, high);
    return finish_comparison(parser, node);
}

static struct expression *parse_in(struct parser *parser, struct expression *left)
{
    struct expression *node = parser_node(parser, EXPRESSION_IN);
    struct expression *last = left;
    parser_count_operator(parser);
    parser_add_operand(node, left);
    parser_expect(parser, TOKEN_OPEN);
    do {
        struct expression *operand = parser_operand(parser);
        if (operand == NULL)
            return NULL;
        last->next = operand;
        last = operand;
        node->count++;
    } while (parser_accept(parser, TOKEN_COMMA));
    parser_expect(parser, TOKEN_CLOSE);
    return finish_comparison(parser, node);
}

static struct expression *parse_compared(struct parser *parser, struct expression *left)
{
    if (parser_accept(parser, TOKEN_BETWEEN))
        return parse_between(parser, left);
    if (parser_accept(parser, TOKEN_IN))
        return parse_in(parser, left);
    return parse_comparison(parser, left);
}

/* Also yields a bare operand where a parenthesis closes behind it: whoever opened it may go on with
 * a comparator, and if not refuses it. */
static struct expression *parse_primary(struct parser *parser)
{
    struct expression *left = parser_accept(parser, TOKEN_OPEN)
                                  ? parser_group(parser, parse_condition)
                                  : parser_operand(parser);
    if (left == NULL)
        return NULL;
    bool compared = begins_comparison(parser->current.kind) &&
                    (is_operand(left) || left->kind == EXPRESSION_FUNCTION);
    if (compared || !is_operand(left))
        parser_check_parentheses(parser, left);
    if (parser_failed(parser))
        return NULL;
    if (compared)
        return parse_compared(parser, left);
    if (is_operand(left) && (parser->current.kind != TOKEN_CLOSE || parser->depth == 0)) {
        parser_fail(parser);
        return NULL;
    }
    return left;
}

/* Refuses what is an operand, not a condition. */
static struct expression *require_condition(struct parser *parser, struct expression *node)
{
    if (node != NULL && is_operand(node)) {
        parser_fail(parser);
        return NULL;
    }
    if (node != NULL && node->kind == EXPRESSION_FUNCTION && node->function == FUNCTION_SIZE)
        expression_report_misuse(&parser->problems, node);
    return node;
}

static struct expression *parse_not(struct parser *parser)
{
    if (!parser_accept(parser, TOKEN_NOT))
        return parse_primary(parser);
    parser_count_operator(parser);
    if (!parser_descend(parser))
        return NULL;
    struct expression *node = parser_node(parser, EXPRESSION_NOT);
    struct expression *inner = require_condition(parser, parse_not(parser));
    if (inner == NULL)
        return NULL;
    parser->depth--;
    parser_add_operand(node, inner);
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
    struct expression *node = parser_node(parser, kind);
    struct expression *last = require_condition(parser, left);
    node->first = last;
    node->count = 1;
    while (last != NULL && parser_accept(parser, operator_token)) {
        parser_count_operator(parser);
        last->next = require_condition(parser, parse_next(parser));
        last = last->next;
        node->count++;
    }
    return parser_failed(parser) ? NULL : node;
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

const char *expression_parse_condition(struct expression_context *context, struct slice text,
                                       struct expression **condition)
{
    *condition = NULL;
    if (text.size > EXPRESSION_SIZE_MAX)
        return arena_printf(context->arena, MESSAGE_EXPRESSION_TOO_LARGE_SIZE, text.size);
    struct parser parser;
    const char *problem = parser_init(&parser, context, text);
    if (problem != NULL)
        return problem;
    *condition = require_condition(&parser, parse_condition(&parser));
    if (!parser_failed(&parser) && parser.current.kind != TOKEN_END)
        parser_fail(&parser);
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
    const char **undefined = arena_alloc(context->arena, paths_max * sizeof(*undefined));
    projection->paths = arena_alloc(context->arena, paths_max * sizeof(*projection->paths));
    do {
        size_t at = projection->count++;
        projection->paths[at] = parser_target(&parser, &undefined[at]);
    } while (parser_accept(&parser, TOKEN_COMMA));
    if (!parser_failed(&parser) && parser.current.kind != TOKEN_END)
        parser_fail(&parser);
    if (!parser_failed(&parser))
        expression_check_targets(&parser.problems, projection, undefined);
    return expression_gravest(&parser.problems);
}
