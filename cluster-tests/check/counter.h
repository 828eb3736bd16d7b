/* counter: is what was read of counters what was added to them? Each sum told must lie between what
 * certainly was added by then and what may have been: acknowledged before it was asked for, and
 * asked for before it was told. Unlike linear.h this bears any number of unknown outcomes.
 *
 * Times as in linear.h: at equal times, operations count as concurrent. What was certainly not
 * added is left out by the caller. */
#pragma once

#include "bytes.h"

enum counter_kind {
    COUNTER_ADD,      /* amount */
    COUNTER_ADD_TOLD, /* amount; result: the sum after it */
    COUNTER_READ      /* result: the sum */
};

struct counter_operation {
    uint32_t item;    /* histories are split by it; the first field, see split.h */
    uint32_t process; /* for messages only */
    uint32_t kind;    /* enum counter_kind */
    uint64_t invoked;
    uint64_t
        completed;  /* UINT64_MAX: the outcome is unknown; reads of unknown outcome say nothing */
    int64_t amount; /* may be negative; the amounts of one item, made positive, sum up to less
                           than 2^63 */
    int64_t result;
};

enum counter_verdict {
    COUNTER_OK,
    COUNTER_TOO_LOW,  /* something acknowledged is missing */
    COUNTER_TOO_HIGH, /* something was added twice, or by nobody */
    COUNTER_WENT_BACK /* smaller than an earlier sum although nothing was ever taken away */
};

/* The first operation, by item and then by index, that was told a wrong sum. */
struct counter_result {
    enum counter_verdict verdict;
    size_t operation; /* index */
    int64_t low;      /* it should have been told at least this */
    int64_t high;     /* ... and at most this */
    size_t wrong;     /* operations that were told a wrong sum, in all */
};

/* Counters start at 0. Operations come in any order. A read of the end is an operation like the
 * others, invoked after all. */
struct counter_result counter_check(const struct counter_operation *operations, size_t count);
/* One line. */
void counter_explain(const struct counter_operation *operations,
                     const struct counter_result *result, struct writer *text);
