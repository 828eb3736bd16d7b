/* request: what is asked of the cluster, typed, over the compact encoding. The door between the
 * DynamoDB API above and the quorum protocol below (the paper's get() and put(), section 4.5). JSON
 * does not exist from here down.
 *
 * A request is embedded in its caller's object, handed to node_on_request() and comes back exactly
 * once, by `done`, at the end of some later door, always before its deadline or at it. Until then
 * all of it belongs to the node. */
#pragma once

#include "bytes.h"
#include "list.h"
#include "table_schema.h"
#include "version.h"

/* Per-table replication settings (docs/configuration.md). */
struct quorum {
    uint8_t n;   /* home replicas wanted; the effective number is min(n, members) */
    uint8_t r;   /* replicas that an eventually consistent read of one item asks */
    uint8_t w;   /* replicas that must take a write; below a majority: last writer wins */
    bool sloppy; /* may stand-ins count towards w */
};

enum request_kind {
    REQUEST_WRITE,   /* one register: put or delete */
    REQUEST_READ,    /* one register */
    REQUEST_RANGE,   /* registers of one partition in key order */
    REQUEST_ANNOUNCE /* hands `value` to every shard of every usable member; done when each has it,
                        or cannot */
};

/* What must hold of the register's state for a write to happen, besides its program. */
enum precondition {
    PRECONDITION_NONE,
    PRECONDITION_ABSENT, /* the register holds no value */
    PRECONDITION_VERSION /* the register holds a value, and its version is `expected` */
};

enum outcome {
    OUTCOME_OK,
    OUTCOME_PRECONDITION_FAILED, /* certainly not written: a precondition or the program's condition
                                    is false of the current state */
    OUTCOME_INVALID, /* certainly not written: the program cannot be applied to the current state;
                        `result` is the message for the client */
    OUTCOME_UNAVAILABLE, /* too few replicas; certainly not written: retryable */
    OUTCOME_UNKNOWN,     /* a write that may or may not have taken effect, or may yet */
    OUTCOME_OVERLOADED,  /* a queue is full; certainly not written: throttle the client */
    OUTCOME_NO_SPACE,    /* disks are full; certainly not written */
    OUTCOME_TIMEOUT,     /* a read that did not finish before its deadline */
    OUTCOME_FAILED       /* a replica could not read its disk, and no other could answer */
};

enum { OUTCOMES = OUTCOME_FAILED + 1 };

/* What of the states a write met and made the caller wants to have: flags. */
enum request_want {
    WANT_OLD = 1,    /* OK: the item before; makes a plain write conditional */
    WANT_NEW = 2,    /* OK: the item after */
    WANT_FAILED = 4, /* PRECONDITION_FAILED: the item that it was judged on */
    WANT_ALL = WANT_OLD | WANT_NEW | WANT_FAILED
};

struct request;
typedef void (*request_done)(struct request *request);

struct request {
    /* Set by the caller; slices are borrowed until `done`. */
    enum request_kind kind;
    request_done done;
    uint64_t deadline_us; /* monotonic; 0: the node's request_timeout_us from now on (then the node
                             sets it) */
    struct quorum quorum;
    bool consistent; /* READ, RANGE: of a majority, never older than what was acknowledged before */
    struct slice
        key;    /* WRITE, READ: encoded item key (key.h); RANGE: first key that may be returned */
    bool index; /* RANGE: of a local secondary index: `key`, `to`, `resume` and the keys of the rows
                   are keys of entries (index_key.h) */

    struct slice value;             /* WRITE: encoded item; ignored for a tombstone */
    bool tombstone;                 /* WRITE: delete */
    bool want_old_size;             /* WRITE: fill `old_size` (for ConsumedCapacity) */
    uint8_t want;                   /* WRITE: enum request_want */
    enum precondition precondition; /* WRITE */
    struct version expected;        /* WRITE: for PRECONDITION_VERSION */
    struct slice program; /* WRITE: for the node's evaluator (evaluator.h): a condition, or
                                       how to make the new item out of the old; empty: none */

    struct slice to;    /* RANGE: first key past the range, of the same partition */
    bool reverse;       /* RANGE: from the end of the range to its start */
    uint32_t rows_max;  /* RANGE: at most so many live rows; > 0 */
    uint32_t bytes_max; /* RANGE: stop once so many bytes of values were gathered; > 0 */

    /* The result; valid from `done` until request_release(). */
    enum outcome outcome;
    bool sloppy; /* WRITE: stand-ins counted towards w */
    bool found;  /* READ, conditional WRITE: the register holds, or held before, a value */
    struct version
        version;          /* WRITE, READ, failed precondition: origin of the state written or found.
                               Writes of one item that were decided together share one; a write with
                               a precondition never does */
    uint64_t old_size;    /* WRITE: item_size() of the value replaced, or that a condition was false
                               of, as the primary knew it; 0: none */
    uint64_t new_size;    /* conditional WRITE: item_size() of the value written; 0: none */
    struct slice result;  /* READ: the encoded item. WRITE: the item before, if found and wanted;
                               INVALID: the message */
    struct slice written; /* WRITE with WANT_NEW: the item after; empty: none */
    struct buffer *held; /* what `result` and `written` borrow from; NULL or owned by the request */
    struct writer rows;  /* RANGE: per live row sized key, sized value (store_rows_next) */
    uint32_t rows_count; /* RANGE */
    bool more;           /* RANGE: the range may hold more beyond; go on past the last row's key */
    struct slice resume; /* RANGE with `more`: every key up to here was examined (forward: go on at
                          * its successor; reverse: use it as the next `to`); borrows from `held` */

    struct list_link link; /* the node's */
};

LIST_DEFINE(requests, struct request, link)

/* A write whose effect or answer depends on the register's state: needs a prepare round. So does any
 * write to a table with indexes: an entry may go only with what is decided, or a row that a minority
 * took would hide what stands. */
static inline bool request_conditional(const struct request *request)
{
    return key_table_indexed(request->key) || request->precondition != PRECONDITION_NONE ||
           request->program.size > 0 || (request->want & WANT_OLD) != 0;
}

/* All zero but kind and done; then the caller fills in. */
void request_init(struct request *request, enum request_kind kind, request_done done);
/* Frees the result. To be called once after `done`, or instead of submitting. */
void request_release(struct request *request);
const char *outcome_name(enum outcome outcome);
