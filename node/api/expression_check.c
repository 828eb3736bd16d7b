#include "expression_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "decimal.h"
#include "item.h"
#include "messages.h"

enum { IN_OPERANDS_MAX = 100 /* the service's limit */ };

struct function_facts {
    const char *name;
    size_t operands;
};

static const struct function_facts functions[] = {
    [FUNCTION_ATTRIBUTE_EXISTS] = {"attribute_exists", 1},
    [FUNCTION_ATTRIBUTE_NOT_EXISTS] = {"attribute_not_exists", 1},
    [FUNCTION_ATTRIBUTE_TYPE] = {"attribute_type", 2},
    [FUNCTION_BEGINS_WITH] = {"begins_with", 2},
    [FUNCTION_CONTAINS] = {"contains", 2},
    [FUNCTION_SIZE] = {"size", 1},
    [FUNCTION_IF_NOT_EXISTS] = {"if_not_exists", 2},
    [FUNCTION_LIST_APPEND] = {"list_append", 2},
};

void expression_report(struct expression_problems *problems, enum expression_problem problem,
                       const char *format, ...)
{
    ensure(format != NULL);
    if (problems->messages[problem] != NULL)
        return;
    va_list args;
    va_start(args, format);
    problems->messages[problem] = arena_vprintf(problems->arena, format, args);
    va_end(args);
}

void expression_report_name(struct expression_problems *problems, struct slice name,
                            const char *format, ...)
{
    ensure(format != NULL);
    if (problems->misnamed != NULL && problems->misnamed <= name.data)
        return;
    va_list args;
    va_start(args, format);
    problems->messages[PROBLEM_NAMING] = arena_vprintf(problems->arena, format, args);
    problems->misnamed = name.data;
    va_end(args);
}

const char *expression_gravest(const struct expression_problems *problems)
{
    for (size_t i = 0; i < EXPRESSION_PROBLEMS; i++)
        if (problems->messages[i] != NULL)
            return problems->messages[i];
    return NULL;
}

enum expression_function expression_function_named(struct slice name)
{
    for (enum expression_function i = FUNCTION_ATTRIBUTE_EXISTS; i <= FUNCTION_LIST_APPEND; i++)
        if (slice_equal(name, slice_of_string(functions[i].name)))
            return i;
    return FUNCTION_UNKNOWN;
}

size_t expression_function_operands(enum expression_function function)
{
    return (size_t)function < array_size(functions) ? functions[function].operands : 0;
}

bool expression_function_updates(enum expression_function function)
{
    return function == FUNCTION_IF_NOT_EXISTS || function == FUNCTION_LIST_APPEND;
}

const char *update_section_name(enum update_section section)
{
    static const char *const names[] = {"SET", "REMOVE", "ADD", "DELETE"};
    return names[section];
}

const char *expression_operator_name(const struct expression *expression)
{
    static const char *const operators[] = {
        [EXPRESSION_EQUAL] = "=",         [EXPRESSION_NOT_EQUAL] = "<>",
        [EXPRESSION_LESS] = "<",          [EXPRESSION_LESS_OR_EQUAL] = "<=",
        [EXPRESSION_GREATER] = ">",       [EXPRESSION_GREATER_OR_EQUAL] = ">=",
        [EXPRESSION_BETWEEN] = "BETWEEN", [EXPRESSION_IN] = "IN",
        [EXPRESSION_AND] = "AND",         [EXPRESSION_OR] = "OR",
        [EXPRESSION_NOT] = "NOT",         [EXPRESSION_PLUS] = "+",
        [EXPRESSION_MINUS] = "-",
    };
    if (expression->kind == EXPRESSION_FUNCTION)
        return functions[expression->function].name;
    return operators[expression->kind];
}

/* "[a, [0], b]", in the arena. */
static char *show_path(struct arena *arena, const struct document_path *path)
{
    enum { INDEX_SIZE = sizeof("[4294967295], ") };
    size_t room = sizeof("[]"), used = 1;
    for (size_t i = 0; i < path->count; i++)
        room += path->elements[i].name.size + INDEX_SIZE;
    char *shown = arena_alloc(arena, room);
    shown[0] = '[';
    for (size_t i = 0; i < path->count; i++) {
        const struct path_element *element = &path->elements[i];
        const char *comma = i == 0 ? "" : ", ";
        int size = element->is_index
                       ? snprintf(shown + used, room - used, "%s[%u]", comma, element->index)
                       : snprintf(shown + used, room - used, "%s%.*s", comma,
                                  (int)element->name.size, element->name.data);
        used += (size_t)size;
    }
    memcpy(shown + used, "]", sizeof("]"));
    return shown;
}

/* Operands. */

static void check_distinct(struct expression_problems *problems,
                           const struct expression *expression)
{
    const struct expression *first = expression->first;
    if (first->kind != EXPRESSION_PATH)
        return;
    for (const struct expression *at = first->next; at != NULL; at = at->next)
        if (at->kind == EXPRESSION_PATH && document_path_compare(&first->path, &at->path) == 0) {
            expression_report(problems, PROBLEM_OPERAND, MESSAGE_OPERANDS_SAME,
                              expression_operator_name(expression),
                              show_path(problems->arena, &first->path));
            return;
        }
}

