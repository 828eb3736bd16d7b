#include "api_state.h"
#include "json_item.h"
#include "json_writer.h"
#include "key_schema.h"
#include "local_index.h"
#include "messages.h"
#include "operations.h"
#include "table_arn.h"
#include "table_change.h"
#include "table_settings.h"
#include "table_shapes.h"
#include "table_throughput.h"

static const struct shape shape_stream_view = {
    .kind = SHAPE_STRING, .values = "NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY"};
static const struct shape_member stream_members[] = {
    {"StreamEnabled", &shape_boolean, true, false},
    {"StreamViewType", &shape_stream_view, false, false},
};
static const struct shape shape_stream = {.kind = SHAPE_STRUCTURE,
                                          .type = "StreamSpecification",
                                          .members = stream_members,
                                          .members_count = array_size(stream_members)};
static const struct shape_member members[] = {
    {"AttributeDefinitions", &shape_attribute_definitions, true, false},
    {"TableName", &shape_plain_table_name, false, false},
    {"BillingMode", &shape_billing_mode, false, false},
    {"ProvisionedThroughput", &shape_throughput, false, false},
    {"KeySchema", &shape_key_schema, true, false},
    {"LocalSecondaryIndexes", &shape_local_indexes, false, false},
    {"GlobalSecondaryIndexes", &shape_any, false, true},
    {"StreamSpecification", &shape_stream, false, false},
    {"SSESpecification", &shape_encryption, false, false},
    {"Tags", &shape_tags, false, false},
    {"TableClass", &shape_table_class, false, false},
    {"DeletionProtectionEnabled", &shape_boolean, false, false},
    {"WarmThroughput", &shape_warm_throughput, false, false},
    {"OnDemandThroughput", &shape_on_demand_throughput, false, false},
    {"ResourcePolicy", &shape_any, false, true},
    {"GlobalTableSourceArn", &shape_any, false, true},
    {"GlobalTableSettingsReplicationMode", &shape_any, false, true},
    {"VectorIndexes", &shape_any, false, true},
};
static const struct shape input_shape = SHAPE_OF(members);

struct create_table {
    struct operation_call call;
    struct slice name;
    struct slice definition;
    struct table *table; /* as created; the call holds it */
    struct operation_request *write;
};

/* The attribute is a key of the table or of one of its indexes. */
static bool is_key(yyjson_val *input, struct slice name)
{
    yyjson_val *schema = json_member(input, "KeySchema");
    yyjson_val *indexes = json_member(input, "LocalSecondaryIndexes");
    bool found = slice_equal(name, key_schema_name(schema, 0)) ||
                 slice_equal(name, key_schema_name(schema, 1));
    for (size_t i = 0; i < yyjson_arr_size(indexes) && !found; i++)
        found = slice_equal(
            name, key_schema_name(json_member(yyjson_arr_get(indexes, i), "KeySchema"), 1));
    return found;
}

static bool is_defined_before(yyjson_val *definitions, size_t index)
{
    struct slice name = key_schema_name(definitions, index);
    for (size_t i = 0; i < index; i++)
        if (slice_equal(name, key_schema_name(definitions, i)))
            return true;
    return false;
}

static const char *check_definitions(struct create_table *create)
{
    yyjson_val *input = create->call.input;
    yyjson_val *definitions = json_member(input, "AttributeDefinitions");
    for (size_t i = 0; i < yyjson_arr_size(definitions); i++) {
        struct slice name = key_schema_name(definitions, i);
        if (!is_key(input, name) || is_defined_before(definitions, i))
            return json_member(input, "LocalSecondaryIndexes") == NULL
                       ? MESSAGE_SCHEMA_UNUSED
                       : arena_printf(create->call.arena, MESSAGE_DEFINITION_UNUSED,
                                      key_schema_names(create->call.arena, definitions));
    }
    return NULL;
}

static const char *put_indexes(struct create_table *create, struct value_node *definition)
{
    yyjson_val *schema = json_member(create->call.input, "KeySchema");
    yyjson_val *definitions = json_member(create->call.input, "AttributeDefinitions");
    if (yyjson_arr_size(schema) > yyjson_arr_size(definitions))
        return MESSAGE_SCHEMA_UNDEFINED;
    const char *problem = key_schema_check(create->call.arena, schema, definitions);
    if (problem == NULL)
        problem = local_indexes_create(&create->call, definition);
    return problem != NULL ? problem : check_definitions(create);
}

