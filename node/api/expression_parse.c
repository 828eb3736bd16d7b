#include "expression_parse.h"

#include "messages.h"
#include "reserved_words.h"

bool parser_failed(const struct parser *parser)
{
    return parser->problems.messages[PROBLEM_SYNTAX] != NULL;
}

void parser_fail(struct parser *parser)
{
    struct lexer ahead = parser->lexer;
    struct token next = lexer_next(&ahead);
    const uint8_t *end = next.kind == TOKEN_END ? parser->text.data + parser->text.size
                                                : next.text.data + next.text.size;
    const uint8_t *start = parser->previous.text.data;
    if (parser->current.kind == TOKEN_END)
        expression_report(&parser->problems, PROBLEM_SYNTAX, MESSAGE_SYNTAX_END, (int)(end - start),
                          start);
    else
        expression_report(&parser->problems, PROBLEM_SYNTAX, MESSAGE_SYNTAX,
                          (int)parser->current.text.size, parser->current.text.data,
                          (int)(end - start), start);
}

void parser_advance(struct parser *parser)
{
    parser->previous = parser->current;
    parser->current = lexer_next(&parser->lexer);
}

bool parser_accept(struct parser *parser, enum token_kind kind)
{
    if (parser_failed(parser) || parser->current.kind != kind)
        return false;
    parser_advance(parser);
    return true;
}

void parser_expect(struct parser *parser, enum token_kind kind)
{
    if (!parser_accept(parser, kind))
        parser_fail(parser);
}

void parser_count_operator(struct parser *parser)
{
    if (++parser->operators > EXPRESSION_OPERATORS_MAX)
        expression_report(&parser->problems, PROBLEM_OPERATORS, MESSAGE_OPERATORS_TOO_MANY,
                          parser->operators);
}

bool parser_descend(struct parser *parser)
{
    if (++parser->depth <= EXPRESSION_OPERATORS_MAX)
        return true;
    expression_report(&parser->problems, PROBLEM_SYNTAX, MESSAGE_OPERATORS_TOO_MANY, parser->depth);
    return false;
}

struct expression *parser_node(struct parser *parser, enum expression_kind kind)
{
    struct expression *node = arena_zalloc(parser->context->arena, sizeof(*node));
    node->kind = kind;
    return node;
}

void parser_add_operand(struct expression *node, struct expression *operand)
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
            expression_report_name(&parser->problems, text, MESSAGE_RESERVED_WORD, (int)text.size,
                                   text.data);
        return;
    }
    const struct substitute *substitute = substitutes_use(&parser->context->names, text);
    if (substitute != NULL)
        *name = substitute->means;
    else
        expression_report(&parser->problems, PROBLEM_OPERAND, MESSAGE_NAME_UNDEFINED,
                          (int)text.size, text.data);
}

static void parse_index(struct parser *parser, struct path_element *element)
{
    struct slice digits = parser->current.text;
    parser_expect(parser, TOKEN_NUMBER);
    if (parser_failed(parser))
        return;
    uint64_t index = 0;
    for (size_t i = 0; i < digits.size && index <= UINT32_MAX; i++)
        index = index * 10 + (digits.data[i] - (uint64_t)'0');
    if (index > INT32_MAX)
        expression_report_name(&parser->problems, digits, MESSAGE_LIST_INDEX, (int)digits.size,
                               digits.data);
    element->is_index = true;
    element->index = (uint32_t)index;
    parser_expect(parser, TOKEN_CLOSE_BRACKET);
}

static void parse_name(struct parser *parser, struct path_element *element)
{
    if (parser_accept(parser, TOKEN_NAME) || parser_accept(parser, TOKEN_NAME_SUBSTITUTE))
        use_name(parser, &element->name);
    else
        parser_fail(parser);
}

/* The elements behind the first, which stands in elements[0]. Those beyond PATH_ELEMENTS_MAX are
 * counted and left out. */
static struct document_path parse_path_rest(struct parser *parser, struct path_element *elements)
{
    size_t count = 1;
    while (!parser_failed(parser)) {
        struct path_element element = {.is_index = false};
        if (parser_accept(parser, TOKEN_DOT))
            parse_name(parser, &element);
        else if (parser_accept(parser, TOKEN_OPEN_BRACKET))
            parse_index(parser, &element);
        else
            break;
        if (count < PATH_ELEMENTS_MAX)
            elements[count] = element;
        count++;
    }
    size_t kept_count = count < PATH_ELEMENTS_MAX ? count : PATH_ELEMENTS_MAX;
    struct path_element *kept = arena_alloc(parser->context->arena, kept_count * sizeof(*kept));
    for (size_t i = 0; i < kept_count; i++)
        kept[i] = elements[i];
    return (struct document_path){kept, count};
}

