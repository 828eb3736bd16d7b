#include "timers.h"

#include <stdlib.h>

#include "ensure.h"

void timers_init(struct timers *timers)
{
    *timers = (struct timers){NULL, 0, 0, 0, 0};
}

void timers_deinit(struct timers *timers)
{
    ensure(timers->count == 0);
    free(timers->heap);
    timers_init(timers);
}

void timer_init(struct timer *timer, timer_fire fire)
{
    ensure(fire != NULL);
    *timer = (struct timer){0, 0, 0, fire};
}

bool timer_armed(const struct timer *timer)
{
    return timer->slot != 0;
}

static bool before(const struct timer *a, const struct timer *b)
{
    return a->deadline_us != b->deadline_us ? a->deadline_us < b->deadline_us : a->order < b->order;
}

static void place(struct timers *timers, struct timer *timer, size_t index)
{
    timers->heap[index] = timer;
    timer->slot = index + 1;
}

static void sift_up(struct timers *timers, struct timer *timer, size_t index)
{
    while (index > 0 && before(timer, timers->heap[(index - 1) / 2])) {
        place(timers, timers->heap[(index - 1) / 2], index);
        index = (index - 1) / 2;
    }
    place(timers, timer, index);
}

static void sift_down(struct timers *timers, struct timer *timer, size_t index)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!before(timers->heap[child], timer))
            break;
        place(timers, timers->heap[child], index);
        index = child;
    }
    place(timers, timer, index);
}

void timers_arm(struct timers *timers, struct timer *timer, uint64_t deadline_us)
{
    ensure(timer->fire != NULL);
    timers_disarm(timers, timer);
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 16 : timers->capacity * 2;
        timers->heap = realloc(timers->heap, timers->capacity * sizeof(struct timer *));
        ensure(timers->heap != NULL);
    }
    /* What a handler arms late must not stand before older timers that this run still owes. */
    timer->deadline_us = deadline_us < timers->running_at_us ? timers->running_at_us : deadline_us;
    timer->order = timers->next_order++;
    timers->count++;
    sift_up(timers, timer, timers->count - 1);
}

void timers_disarm(struct timers *timers, struct timer *timer)
{
    if (timer->slot == 0)
        return;
    size_t index = timer->slot - 1;
    ensure(index < timers->count);
    ensure(timers->heap[index] == timer);
    timer->slot = 0;
    timers->count--;
    struct timer *last = timers->heap[timers->count];
    if (last == timer)
        return;
    if (index > 0 && before(last, timers->heap[(index - 1) / 2]))
        sift_up(timers, last, index);
    else
        sift_down(timers, last, index);
}

void timers_run(struct timers *timers, uint64_t now_us)
{
    uint64_t armed_since = timers->next_order;
    timers->running_at_us = now_us;
    while (timers->count > 0) {
        struct timer *first = timers->heap[0];
        if (first->deadline_us > now_us || first->order >= armed_since)
            break;
        timers_disarm(timers, first);
        first->fire(first, now_us);
    }
    timers->running_at_us = 0;
}

uint64_t timers_next(const struct timers *timers)
{
    return timers->count == 0 ? DEADLINE_NEVER : timers->heap[0]->deadline_us;
}
