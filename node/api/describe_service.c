#include "api_state.h"
#include "json_writer.h"
#include "operations.h"

static const struct shape input_shape = {.kind = SHAPE_STRUCTURE};

/* Clients may keep coming to the address they came to. */
static void describe_endpoints(struct operation_call *call)
{
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{\"Endpoints\":[{\"Address\":");
    json_put_string(reply, call->call->host);
    json_put_raw(reply, ",\"CachePeriodInMinutes\":1440}]}");
    operation_finish(call);
}

/* The service's default quotas; no lower ones are enforced here. */
static void describe_limits(struct operation_call *call)
{
    json_put_raw(operation_reply(call), "{\"AccountMaxReadCapacityUnits\":80000,"
                                        "\"AccountMaxWriteCapacityUnits\":80000,"
                                        "\"TableMaxReadCapacityUnits\":40000,"
                                        "\"TableMaxWriteCapacityUnits\":40000}");
    operation_finish(call);
}

const struct operation operation_describe_endpoints = {
    "DescribeEndpoints", sizeof(struct operation_call), &input_shape, describe_endpoints};
const struct operation operation_describe_limits = {"DescribeLimits", sizeof(struct operation_call),
                                                    &input_shape, describe_limits};
