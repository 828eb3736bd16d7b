/* admission: whether new work is let in behind a queue (after CoDel, RFC 8289). A queue that delays
 * what passes it for a moment takes up a burst, which is what it is for. One that delays everything
 * for a whole interval only makes clients wait for what they have given up: then new work is
 * refused at once, until something passes quickly again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct admission {
    uint64_t delay_max_us;
    uint64_t interval_us;
    uint64_t slow_since_us; /* all that passed since then was slow; 0: the last was quick */
    uint64_t opened_us;     /* when refusing ended last; 0: never */
    bool refusing;
};

/* New work is refused when everything has been delayed by more than `delay_max_us` for
 * `interval_us`. */
void admission_init(struct admission *admission, uint64_t delay_max_us, uint64_t interval_us);
/* Something passed the queue after `delay_us`, or has waited there for so long and still does.
 * Times are monotonic and > 0. */
void admission_note(struct admission *admission, uint64_t now_us, uint64_t delay_us);

static inline bool admission_refuses(const struct admission *admission)
{
    return admission->refusing;
}
