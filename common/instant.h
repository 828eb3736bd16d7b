/* instant: the two clocks, passed into every door. */
#pragma once

#include <stdint.h>

struct instant {
    uint64_t monotonic_us; /* for durations and deadlines; never jumps */
    uint64_t wall_us;      /* microseconds since 1970; may jump */
};
