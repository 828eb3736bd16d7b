/* event: invocations and completions of a history's operations, in order of time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    uint64_t time;
    bool completion;
    uint32_t operation; /* index of whose it is */
};

/* Sorts them. At equal times invocations come first, so that such operations count as concurrent. */
void events_sort(struct event *events, size_t count);
