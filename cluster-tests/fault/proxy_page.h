/* proxy_page: what a test and the proxy tell each other, in a file that both map. All fields are 64
 * bits wide; network.py knows their order. */
#pragma once

#include <stdint.h>

enum { PROXY_NODES_MAX = 16 };

/* What holds for bytes from one node to another, whichever of the two dialled. */
struct proxy_direction {
    /* Set by the test. */
    uint64_t delay_us;            /* how late bytes are */
    uint64_t jitter_us;           /* drawn anew for each chunk, up to so much more */
    uint64_t bytes_per_second;    /* 0: any */
    uint64_t late_per_million;    /* chunks that are as late as if a packet had to be sent again */
    uint64_t corrupt_per_million; /* chunks of which one bit is turned over */
    uint64_t stalled; /* 1: nothing arrives, ends of connections neither, until it is 0 */
    uint64_t resets;  /* raised: connections from the one node to the other are reset */

    /* Counted by the proxy. */
    uint64_t connections; /* dialled by the one to the other, so far */
    uint64_t open;        /* of these, now */
    uint64_t bytes;       /* delivered */
    uint64_t corrupted;   /* chunks delivered with a bit turned over */
    uint64_t tainted;     /* connections that are open though such a chunk was delivered */
    uint64_t reserved[4];
};

struct proxy_page {
    struct proxy_direction directions[PROXY_NODES_MAX][PROXY_NODES_MAX]; /* [from][to] */
};

/* The page changes under the reader's eyes. */
static inline uint64_t proxy_setting(const uint64_t *field)
{
    return __atomic_load_n(field, __ATOMIC_RELAXED);
}

static inline void proxy_count(uint64_t *field, int64_t change)
{
    __atomic_fetch_add(field, (uint64_t)change, __ATOMIC_RELAXED);
}
