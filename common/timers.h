/* timers: one binary heap of deadlines that its owner drives; no clock of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "No deadline". */
#define DEADLINE_NEVER UINT64_MAX

struct timer;
typedef void (*timer_fire)(struct timer *timer, uint64_t now_us);

/* Embedded in its owner. Must be disarmed before the owner is freed. */
struct timer {
    uint64_t deadline_us; /* monotonic microseconds */
    uint64_t order;  /* arming order: equal deadlines fire first armed first, so that runs repeat */
    size_t slot;     /* place in the heap plus one; 0 when disarmed */
    timer_fire fire; /* called from timers_run, already disarmed */
};

struct timers {
    struct timer **heap;
    size_t count;
    size_t capacity;
    uint64_t next_order;
    uint64_t running_at_us; /* `now_us` of the run in progress, else 0 */
};

void timers_init(struct timers *timers);
/* All timers must be disarmed. */
void timers_deinit(struct timers *timers);
void timer_init(struct timer *timer, timer_fire fire);
bool timer_armed(const struct timer *timer);
/* Arms, or moves when armed. During timers_run a deadline already past counts as its `now_us`. */
void timers_arm(struct timers *timers, struct timer *timer, uint64_t deadline_us);
/* Does nothing when disarmed. */
void timers_disarm(struct timers *timers, struct timer *timer);
/* Fires every timer due at `now_us` as of the call, at most once each. */
void timers_run(struct timers *timers, uint64_t now_us);
/* The earliest deadline, or DEADLINE_NEVER. */
uint64_t timers_next(const struct timers *timers);
