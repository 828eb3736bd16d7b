#include "api_state.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_change.h"
#include "table_settings.h"
#include "table_shapes.h"
#include "table_throughput.h"

enum { KEY_NAME_SIZE_MAX = 255 /* the service's limit */ };

static const struct shape shape_key_name = {
    .kind = SHAPE_STRING, .ranged = true, .min = 1, .max = KEY_NAME_SIZE_MAX};
static const struct shape shape_attribute_type = {.kind = SHAPE_STRING, .values = "B, N, S"};
static const struct shape shape_key_type = {.kind = SHAPE_STRING, .values = "HASH, RANGE"};
static const struct shape_member definition_members[] = {
    {"AttributeName", &shape_key_name, true, false},
    {"AttributeType", &shape_attribute_type, true, false},
};
static const struct shape shape_definition = {.kind = SHAPE_STRUCTURE,
                                              .type = "AttributeDefinition",
                                              .members = definition_members,
                                              .members_count = array_size(definition_members)};
static const struct shape shape_definitions = {.kind = SHAPE_LIST, .element = &shape_definition};
static const struct shape_member key_members[] = {
    {"AttributeName", &shape_key_name, true, false},
    {"KeyType", &shape_key_type, true, false},
};
static const struct shape shape_key = {.kind = SHAPE_STRUCTURE,
                                       .type = "KeySchemaElement",
                                       .members = key_members,
                                       .members_count = array_size(key_members)};
static const struct shape shape_schema = {
    .kind = SHAPE_LIST, .ranged = true, .min = 1, .max = 2, .element = &shape_key};
static const struct shape_member stream_members[] = {
    {"StreamEnabled", &shape_boolean, true, false},
};
static const struct shape shape_stream = {.kind = SHAPE_STRUCTURE,
                                          .type = "StreamSpecification",
                                          .members = stream_members,
                                          .members_count = array_size(stream_members)};
static const struct shape_member members[] = {
    {"AttributeDefinitions", &shape_definitions, true, false},
    {"TableName", &shape_plain_table_name, false, false},
    {"BillingMode", &shape_billing_mode, false, false},
    {"ProvisionedThroughput", &shape_throughput, false, false},
    {"KeySchema", &shape_schema, true, false},
    {"LocalSecondaryIndexes", &shape_any, false, true},
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
    struct slice definition;
    struct table *table; /* as created; the call holds it */
    struct operation_request *write;
};

static struct slice name_at(yyjson_val *list, size_t index)
{
    return json_member_string(yyjson_arr_get(list, index), "AttributeName");
}

/* The attribute definition of that name, or NULL. */
static yyjson_val *definition_of(yyjson_val *definitions, struct slice name)
{
    for (size_t i = 0; i < yyjson_arr_size(definitions); i++)
        if (slice_equal(name_at(definitions, i), name))
            return yyjson_arr_get(definitions, i);
    return NULL;
}

/* "a, b" */
static const char *list_names(struct arena *arena, yyjson_val *list)
{
    const char *names = "";
    for (size_t i = 0; i < yyjson_arr_size(list) && i < 100; i++)
        names = arena_printf(arena, "%s%s%.*s", names, i == 0 ? "" : ", ",
                             (int)name_at(list, i).size, name_at(list, i).data);
    return names;
}

static const char *check_keys(struct create_table *create)
{
    yyjson_val *schema = json_member(create->call.input, "KeySchema");
    yyjson_val *definitions = json_member(create->call.input, "AttributeDefinitions");
    struct arena *arena = create->call.arena;
    size_t count = yyjson_arr_size(schema);
    if (count > yyjson_arr_size(definitions))
        return MESSAGE_SCHEMA_UNDEFINED;
    for (size_t i = 0; i < count; i++)
        if (definition_of(definitions, name_at(schema, i)) == NULL)
            return arena_printf(arena, MESSAGE_SCHEMA_UNDEFINED_KEYS, list_names(arena, schema),
                                list_names(arena, definitions));
    if (count == 2 && slice_equal(name_at(schema, 0), name_at(schema, 1)))
        return MESSAGE_SCHEMA_SAME_NAME;
    static const char *const types[] = {"HASH", "RANGE"};
    static const char *const positions[] = {"first", "second"};
    for (size_t i = 0; i < count; i++)
        if (!slice_equal(json_member_string(yyjson_arr_get(schema, i), "KeyType"),
                         slice_of_string(types[i])))
            return arena_printf(arena, MESSAGE_SCHEMA_KEY_TYPE, positions[i], types[i]);
    if (count != yyjson_arr_size(definitions))
        return MESSAGE_SCHEMA_UNUSED;
    return NULL;
}

static void put_key(struct create_table *create, struct value_node *definition, size_t index,
                    const char *name_attribute, const char *type_attribute)
{
    yyjson_val *schema = json_member(create->call.input, "KeySchema");
    yyjson_val *definitions = json_member(create->call.input, "AttributeDefinitions");
    if (index >= yyjson_arr_size(schema))
        return;
    struct slice name = name_at(schema, index);
    struct slice type = json_member_string(definition_of(definitions, name), "AttributeType");
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
    writer_put_u64(id, node_random_id(create->call.api->node));
    definition_put(definition, "id",
                   value_node_scalar(create->call.arena, VALUE_BINARY, writer_slice(id)));
}

static const char *build(struct create_table *create)
{
    struct operation_call *call = &create->call;
    struct value_node *definition = value_node_container(call->arena, VALUE_MAP);
    const char *problem = throughput_define(call, definition);
    if (problem == NULL)
        problem = check_keys(create);
    if (problem == NULL &&
        json_member_bool(json_member(call->input, "StreamSpecification"), "StreamEnabled", false))
        problem = MESSAGE_NO_STREAMS;
    if (problem == NULL)
        problem = settings_put(call, definition);
    if (problem == NULL)
        problem = put_tags(create, definition);
    if (problem != NULL)
        return problem;
    definition_put_string(call->arena, definition, "name",
                          json_member_string(call->input, "TableName"));
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
        struct slice name = json_member_string(call->input, "TableName");
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
    const char *problem = table_name_check(call->input);
    if (problem == NULL)
        problem = build(create);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    create->write = operation_request_new(call, REQUEST_WRITE);
    struct request *write = &create->write->request;
    write->quorum = node_system_quorum(call->api->node);
    write->key = catalogue_table_key(call, json_member_string(call->input, "TableName"));
    write->value = create->definition;
    write->precondition = PRECONDITION_ABSENT;
    operation_wait(call, written);
    operation_send(call, create->write);
}

const struct operation operation_create_table = {"CreateTable", sizeof(struct create_table),
                                                 &input_shape, start};
