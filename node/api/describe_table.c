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

/* There are no backups, and the table exists: that is all to be said. */
static void describe_backups(struct operation_call *call)
{
    struct slice name = call->lookup_name;
    if (call->found == NULL) {
        operation_fail(
            call, "TableNotFoundException",
            arena_printf(call->arena, MESSAGE_TABLE_NOT_FOUND, (int)name.size, name.data));
        return;
    }
    json_put_raw(operation_reply(call),
                 "{\"ContinuousBackupsDescription\":{\"ContinuousBackupsStatus\":\"DISABLED\","
                 "\"PointInTimeRecoveryDescription\":{\"PointInTimeRecoveryStatus\":"
                 "\"DISABLED\"}}}");
    operation_finish(call);
}

static void start(struct operation_call *call)
{
    catalogue_lookup(call, json_member_string(call->input, "TableName"), describe);
}

static void start_backups(struct operation_call *call)
{
    catalogue_lookup(call, json_member_string(call->input, "TableName"), describe_backups);
}

const struct operation operation_describe_table = {"DescribeTable", sizeof(struct operation_call),
                                                   &input_shape, start};
const struct operation operation_describe_continuous_backups = {
    "DescribeContinuousBackups", sizeof(struct operation_call), &input_shape, start_backups};
