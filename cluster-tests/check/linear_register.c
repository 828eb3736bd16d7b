/* The register as a model for linear.h. */
#include <stdlib.h>

#include "linear.h"

static bool register_step(const struct linear_model *model, uint64_t state,
                          const struct linear_operation *operation, uint64_t *next)
{
    (void)model;
    bool any = linear_unknown(operation);
    *next = state;
    switch (operation->kind) {
    case LINEAR_READ:
        return any || operation->result == state;
    case LINEAR_WRITE:
        *next = operation->argument;
        return true;
    case LINEAR_SWAP:
        *next = operation->argument;
        return any || operation->result == state;
    case LINEAR_CAS:
        *next = operation->argument;
        return operation->expected == state;
    case LINEAR_CAS_FAILED:
        return operation->expected != state;
    case LINEAR_CAS_FAILED_SEEN:
        return operation->expected != state && (any || operation->result == state);
    case LINEAR_ADD:
        *next = state + operation->argument;
        return any || operation->result == *next;
    case LINEAR_ADD_BLIND:
        *next = state + operation->argument;
        return true;
    default:
        return false;
    }
}

static bool register_pure(const struct linear_model *model,
                          const struct linear_operation *operation)
{
    (void)model;
    return operation->kind == LINEAR_READ || operation->kind == LINEAR_CAS_FAILED ||
           operation->kind == LINEAR_CAS_FAILED_SEEN;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* What some operation was told that the register holds, or compared it with; room for two numbers
 * an operation. Returns how many. */
static size_t numbers_mentioned(const struct linear_operation *operations, size_t count,
                                uint64_t *numbers)
{
    size_t mentioned = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t kind = operations[i].kind;
        bool told = kind == LINEAR_READ || kind == LINEAR_SWAP || kind == LINEAR_CAS_FAILED_SEEN;
        if (told && !linear_unknown(&operations[i]))
            numbers[mentioned++] = operations[i].result;
        if (kind == LINEAR_CAS || kind == LINEAR_CAS_FAILED || kind == LINEAR_CAS_FAILED_SEEN)
            numbers[mentioned++] = operations[i].expected;
    }
    qsort(numbers, mentioned, sizeof(*numbers), compare_numbers);
    return mentioned;
}

static bool any_of_kind(const struct linear_operation *operations, size_t count, uint32_t kind)
{
    for (size_t i = 0; i < count; i++) {
        if (operations[i].kind == kind)
            return true;
    }
    return false;
}

static bool sets_argument(const struct linear_operation *operation)
{
    return operation->kind == LINEAR_WRITE || operation->kind == LINEAR_SWAP ||
           operation->kind == LINEAR_CAS;
}

/* Nothing but comparisons with numbers that some operation mentions tells states apart, unless
 * something is added to them. So all numbers that are written but mentioned nowhere are one and the
 * same, and become so.
 *
 * And an operation U of unknown outcome that writes such a number may be left out, if no compare
 * and set just "failed": take an order that explains the history and has U in it. Whatever follows U
 * before the next change of the state would have mentioned U's number, so nothing does (a failed
 * compare and set that was not told the number is the exception: it needs *another* number than the
 * one it mentions, and U may be why). The next change itself is a write, or a swap of unknown
 * outcome: any other would mention U's number. It yields the same state without U. So the order
 * without U explains the history too. The other way round, an order without U is one of those that
 * must be tried anyway. */
static void register_simplify(const struct linear_model *model, struct linear_operation *operations,
                              size_t count, bool *useless)
{
    (void)model;
    if (any_of_kind(operations, count, LINEAR_ADD) ||
        any_of_kind(operations, count, LINEAR_ADD_BLIND))
        return;
    bool droppable = !any_of_kind(operations, count, LINEAR_CAS_FAILED);
    uint64_t *numbers = calloc(2 * count + 1, sizeof(*numbers));
    ensure(numbers != NULL);
    size_t mentioned = numbers_mentioned(operations, count, numbers);
    const struct linear_operation *first = NULL;
    for (size_t i = 0; i < count; i++) {
        struct linear_operation *operation = &operations[i];
        bool silent =
            sets_argument(operation) && bsearch(&operation->argument, numbers, mentioned,
                                                sizeof(*numbers), compare_numbers) == NULL;
        if (!silent)
            continue;
        if (first == NULL)
            first = operation;
        operation->argument = first->argument;
        useless[i] = droppable && linear_unknown(operation);
    }
    free(numbers);
}

const struct linear_model linear_register = {
    .initial = 0, .step = register_step, .pure = register_pure, .simplify = register_simplify};
