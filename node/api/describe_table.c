#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_shapes.h"

static const struct shape_member members[] = {
    {"TableName", &shape_plain_table_name, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

static void describe(struct operation_call *call)
{
    if (call->found == NULL) {
        table_fail_not_found(call);
        return;
    }
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{\"Table\":");
    table_put_description(reply, call->api, call->found, "ACTIVE");
    json_put_raw(reply, "}");
    operation_finish(call);
}

static void start(struct operation_call *call)
{
    const char *problem = table_name_check(call->input);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), describe);
}

const struct operation operation_describe_table = {"DescribeTable", sizeof(struct operation_call),
                                                   &input_shape, start};
