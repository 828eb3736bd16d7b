#include "space.h"

#include <sys/statvfs.h>

enum { SPACE_LOOK_US = 1000 * 1000, SPACE_OUT_SHARE = 4 };

void space_init(struct space *space, const char *path, uint64_t reserve_bytes)
{
    /* A file system that does not tell is taken for an empty one: RocksDB will find out. */
    *space = (struct space){path, reserve_bytes, UINT64_MAX, 0, 0};
}

void space_look(struct space *space, uint64_t now_us)
{
    struct statvfs file_system;
    space->looked_us = now_us;
    space->used_bytes = 0;
    if (statvfs(space->path, &file_system) == 0)
        space->free_bytes = (uint64_t)file_system.f_bavail * (uint64_t)file_system.f_frsize;
}

enum space_level space_level(struct space *space, uint64_t now_us)
{
    if (now_us - space->looked_us >= SPACE_LOOK_US ||
        space->used_bytes > space->reserve_bytes / SPACE_OUT_SHARE)
        space_look(space, now_us);
    if (space->free_bytes >= space->reserve_bytes)
        return SPACE_ENOUGH;
    return space->free_bytes >= space->reserve_bytes / SPACE_OUT_SHARE ? SPACE_LOW : SPACE_OUT;
}

void space_used(struct space *space, size_t bytes)
{
    space->used_bytes += 2 * (uint64_t)bytes;
}
