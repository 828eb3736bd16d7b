#include "throttle.h"

#include "api_state.h"
#include "json_writer.h"
#include "messages.h"
#include "table_arn.h"

/* 0: there is no limit. */
static int64_t units_of(const struct table *table, enum throughput_kind kind)
{
    if (kind == THROUGHPUT_READ)
        return table->on_demand ? table->max_read_units : table->read_units;
    return table->on_demand ? table->max_write_units : table->write_units;
}

bool throttle_limits(const struct table *table, enum throughput_kind kind)
{
    return units_of(table, kind) > 0;
}

static struct throughput_limit limit_of(const struct table *table, enum throughput_kind kind)
{
    uint64_t units = (uint64_t)units_of(table, kind);
    uint64_t most = THROUGHPUT_RATE_MAX / 2;
    return (struct throughput_limit){.table = table->id,
                                     .kind = kind,
                                     .rate = 2 * (units < most ? units : most),
                                     .revision = table->revision};
}

bool throttle_admit(struct api *api, const struct table *table, enum throughput_kind kind,
                    uint64_t halves)
{
    if (!throttle_limits(table, kind))
        return true;
    struct throughput_limit limit = limit_of(table, kind);
    return node_admit(api->node, api->now, &limit, halves);
}

void throttle_charge(struct api *api, const struct table *table, enum throughput_kind kind,
                     uint64_t admitted, uint64_t consumed)
{
    if (admitted == consumed || !throttle_limits(table, kind))
        return;
    struct throughput_limit limit = limit_of(table, kind);
    node_charge(api->node, api->now, &limit, (int64_t)consumed - (int64_t)admitted);
}

/* The two exceptions spell the member differently. */
void throttle_refuse(struct operation_call *call, const struct table *table,
                     enum throughput_kind kind)
{
    if (table->on_demand)
        operation_fail(call, "ThrottlingException", MESSAGE_THROUGHPUT_MAXIMUM);
    else
        operation_fail(call, "ProvisionedThroughputExceededException", MESSAGE_THROUGHPUT);
    struct writer *reply = operation_reply(call);
    reply->size--; /* the brace that ends the error */
    json_put_name(reply, table->on_demand ? "throttlingReasons" : "ThrottlingReasons");
    json_put_raw(reply, "[{");
    json_put_name(reply, "reason");
    json_put_string(
        reply, slice_of_string(arena_printf(
                   call->arena, "Table%s%sExceeded", kind == THROUGHPUT_READ ? "Read" : "Write",
                   table->on_demand ? "MaxOnDemandThroughput" : "ProvisionedThroughput")));
    json_put_name(reply, "resource");
    json_put_string(reply, slice_of_string(table_arn(call->arena, call->api, table->name)));
    json_put_raw(reply, "}]}");
}

bool throttle_begin(struct operation_call *call, enum throughput_kind kind, uint64_t halves)
{
    call->admitted = halves;
    if (throttle_admit(call->api, call->found, kind, halves))
        return true;
    throttle_refuse(call, call->found, kind);
    return false;
}

void throttle_end(struct operation_call *call, enum throughput_kind kind, uint64_t consumed)
{
    throttle_charge(call->api, call->found, kind, call->admitted, consumed);
}
