#include "expression_parse.h"
#include "expression_parser.h"
#include "messages.h"

static struct expression *parse_set_value(struct parser *parser);

/* NULL after a syntax error, like those below. */
static struct expression *parse_arithmetic(struct parser *parser, struct expression *left)
{
    bool plus = parser->current.kind == TOKEN_PLUS;
    struct expression *node = parser_node(parser, plus ? EXPRESSION_PLUS : EXPRESSION_MINUS);
    parser_count_operator(parser);
    parser_advance(parser);
    struct expression *right = parser_operand(parser);
    if (right == NULL)
        return NULL;
    parser_add_operand(node, left);
    parser_add_operand(node, right);
    expression_check_node(&parser->problems, node);
    return node;
}

static struct expression *parse_set_value(struct parser *parser)
{
    struct expression *left = parser_accept(parser, TOKEN_OPEN)
                                  ? parser_group(parser, parse_set_value)
                                  : parser_operand(parser);
    if (left != NULL)
        parser_check_parentheses(parser, left);
    if (parser_failed(parser))
        return NULL;
    if (left->kind == EXPRESSION_PLUS || left->kind == EXPRESSION_MINUS)
        return left;
    if (parser->current.kind == TOKEN_PLUS || parser->current.kind == TOKEN_MINUS)
        return parse_arithmetic(parser, left);
    return left;
}

static struct expression *parse_action_value(struct parser *parser, enum update_section section)
{
    if (section == UPDATE_SET) {
        parser_expect(parser, TOKEN_EQUAL);
        return parse_set_value(parser);
    }
    if (section == UPDATE_REMOVE)
        return NULL;
    parser_expect(parser, TOKEN_VALUE_SUBSTITUTE);
    if (parser_failed(parser))
        return NULL;
    struct expression *value = parser_value(parser);
    expression_check_action(&parser->problems, section, value);
    return value;
}

/* Of the actions with wrong operands the last is complained about. */
static struct expression *parse_action_operands(struct parser *parser, enum update_section section)
{
    const char **reported = &parser->problems.messages[PROBLEM_OPERAND];
    const char *before = *reported;
    *reported = NULL;
    struct expression *value = parse_action_value(parser, section);
    if (*reported == NULL)
        *reported = before;
    return value;
}

/* `undefined` is of the targets of all actions. */
static void parse_section(struct parser *parser, enum update_section section,
                          struct update_expression *update, const char **undefined)
{
    parser_advance(parser);
    do {
        struct update_action *action = &update->actions[update->count];
        action->section = section;
        action->path = parser_target(parser, &undefined[update->count++]);
        action->value = parser_failed(parser) ? NULL : parse_action_operands(parser, section);
    } while (parser_accept(parser, TOKEN_COMMA));
}

static bool section_begins(enum token_kind token, enum update_section *section)
{
    static const enum token_kind tokens[] = {[UPDATE_SET] = TOKEN_SET,
                                             [UPDATE_REMOVE] = TOKEN_REMOVE,
                                             [UPDATE_ADD] = TOKEN_ADD,
                                             [UPDATE_DELETE] = TOKEN_DELETE};
    for (size_t i = 0; i < array_size(tokens); i++) {
        *section = (enum update_section)i;
        if (tokens[i] == token)
            return true;
    }
    return false;
}

static void parse_sections(struct parser *parser, struct update_expression *update,
                           const char **undefined)
{
    bool seen[UPDATE_SECTIONS] = {false};
    do {
        enum update_section section;
        if (!section_begins(parser->current.kind, &section)) {
            parser_fail(parser);
            return;
        }
        if (seen[section])
            expression_report(&parser->problems, PROBLEM_SECTION, MESSAGE_SECTION_TWICE,
                              update_section_name(section));
        seen[section] = true;
        parse_section(parser, section, update, undefined);
    } while (!parser_failed(parser) && parser->current.kind != TOKEN_END);
}

static void check_targets(struct parser *parser, const struct update_expression *update,
                          const char *const *undefined)
{
    struct projection_paths paths = {
        arena_alloc(parser->context->arena, update->count * sizeof(*paths.paths)), update->count};
    for (size_t i = 0; i < update->count; i++)
        paths.paths[i] = update->actions[i].path;
    expression_check_targets(&parser->problems, &paths, undefined);
}

const char *expression_parse_update(struct expression_context *context, struct slice text,
                                    struct update_expression *update)
{
    *update = (struct update_expression){NULL, 0};
    struct parser parser;
    const char *problem = parser_init(&parser, context, text);
    if (problem != NULL)
        return problem;
    parser.is_update = true;
    /* A path and what separates it from the next take two bytes at least. */
    size_t actions_max = text.size / 2 + 1;
    update->actions = arena_zalloc(context->arena, actions_max * sizeof(*update->actions));
    const char **undefined = arena_alloc(context->arena, actions_max * sizeof(*undefined));
    parse_sections(&parser, update, undefined);
    if (!parser_failed(&parser))
        check_targets(&parser, update, undefined);
    return expression_gravest(&parser.problems);
}
