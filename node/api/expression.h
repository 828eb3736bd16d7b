/* expression: what the parser makes of DynamoDB's expressions, in the request's arena. Substitutes
 * are resolved, so names and values stand for themselves. */
#pragma once

#include "bytes.h"

enum {
    EXPRESSION_SIZE_MAX = 4096,     /* bytes of one expression; the service's limit */
    EXPRESSION_OPERATORS_MAX = 300, /* in one expression; the service's limit */
    PATH_ELEMENTS_MAX = 32          /* as deep as values nest */
};

/* One step into a document. */
struct path_element {
    struct slice name; /* of an attribute or a map's member; unused for an index */
    bool is_index;
    uint32_t index; /* into a list */
};

/* `elements[0]` names an attribute of the item. */
struct document_path {
    struct path_element *elements;
    size_t count; /* at least 1 */
};

enum expression_kind {
    EXPRESSION_PATH, /* operands: those of conditions and functions */
    EXPRESSION_VALUE,
    EXPRESSION_FUNCTION,
    EXPRESSION_EQUAL, /* conditions */
    EXPRESSION_NOT_EQUAL,
    EXPRESSION_LESS,
    EXPRESSION_LESS_OR_EQUAL,
    EXPRESSION_GREATER,
    EXPRESSION_GREATER_OR_EQUAL,
    EXPRESSION_BETWEEN,
    EXPRESSION_IN,
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_NOT
};

enum expression_function {
    FUNCTION_UNKNOWN,
    FUNCTION_ATTRIBUTE_EXISTS,
    FUNCTION_ATTRIBUTE_NOT_EXISTS,
    FUNCTION_ATTRIBUTE_TYPE,
    FUNCTION_BEGINS_WITH,
    FUNCTION_CONTAINS,
    FUNCTION_SIZE
};

struct expression {
    enum expression_kind kind;
    enum expression_function function; /* EXPRESSION_FUNCTION */
    struct document_path path;         /* EXPRESSION_PATH */
    struct slice value;                /* EXPRESSION_VALUE: encoded */
    struct expression *first;          /* operands, in order */
    struct expression *next;           /* next operand of the same expression */
    size_t count;                      /* operands */
    bool parenthesized;
};

/* The paths of a projection, in the order of the text. */
struct projection_paths {
    struct document_path *paths;
    size_t count;
};
