/* expression_check: what is wrong with an expression although its syntax is right. */
#pragma once

#include "arena.h"
#include "expression.h"

/* The gravest first. */
enum expression_problem {
    PROBLEM_SYNTAX,
    PROBLEM_OPERATORS,
    PROBLEM_PARENTHESES,
    PROBLEM_UNKNOWN_FUNCTION,
    PROBLEM_MISUSED_FUNCTION,
    PROBLEM_RESERVED,
    PROBLEM_SUBSTITUTE,
    PROBLEM_PATH,
    PROBLEM_OPERANDS,
    PROBLEM_DISTINCT,
    PROBLEM_TYPE,
    PROBLEM_OVERLAP,
    PROBLEM_CONFLICT,
    EXPRESSION_PROBLEMS
};

/* The first message of each kind, or NULL. */
struct expression_problems {
    struct arena *arena;
    const char *messages[EXPRESSION_PROBLEMS];
};

/* Keeps the message if it is the first of its kind. */
void expression_report(struct expression_problems *problems, enum expression_problem problem,
                       const char *format, ...) printf_like(3, 4);
/* The message to answer, or NULL. */
const char *expression_gravest(const struct expression_problems *problems);

enum expression_function expression_function_named(struct slice name);
const char *expression_function_name(enum expression_function function);
/* "=", "BETWEEN", "begins_with". */
const char *expression_operator_name(const struct expression *expression);

/* A function or a comparison with all its operands. */
void expression_check_node(struct expression_problems *problems,
                           const struct expression *expression);
/* Paths of a projection must neither overlap nor conflict. */
void expression_check_paths(struct expression_problems *problems,
                            const struct projection_paths *projection);
/* "[a, [0], b]", in the arena. */
char *document_path_show(struct arena *arena, const struct document_path *path);
