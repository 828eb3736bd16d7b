/* linear: is a history of one object linearizable (Herlihy and Wing, 1990)? The search is Wing and
 * Gong's (1993) with Lowe's memory of configurations seen ("Testing for linearizability", 2017).
 * Linearizability is local, so a history of many items is checked item by item (Horn and Kroening's
 * P-compositionality, 2015).
 *
 * Times are those of one monotonic clock, in any unit. An operation precedes another if it completed
 * at a smaller time than the other was invoked: at equal times they count as concurrent.
 *
 * What was certainly not done (refused, throttled, failed for good) is left out of the history by
 * the caller: should its value show up, the read of it has no explanation. */
#pragma once

#include "bytes.h"

/* Completion of an operation whose outcome the client never learned: it may take effect at any time
 * after its invocation, or never. */
#define LINEAR_UNKNOWN UINT64_MAX

/* On a register that holds one number; 0: there is nothing. A delete writes 0. */
enum linear_kind {
    LINEAR_READ,            /* result: what it holds */
    LINEAR_WRITE,           /* argument: what it holds from now on */
    LINEAR_SWAP,            /* a write of `argument`; result: what it held before */
    LINEAR_CAS,             /* it held `expected` and now holds `argument` */
    LINEAR_CAS_FAILED,      /* it did not hold `expected` */
    LINEAR_CAS_FAILED_SEEN, /* the same, and result: what it holds */
    LINEAR_ADD,             /* adds `argument`, modulo 2^64; result: the sum */
    LINEAR_ADD_BLIND,       /* the same, and nobody told the sum */
    LINEAR_KIND_OWN = 100   /* from here on: kinds of callers' own models */
};

struct linear_operation {
    uint32_t item;      /* histories are split by it; the first field, see split.h */
    uint32_t process;   /* who asked: for messages only */
    uint32_t kind;      /* enum linear_kind, or the model's own */
    uint64_t invoked;   /* when the client asked */
    uint64_t completed; /* when it was answered, >= invoked; LINEAR_UNKNOWN: never */
    uint64_t expected;
    uint64_t argument;
    uint64_t result; /* not looked at if the outcome is unknown */
};

static inline bool linear_unknown(const struct linear_operation *operation)
{
    return operation->completed == LINEAR_UNKNOWN;
}

/* What an object is. States are numbers; a model with bigger ones interns them and embeds this
 * struct in its own. */
struct linear_model {
    uint64_t initial;
    /* True if the operation may take effect in `state`, with the result it had; *next is the state
     * that follows. The effect and the answer depend on state, kind, expected and argument alone.
     * An operation of unknown outcome may have any result, and need not be possible where it would
     * change nothing. */
    bool (*step)(const struct linear_model *model, uint64_t state,
                 const struct linear_operation *operation, uint64_t *next);
    /* True if the operation changes no state whatsoever. NULL: never. */
    bool (*pure)(const struct linear_model *model, const struct linear_operation *operation);
    /* May rewrite a history into an equivalent one that is cheaper to check, and mark with
     * `useless` operations of unknown outcome that may as well never have happened. The index of an
     * operation stays. NULL: nothing. */
    void (*simplify)(const struct linear_model *model, struct linear_operation *operations,
                     size_t count, bool *useless);
};

/* Of enum linear_kind; starts empty (0). */
extern const struct linear_model linear_register;

enum linear_verdict {
    LINEAR_OK,
    LINEAR_VIOLATION,
    LINEAR_GAVE_UP /* neither shown nor refuted within the limits: report it */
};

struct linear_result {
    enum linear_verdict verdict;
    /* VIOLATION: index of the first operation, by completion, that has no explanation: no order of
     * what was invoked until then explains all that was answered until then; up to just before,
     * one does. GAVE_UP: the furthest one reached. */
    size_t operation;
    uint64_t configurations; /* searched, in all */
    size_t given_up;         /* items */
};

enum {
    /* Enough for hard histories, and 256 MiB at most. */
    LINEAR_CONFIGURATIONS_MAX = 3000000,
    /* Operations under way at once, and apart from them ones of unknown outcome, per item. */
    LINEAR_PENDING_MAX = 128
};

/* Checks one item's history, in any order. Of 5,000 operations with 16 under way at any time and 10
 * of unknown outcome a good one takes a tenth of a second, a bad one up to a second; with more than
 * 24 under way most are given up. `configurations_max` 0: LINEAR_CONFIGURATIONS_MAX. */
struct linear_result linear_check(const struct linear_model *model,
                                  const struct linear_operation *operations, size_t count,
                                  uint64_t configurations_max);
/* Checks each item's history by itself. The first item with a violation decides, or else the first
 * one that was given up; the index is one of `operations`. */
struct linear_result linear_check_items(const struct linear_model *model,
                                        const struct linear_operation *operations, size_t count,
                                        uint64_t configurations_max);
const char *linear_verdict_name(enum linear_verdict verdict);
/* One line of text, cut at `size`: an operation of enum linear_kind (others: by number). */
void linear_operation_print(const struct linear_operation *operation, char *text, size_t size);
/* Several lines: verdict, the operation, those of its item that were under way at its completion
 * and the last ones before. */
void linear_explain(const struct linear_operation *operations, size_t count,
                    const struct linear_result *result, struct writer *text);
