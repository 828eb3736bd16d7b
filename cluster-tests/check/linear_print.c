/* The messages of linear.h. */
#include <stdio.h>
#include <string.h>

#include "linear.h"

enum {
    LINE_MAX_SIZE = 160,
    EARLIER_MAX = 8, /* operations shown that were completed before: more than most stories need */
    CONCURRENT_MAX = 40
};

const char *linear_verdict_name(enum linear_verdict verdict)
{
    switch (verdict) {
    case LINEAR_OK:
        return "linearizable";
    case LINEAR_VIOLATION:
        return "not linearizable";
    case LINEAR_GAVE_UP:
        return "given up";
    }
    return "?";
}

static void print_what(const struct linear_operation *operation, char *text, size_t size)
{
    unsigned long long expected = operation->expected;
    unsigned long long argument = operation->argument;
    unsigned long long result = operation->result;
    switch (operation->kind) {
    case LINEAR_READ:
        (void)snprintf(text, size, "read %llu", result);
        break;
    case LINEAR_WRITE:
        (void)snprintf(text, size, "write %llu", argument);
        break;
    case LINEAR_SWAP:
        (void)snprintf(text, size, "write %llu, old value %llu", argument, result);
        break;
    case LINEAR_CAS:
        (void)snprintf(text, size, "if %llu then write %llu", expected, argument);
        break;
    case LINEAR_CAS_FAILED:
        (void)snprintf(text, size, "if %llu: it is not", expected);
        break;
    case LINEAR_CAS_FAILED_SEEN:
        (void)snprintf(text, size, "if %llu: it is %llu", expected, result);
        break;
    case LINEAR_ADD:
        (void)snprintf(text, size, "add %llu, sum %llu", argument, result);
        break;
    case LINEAR_ADD_BLIND:
        (void)snprintf(text, size, "add %llu", argument);
        break;
    default:
        (void)snprintf(text, size, "kind %u: %llu, %llu, result %llu", operation->kind, expected,
                       argument, result);
    }
}

void linear_operation_print(const struct linear_operation *operation, char *text, size_t size)
{
    char what[LINE_MAX_SIZE];
    print_what(operation, what, sizeof(what));
    if (linear_unknown(operation))
        (void)snprintf(text, size, "item %u process %u [%llu, ?]: %s (outcome unknown)",
                       operation->item, operation->process, (unsigned long long)operation->invoked,
                       what);
    else
        (void)snprintf(text, size, "item %u process %u [%llu, %llu]: %s", operation->item,
                       operation->process, (unsigned long long)operation->invoked,
                       (unsigned long long)operation->completed, what);
}

static void put_text(struct writer *text, const char *string)
{
    writer_put(text, string, strlen(string));
}

static void put_line(struct writer *text, const char *heading,
                     const struct linear_operation *operation)
{
    char line[LINE_MAX_SIZE * 2];
    linear_operation_print(operation, line, sizeof(line));
    put_text(text, heading);
    put_text(text, line);
    put_text(text, "\n");
}

/* The last one to complete before `bound` among those that were completed before the invocation of
 * `last`; NULL if there is none. */
static const struct linear_operation *previous(const struct linear_operation *operations,
                                               size_t count, const struct linear_operation *last,
                                               const struct linear_operation *bound)
{
    const struct linear_operation *best = NULL;
    for (const struct linear_operation *at = operations; at < operations + count; at++) {
        bool before = at->item == last->item && at->completed < last->invoked;
        if (before && bound != NULL)
            before = at->completed < bound->completed ||
                     (at->completed == bound->completed && at < bound);
        if (before && (best == NULL || at->completed >= best->completed))
            best = at;
    }
    return best;
}

void linear_explain(const struct linear_operation *operations, size_t count,
                    const struct linear_result *result, struct writer *text)
{
    put_text(text, linear_verdict_name(result->verdict));
    put_text(text, "\n");
    if (result->verdict == LINEAR_OK)
        return;
    ensure(result->operation < count);
    const struct linear_operation *last = &operations[result->operation];
    put_line(text, "  no order explains ", last);
    size_t shown = 0;
    for (const struct linear_operation *at = operations; at < operations + count; at++) {
        bool concurrent = at != last && at->item == last->item && at->invoked <= last->completed &&
                          at->completed >= last->invoked;
        if (concurrent && shown++ < CONCURRENT_MAX)
            put_line(text, "  at the same time  ", at);
    }
    const struct linear_operation *at = NULL;
    for (int i = 0; i < EARLIER_MAX; i++) {
        at = previous(operations, count, last, at);
        if (at == NULL)
            return;
        put_line(text, "  before            ", at);
    }
}
