/* hint_delivery: sends the hints kept here to their targets once those can be reached (hinted
 * handoff; the paper, 4.6). A batch per target at a time, so the load on one that came back is
 * bounded; a hint is deleted only after the target has acknowledged it durably, or holds something
 * newer. */
#pragma once

#include "caller.h"
#include "hints.h"
#include "log.h"
#include "timers.h"

struct hint_batch;

struct hint_delivery {
    struct hints *hints;
    struct store *store;
    struct caller *caller;
    const struct replica *replica; /* knows N */
    struct timers *timers;
    struct log_sink *log;
    uint32_t in_flight_max;      /* hints of one batch */
    uint64_t attempt_timeout_us; /* for a batch's answers */
    struct hint_batch **batches; /* per member; NULL: it was never sent any */
    struct timer tick;
    uint64_t delivered;
    size_t turn; /* of those that hints are handed over to: one may be full */
};

void hint_delivery_init(struct hint_delivery *delivery, struct hints *hints, struct store *store,
                        struct caller *caller, const struct replica *replica, struct timers *timers,
                        struct log_sink *log, uint32_t in_flight_max, uint64_t attempt_timeout_us);
void hint_delivery_deinit(struct hint_delivery *delivery);
void hint_delivery_start(struct hint_delivery *delivery);
/* No batch is under way. */
bool hint_delivery_idle(const struct hint_delivery *delivery);