static void put_key(struct create_table *create, struct value_node *definition, size_t index,
                    const char *name_attribute, const char *type_attribute)
{
    yyjson_val *schema = json_member(create->call.input, "KeySchema");
    yyjson_val *definitions = json_member(create->call.input, "AttributeDefinitions");
    if (index >= yyjson_arr_size(schema))
        return;
    struct slice name = key_schema_name(schema, index);
    struct slice type = key_schema_type(definitions, name);
    definition_put_string(create->call.arena, definition, name_attribute, name);
    definition_put_string(create->call.arena, definition, type_attribute, type);
}

static const char *put_tags(struct create_table *create, struct value_node *definition)
{
    struct arena *arena = create->call.arena;
    struct value_node *tags = value_node_container(arena, VALUE_MAP);
    struct quorum quorum;
    const char *problem = tags_add(arena, tags, json_member(create->call.input, "Tags"));
    if (problem == NULL)
        problem = quorum_of_tags(arena, tags, &create->call.api->default_quorum, &quorum);
    if (problem != NULL)
        return problem;
    definition_put(definition, "tags", tags);
    definition_put_quorum(arena, definition, &quorum);
    return NULL;
}

static void put_id(struct create_table *create, struct value_node *definition)
{
    struct writer *id = operation_writer_new(&create->call, 8);
    bool indexed = json_member(create->call.input, "LocalSecondaryIndexes") != NULL;
    writer_put_u64(id, node_random_id(create->call.api->node) | (indexed ? TABLE_ID_INDEXED : 0));
    definition_put(definition, "id",
                   value_node_scalar(create->call.arena, VALUE_BINARY, writer_slice(id)));
}

static const char *check_stream(yyjson_val *json)
{
    bool enabled = json_member_bool(json, "StreamEnabled", false);
    bool viewed = json_member(json, "StreamViewType") != NULL;
    if (enabled)
        return viewed ? MESSAGE_NO_STREAMS : MESSAGE_STREAM_VIEW_MISSING;
    return viewed ? MESSAGE_STREAM_VIEW_UNUSED : NULL;
}

static const char *build(struct create_table *create)
{
    struct operation_call *call = &create->call;
    struct value_node *definition = value_node_container(call->arena, VALUE_MAP);
    const char *problem = throughput_define(call, definition);
    if (problem == NULL)
        problem = put_indexes(create, definition);
    if (problem == NULL)
        problem = check_stream(json_member(call->input, "StreamSpecification"));
    if (problem == NULL)
        problem = settings_put(call, definition);
    if (problem == NULL)
        problem = put_tags(create, definition);
    if (problem != NULL)
        return problem;
    definition_put_string(call->arena, definition, "name", create->name);
    definition_put_number(call->arena, definition, "revision", 1);
    put_id(create, definition);
    put_key(create, definition, 0, "partition_key", "partition_key_type");
    put_key(create, definition, 1, "sort_key", "sort_key_type");
    const struct value_node *culprit;
    enum value_problem found = value_node_finish_item(definition, &culprit);
    ensure(found == VALUE_FINE);
    struct writer *encoded = operation_writer_new(call, 512);
    writer_put_item(encoded, definition);
    create->definition = writer_slice(encoded);
    return NULL;
}

static void finish(struct operation_call *call)
{
    const struct create_table *create = (struct create_table *)(void *)call;
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{\"TableDescription\":");
    table_put_description(reply, call->api, create->table, "CREATING");
    json_put_raw(reply, "}");
    operation_finish(call);
}

static void written(struct operation_call *call)
{
    struct create_table *create = (struct create_table *)(void *)call;
    const struct request *write = &create->write->request;
    if (write->outcome == OUTCOME_PRECONDITION_FAILED) {
        struct slice name = create->name;
        operation_fail(call, "ResourceInUseException",
                       arena_printf(call->arena, MESSAGE_TABLE_EXISTS, (int)name.size, name.data));
        return;
    }
    if (write->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, write->outcome);
        return;
    }
    node_raise_schema_version(call->api->node, write->version.hlc);
    catalogue_learn(call->api, create->definition);
    create->table = table_parse(create->definition);
    ensure(create->table != NULL);
    operation_use_table(call, create->table);
    table_unref(create->table);
    table_announce(call, create->table, write->version, false, finish);
}

static void start(struct operation_call *call)
{
    struct create_table *create = (struct create_table *)(void *)call;
    if (!table_arn_resolve(call, json_member_string(call->input, "TableName"), &create->name))
        return;
    const char *problem = build(create);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    create->write = operation_request_new(call, REQUEST_WRITE);
    struct request *write = &create->write->request;
    write->quorum = node_system_quorum(call->api->node);
    write->key = catalogue_table_key(call, create->name);
    write->value = create->definition;
    write->precondition = PRECONDITION_ABSENT;
    operation_wait(call, written);
    operation_send(call, create->write);
}

const struct operation operation_create_table = {"CreateTable", sizeof(struct create_table),
                                                 &input_shape, start};