/* A path that is too deep is not looked at for undefined substitutes. */
static struct document_path parse_path(struct parser *parser)
{
    const char **reported = &parser->problems.messages[PROBLEM_OPERAND];
    const char *before = *reported;
    struct path_element elements[PATH_ELEMENTS_MAX] = {{.is_index = false}};
    parse_name(parser, &elements[0]);
    struct document_path path = parse_path_rest(parser, elements);
    if (path.count > PATH_ELEMENTS_MAX) {
        *reported = before;
        expression_report(&parser->problems, PROBLEM_OPERAND, MESSAGE_PATH_TOO_DEEP, path.count);
        path.count = PATH_ELEMENTS_MAX;
    }
    return path;
}

struct document_path parser_target(struct parser *parser, const char **undefined)
{
    const char **reported = &parser->problems.messages[PROBLEM_OPERAND];
    const char *before = *reported;
    *reported = NULL;
    struct document_path path = parse_path(parser);
    *undefined = *reported;
    *reported = before;
    return path;
}

/* Operands. */

struct expression *parser_value(struct parser *parser)
{
    struct expression *node = parser_node(parser, EXPRESSION_VALUE);
    struct slice text = parser->previous.text;
    const struct substitute *substitute = substitutes_use(&parser->context->values, text);
    if (substitute != NULL)
        node->value = substitute->means;
    else
        expression_report(&parser->problems, PROBLEM_OPERAND, MESSAGE_VALUE_UNDEFINED,
                          (int)text.size, text.data);
    return node;
}

/* Unless the expression may call it, the function is unknown. */
static enum expression_function use_function(struct parser *parser, struct slice name)
{
    enum expression_function function = expression_function_named(name);
    if (function == FUNCTION_UNKNOWN) {
        expression_report_name(&parser->problems, name, MESSAGE_FUNCTION_UNKNOWN, (int)name.size,
                               name.data);
        return FUNCTION_UNKNOWN;
    }
    if (expression_function_updates(function) == parser->is_update)
        return function;
    expression_report_name(&parser->problems, name, MESSAGE_FUNCTION_NOT_IN,
                           parser->is_update ? MESSAGE_IN_UPDATE : MESSAGE_IN_CONDITION,
                           (int)name.size, name.data);
    return FUNCTION_UNKNOWN;
}

/* The name was taken, and an opening parenthesis follows. */
static struct expression *parse_function(struct parser *parser)
{
    struct expression *node = parser_node(parser, EXPRESSION_FUNCTION);
    node->value = parser->previous.text;
    node->function = use_function(parser, node->value);
    parser_count_operator(parser);
    parser_expect(parser, TOKEN_OPEN);
    do {
        struct expression *operand = parser_operand(parser);
        if (operand != NULL)
            parser_add_operand(node, operand);
    } while (parser_accept(parser, TOKEN_COMMA));
    parser_expect(parser, TOKEN_CLOSE);
    if (!parser_failed(parser) && node->function != FUNCTION_UNKNOWN)
        expression_check_node(&parser->problems, node);
    return node;
}

static struct expression *parse_path_or_function(struct parser *parser)
{
    if (parser->current.kind == TOKEN_NAME) {
        struct lexer ahead = parser->lexer;
        if (lexer_next(&ahead).kind == TOKEN_OPEN) {
            parser_advance(parser);
            return parse_function(parser);
        }
    }
    struct expression *node = parser_node(parser, EXPRESSION_PATH);
    node->path = parse_path(parser);
    return node;
}

void parser_check_parentheses(struct parser *parser, const struct expression *node)
{
    if (node->parentheses > 1)
        expression_report(&parser->problems, PROBLEM_SYNTAX, MESSAGE_PARENTHESES);
}

struct expression *parser_group(struct parser *parser,
                                struct expression *(*parse)(struct parser *parser))
{
    struct expression *inner = parser_descend(parser) ? parse(parser) : NULL;
    parser_expect(parser, TOKEN_CLOSE);
    if (parser_failed(parser))
        return NULL;
    parser->depth--;
    inner->parentheses++;
    return inner;
}

struct expression *parser_operand(struct parser *parser)
{
    if (parser_failed(parser))
        return NULL;
    if (parser_accept(parser, TOKEN_VALUE_SUBSTITUTE))
        return parser_value(parser);
    if (parser->current.kind != TOKEN_OPEN) {
        if (!parser_descend(parser))
            return NULL;
        struct expression *node = parse_path_or_function(parser);
        parser->depth--;
        return parser_failed(parser) ? NULL : node;
    }
    parser_advance(parser);
    struct expression *node = parser_group(parser, parser_operand);
    if (node != NULL)
        parser_check_parentheses(parser, node);
    return parser_failed(parser) ? NULL : node;
}

const char *parser_init(struct parser *parser, struct expression_context *context,
                        struct slice text)
{
    *parser = (struct parser){.context = context, .text = text, .lexer = {text}};
    parser->problems.arena = context->arena;
    if (text.size == 0)
        return MESSAGE_EXPRESSION_EMPTY;
    if (text.size > EXPRESSION_SIZE_MAX)
        return MESSAGE_EXPRESSION_TOO_LARGE;
    parser->previous.text = slice_of(text.data, 0);
    parser->current = lexer_next(&parser->lexer);
    return NULL;
}
