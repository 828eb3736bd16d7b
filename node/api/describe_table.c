#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_shapes.h"

static const struct shape_member members[] = {
    {"TableName", &shape_plain_table_name, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

static void fail_not_found(struct operation_call *call)
{
    struct slice name = json_member_string(call->input, "TableName");
    operation_fail(call, "ResourceNotFoundException",
                   arena_printf(call->arena, MESSAGE_NO_RESOURCE ": Table: %.*s not found",
                                (int)name.size, name.data));
}

static void describe(struct operation_call *call)
{
    if (call->found == NULL) {
        fail_not_found(call);
        return;
    }
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{\"Table\":");
    table_put_description(reply, call->api, call->found, "ACTIVE");
    json_put_raw(reply, "}");
    operation_finish(call);
}

/* Time to live does not exist here, so that it is disabled is the truth. */
static void describe_time_to_live(struct operation_call *call)
{
    if (call->found == NULL) {
        fail_not_found(call);
        return;
    }
    json_put_raw(operation_reply(call),
                 "{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"DISABLED\"}}");
    operation_finish(call);
}

static void look_up(struct operation_call *call, operation_step step)
{
    const char *problem = table_name_check(call->input);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), step);
}

static void start(struct operation_call *call)
{
    look_up(call, describe);
}

static void start_time_to_live(struct operation_call *call)
{
    look_up(call, describe_time_to_live);
}

const struct operation operation_describe_table = {"DescribeTable", sizeof(struct operation_call),
                                                   &input_shape, start};
const struct operation operation_describe_time_to_live = {
    "DescribeTimeToLive", sizeof(struct operation_call), &input_shape, start_time_to_live};
