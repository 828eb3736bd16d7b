#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_change.h"
#include "table_shapes.h"

static const struct shape_member members[] = {
    {"TableName", &shape_plain_table_name, false, false},
    {"ProvisionedThroughput", &shape_throughput, false, false},
    {"BillingMode", &shape_billing_mode, false, false},
    {"DeletionProtectionEnabled", &shape_boolean, false, false},
    {"AttributeDefinitions", &shape_any, false, true},
    {"GlobalSecondaryIndexUpdates", &shape_any, false, true},
    {"StreamSpecification", &shape_any, false, true},
    {"SSESpecification", &shape_any, false, true},
    {"ReplicaUpdates", &shape_any, false, true},
    {"TableClass", &shape_any, false, true},
    {"MultiRegionConsistency", &shape_any, false, true},
    {"GlobalTableWitnessUpdates", &shape_any, false, true},
    {"GlobalTableSettingsReplicationMode", &shape_any, false, true},
    {"OnDemandThroughput", &shape_any, false, true},
    {"WarmThroughput", &shape_any, false, true},
    {"VectorIndexUpdates", &shape_any, false, true},
};
static const struct shape input_shape = SHAPE_OF(members);

static const char *refuse(struct table_change *change, const char *problem)
{
    operation_refuse(&change->call, problem);
    return problem;
}

static const char *change_throughput(struct table_change *change, const struct table *table,
                                     struct value_node *definition)
{
    struct arena *arena = change->call.arena;
    int64_t read_units, write_units;
    const char *problem = throughput_read(arena, change->call.input, &read_units, &write_units);
    if (problem != NULL)
        return problem;
    if (!table->on_demand && read_units == table->read_units && write_units == table->write_units)
        return arena_printf(arena, MESSAGE_UNITS_SAME, table->read_units, read_units,
                            table->write_units, write_units);
    definition_put_number(arena, definition, "read_units", read_units);
    definition_put_number(arena, definition, "write_units", write_units);
    return NULL;
}

static const char *change_billing(struct table_change *change, const struct table *table,
                                  struct value_node *definition)
{
    yyjson_val *input = change->call.input;
    struct arena *arena = change->call.arena;
    struct slice mode = json_member_string(input, "BillingMode");
    bool throughput = json_member(input, "ProvisionedThroughput") != NULL;
    bool on_demand =
        mode.size == 0 ? table->on_demand : slice_equal(mode, SLICE_LITERAL("PAY_PER_REQUEST"));
    if (throughput && on_demand)
        return MESSAGE_UNITS_ON_DEMAND;
    if (mode.size > 0 && on_demand != table->on_demand)
        definition_put_string(arena, definition, "billing_mode", mode);
    if (on_demand && !table->on_demand)
        definition_put_number(arena, definition, "billing_changed_ms",
                              (int64_t)(change->call.api->now.wall_us / 1000));
    return throughput ? change_throughput(change, table, definition) : NULL;
}

static const char *update(struct table_change *change, const struct table *table,
                          struct value_node *definition)
{
    yyjson_val *input = change->call.input;
    const char *problem = change_billing(change, table, definition);
    if (problem != NULL)
        return refuse(change, problem);
    bool protected = json_member_bool(input, "DeletionProtectionEnabled", table->protected);
    definition_put(definition, "protected", value_node_bool(change->call.arena, protected));
    return NULL;
}

static void reply(struct table_change *change, const struct table *table)
{
    struct writer *reply = operation_reply(&change->call);
    json_put_raw(reply, "{\"TableDescription\":");
    table_put_description(reply, change->call.api, table, "ACTIVE");
    json_put_raw(reply, "}");
}

static const struct table_changer changer = {.change = update, .reply = reply};

static const char *check(yyjson_val *input)
{
    const char *problem = table_name_check(input);
    if (problem != NULL)
        return problem;
    bool throughput = json_member(input, "ProvisionedThroughput") != NULL;
    struct slice mode = json_member_string(input, "BillingMode");
    if (!throughput && mode.size == 0 && json_member(input, "DeletionProtectionEnabled") == NULL)
        return MESSAGE_UPDATE_NOTHING;
    if (slice_equal(mode, SLICE_LITERAL("PROVISIONED")) && !throughput)
        return MESSAGE_UNITS_NONE;
    return NULL;
}

static void start(struct operation_call *call)
{
    const char *problem = check(call->input);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        table_change_start((struct table_change *)(void *)call, &changer,
                           json_member_string(call->input, "TableName"));
}

const struct operation operation_update_table = {"UpdateTable", sizeof(struct table_change),
                                                 &input_shape, start};
