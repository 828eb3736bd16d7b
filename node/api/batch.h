/* batch: what BatchGetItem and BatchWriteItem have alike: the tables they name, and the entries for
 * each. */
#pragma once

#include "capacity.h"
#include "operation_call.h"

/* One table of a batch. */
struct batch_table {
    struct slice name;
    yyjson_val *json;    /* what RequestItems says for it */
    struct table *table; /* once looked up */
    uint64_t admitted;   /* half units that its requests were let in for */
    struct capacity used;
    bool throttled; /* requests were not sent for its throughput */
    size_t first;   /* of the batch's entries, which stand table by table */
    size_t entries;
};

/* Looks at the entries for a table that was just found. NULL, or the ValidationException's
 * message. */
typedef const char *(*batch_check)(struct operation_call *call, size_t table);

struct batch {
    struct batch_table *tables;
    size_t count;
    size_t looked_up;    /* of the tables */
    batch_check check;   /* what to do with each */
    operation_step next; /* when all have been */
};

/* Lists the tables of RequestItems. */
void batch_init(struct batch *batch, struct operation_call *call);
/* Looks up one table after the other, checks each as it is found, and goes on with `next`; fails the
 * call if there is no table of a name. The batch stands right behind the operation_call in the call's
 * state. */
void batch_lookup(struct operation_call *call, batch_check check, operation_step next);

struct batch_state {
    struct operation_call call;
    struct batch batch;
};

/* True if two are the same; sorts them. */
bool batch_has_duplicates(struct slice *keys, size_t count);
/* True if two of the requests have the same key. */
bool batch_repeats_keys(struct arena *arena, struct operation_request *const *requests,
                        size_t count);
/* JSON of the request, as it came. */
void batch_put_json(struct writer *writer, struct arena *arena, yyjson_val *json);
/* Sends a request of a table, which consumes at least that many half units. False: the table is out of
 * throughput, and the request is as if answered by OUTCOME_OVERLOADED. */
bool must_check batch_send(struct operation_call *call, struct batch_table *table,
                           struct operation_request *request, enum throughput_kind kind,
                           uint64_t halves);
/* All are answered: charges the tables what was consumed. */
void batch_charge(struct operation_call *call, struct batch *batch, enum throughput_kind kind);
/* None went through: ends the call, for want of throughput if that was the reason for any, else with
 * what became of the first. */
void batch_fail(struct operation_call *call, const struct batch *batch, enum throughput_kind kind,
                enum outcome outcome);
/* The member "ConsumedCapacity", if it is wanted. */
void batch_put_capacity(struct writer *writer, const struct batch *batch, yyjson_val *input);
