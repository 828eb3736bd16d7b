/* contest: all that needs rounds on one register at this coordinator, in one queue, so that two
 * writers of an item that come to the same primary wait for each other instead of fighting.
 *
 * What waits is taken in batches: the operations of a batch are evaluated one after the other on the
 * state that a round found, and what comes out is proposed as one operation, under one ballot with
 * one origin: all of them take effect together, in that order, or none does. So a hot item costs a
 * round trip per batch, not per write. While more wait, the promise for the next ballot rides on the
 * accept.
 *
 * A batch whose accept was uncertain is not touched any more: new rounds look for its origin in the
 * state they find, and answer the results kept with the attempt that is found there. A plain write with a mixed outcome comes here as a batch of its own
 * that was attempted already ("mixed plain write"). */
#pragma once

#include "proposer.h"

struct contest;

/* Takes a write that is conditional, or one that finds a contest for its key under way. */
void contest_submit(struct coordinator *coordinator, struct request *request);
/* Takes a plain write that some replica may hold under `version`, its first stamp, and no majority
 * is known to. */
void contest_settle_mixed(struct coordinator *coordinator, struct request *request,
                          struct version version);
/* Somebody contends for this key here. */
bool contest_under_way(const struct coordinator *coordinator, struct slice key);
/* The coordinator is being freed: everything is answered. */
void contests_deinit(struct coordinator *coordinator);
