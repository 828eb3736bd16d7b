/* subject: the store under test, whichever it is. Each test program of the conformance suite
 * defines these. */
#pragma once

#include "store.h"

struct subject {
    struct store *store;
};

/* A new, empty store. */
struct subject *subject_open(void);
void subject_close(struct subject *subject);
/* Waits until all that was submitted is done, calling each op's `done` in order of completion. */
void subject_settle(struct subject *subject);
