#include "table_throughput.h"

#include "api_state.h"
#include "calendar.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000, /* UTC days begin at multiples of it */
    HOUR_MS = 60 * 60 * 1000,
    UNITS_MAX = 40000,       /* of a table; the service's default quota */
    DECREASES_FREE = 4,      /* in a day, before the service asks for an hour in between */
    SWITCHES_MAX = 4,        /* to on-demand in 24 hours; the service's limit */
    WARM_READ_UNITS = 12000, /* what the service keeps ready for a new on-demand table */
    WARM_WRITE_UNITS = 4000
};

static const int64_t units_bound = 1000000000000; /* per table: the service's, before its quota */

/* A pair of members as the definition and the request hold it. */
struct units {
    int64_t read;
    int64_t write;
};

const struct shape shape_billing_mode = {.kind = SHAPE_STRING,
                                         .values = "PROVISIONED, PAY_PER_REQUEST"};
static const struct shape shape_provisioned_units = {
    .kind = SHAPE_LONG, .ranged = true, .min = 1, .max = INT64_MAX};
static const struct shape_member throughput_members[] = {
    {"WriteCapacityUnits", &shape_provisioned_units, true, false},
    {"ReadCapacityUnits", &shape_provisioned_units, true, false},
};
const struct shape shape_throughput = {.kind = SHAPE_STRUCTURE,
                                       .type = "ProvisionedThroughput",
                                       .members = throughput_members,
                                       .members_count = array_size(throughput_members)};
static const struct shape shape_units = {.kind = SHAPE_LONG};
static const struct shape_member on_demand_members[] = {
    {"MaxReadRequestUnits", &shape_units, false, false},
    {"MaxWriteRequestUnits", &shape_units, false, false},
};
const struct shape shape_on_demand_throughput = {.kind = SHAPE_STRUCTURE,
                                                 .type = "OnDemandThroughput",
                                                 .members = on_demand_members,
                                                 .members_count = array_size(on_demand_members)};
static const struct shape_member warm_members[] = {
    {"ReadUnitsPerSecond", &shape_units, false, false},
    {"WriteUnitsPerSecond", &shape_units, false, false},
};
const struct shape shape_warm_throughput = {.kind = SHAPE_STRUCTURE,
                                            .type = "WarmThroughput",
                                            .members = warm_members,
                                            .members_count = array_size(warm_members)};

static unsigned decreases_today(const struct table *table, uint64_t now_ms);

static bool is_on_demand(struct slice mode)
{
    return slice_equal(mode, SLICE_LITERAL("PAY_PER_REQUEST"));
}

/* ProvisionedThroughput. */

/* Both are 0 if the request has none. */
static const char *read_units(struct arena *arena, yyjson_val *input, struct units *units)
{
    yyjson_val *throughput = json_member(input, "ProvisionedThroughput");
    units->read = json_member_integer(throughput, "ReadCapacityUnits", 0);
    units->write = json_member_integer(throughput, "WriteCapacityUnits", 0);
    if (units->read > units_bound)
        return arena_printf(arena, MESSAGE_READ_UNITS_BOUNDS, units->read);
    if (units->write > units_bound)
        return arena_printf(arena, MESSAGE_WRITE_UNITS_BOUNDS, units->write);
    return units->read > UNITS_MAX || units->write > UNITS_MAX ? MESSAGE_UNITS_QUOTA : NULL;
}

/* OnDemandThroughput. */

/* What the request says of one maximum; 0: there is none. */
static const char *read_maximum(struct arena *arena, yyjson_val *json, const char *name,
                                int64_t *units)
{
    if (json_member(json, name) == NULL)
        return NULL;
    int64_t given = json_member_integer(json, name, 0);
    if (given != -1 && (given < 1 || given > UNITS_MAX))
        return arena_printf(arena, MESSAGE_THROUGHPUT_BOUNDS, given, name);
    *units = given == -1 ? 0 : given;
    return NULL;
}

