#include "api_state.h"
#include "json_writer.h"
#include "key_schema.h"
#include "messages.h"
#include "operations.h"
#include "table_change.h"
#include "table_settings.h"
#include "table_shapes.h"
#include "table_throughput.h"

static const struct shape_member members[] = {
    {"TableName", &shape_plain_table_name, false, false},
    {"ProvisionedThroughput", &shape_throughput, false, false},
    {"BillingMode", &shape_billing_mode, false, false},
    {"DeletionProtectionEnabled", &shape_boolean, false, false},
    {"AttributeDefinitions", &shape_attribute_definitions, false, false},
    {"GlobalSecondaryIndexUpdates", &shape_any, false, true},
    {"StreamSpecification", &shape_any, false, true},
    {"SSESpecification", &shape_encryption, false, false},
    {"ReplicaUpdates", &shape_any, false, true},
    {"TableClass", &shape_table_class, false, false},
    {"MultiRegionConsistency", &shape_any, false, true},
    {"GlobalTableWitnessUpdates", &shape_any, false, true},
    {"GlobalTableSettingsReplicationMode", &shape_any, false, true},
    {"OnDemandThroughput", &shape_on_demand_throughput, false, false},
    {"WarmThroughput", &shape_warm_throughput, false, false},
    {"DisassociationProtectionEnabled", &shape_any, false, true},
    {"VectorIndexUpdates", &shape_any, false, true},
};
static const struct shape input_shape = SHAPE_OF(members);

static void note_class_change(struct table_change *change, const struct table *table,
                              struct value_node *definition)
{
    struct slice class = json_member_string(change->call.input, "TableClass");
    if (class.size > 0 && !slice_equal(class, table->class))
        definition_put_number(change->call.arena, definition, "class_changed_ms",
                              (int64_t)api_now_ms(change->call.api));
}

static const struct table_key *find_key(const struct table *table, struct slice name)
{
    if (slice_equal(name, table->partition_key.name))
        return &table->partition_key;
    if (slice_equal(name, table->sort_key.name))
        return &table->sort_key;
    for (size_t i = 0; i < table->indexes_count; i++)
        if (slice_equal(name, table->indexes[i].sort_key.name))
            return &table->indexes[i].sort_key;
    return NULL;
}

static bool is_among(const struct table_key *const *keys, size_t count, const struct table_key *key)
{
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = keys[i] == key;
    return found;
}

/* Tools repeat the definitions of what there is. Others would belong to new indexes. Of those that
 * repeat a name, the first counts. */
static const char *check_definitions(struct operation_call *call, const struct table *table)
{
    const struct table_key *seen[2 + LOCAL_INDEXES_MAX];
    size_t count = 0;
    yyjson_arr_iter definitions =
        yyjson_arr_iter_with(json_member(call->input, "AttributeDefinitions"));
    for (yyjson_val *definition; (definition = yyjson_arr_iter_next(&definitions)) != NULL;) {
        struct slice name = json_member_string(definition, "AttributeName");
        const struct table_key *key = find_key(table, name);
        if (key == NULL)
            return arena_printf(call->arena, MESSAGE_DEFINITION_NEW, (int)name.size, name.data);
        if (is_among(seen, count, key))
            continue;
        seen[count++] = key;
        if (!slice_equal(json_member_string(definition, "AttributeType"),
                         slice_of_string(value_type_name(key->type))))
            return arena_printf(call->arena, MESSAGE_DEFINITION_TYPE, (int)name.size, name.data);
    }
    return NULL;
}

static const char *update(struct table_change *change, const struct table *table,
                          struct value_node *definition)
{
    const char *problem = throughput_change(&change->call, table, definition);
    if (problem != NULL)
        return problem;
    note_class_change(change, table, definition);
    problem = check_definitions(&change->call, table);
    if (problem == NULL)
        problem = settings_put(&change->call, definition);
    if (problem != NULL)
        operation_refuse(&change->call, problem);
    return problem;
}

static void reply(struct table_change *change, const struct table *table)
{
    struct writer *reply = operation_reply(&change->call);
    json_put_raw(reply, "{\"TableDescription\":");
    table_put_description(reply, change->call.api, table, "UPDATING");
    json_put_raw(reply, "}");
}

static const struct table_changer changer = {.change = update, .reply = reply};

static const char *check(yyjson_val *input)
{
    static const char *const changes[] = {
        "ProvisionedThroughput", "BillingMode",    "DeletionProtectionEnabled", "TableClass",
        "OnDemandThroughput",    "WarmThroughput", "SSESpecification"};
    bool any = false;
    for (size_t i = 0; i < array_size(changes); i++)
        any = any || json_member(input, changes[i]) != NULL;
    if (!any)
        return MESSAGE_UPDATE_NOTHING;
    bool throughput = json_member(input, "ProvisionedThroughput") != NULL;
    struct slice mode = json_member_string(input, "BillingMode");
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
