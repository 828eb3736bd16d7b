/* exchange_wish: a comparison of one partition with one peer that somebody waits for. */
#pragma once

#include "bytes.h"
#include "homes.h"
#include "list.h"

enum { WITNESSES_TOO_FEW = REPLICAS_MAX };

struct exchange_wish {
    struct list_link link;
    size_t peer; /* index of the member */
    uint32_t partition;
    /* Rows that the peer told and this side lacks are copied only if they are known decided, or if all
     * witnesses hold them at the same ballot. The keys of others (sized) are put here; they must be
     * settled, and then compared once more. */
    struct writer unsettled;
    /* Who, beside the peer, must hold a row of that table for it to be taken as decided: members;
     * returns how many, or WITNESSES_TOO_FEW. */
    unsigned (*witnesses)(struct exchange_wish *wish, uint64_t table_id,
                          uint16_t members[REPLICAS_MAX]);
    /* Whether the table was dropped here. One that the peer has and this side has not heard of yet keeps
     * the two from being equal. */
    bool (*dropped)(struct exchange_wish *wish, uint64_t table_id);
    /* Both sides are equal, but for those keys, as of some moment since the wish was made; or it could
     * not be finished.
     * Called last in a door's handler. */
    void (*done)(struct exchange_wish *wish, bool equal);
};

LIST_DEFINE(exchange_wishes, struct exchange_wish, link)
