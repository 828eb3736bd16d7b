/* history: what clients asked and were told, for the checkers. */
#pragma once

#include "request.h"

enum operation_kind {
    OPERATION_PUT,
    OPERATION_DELETE,
    OPERATION_PUT_OLD,        /* told what was there before */
    OPERATION_PUT_IF,         /* if the item is as expected */
    OPERATION_DELETE_IF,      /* the same */
    OPERATION_PUT_IF_VERSION, /* if the item's version is as expected */
    OPERATION_ADD,            /* to a counter */
    OPERATION_APPEND,         /* to a list */
    OPERATION_GET,
    OPERATION_GET_CONSISTENT,
    OPERATION_RANGE,         /* a few items of a collection */
    OPERATION_SET_CONSISTENT /* all items of a collection */
};

struct operation {
    enum operation_kind kind;
    uint32_t item;
    uint16_t node; /* asked */
    uint16_t client;
    uint64_t id;       /* index + 1; names the value that it writes */
    uint64_t expected; /* conditional ones: id of the value that must be there; 0: none */
    uint64_t argument; /* ADD: how much */
    bool want_seen;    /* a write: the caller asked for a state */
    uint64_t invoked_us;
    uint64_t deadline_us;
    uint64_t completed_us; /* 0: not yet */
    uint32_t answers;
    enum outcome outcome;
    bool sloppy;
    struct version version; /* written, or read */
    bool has_seen;          /* the answer told a state: */
    uint64_t seen;     /* id of the value read or met, 0 for nothing; of a counter the number */
    uint64_t *members; /* lists and sets read: ids, in order; owned by the history */
    uint32_t members_count;
    size_t next; /* of the same item; SIZE_MAX: none. For the checkers */
};

struct history {
    struct operation *operations; /* in the order of invocation */
    size_t count;
    size_t capacity;
};

void history_init(struct history *history);
void history_deinit(struct history *history);
/* Index of a new operation. */
size_t history_add(struct history *history, struct operation operation);

bool operation_is_write(const struct operation *operation);
/* Leaves nothing behind if it takes effect. */
bool operation_is_delete(const struct operation *operation);
/* A write that was answered OK. */
bool operation_acknowledged(const struct operation *operation);
/* A write that took no effect and never will. */
bool operation_certainly_failed(const struct operation *operation);
