#include "write_options.h"

#include "capacity.h"
#include "json_writer.h"

const char *write_options_check(yyjson_val *input)
{
    if (json_member(input, "ExpressionAttributeNames") != NULL)
        return "ExpressionAttributeNames can only be specified when using expressions";
    if (json_member(input, "ExpressionAttributeValues") != NULL)
        return "ExpressionAttributeValues can only be specified when using expressions: "
               "ConditionExpression is null";
    struct slice values = json_member_string(input, "ReturnValues");
    if (slice_equal(values, SLICE_LITERAL("ALL_OLD")))
        return "ReturnValues ALL_OLD is not supported yet";
    if (values.size > 0 && !slice_equal(values, SLICE_LITERAL("NONE")))
        return "ReturnValues can only be ALL_OLD or NONE";
    if (slice_equal(json_member_string(input, "ReturnValuesOnConditionCheckFailure"),
                    SLICE_LITERAL("ALL_OLD")))
        return "ReturnValuesOnConditionCheckFailure ALL_OLD is not supported yet";
    return NULL;
}

void write_options_finish(struct operation_call *call, const struct request *write, uint64_t size)
{
    if (write->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, write->outcome);
        return;
    }
    call->call->sloppy = write->sloppy;
    struct writer *reply = operation_reply(call);
    uint64_t larger = size > write->old_size ? size : write->old_size;
    json_put_raw(reply, "{");
    capacity_put_member(reply, capacity_wanted(call->input), call->found->name,
                        capacity_of_write(larger));
    json_put_raw(reply, "}");
    operation_finish(call);
}
