/* expression_lexer: tokens of DynamoDB's expressions. */
#pragma once

#include "bytes.h"

enum token_kind {
    TOKEN_END,
    TOKEN_INVALID, /* one character that no expression may hold */
    TOKEN_NAME,
    TOKEN_NAME_SUBSTITUTE,  /* #name */
    TOKEN_VALUE_SUBSTITUTE, /* :value */
    TOKEN_NUMBER,           /* digits */
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OPEN_BRACKET,
    TOKEN_CLOSE_BRACKET,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_LESS_OR_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_OR_EQUAL,
    TOKEN_AND, /* keywords, in any case */
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_BETWEEN,
    TOKEN_IN,
    TOKEN_SET,
    TOKEN_ADD,
    TOKEN_REMOVE,
    TOKEN_DELETE
};

struct token {
    enum token_kind kind;
    struct slice text; /* borrowed from the expression; at its end, empty, for TOKEN_END */
};

struct lexer {
    struct slice left; /* not yet read */
};

/* The next token; TOKEN_END again and again at the end. */
struct token lexer_next(struct lexer *lexer);
/* True for "#" or ":", as `first` says, and at least one character of a name. */
bool substitute_valid(struct slice text, char first);