static void report_type(struct expression_problems *problems, const struct expression *expression,
                        const char *type)
{
    expression_report(problems, PROBLEM_OPERAND, MESSAGE_OPERAND_TYPE,
                      expression_operator_name(expression), type);
}

static enum value_type type_of(const struct expression *operand)
{
    if (operand->kind == EXPRESSION_FUNCTION && operand->function == FUNCTION_SIZE)
        return VALUE_NUMBER;
    return operand->kind == EXPRESSION_VALUE ? value_type(operand->value) : VALUE_NONE;
}

/* Operands whose type is known: values, and what functions yield. */
static void check_operands_are(struct expression_problems *problems,
                               const struct expression *expression, enum value_type wanted)
{
    for (const struct expression *at = expression->first; at != NULL; at = at->next)
        if (at->kind == EXPRESSION_VALUE && type_of(at) != VALUE_NONE && type_of(at) != wanted)
            report_type(problems, expression, value_type_name(type_of(at)));
}

/* Only strings, numbers and binaries have an order. */
static void check_ordered(struct expression_problems *problems, const struct expression *expression)
{
    for (const struct expression *at = expression->first; at != NULL; at = at->next)
        if (type_of(at) > VALUE_BINARY)
            report_type(problems, expression, value_type_name(type_of(at)));
}

static void check_begins_with(struct expression_problems *problems,
                              const struct expression *expression)
{
    for (const struct expression *at = expression->first; at != NULL; at = at->next) {
        enum value_type type = type_of(at);
        if (type != VALUE_NONE && type != VALUE_STRING && type != VALUE_BINARY)
            report_type(problems, expression, value_type_name(type));
    }
}

static void check_attribute_type(struct expression_problems *problems,
                                 const struct expression *expression)
{
    const struct expression *operand = expression->first->next;
    enum value_type type = type_of(operand);
    if (type != VALUE_STRING) {
        report_type(problems, expression,
                    type == VALUE_NONE ? "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}" : value_type_name(type));
        return;
    }
    struct slice name = value_bytes(operand->value);
    for (enum value_type i = VALUE_STRING; i <= VALUE_BINARY_SET; i++)
        if (slice_equal(name, slice_of_string(value_type_name(i))))
            return;
    expression_report(problems, PROBLEM_OPERAND, MESSAGE_ATTRIBUTE_TYPE, (int)name.size, name.data);
}

static void check_size(struct expression_problems *problems, const struct expression *expression)
{
    enum value_type type = type_of(expression->first);
    if (type == VALUE_NUMBER || type == VALUE_BOOL || type == VALUE_NULL)
        report_type(problems, expression, value_type_name(type));
}

static void check_function(struct expression_problems *problems,
                           const struct expression *expression)
{
    const char *name = functions[expression->function].name;
    if (expression->count != functions[expression->function].operands) {
        expression_report(problems, PROBLEM_OPERAND, MESSAGE_OPERANDS_NUMBER, name,
                          expression->count);
        return;
    }
    if (expression->function != FUNCTION_LIST_APPEND)
        check_distinct(problems, expression);
    switch (expression->function) {
    case FUNCTION_ATTRIBUTE_EXISTS:
    case FUNCTION_ATTRIBUTE_NOT_EXISTS:
    case FUNCTION_IF_NOT_EXISTS:
        if (expression->first->kind != EXPRESSION_PATH)
            expression_report(problems, PROBLEM_OPERAND, MESSAGE_OPERAND_PATH, name);
        break;
    case FUNCTION_BEGINS_WITH:
        check_begins_with(problems, expression);
        break;
    case FUNCTION_ATTRIBUTE_TYPE:
        check_attribute_type(problems, expression);
        break;
    case FUNCTION_SIZE:
        check_size(problems, expression);
        break;
    case FUNCTION_LIST_APPEND:
        check_operands_are(problems, expression, VALUE_LIST);
        break;
    case FUNCTION_CONTAINS:
    case FUNCTION_UNKNOWN:
        break;
    }
}

static char *show_value(struct arena *arena, struct slice value)
{
    char number[DECIMAL_TEXT_SIZE];
    struct slice bytes = value_bytes(value);
    struct writer text;
    writer_init(&text, 0);
    if (value_type(value) == VALUE_NUMBER)
        writer_put_slice(&text, decimal_format(bytes, number));
    else if (value_type(value) == VALUE_BINARY)
        base64_encode(&text, bytes);
    else
        writer_put_slice(&text, bytes);
    struct slice written = writer_slice(&text);
    char *shown = arena_printf(arena, MESSAGE_SHOWN_VALUE, value_type_name(value_type(value)),
                               (int)written.size, written.data);
    writer_deinit(&text);
    return shown;
}

