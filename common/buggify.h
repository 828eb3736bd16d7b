/* buggify: marks a place where the code may behave in a way that is legal but rare: a queue that is
 * full, a page of one row, a timeout that comes early (after FoundationDB). A test build (meson
 * -Dtesting=true) draws, from the seed of a run, which places are active in it, and in each of those
 * whether it fires this time; in any other build BUGGIFY() is false, and the compiler leaves it out.
 *
 *     size_t page = BUGGIFY("a page of one row") ? 1 : PAGE_ROWS;
 *
 * Whoever fires also counts as a probe of that name (probe.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "probe.h"

enum {
    BUGGIFY_ACTIVE_PER_MILLION = 250000, /* of the places, in a run */
    BUGGIFY_FIRES_PER_MILLION = 250000   /* of the times that an active one is passed */
};

#ifdef CARTWHEEL_TESTING
#define BUGGIFY(name)                     \
    (__extension__({                      \
        bool fires = buggify_fires(name); \
        if (fires)                        \
            PROBE("buggify: " name);      \
        fires;                            \
    }))
/* Draws; for the macro. */
bool buggify_fires(const char *name);
#else
#define BUGGIFY(name) false
#endif

/* Begins a run: equal seeds make equal runs. 0: nothing fires from now on. */
void buggify_start(uint64_t seed);
