/* probe: marks a rare branch, so that a test run can tell whether it was ever taken (after
 * FoundationDB's and TigerBeetle's coverage marks), or dies there. A test build (meson
 * -Dtesting=true) counts; in any other build a probe is nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct probe {
    const char *name;
    uint64_t hits;
};

#ifdef CARTWHEEL_TESTING
/* All probes of the program stand side by side in one section, whether they were hit or not. gcc
 * puts no red zones around what has a section of its own; clang must be told. */
#ifdef __clang__
#define PROBE_SECTION section("probes"), used, aligned(16), no_sanitize("address")
#else
#define PROBE_SECTION section("probes"), used, aligned(16)
#endif
#define PROBE(text)                                                                \
    do {                                                                           \
        static struct probe probe_here __attribute__((PROBE_SECTION)) = {text, 0}; \
        probe_here.hits++;                                                         \
        if (probe_on_hit != NULL)                                                  \
            probe_on_hit(&probe_here);                                             \
    } while (0)

/* Called whenever a probe is reached, if it is set, which is done before there are threads. */
extern void (*probe_on_hit)(const struct probe *probe);
#else
#define PROBE(text) \
    do {            \
    } while (0)
#endif

/* The probes linked into this program: [*first, *first + count). 0 if it is no test build. */
size_t probes_all(const struct probe **first);
