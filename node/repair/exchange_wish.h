/* exchange_wish: a comparison of one partition with one peer that somebody waits for. */
#pragma once

#include "bytes.h"
#include "list.h"

struct exchange_wish {
    struct list_link link;
    size_t peer; /* index of the member */
    uint32_t partition;
    /* Rows that the peer told and this side lacks are copied only if they are known decided. The keys
     * of others (sized) are put here; they must be settled, and then compared once more. */
    struct writer unsettled;
    /* Both sides are equal, but for those keys, as of some moment since the wish was made; or it could
     * not be finished.
     * Called last in a door's handler. */
    void (*done)(struct exchange_wish *wish, bool equal);
};

LIST_DEFINE(exchange_wishes, struct exchange_wish, link)
