/* expression_check: what is wrong with an expression although its syntax is right. */
#pragma once

#include "arena.h"
#include "expression.h"

/* The gravest first. Of one kind the first counts that the service meets: it walks conditions from
 * the left, and targets and actions from the last to the first. */
enum expression_problem {
    PROBLEM_SYNTAX, /* or parentheses around parentheses, whichever is met first */
    PROBLEM_NAMING, /* a function, a reserved word or a list index that cannot be used */
    PROBLEM_SECTION,
    PROBLEM_TARGET,  /* an undefined substitute in it, too deep a path, or a clash with another */
    PROBLEM_OPERAND, /* undefined, too deep a path, or not what its operator takes */
    PROBLEM_OPERATORS,
    EXPRESSION_PROBLEMS
};

/* The first message of each kind, or NULL. */
struct expression_problems {
    struct arena *arena;
    const char *messages[EXPRESSION_PROBLEMS];
    const uint8_t *misnamed; /* where in the text the PROBLEM_NAMING stands */
};

/* Keeps the message if it is the first of its kind. */
void expression_report(struct expression_problems *problems, enum expression_problem problem,
                       const char *format, ...) printf_like(3, 4);
/* Of PROBLEM_NAMING the first in the text counts, in whatever order they are found: `name` is a part
 * of that text. */
void expression_report_name(struct expression_problems *problems, struct slice name,
                            const char *format, ...) printf_like(3, 4);
/* The message to answer, or NULL. */
const char *expression_gravest(const struct expression_problems *problems);

enum expression_function expression_function_named(struct slice name);
/* How many it takes; 0 for FUNCTION_UNKNOWN and what is no function. */
size_t expression_function_operands(enum expression_function function);
/* It belongs to update expressions, and to no others. */
bool expression_function_updates(enum expression_function function);
/* "=", "BETWEEN", "begins_with". */
const char *expression_operator_name(const struct expression *expression);

/* The function stands where none may, or not that one. */
void expression_report_misuse(struct expression_problems *problems,
                              const struct expression *function);
/* A function, a comparison or an arithmetic operation with all its operands. */
void expression_check_node(struct expression_problems *problems,
                           const struct expression *expression);
/* The operand of an ADD or DELETE; it is a value. */
void expression_check_action(struct expression_problems *problems, enum update_section section,
                             const struct expression *operand);
/* "SET", "REMOVE". */
const char *update_section_name(enum update_section section);
/* Targets, the paths of a projection or an update, must neither overlap nor conflict. For each,
 * `undefined` is the message about a substitute in it, or NULL. */
void expression_check_targets(struct expression_problems *problems,
                              const struct projection_paths *targets, const char *const *undefined);
