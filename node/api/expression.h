/* expression: what the parser makes of DynamoDB's expressions, in the request's arena. Substitutes
 * are resolved, so names and values stand for themselves. */
#pragma once

#include "document_path.h"

enum {
    EXPRESSION_SIZE_MAX = 4096,    /* bytes of one expression; the service's limit */
    EXPRESSION_OPERATORS_MAX = 300 /* in one expression; the service's limit */
};

/* These numbers, those of the functions and of the sections are sent (program.h): they never
 * change. */
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
    EXPRESSION_NOT,
    EXPRESSION_PLUS, /* updates */
    EXPRESSION_MINUS
};

enum { EXPRESSION_KINDS = EXPRESSION_MINUS + 1 };

enum expression_function {
    FUNCTION_UNKNOWN,
    FUNCTION_ATTRIBUTE_EXISTS,
    FUNCTION_ATTRIBUTE_NOT_EXISTS,
    FUNCTION_ATTRIBUTE_TYPE,
    FUNCTION_BEGINS_WITH,
    FUNCTION_CONTAINS,
    FUNCTION_SIZE,
    FUNCTION_IF_NOT_EXISTS, /* of updates alone, like the next */
    FUNCTION_LIST_APPEND
};

struct expression {
    enum expression_kind kind;
    enum expression_function function; /* EXPRESSION_FUNCTION */
    struct document_path path;         /* EXPRESSION_PATH */
    struct slice value;       /* EXPRESSION_VALUE: encoded; FUNCTION: its name as written */
    struct expression *first; /* operands, in order */
    struct expression *next;  /* next operand of the same expression */
    size_t count;             /* operands */
    unsigned parentheses;     /* pairs around it */
};

/* The paths of a projection, in the order of the text. */
struct projection_paths {
    struct document_path *paths;
    size_t count;
};

enum update_section {
    UPDATE_SET,
    UPDATE_REMOVE,
    UPDATE_ADD,
    UPDATE_DELETE,
    UPDATE_LEGACY_ADD, /* of AttributeUpdates: appends to lists as well */
    UPDATE_LEGACY_DELETE
};

enum { UPDATE_SECTIONS = UPDATE_LEGACY_DELETE + 1 };

/* What becomes of one path. */
struct update_action {
    enum update_section section;
    struct document_path path;
    struct expression *value; /* SET: an operand or an operation; REMOVE: NULL; else a value */
};

struct update_expression {
    struct update_action *actions; /* in the order of the text */
    size_t count;
};
