/* operation_call: one call of an operation while it runs: its input, what it waits for and its end.
 *
 *     start -> { send requests, wait -> step } -> finish or fail
 *
 * A step is called from api_call_start() or api_run(), never from inside the node. Everything a
 * call owns goes with its arena or is given back when it ends; it ends once, and not before all its
 * requests have come back. */
#pragma once

#include <yyjson.h>

#include "api.h"
#include "request.h"
#include "shape.h"
#include "table.h"

struct operation_call;
typedef void (*operation_step)(struct operation_call *call);

/* An operation of the API. */
struct operation {
    const char *name;
    size_t state_size;         /* of the struct that begins with a struct operation_call */
    const struct shape *input; /* a structure */
    operation_step start;      /* the input has passed the checks that `input` implies */
};

struct operation_request {
    struct request request;
    struct operation_call *owner;
    struct operation_request *next; /* of the same call */
    size_t charged;                 /* bytes of its result that count in the api's `results` */
    bool answered;
    bool released;
};

struct operation_writer {
    struct writer writer;
    struct operation_writer *next; /* of the same call */
};

struct table_use {
    struct table *table;
    struct table_use *next; /* of the same call */
};

struct operation_call {
    struct api *api;
    struct api_call *call;
    const struct operation *operation;
    struct arena *arena; /* the call's */
    yyjson_val *input;
    operation_step step; /* to be taken when what is waited for has come */
    bool each;           /* after every answer, not only after the last one */
    bool ended;          /* waits for nothing but its own requests */
    uint32_t pending;    /* requests not yet answered */
    struct operation_request *requests;
    struct operation_writer *writers;
    struct table_use *tables;

    struct table *found; /* by catalogue_lookup() */
    uint64_t admitted;   /* half units of its throughput, by throttle_begin() */
    struct slice lookup_name;
    struct operation_request *lookup;
    operation_step after_lookup;
};

/* A request that the call will release; the caller fills it in. */
struct operation_request *operation_request_new(struct operation_call *call,
                                                enum request_kind kind);
/* Hands it to the node; at least one wait must follow. */
void operation_send(struct operation_call *call, struct operation_request *request);
/* Frees an answered request early. */
void operation_release(struct operation_request *request);
/* Takes `step` when all requests sent have been answered; one at least is out. */
void operation_wait(struct operation_call *call, operation_step step);
/* Takes `step` after one or more answers; one at least is out. */
void operation_wait_each(struct operation_call *call, operation_step step);
/* Memory that grows, freed with the call. */
struct writer *operation_writer_new(struct operation_call *call, size_t expected_size);
/* Keeps a reference to the table until the call ends. */
void operation_use_table(struct operation_call *call, struct table *table);

/* The smallest key above `key`, in the arena: where a range goes on. */
struct slice key_successor(struct arena *arena, struct slice key);

struct writer *operation_reply(struct operation_call *call);
/* Ends the call with status 200 and the reply as it stands. */
void operation_finish(struct operation_call *call);
/* Ends the call with an error instead of what stands in the reply. */
void operation_fail(struct operation_call *call, const char *type, const char *message);
/* The same with a ValidationException. */
void operation_refuse(struct operation_call *call, const char *message);
/* The same with what a request's outcome, not OUTCOME_OK, means to the client. */
void operation_fail_outcome(struct operation_call *call, enum outcome outcome);
