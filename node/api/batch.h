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
    uint64_t halves;     /* capacity consumed */
};

struct batch {
    struct batch_table *tables;
    size_t count;
    size_t looked_up;    /* of the tables */
    operation_step next; /* when all have been */
};

/* Lists the tables of RequestItems. */
void batch_init(struct batch *batch, struct operation_call *call);
/* Looks up all tables and goes on with `next`; fails the call if there is none of a name. The batch
 * stands right behind the operation_call in the call's state. */
void batch_lookup(struct operation_call *call, operation_step next);

struct batch_state {
    struct operation_call call;
    struct batch batch;
};

/* True if two of the requests have the same key. */
bool batch_has_duplicates(struct arena *arena, struct operation_request *const *requests,
                          size_t count);
/* JSON of the request, as it came. */
void batch_put_json(struct writer *writer, struct arena *arena, yyjson_val *json);
/* The member "ConsumedCapacity", if it is wanted. */
void batch_put_capacity(struct writer *writer, const struct batch *batch, yyjson_val *input);
