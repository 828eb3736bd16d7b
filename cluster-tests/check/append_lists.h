/* append_lists: what the transactions of append.c wrote and read, list by list. */
#pragma once

#include "append.h"

/* One append. */
struct appended {
    uint32_t item;
    uint64_t element;
    uint32_t transaction;
    bool last; /* of its transaction's appends to the list */
    bool seen; /* by some read of a committed transaction */
};

/* One read by a committed transaction. */
struct reading {
    uint32_t item;
    uint32_t transaction;
    const struct append_operation *operation;
    bool external; /* its transaction has not appended to the list before */
    bool longest;  /* the first of its item here: all others should be prefixes of it */
    bool broken;   /* it is none */
};

struct append_lists {
    struct appended *appended; /* by item, then element */
    size_t appended_count;
    struct reading *readings; /* by item, the longest of each first */
    size_t readings_count;
};

void append_lists_init(struct append_lists *lists, const struct append_transaction *transactions,
                       size_t count);
void append_lists_deinit(struct append_lists *lists);
/* NULL if nobody ever appended it. */
struct appended *append_lists_find(const struct append_lists *lists, uint32_t item,
                                   uint64_t element);
/* Ends of the runs of one item that begin at `first`. */
size_t append_lists_readings_end(const struct append_lists *lists, size_t first);
/* The first append to `item`; its run ends where the item changes. */
size_t append_lists_appended_first(const struct append_lists *lists, uint32_t item);
