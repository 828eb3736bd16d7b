/* UpdateTimeToLive and DescribeTimeToLive: which attribute says when an item expires. */
#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "table_change.h"
#include "table_shapes.h"

/* The service takes up to an hour to switch and refuses another switch meanwhile. Here it is done
 * at once, and the rule is kept only to show the states in between. */
enum { CHANGE_MS = 1000, ATTRIBUTE_SIZE_MAX = 255 /* the service's limit */ };

static const struct shape shape_attribute = {
    .kind = SHAPE_STRING, .ranged = true, .min = 1, .max = ATTRIBUTE_SIZE_MAX};
static const struct shape_member specification_members[] = {
    {"Enabled", &shape_boolean, true, false},
    {"AttributeName", &shape_attribute, true, false},
};
static const struct shape shape_specification = {.kind = SHAPE_STRUCTURE,
                                                 .type = "TimeToLiveSpecification",
                                                 .members = specification_members,
                                                 .members_count =
                                                     array_size(specification_members)};
static const struct shape_member update_members[] = {
    {"TableName", &shape_plain_table_name, false, false},
    {"TimeToLiveSpecification", &shape_specification, true, false},
};
static const struct shape update_shape = SHAPE_OF(update_members);
static const struct shape_member describe_members[] = {
    {"TableName", &shape_plain_table_name, false, false},
};
static const struct shape describe_shape = SHAPE_OF(describe_members);

/* A clock that was set back does not make the change last longer. */
static bool changing(const struct operation_call *call, const struct table *table)
{
    uint64_t now = api_now_ms(call->api);
    return now >= table->ttl_changed_ms && now - table->ttl_changed_ms < CHANGE_MS;
}

static const char *check_change(struct operation_call *call, const struct table *table,
                                bool enabled, struct slice attribute)
{
    bool active = table->ttl_attribute.size > 0;
    bool same = slice_equal(table->ttl_attribute, attribute);
    if (!active && !enabled)
        return MESSAGE_TTL_DISABLED;
    if (active && !same)
        return arena_printf(call->arena, MESSAGE_TTL_OTHER "%.*s", (int)table->ttl_attribute.size,
                            table->ttl_attribute.data);
    if (active && enabled)
        return MESSAGE_TTL_ENABLED;
    return changing(call, table) ? MESSAGE_TTL_CHANGING : NULL;
}

static const char *change_attribute(struct table_change *change, const struct table *table,
                                    struct value_node *definition)
{
    struct operation_call *call = &change->call;
    yyjson_val *specification = json_member(call->input, "TimeToLiveSpecification");
    bool enabled = json_member_bool(specification, "Enabled", false);
    struct slice attribute = json_member_string(specification, "AttributeName");
    const char *problem = check_change(call, table, enabled, attribute);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return problem;
    }
    if (enabled)
        definition_put_string(call->arena, definition, "ttl_attribute", attribute);
    else
        value_node_remove(definition, value_node_find(definition, SLICE_LITERAL("ttl_attribute")));
    definition_put_number(call->arena, definition, "ttl_changed_ms",
                          (int64_t)api_now_ms(call->api));
    return NULL;
}

static void reply_specification(struct table_change *change, const struct table *table)
{
    struct writer *reply = operation_reply(&change->call);
    yyjson_val *given = json_member(change->call.input, "TimeToLiveSpecification");
    json_put_raw(reply, "{\"TimeToLiveSpecification\":{");
    json_put_name(reply, "Enabled");
    json_put_bool(reply, table->ttl_attribute.size > 0);
    json_put_name(reply, "AttributeName");
    json_put_string(reply, json_member_string(given, "AttributeName"));
    json_put_raw(reply, "}}");
}

static const struct table_changer changer = {.change = change_attribute,
                                             .reply = reply_specification};

static void start_update(struct operation_call *call)
{
    table_change_start((struct table_change *)(void *)call, &changer,
                       json_member_string(call->input, "TableName"));
}

static const char *status_of(const struct operation_call *call, const struct table *table)
{
    if (table->ttl_attribute.size > 0)
        return changing(call, table) ? "ENABLING" : "ENABLED";
    return changing(call, table) ? "DISABLING" : "DISABLED";
}

static void describe(struct operation_call *call)
{
    const struct table *table = call->found;
    if (table == NULL) {
        table_fail_not_found(call);
        return;
    }
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{\"TimeToLiveDescription\":{");
    json_put_name(reply, "TimeToLiveStatus");
    json_put_string(reply, slice_of_string(status_of(call, table)));
    if (table->ttl_attribute.size > 0) {
        json_put_name(reply, "AttributeName");
        json_put_string(reply, table->ttl_attribute);
    }
    json_put_raw(reply, "}}");
    operation_finish(call);
}

static void start_describe(struct operation_call *call)
{
    catalogue_lookup(call, json_member_string(call->input, "TableName"), describe);
}

const struct operation operation_update_time_to_live = {
    "UpdateTimeToLive", sizeof(struct table_change), &update_shape, start_update};
const struct operation operation_describe_time_to_live = {
    "DescribeTimeToLive", sizeof(struct operation_call), &describe_shape, start_describe};
