/* append: transactions append unique elements to lists and read whole lists. What was read shows in
 * which order the appends took place, hence which transaction must come before which; a circle of
 * such demands is an anomaly (Kingsbury and Alvaro, "Elle", 2020; names of anomalies by Adya, 1999).
 *
 * Times as in linear.h. Lists start empty. */
#pragma once

#include "bytes.h"

enum append_outcome {
    APPEND_COMMITTED,
    APPEND_ABORTED, /* certainly did not take place */
    APPEND_UNKNOWN  /* took place if anything it appended was read; its own reads say nothing */
};

/* Part of a transaction: an append, or a read of all of a list. */
struct append_operation {
    bool read;
    uint32_t item;            /* the list */
    uint64_t element;         /* appended: once only to this list, in the whole history */
    const uint64_t *elements; /* read: borrowed */
    size_t elements_count;
};

/* The operations took place in this order, all at once. A single request is one too. */
struct append_transaction {
    uint32_t process; /* for messages only */
    enum append_outcome outcome;
    uint64_t invoked;
    uint64_t completed;                        /* UINT64_MAX if the outcome is unknown */
    const struct append_operation *operations; /* borrowed */
    size_t operations_count;
};

enum append_anomaly {
    APPEND_DUPLICATE,    /* an element stands twice in a list */
    APPEND_UNEXPECTED,   /* a list holds an element that nobody ever appended to it */
    APPEND_INCOMPATIBLE, /* two reads of a list, none of which the other begins with */
    APPEND_INTERNAL,     /* a transaction's read disagrees with what it did and read itself */
    APPEND_G1A,          /* aborted read: an element that an aborted transaction appended */
    APPEND_G1B,         /* intermediate read: its last element is not its writer's last one there */
    APPEND_LOST_UPDATE, /* two transactions read the same state of a list and both appended to it */
    APPEND_G0,          /* circle of write-write demands */
    APPEND_G1C,         /* ... and write-read */
    APPEND_G_SINGLE,    /* ... and one read-write */
    APPEND_G2,          /* ... and more than one */
    APPEND_REALTIME,    /* ... and "completed before it began": serializable, but not strictly */
    APPEND_ANOMALIES
};

enum { APPEND_INVOLVED_MAX = 8 };

struct append_finding {
    size_t count;     /* how often it was found; the rest is about the first time */
    uint32_t item;    /* but for circles */
    uint64_t element; /* of the first five but INCOMPATIBLE, and G1B */
    size_t involved[APPEND_INVOLVED_MAX]; /* indices of transactions; a circle in its order */
    size_t involved_count;                /* may be more than there is room for */
};

struct append_result {
    bool good;
    struct append_finding findings[APPEND_ANOMALIES];
};

/* Each strong component of the graph of demands counts as one circle, of the first kind in the list
 * that it holds. `realtime`: check strict serializability, else serializability. */
struct append_result append_check(const struct append_transaction *transactions, size_t count,
                                  bool realtime);
const char *append_anomaly_name(enum append_anomaly anomaly);
/* Lines for each anomaly found. */
void append_explain(const struct append_transaction *transactions,
                    const struct append_result *result, struct writer *text);