static const char *put_maximums(struct operation_call *call, bool on_demand, struct units maximums,
                                struct value_node *definition)
{
    yyjson_val *json = json_member(call->input, "OnDemandThroughput");
    const char *problem = NULL;
    if (json != NULL && !on_demand)
        return MESSAGE_MAXIMUM_PROVISIONED;
    if (json != NULL && json_member(json, "MaxReadRequestUnits") == NULL &&
        json_member(json, "MaxWriteRequestUnits") == NULL)
        return MESSAGE_MAXIMUM_MISSING;
    if (json != NULL)
        problem = read_maximum(call->arena, json, "MaxReadRequestUnits", &maximums.read);
    if (json != NULL && problem == NULL)
        problem = read_maximum(call->arena, json, "MaxWriteRequestUnits", &maximums.write);
    definition_put_number(call->arena, definition, "max_read_units", on_demand ? maximums.read : 0);
    definition_put_number(call->arena, definition, "max_write_units",
                          on_demand ? maximums.write : 0);
    return problem;
}

/* WarmThroughput. Nothing has to be warmed here: all of the cluster is there at once. So the
 * figures are kept and shown, by the service's rule that they only grow. */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct units warm_units(bool on_demand, struct units provisioned, struct units asked)
{
    return (struct units){larger(on_demand ? WARM_READ_UNITS : provisioned.read, asked.read),
                          larger(on_demand ? WARM_WRITE_UNITS : provisioned.write, asked.write)};
}

static const char *read_warm(struct arena *arena, yyjson_val *json, const char *name,
                             int64_t current, int64_t *units)
{
    if (json_member(json, name) == NULL)
        return NULL;
    *units = json_member_integer(json, name, 0);
    if (*units > UNITS_MAX)
        return arena_printf(arena, MESSAGE_THROUGHPUT_BOUNDS, *units, name);
    return *units < current ? arena_printf(arena, MESSAGE_WARM_LOWER, name) : NULL;
}

static const char *put_warm(struct operation_call *call, struct units current, struct units asked,
                            struct value_node *definition)
{
    yyjson_val *json = json_member(call->input, "WarmThroughput");
    if (json == NULL)
        return NULL;
    if (json_member(json, "ReadUnitsPerSecond") == NULL &&
        json_member(json, "WriteUnitsPerSecond") == NULL)
        return MESSAGE_WARM_MISSING;
    const char *problem =
        read_warm(call->arena, json, "ReadUnitsPerSecond", current.read, &asked.read);
    if (problem == NULL)
        problem = read_warm(call->arena, json, "WriteUnitsPerSecond", current.write, &asked.write);
    definition_put_number(call->arena, definition, "warm_read_units", asked.read);
    definition_put_number(call->arena, definition, "warm_write_units", asked.write);
    return problem;
}

/* CreateTable. */

static const char *define_units(struct operation_call *call, bool on_demand, struct units *units)
{
    bool given = json_member(call->input, "ProvisionedThroughput") != NULL;
    if (on_demand && given)
        return MESSAGE_UNITS_ON_DEMAND;
    if (!on_demand && !given)
        return MESSAGE_UNITS_MISSING;
    return read_units(call->arena, call->input, units);
}

const char *throughput_define(struct operation_call *call, struct value_node *definition)
{
    struct arena *arena = call->arena;
    bool on_demand = is_on_demand(json_member_string(call->input, "BillingMode"));
    struct units units = {0, 0}, none = {0, 0};
    const char *problem = define_units(call, on_demand, &units);
    if (problem == NULL)
        problem = put_maximums(call, on_demand, none, definition);
    if (problem == NULL)
        problem = put_warm(call, warm_units(on_demand, units, none), none, definition);
    definition_put_string(arena, definition, "billing_mode",
                          slice_of_string(on_demand ? "PAY_PER_REQUEST" : "PROVISIONED"));
    definition_put_number(arena, definition, "read_units", units.read);
    definition_put_number(arena, definition, "write_units", units.write);
    definition_put_number(arena, definition, "created_ms", (int64_t)api_now_ms(call->api));
    definition_put_number(arena, definition, "billing_changed_ms",
                          on_demand ? (int64_t)api_now_ms(call->api) : 0);
    return problem;
}

