/*
 * OPEN ──slow──▶ SLOW ──slow for an interval──▶ REFUSING ──half as slow──▶ OPEN
 *   ▲              │
 *   └────quick─────┘
 *
 * Who has just refused does so again at the first slow passage: the load is still there, and a
 * whole interval of it would fill the queue anew. And what ends it is a delay of half the limit, or
 * it would begin and end with every request.
 */
#include "admission.h"

#include "ensure.h"

void admission_init(struct admission *admission, uint64_t delay_max_us, uint64_t interval_us)
{
    ensure(delay_max_us > 0);
    *admission = (struct admission){.delay_max_us = delay_max_us, .interval_us = interval_us};
}

static void note_quick(struct admission *admission, uint64_t now_us, uint64_t delay_us)
{
    if (admission->refusing && delay_us > admission->delay_max_us / 2)
        return;
    if (admission->refusing)
        admission->opened_us = now_us;
    admission->refusing = false;
    admission->slow_since_us = 0;
}

void admission_note(struct admission *admission, uint64_t now_us, uint64_t delay_us)
{
    ensure(now_us > 0);
    if (delay_us <= admission->delay_max_us) {
        note_quick(admission, now_us, delay_us);
        return;
    }
    if (admission->slow_since_us == 0)
        admission->slow_since_us = now_us;
    bool again =
        admission->opened_us != 0 && now_us - admission->opened_us < admission->interval_us;
    if (again || now_us - admission->slow_since_us >= admission->interval_us)
        admission->refusing = true;
}
