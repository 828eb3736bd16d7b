/* write_options: what PutItem and DeleteItem take alike. */
#pragma once

#include "operation_call.h"

/* Parameters after the table's name and the item or key. */
#define WRITE_MEMBERS                                                                         \
    {"ConditionalOperator", &shape_any, false, true}, {"Expected", &shape_any, false, true},  \
        {"ReturnValues", &shape_return_values, false, false},                                 \
        {"ReturnItemCollectionMetrics", &shape_return_item_collection_metrics, false, false}, \
        {"ConditionExpression", &shape_any, false, true},                                     \
        {"ExpressionAttributeValues", &shape_attributes, false, false},                       \
        {"ExpressionAttributeNames", &shape_names, false, false},                             \
    {                                                                                         \
        "ReturnValuesOnConditionCheckFailure", &shape_return_on_failure, false, false         \
    }

/* Refuses what a write without a condition cannot have. NULL, or the ValidationException's message.
 */
const char *must_check write_options_check(yyjson_val *input);
/* The write's answer has come: ends the call. `size` is that of the item written, 0 for a delete.
 */
void write_options_finish(struct operation_call *call, const struct request *write, uint64_t size);