/* UpdateTable. */

static const char *refuse(struct operation_call *call, const char *problem)
{
    operation_refuse(call, problem);
    return problem;
}

static const char *refuse_for_now(struct operation_call *call, const char *problem)
{
    operation_fail(call, "LimitExceededException", problem);
    return problem;
}

static const char *time_text(struct arena *arena, uint64_t time_ms)
{
    char *text = arena_alloc(arena, CALENDAR_HTTP_SIZE + 1);
    calendar_format_http(time_ms / 1000, text);
    return text;
}

static const char *record_decrease(struct operation_call *call, const struct table *table,
                                   struct value_node *definition)
{
    uint64_t now = api_now_ms(call->api);
    unsigned today = decreases_today(table, now);
    if (today >= DECREASES_FREE && now < table->decreased_ms + HOUR_MS)
        return refuse_for_now(
            call, arena_printf(call->arena, MESSAGE_UNITS_DECREASES, today,
                               time_text(call->arena, table->decreased_ms),
                               time_text(call->arena, table->decreased_ms + HOUR_MS + 999)));
    definition_put_number(call->arena, definition, "decreased_ms", (int64_t)now);
    definition_put_number(call->arena, definition, "decreases", today + 1);
    return NULL;
}

static const char *change_units(struct operation_call *call, const struct table *table,
                                struct value_node *definition, struct units *units)
{
    struct units old = {table->on_demand ? 0 : table->read_units,
                        table->on_demand ? 0 : table->write_units};
    const char *problem = read_units(call->arena, call->input, units);
    if (problem != NULL)
        return refuse(call, problem);
    if (units->read == old.read && units->write == old.write)
        return refuse(call, arena_printf(call->arena, MESSAGE_UNITS_SAME, old.read, units->read,
                                         old.write, units->write));
    if (units->read < old.read || units->write < old.write)
        problem = record_decrease(call, table, definition);
    if (units->read > old.read || units->write > old.write)
        definition_put_number(call->arena, definition, "increased_ms",
                              (int64_t)api_now_ms(call->api));
    definition_put_number(call->arena, definition, "read_units", units->read);
    definition_put_number(call->arena, definition, "write_units", units->write);
    return problem;
}

/* The definition keeps the times of the switches of the last day, 8 bytes each. */
static const char *switch_to_on_demand(struct operation_call *call, const struct table *table,
                                       struct value_node *definition)
{
    uint64_t now = api_now_ms(call->api), first = 0, last = 0;
    unsigned count = 0;
    struct writer *kept = operation_writer_new(call, 8 * SWITCHES_MAX);
    struct reader switches = reader_of(table->on_demand_switches);
    while (reader_left(&switches) >= 8) {
        last = reader_get_u64(&switches);
        if (now >= last + DAY_MS)
            continue;
        writer_put_u64(kept, last);
        first = count++ == 0 ? last : first;
    }
    if (count >= SWITCHES_MAX)
        return refuse_for_now(call, arena_printf(call->arena, MESSAGE_BILLING_SWITCHES, count,
                                                 time_text(call->arena, last),
                                                 time_text(call->arena, first + DAY_MS + 999)));
    writer_put_u64(kept, now);
    definition_put(definition, "on_demand_switches",
                   value_node_scalar(call->arena, VALUE_BINARY, writer_slice(kept)));
    definition_put_number(call->arena, definition, "billing_changed_ms", (int64_t)now);
    return NULL;
}

