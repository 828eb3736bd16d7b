/* space: how full the disk is, so that commits are refused before RocksDB itself runs out. */
#pragma once

#include "bytes.h"

enum space_level {
    SPACE_ENOUGH,
    SPACE_LOW, /* below the reserve: only commits that delete may pass */
    SPACE_OUT  /* below a quarter of it: none may */
};

struct space {
    const char *path;       /* on the file system in question; borrowed */
    uint64_t reserve_bytes; /* kept free for flushes and compactions */
    uint64_t free_bytes;    /* as of the last look */
    uint64_t used_bytes;    /* estimate of what was written since then */
    uint64_t looked_us;     /* when that was, monotonic */
};

void space_init(struct space *space, const char *path, uint64_t reserve_bytes);
/* Looks at the file system now. */
void space_look(struct space *space, uint64_t now_us);
/* Looks at it only if a second has passed or much was written since the last look. */
enum space_level space_level(struct space *space, uint64_t now_us);
/* A batch of `bytes` was written: to the log now, to a table file later. */
void space_used(struct space *space, size_t bytes);
