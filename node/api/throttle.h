/* throttle: holds a table's requests to its throughput: the units of a provisioned table, the
 * maximums of an on-demand one. A request is let in while there is any left, and charged what it
 * turned out to consume; at first what it consumes at least. */
#pragma once

#include "operation_call.h"

/* Whether anything limits such requests. */
bool throttle_limits(const struct table *table, enum throughput_kind kind);
/* May a request go on that consumes at least so many half units? They are spent then. */
bool must_check throttle_admit(struct api *api, const struct table *table,
                               enum throughput_kind kind, uint64_t halves);
/* What was let in for `admitted` half units has consumed so many. */
void throttle_charge(struct api *api, const struct table *table, enum throughput_kind kind,
                     uint64_t admitted, uint64_t consumed);
/* Ends the call because of the table. */
void throttle_refuse(struct operation_call *call, const struct table *table,
                     enum throughput_kind kind);

/* The same for the one table of a call. False: the call has ended. */
bool must_check throttle_begin(struct operation_call *call, enum throughput_kind kind,
                               uint64_t halves);
void throttle_end(struct operation_call *call, enum throughput_kind kind, uint64_t consumed);
