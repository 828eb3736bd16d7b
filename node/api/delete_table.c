#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_change.h"
#include "table_shapes.h"

static const struct shape_member members[] = {
    {"TableName", &shape_plain_table_name, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

static const char *check_protection(struct table_change *change, const struct table *table,
                                    struct value_node *definition)
{
    (void)definition;
    if (!table->protected)
        return NULL;
    operation_refuse(&change->call, MESSAGE_TABLE_PROTECTED);
    return MESSAGE_TABLE_PROTECTED;
}

static void reply(struct table_change *change, const struct table *table)
{
    struct writer *reply = operation_reply(&change->call);
    json_put_raw(reply, "{\"TableDescription\":");
    table_put_description(reply, change->call.api, table, "DELETING");
    json_put_raw(reply, "}");
}

static const struct table_changer changer = {
    .change = check_protection, .reply = reply, .drops = true};

static void start(struct operation_call *call)
{
    table_change_start((struct table_change *)(void *)call, &changer,
                       json_member_string(call->input, "TableName"));
}

const struct operation operation_delete_table = {"DeleteTable", sizeof(struct table_change),
                                                 &input_shape, start};
