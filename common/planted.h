/* planted: deliberate bugs that the tests must find ("mutants"; docs/testing.md). A test build
 * (meson -Dtesting=true) can switch one of them on at run time; in any other build PLANTED() is
 * false, and the compiler leaves the bug out. */
#pragma once

#include <stdbool.h>

/* X(enumerator, name, what is broken) */
#define PLANTED_BUGS(X)                                                                          \
    X(FAIL_ALONE, "fail-alone", "a failed condition is answered without a majority")             \
    X(STATE_EXPIRES, "state-expires", "promises and accepted rows are forgotten after a second") \
    X(RUN_AGAIN, "run-again", "a program is run again after an uncertain accept")                \
    X(READ_ERROR_ABSENT, "read-error-absent", "a read error passes for `not found`")             \
    X(EARLY_PROMISE, "early-promise", "a promise is answered before it is durable")              \
    X(EARLY_ACCEPT, "early-accept", "an accept is answered before it is durable")                \
    X(BALLOT_REUSED, "ballot-reused", "a restarted node begins its counter anew")                \
    X(SYNC_RETRIED, "sync-retried", "a failed fsync is passed over and reported as done")        \
    X(SHORTENED_LOG, "shortened-log", "a node that lost the end of its log votes on")            \
    X(HINT_COUNTS, "hint-counts", "a hint counts towards W though the table is not sloppy")      \
    X(NO_CEILING, "no-ceiling", "the clock's ceiling is not kept across restarts")               \
    X(NO_CLOCK_GUARD, "no-clock-guard", "stamps far in the future are taken")

enum planted_bug {
    PLANTED_NONE,
#define PLANTED_ENUMERATOR(enumerator, name, what) PLANTED_##enumerator,
    PLANTED_BUGS(PLANTED_ENUMERATOR)
#undef PLANTED_ENUMERATOR
        PLANTED_END
};

#ifdef CARTWHEEL_TESTING
extern enum planted_bug planted_bug;
#define PLANTED(enumerator) (planted_bug == PLANTED_##enumerator)
#else
#define PLANTED(enumerator) false
#endif
