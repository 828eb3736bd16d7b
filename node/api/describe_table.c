#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_shapes.h"

enum { FIGURES_AGE_MS = 5000 /* whoever describes a table sees figures about this young */ };

static const struct shape_member members[] = {
    {"TableName", &shape_plain_table_name, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

enum { STATISTICS_US = 1000000 /* a description without fresh figures is better than none */ };

struct describe_table {
    struct operation_call call;
    struct operation_request *statistics;
};

static void describe(struct operation_call *call)
{
    const struct request *read = &((struct describe_table *)(void *)call)->statistics->request;
    if (read->outcome == OUTCOME_OK && read->found)
        statistics_learn(call->api, call->found->id, read->result);
    if (read->outcome == OUTCOME_OK)
        statistics_refresh(call->api, call->found, FIGURES_AGE_MS);
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{\"Table\":");
    table_put_description(reply, call->api, call->found, "ACTIVE");
    json_put_raw(reply, "}");
    operation_finish(call);
}

static void found(struct operation_call *call)
{
    if (call->found == NULL) {
        table_fail_not_found(call);
        return;
    }
    struct operation_request *read = statistics_read(call, call->found->id);
    read->request.consistent = false;
    read->request.deadline_us = call->api->now.monotonic_us + STATISTICS_US;
    ((struct describe_table *)(void *)call)->statistics = read;
    operation_wait(call, describe);
    operation_send(call, read);
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
    catalogue_lookup(call, json_member_string(call->input, "TableName"), found);
}

static void start_backups(struct operation_call *call)
{
    catalogue_lookup(call, json_member_string(call->input, "TableName"), describe_backups);
}

const struct operation operation_describe_table = {"DescribeTable", sizeof(struct describe_table),
                                                   &input_shape, start};
const struct operation operation_describe_continuous_backups = {
    "DescribeContinuousBackups", sizeof(struct operation_call), &input_shape, start_backups};
