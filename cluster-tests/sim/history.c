#include "history.h"

#include <stdlib.h>

void history_init(struct history *history)
{
    *history = (struct history){NULL, 0, 0};
}

void history_deinit(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->operations[i].members);
    free(history->operations);
    history_init(history);
}

size_t history_add(struct history *history, struct operation operation)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity == 0 ? 1024 : 2 * history->capacity;
        history->operations =
            realloc(history->operations, history->capacity * sizeof(*history->operations));
        ensure(history->operations != NULL);
    }
    history->operations[history->count] = operation;
    return history->count++;
}

bool operation_is_write(const struct operation *operation)
{
    return operation->kind < OPERATION_GET;
}

bool operation_is_delete(const struct operation *operation)
{
    return operation->kind == OPERATION_DELETE || operation->kind == OPERATION_DELETE_IF;
}

bool operation_acknowledged(const struct operation *operation)
{
    return operation_is_write(operation) && operation->answers > 0 &&
           operation->outcome == OUTCOME_OK;
}

bool operation_certainly_failed(const struct operation *operation)
{
    return operation->answers > 0 && operation->outcome != OUTCOME_OK &&
           operation->outcome != OUTCOME_UNKNOWN;
}
