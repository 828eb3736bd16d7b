/* planted: deliberate bugs that the tests must find ("mutants"; docs/testing.md). A test build
 * (meson -Dtesting=true) can switch one of them on at run time; in any other build PLANTED() is
 * false, and the compiler leaves the bug out. */
#pragma once

#include <stdbool.h>

/* X(enumerator, name, what is broken) */
#define PLANTED_BUGS(X)                                                                           \
    X(FAIL_ALONE, "fail-alone", "a failed condition is answered without a majority")              \
    X(STATE_EXPIRES, "state-expires", "promises and accepted rows are forgotten after a second")  \
    X(RUN_AGAIN, "run-again", "a program is run again after an uncertain accept")                 \
    X(READ_ERROR_ABSENT, "read-error-absent", "a read error passes for `not found`")              \
    X(EARLY_PROMISE, "early-promise", "a promise is answered before it is durable")               \
    X(EARLY_ACCEPT, "early-accept", "an accept is answered before it is durable")                 \
    X(BALLOT_REUSED, "ballot-reused", "a restarted node begins its counter anew")                 \
    X(SYNC_RETRIED, "sync-retried", "a failed fsync is passed over and reported as done")         \
    X(SHORTENED_LOG, "shortened-log", "a node that lost the end of its log votes on")             \
    X(HINT_COUNTS, "hint-counts", "a hint counts towards W though the table is not sloppy")       \
    X(NO_CEILING, "no-ceiling", "the clock's ceiling is not kept across restarts")                \
    X(NO_CLOCK_GUARD, "no-clock-guard", "stamps far in the future are taken")                     \
    X(PREPARE_IGNORES_PROMISE, "prepare-ignores-promise", "a promise is given below another")     \
    X(PREPARE_HIDES_ACCEPTED, "prepare-hides-accepted", "a promise tells what is applied alone")  \
    X(ACCEPT_IGNORES_PROMISE, "accept-ignores-promise", "an accept passes a promise")             \
    X(ACCEPT_IGNORES_NEWER, "accept-ignores-newer", "an accept passes a newer row")               \
    X(ACCEPT_COMMITS_ANY, "accept-commits-any", "an accept applies whatever was accepted")        \
    X(PLAIN_IGNORES_PROMISE, "plain-ignores-promise", "a plain write passes a promise")           \
    X(PLAIN_IGNORES_NEWER, "plain-ignores-newer", "a plain write passes a newer row")             \
    X(PLAIN_DROPS_ABOVE, "plain-drops-above", "an applied row drops what is accepted above it")   \
    X(COMMIT_CLEARS_PROMISE, "commit-clears-promise", "an applied row drops a promise above it")  \
    X(COMMIT_GOES_BACK, "commit-goes-back", "an older decided row replaces a newer one")          \
    X(REPAIR_IS_DECIDED, "repair-is-decided", "a repair passes for a decided row")                \
    X(EARLY_WRITE, "early-write", "a plain write is answered before it is durable")               \
    X(NO_LATCH, "no-latch", "two votes on one register run side by side")                         \
    X(TAKEN_TWICE, "taken-twice", "a repeated request is taken again")                            \
    X(READ_NO_WRITE_BACK, "read-no-write-back", "a read shows what a minority holds")             \
    X(RESTAMPS_PARTIAL, "restamps-partial", "a write that a minority took is stamped anew")       \
    X(UNBOUNDED, "unbounded", "a full replica takes more operations")                             \
    X(OLD_ENTRY_STAYS, "old-entry-stays", "an item's old entry in a local index stays")           \
    X(OLD_EXPIRY_STAYS, "old-expiry-stays", "an item's old expiry entry stays")                   \
    X(EXPIRES_UNSEEN, "expires-unseen", "an expired item is deleted without a look at it")        \
    X(INDEX_HIDES_ACCEPTED, "index-hides-accepted", "an index range tells what is applied alone") \
    X(INDEX_NO_REPAIR, "index-no-repair", "an index range shows what a minority tells")           \
    X(INDEX_REPAIR_DECIDED, "index-repair-decided", "an index range repairs below accepted rows") \
    X(LEAF_STAYS, "leaf-stays", "a commit does not change its item's leaf")                       \
    X(COMMIT_LEAK, "commit-leak", "commits that nobody waits for are kept")                       \
    X(REMOVED_RETURNS, "removed-returns", "a member that was removed is believed again")          \
    X(RING_SWITCHES_EARLY, "ring-switches-early", "a partition is switched before it is copied")  \
    X(RING_LEAVES_ACCEPTED, "ring-leaves-accepted", "what is only accepted is not copied")        \
    X(RING_COPIES_ONE, "ring-copies-one", "a partition is copied from nobody in particular")      \
    X(RING_EPOCH_IGNORED, "ring-epoch-ignored", "votes for an older ring are taken")

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
