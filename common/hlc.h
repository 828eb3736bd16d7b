/* hlc: hybrid logical clock (Kulkarni et al., 2014) with a durable ceiling and a guard against
 * peers whose clocks are wrong.
 *
 * What must hold: no stamp is issued twice, across restarts as well. So no stamp leaves above the
 * ceiling that is durable, and after a restart the clock starts above it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ensure.h"

enum {
    HLC_COUNTER_BITS = 16,
    HLC_CEILING_AHEAD_MS =
        400, /* below the default skew guard, so a restarted node is never refused */
    HLC_CEILING_STEP_MS = 50 /* least raise, when restarts in a row have pushed the clock ahead */
};

struct hlc {
    uint64_t now;     /* the highest value issued or observed */
    uint64_t ceiling; /* durable: values up to and including it may be issued */
};

/* `ceiling` as read from disk (the highest of all shards), 0 on a new node. */
void hlc_init(struct hlc *hlc, uint64_t ceiling);
/* The next value, above everything issued or observed; 0 if it would pass the ceiling: make
 * hlc_ceiling_wanted() durable, call hlc_raise_ceiling(), try again. */
uint64_t must_check hlc_next(struct hlc *hlc, uint64_t wall_us);
/* Current value for a message header: at or above everything issued; observing it costs nothing. */
uint64_t hlc_current(const struct hlc *hlc, uint64_t wall_us);
/* Merges a value from a peer. The caller has checked it by hlc_plausible(). */
void hlc_observe(struct hlc *hlc, uint64_t value);
/* True if the ceiling should be raised soon (less than half a step is left). */
bool hlc_ceiling_low(const struct hlc *hlc, uint64_t wall_us);
/* The ceiling to make durable next. */
uint64_t hlc_ceiling_wanted(const struct hlc *hlc, uint64_t wall_us);
/* `ceiling` is durable now. */
void hlc_raise_ceiling(struct hlc *hlc, uint64_t ceiling);
/* False if `value` is further ahead of this node's wall clock than `ahead_max_us`. */
bool hlc_plausible(uint64_t value, uint64_t wall_us, uint64_t ahead_max_us);

static inline uint64_t hlc_from_ms(uint64_t ms)
{
    return ms << HLC_COUNTER_BITS;
}

static inline uint64_t hlc_to_ms(uint64_t hlc)
{
    return hlc >> HLC_COUNTER_BITS;
}