static void check_between(struct expression_problems *problems, const struct expression *expression)
{
    const struct expression *low = expression->first->next;
    const struct expression *high = low->next;
    if (low->kind != EXPRESSION_VALUE || high->kind != EXPRESSION_VALUE)
        return;
    const char *wrong = NULL;
    if (type_of(low) != type_of(high))
        wrong = MESSAGE_BETWEEN_TYPES;
    else if (slice_compare(value_bytes(low->value), value_bytes(high->value)) > 0)
        wrong = MESSAGE_BETWEEN_BOUNDS;
    if (wrong != NULL)
        expression_report(problems, PROBLEM_OPERAND, MESSAGE_BETWEEN, wrong,
                          show_value(problems->arena, low->value),
                          show_value(problems->arena, high->value));
}

static void check_in(struct expression_problems *problems, const struct expression *expression)
{
    size_t candidates = expression->count - 1;
    if (candidates > IN_OPERANDS_MAX)
        expression_report(problems, PROBLEM_OPERAND, MESSAGE_IN_TOO_MANY, candidates);
}

static void check_comparison(struct expression_problems *problems,
                             const struct expression *expression)
{
    if (expression->kind == EXPRESSION_IN)
        check_in(problems, expression);
    check_distinct(problems, expression);
    if (expression->kind == EXPRESSION_IN)
        return;
    if (expression->kind == EXPRESSION_EQUAL || expression->kind == EXPRESSION_NOT_EQUAL)
        return;
    check_ordered(problems, expression);
    if (expression->kind == EXPRESSION_BETWEEN)
        check_between(problems, expression);
}

void expression_report_misuse(struct expression_problems *problems,
                              const struct expression *function)
{
    expression_report_name(problems, function->value, MESSAGE_FUNCTION_NOT_HERE,
                           (int)function->value.size, function->value.data);
}

void expression_check_node(struct expression_problems *problems,
                           const struct expression *expression)
{
    for (const struct expression *at = expression->first; at != NULL; at = at->next)
        if (at->kind == EXPRESSION_FUNCTION && at->function != FUNCTION_SIZE &&
            at->function != FUNCTION_IF_NOT_EXISTS)
            expression_report_misuse(problems, at);
    if (problems->messages[PROBLEM_OPERAND] != NULL)
        return; /* what follows finds no other kind, and the first is told */
    if (expression->kind == EXPRESSION_FUNCTION)
        check_function(problems, expression);
    else if (expression->kind == EXPRESSION_PLUS || expression->kind == EXPRESSION_MINUS)
        check_operands_are(problems, expression, VALUE_NUMBER);
    else
        check_comparison(problems, expression);
}

void expression_check_action(struct expression_problems *problems, enum update_section section,
                             const struct expression *operand)
{
    static const char *const names[] = {
        [VALUE_STRING] = "STRING", [VALUE_NUMBER] = "NUMBER", [VALUE_BINARY] = "BINARY",
        [VALUE_BOOL] = "BOOLEAN",  [VALUE_NULL] = "NULL",     [VALUE_LIST] = "LIST",
        [VALUE_MAP] = "MAP"};
    enum value_type type = type_of(operand);
    if (type == VALUE_NONE || value_type_is_set(type) ||
        (type == VALUE_NUMBER && section == UPDATE_ADD))
        return;
    const char *name = update_section_name(section);
    expression_report(problems, PROBLEM_OPERAND, MESSAGE_OPERAND_TYPE_SET, name, names[type], name);
}

/* Paths. */

static void check_pair(struct expression_problems *problems, const struct document_path *a,
                       const struct document_path *b)
{
    enum path_clash clash = document_path_clash(a, b);
    if (clash == PATHS_APART || problems->messages[PROBLEM_TARGET] != NULL)
        return;
    expression_report(problems, PROBLEM_TARGET, MESSAGE_PATHS_CLASH,
                      clash == PATHS_CONFLICT ? "conflict" : "overlap",
                      show_path(problems->arena, a), show_path(problems->arena, b));
}

static int compare_paths(const void *a, const void *b)
{
    const struct document_path *const *first = a;
    const struct document_path *const *second = b;
    return document_path_compare(*first, *second);
}

/* Without looking at every pair. */
static bool any_clash(struct arena *arena, const struct projection_paths *paths)
{
    const struct document_path **ordered = arena_alloc(arena, paths->count * sizeof(*ordered));
    for (size_t i = 0; i < paths->count; i++)
        ordered[i] = &paths->paths[i];
    if (paths->count > 0)
        qsort(ordered, paths->count, sizeof(*ordered), compare_paths);
    for (size_t i = 1; i < paths->count; i++)
        if (document_path_clash(ordered[i - 1], ordered[i]) != PATHS_APART)
            return true;
    return false;
}

void expression_check_targets(struct expression_problems *problems,
                              const struct projection_paths *targets, const char *const *undefined)
{
    bool clash = any_clash(problems->arena, targets);
    for (size_t i = targets->count; i-- > 0 && problems->messages[PROBLEM_TARGET] == NULL;) {
        if (undefined[i] != NULL)
            expression_report(problems, PROBLEM_TARGET, "%s", undefined[i]);
        for (size_t j = i + 1; clash && j < targets->count; j++)
            check_pair(problems, &targets->paths[i], &targets->paths[j]);
    }
}