const char *throughput_change(struct operation_call *call, const struct table *table,
                              struct value_node *definition)
{
    struct slice mode = json_member_string(call->input, "BillingMode");
    bool given = json_member(call->input, "ProvisionedThroughput") != NULL;
    bool on_demand = mode.size == 0 ? table->on_demand : is_on_demand(mode);
    struct units units = {table->read_units, table->write_units};
    const struct units asked = {table->warm_read_units, table->warm_write_units};
    const struct units maximums = {table->max_read_units, table->max_write_units};
    const char *problem = NULL;
    if (given && on_demand)
        return refuse(call, MESSAGE_UNITS_ON_DEMAND);
    if (mode.size > 0)
        definition_put_string(call->arena, definition, "billing_mode", mode);
    if (on_demand && !table->on_demand)
        problem = switch_to_on_demand(call, table, definition);
    if (problem == NULL && given)
        problem = change_units(call, table, definition, &units);
    if (problem != NULL)
        return problem;
    problem = put_maximums(call, on_demand, maximums, definition);
    if (problem == NULL)
        problem = put_warm(call, warm_units(on_demand, units, asked), asked, definition);
    return problem == NULL ? NULL : refuse(call, problem);
}

/* Descriptions. */

static unsigned decreases_today(const struct table *table, uint64_t now_ms)
{
    bool today = table->decreased_ms / DAY_MS == now_ms / DAY_MS;
    return today ? (unsigned)table->decreases : 0;
}

static void put_time(struct writer *writer, const char *name, uint64_t time_ms)
{
    if (time_ms == 0)
        return;
    json_put_name(writer, name);
    json_put_time(writer, time_ms);
}

static void put_number(struct writer *writer, const char *name, int64_t number)
{
    json_put_name(writer, name);
    json_put_integer(writer, number);
}

static void put_provisioned(struct writer *writer, const struct table *table, uint64_t now_ms)
{
    json_put_name(writer, "ProvisionedThroughput");
    json_put_raw(writer, "{");
    put_time(writer, "LastIncreaseDateTime", table->increased_ms);
    put_time(writer, "LastDecreaseDateTime", table->decreased_ms);
    put_number(writer, "NumberOfDecreasesToday", decreases_today(table, now_ms));
    put_number(writer, "ReadCapacityUnits", table->on_demand ? 0 : table->read_units);
    put_number(writer, "WriteCapacityUnits", table->on_demand ? 0 : table->write_units);
    json_put_raw(writer, "}");
}

static void put_mode(struct writer *writer, const struct table *table)
{
    if (!table->on_demand && table->billing_changed_ms == 0)
        return;
    json_put_name(writer, "BillingModeSummary");
    json_put_raw(writer, "{");
    json_put_name(writer, "BillingMode");
    json_put_raw(writer, table->on_demand ? "\"PAY_PER_REQUEST\"" : "\"PROVISIONED\"");
    put_time(writer, "LastUpdateToPayPerRequestDateTime", table->billing_changed_ms);
    json_put_raw(writer, "}");
}

static void put_on_demand(struct writer *writer, const struct table *table)
{
    if (table->max_read_units == 0 && table->max_write_units == 0)
        return;
    json_put_name(writer, "OnDemandThroughput");
    json_put_raw(writer, "{");
    put_number(writer, "MaxReadRequestUnits",
               table->max_read_units == 0 ? -1 : table->max_read_units);
    put_number(writer, "MaxWriteRequestUnits",
               table->max_write_units == 0 ? -1 : table->max_write_units);
    json_put_raw(writer, "}");
}

void throughput_put(struct writer *writer, const struct table *table, uint64_t now_ms)
{
    struct units provisioned = {table->read_units, table->write_units};
    struct units asked = {table->warm_read_units, table->warm_write_units};
    struct units warm = warm_units(table->on_demand, provisioned, asked);
    put_provisioned(writer, table, now_ms);
    put_mode(writer, table);
    put_on_demand(writer, table);
    json_put_name(writer, "WarmThroughput");
    json_put_raw(writer, "{");
    put_number(writer, "ReadUnitsPerSecond", warm.read);
    put_number(writer, "WriteUnitsPerSecond", warm.write);
    json_put_raw(writer, ",\"Status\":\"ACTIVE\"}");
}
