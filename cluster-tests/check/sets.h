/* sets: unique elements are added to sets, and sets are read as a whole (by scans, say). Each
 * element must stay once it is known to be there: acknowledged, or seen by a read.
 *
 * Times as in linear.h. Only reads that promise to be up to date belong into the history. */
#pragma once

#include "bytes.h"

enum sets_kind {
    SETS_ADD,    /* element */
    SETS_REFUSE, /* element: an addition that certainly did not take place */
    SETS_READ    /* elements */
};

struct sets_operation {
    uint32_t item;    /* the set: histories are split by it; the first field, see split.h */
    uint32_t process; /* for messages only */
    uint32_t kind;    /* enum sets_kind */
    uint64_t invoked;
    uint64_t completed;       /* UINT64_MAX: the outcome is unknown */
    uint64_t element;         /* added at most once to a set; it may be refused before */
    const uint64_t *elements; /* borrowed, in any order */
    size_t elements_count;
};

enum sets_anomaly {
    SETS_LOST,       /* known to be there before the read, absent from it and from all later ones */
    SETS_STALE,      /* the same, but there again in a later read */
    SETS_UNEXPECTED, /* read, but never added, certainly not added, or only added later */
    SETS_DUPLICATE,  /* there twice in one read */
    SETS_ANOMALIES
};

struct sets_finding {
    size_t count;     /* pairs of a read and an element; the rest is about the first of them */
    size_t operation; /* index of the read */
    uint64_t element;
};

struct sets_result {
    bool good;
    struct sets_finding findings[SETS_ANOMALIES];
};

/* Sets start empty. Operations come in any order. */
struct sets_result sets_check(const struct sets_operation *operations, size_t count);
const char *sets_anomaly_name(enum sets_anomaly anomaly);
/* A line for each anomaly found. */
void sets_explain(const struct sets_operation *operations, const struct sets_result *result,
                  struct writer *text);
