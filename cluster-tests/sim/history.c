#include "history.h"

#include <stdlib.h>

void history_init(struct history *history)
{
    *history = (struct history){NULL, 0, 0};
}

void history_deinit(struct history *history)
{
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
