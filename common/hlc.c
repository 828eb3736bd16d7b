#include "hlc.h"

#include "planted.h"

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void hlc_init(struct hlc *hlc, uint64_t ceiling)
{
    hlc->now = PLANTED(BALLOT_REUSED) ? 0 : ceiling;
    hlc->ceiling = ceiling;
}

uint64_t hlc_current(const struct hlc *hlc, uint64_t wall_us)
{
    return later(hlc->now, hlc_from_ms(wall_us / 1000));
}

uint64_t hlc_next(struct hlc *hlc, uint64_t wall_us)
{
    /* The counter carries into the milliseconds by plain addition. */
    uint64_t next = later(hlc->now + 1, hlc_from_ms(wall_us / 1000));
    if (next > hlc->ceiling)
        return 0;
    hlc->now = next;
    return next;
}

void hlc_observe(struct hlc *hlc, uint64_t value)
{
    hlc->now = later(hlc->now, value);
}

bool hlc_ceiling_low(const struct hlc *hlc, uint64_t wall_us)
{
    uint64_t margin = hlc_from_ms(HLC_CEILING_STEP_MS / 2);
    return hlc->ceiling < hlc_current(hlc, wall_us) + margin;
}

uint64_t hlc_ceiling_wanted(const struct hlc *hlc, uint64_t wall_us)
{
    return later(hlc_from_ms(wall_us / 1000 + HLC_CEILING_AHEAD_MS),
                 hlc_current(hlc, wall_us) + hlc_from_ms(HLC_CEILING_STEP_MS));
}

void hlc_raise_ceiling(struct hlc *hlc, uint64_t ceiling)
{
    hlc->ceiling = later(hlc->ceiling, ceiling);
}

bool hlc_plausible(uint64_t value, uint64_t wall_us, uint64_t ahead_max_us)
{
    uint64_t latest_ms = (wall_us + ahead_max_us) / 1000;
    return hlc_to_ms(value) <= latest_ms || PLANTED(NO_CLOCK_GUARD);
}
