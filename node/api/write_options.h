/* write_options: what PutItem, DeleteItem and UpdateItem take alike: conditions, and what to
 * return; and what a write is charged, of a batch as well. */
#pragma once

#include "capacity.h"
#include "expression.h"
#include "legacy_shapes.h"
#include "operation_call.h"

/* Parameters after the table's name and the item or key. */
#define WRITE_MEMBERS                                                                         \
    {"ConditionalOperator", &shape_conditional_operator, false, false},                       \
        {"Expected", &shape_expected, false, false},                                          \
        {"ReturnValues", &shape_return_values, false, false},                                 \
        {"ReturnItemCollectionMetrics", &shape_return_item_collection_metrics, false, false}, \
        {"ConditionExpression", &shape_string, false, false},                                 \
        {"ExpressionAttributeValues", &shape_attributes, false, false},                       \
        {"ExpressionAttributeNames", &shape_names, false, false},                             \
    {                                                                                         \
        "ReturnValuesOnConditionCheckFailure", &shape_return_on_failure, false, false         \
    }

enum return_values {
    RETURN_NONE,
    RETURN_ALL_OLD,
    RETURN_UPDATED_OLD,
    RETURN_ALL_NEW,
    RETURN_UPDATED_NEW
};

struct write_options {
    struct expression *condition; /* NULL: none */
    enum return_values return_values;
    bool return_failed; /* the item that the condition is false of */
};

/* Parameters that do not go together, and substitutes without an expression that could use them.
 * `updates`: UpdateItem. Returns NULL, or the ValidationException's message. */
const char *must_check write_options_check_mix(const struct operation_call *call, bool updates);
/* Reads them from the call's input; with `update`, for UpdateItem, the UpdateExpression as well.
 * Returns NULL, or the ValidationException's message. */
const char *must_check write_options_init(struct write_options *options,
                                          struct operation_call *call,
                                          struct update_expression *update);
/* What conditions may not do, with the key of the table that was found or otherwise. NULL, or the
 * ValidationException's message. */
const char *must_check write_options_check_table(const struct write_options *options,
                                                 const struct operation_call *call);
/* Has the write tell what it takes to charge it, if it is to be charged. `updates`: what is written is
 * worked out by its program. */
void write_options_account(const struct operation_call *call, const struct table *table,
                           bool updates, struct request *write);
/* Adds what such a write consumed that was made; `size` is that of the item written, 0 for none. */
void write_options_charge(const struct table *table, struct arena *arena,
                          const struct request *write, uint64_t size, struct capacity *used);
/* Makes the write what the options and `update` ask for; the caller fills in the rest. `update` is
 * NULL if the request's own value or tombstone is written; else `key` is what an item begins with
 * that was not there. */
void write_options_apply(const struct write_options *options, struct operation_call *call,
                         const struct update_expression *update, const struct value_node *key,
                         struct request *write);
/* The write may be sent, as far as the table's throughput goes; `size` as far as it is known, else 0.
 * False: the call has ended. */
bool must_check write_options_admit(struct operation_call *call, const struct request *write,
                                    uint64_t size);
/* The write's answer has come. True: it was made, and the reply has begun as an open object, for
 * write_options_finish() to end. False: the call has ended. */
bool must_check write_options_answer(const struct write_options *options,
                                     struct operation_call *call, const struct request *write);
/* `size` is that of the item written, 0 for a delete. */
void write_options_finish(struct operation_call *call, const struct request *write, uint64_t size);
