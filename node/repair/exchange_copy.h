/* exchange_copy: the rows that differ in one page of an exchange, copied one by one from the side
 * that holds the newer ballot to the other. */
#pragma once

#include "exchange_session.h"

enum {
    EXCHANGE_REPLICAS =
        7,          /* as many home nodes as a table may have: whoever could share a partition */
    COPIES_MAX = 64 /* under way at once, at most: pace.h says how many */
};

/* Merges both sides' keys into exchange->copies, and sets exchange->after if there are more keys
 * beyond. False if a page is malformed. */
bool must_check copies_plan(struct exchange *exchange);
/* Starts as many as may be under way; calls exchange_page_done() when none is left. */
void copies_run(struct exchange *exchange);
void copies_clear(struct exchange *exchange);
