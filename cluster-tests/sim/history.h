/* history: what clients asked and were told, for the checkers. */
#pragma once

#include "request.h"

enum operation_kind {
    OPERATION_PUT,
    OPERATION_DELETE,
    OPERATION_GET,
    OPERATION_GET_CONSISTENT,
    OPERATION_RANGE
};

struct operation {
    enum operation_kind kind;
    uint32_t key;
    uint16_t node; /* asked */
    uint64_t id;   /* writes: names the value */
    uint64_t invoked_us;
    uint64_t deadline_us;
    uint64_t completed_us; /* 0: not yet */
    uint32_t answers;
    enum outcome outcome;
    bool sloppy;
    struct version version; /* written, or read */
    uint64_t read_id;       /* reads: the value's id; 0: nothing */
};

struct history {
    struct operation *operations;
    size_t count;
    size_t capacity;
};

void history_init(struct history *history);
void history_deinit(struct history *history);
/* Index of a new operation. */
size_t history_add(struct history *history, struct operation operation);
