/* table_throughput: how much may be asked of a table: its billing mode and its provisioned,
 * on-demand and warm throughput. */
#pragma once

#include "item_build.h"
#include "operation_call.h"

extern const struct shape shape_billing_mode;
extern const struct shape shape_throughput; /* ProvisionedThroughput */
extern const struct shape shape_on_demand_throughput;
extern const struct shape shape_warm_throughput;

/* What CreateTable asks for goes into the definition. NULL, or the ValidationException's message. */
const char *must_check throughput_define(struct operation_call *call,
                                         struct value_node *definition);
/* The same of UpdateTable. Returns NULL, or ends the call with an error and returns a reason. */
const char *must_check throughput_change(struct operation_call *call, const struct table *table,
                                         struct value_node *definition);
/* Writes the members of a TableDescription. */
void throughput_put(struct writer *writer, const struct table *table, uint64_t now_ms);
