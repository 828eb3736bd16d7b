/* expression_parse: what the parsers of conditions, projections and updates share: the token at
 * hand, what was found wrong, paths and operands. Internal to expression_*.c. */
#pragma once

#include "expression_check.h"
#include "expression_lexer.h"
#include "expression_substitutes.h"

struct parser {
    struct expression_context *context;
    struct expression_problems problems;
    struct slice text;
    bool is_update;        /* which functions are allowed */
    struct lexer lexer;    /* past `current` */
    struct token previous; /* before `current`; empty text at the start of the expression */
    struct token current;  /* not yet taken */
    unsigned depth;        /* of parentheses and NOTs around `current` */
    unsigned operators;    /* counted so far */
};

/* NULL, or the message about a text that needs no parsing to be refused. */
const char *must_check parser_init(struct parser *parser, struct expression_context *context,
                                   struct slice text);
/* There was a syntax error: nothing is accepted any more. */
bool parser_failed(const struct parser *parser);
/* Syntax error at the current token, shown with its neighbours. */
void parser_fail(struct parser *parser);
/* Takes the current token. */
void parser_advance(struct parser *parser);
/* Takes the current token if it is of that kind. */
bool parser_accept(struct parser *parser, enum token_kind kind);
/* Takes it, or fails. */
void parser_expect(struct parser *parser, enum token_kind kind);
void parser_count_operator(struct parser *parser);
/* One level deeper. False, and the expression is refused, where it nests deeper than operators may
 * follow. */
bool parser_descend(struct parser *parser);

struct expression *parser_node(struct parser *parser, enum expression_kind kind);
void parser_add_operand(struct expression *node, struct expression *operand);
/* A path, for expression_check_targets(): a substitute that is not defined is told there. */
struct document_path parser_target(struct parser *parser, const char **undefined);
/* The value substitute that was just taken. */
struct expression *parser_value(struct parser *parser);
/* A path, a value or a function, or one of them in parentheses. NULL after a syntax error. */
struct expression *parser_operand(struct parser *parser);
/* A second pair around the node is redundant: as grave as a syntax error. */
void parser_check_parentheses(struct parser *parser, const struct expression *node);
/* What stands behind an opening parenthesis, which was passed, up to the closing one. NULL after an
 * error. Its parentheses are counted, and left to the caller to check. */
struct expression *parser_group(struct parser *parser,
                                struct expression *(*parse)(struct parser *parser));
