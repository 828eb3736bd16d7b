#include "ring_progress.h"

#include <stdio.h>
#include <time.h>

enum {
    POLL_MS = 300,
    PATIENCE = 50 /* polls in a row that may fail: the node asked may be the one that restarts */
};

struct progress {
    bool under_way;
    uint64_t left;  /* partitions */
    uint64_t all;   /* of the plan; 0: there is none yet */
    uint64_t bytes; /* compared and copied by the node that is asked, since it started */
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum tool_exit look(struct tool *tool, struct progress *progress)
{
    struct document ring, status;
    enum tool_exit result = tool_get(tool, "/-/ring", &ring);
    if (result != TOOL_OK)
        return result;
    yyjson_val *change = yyjson_obj_get(ring.root, "change");
    progress->under_way = field_bool(change, "under_way");
    progress->left = field_uint(change, "partitions_left");
    progress->all = field_bool(change, "planned") ? field_uint(change, "partitions") : 0;
    document_free(&ring);
    result = tool_get(tool, "/-/status", &status);
    if (result != TOOL_OK)
        return result;
    progress->bytes = field_uint(yyjson_obj_get(status.root, "stats"), "repair_bytes");
    document_free(&status);
    return TOOL_OK;
}

/* Partitions a second, since it began to be followed. */
static double rate_of(const struct progress *first, const struct progress *now, double passed_s)
{
    uint64_t from = first->all == now->all && first->left > now->left ? first->left : now->all;
    return passed_s > 0 && from > now->left ? (double)(from - now->left) / passed_s : 0;
}

static void show(const struct tool *tool, const struct progress *first, const struct progress *now,
                 double passed_s)
{
    double rate = rate_of(first, now, passed_s);
    unsigned long long moved = now->all > now->left ? now->all - now->left : 0;
    unsigned long long all = now->all, bytes = now->bytes - first->bytes;
    if (tool->json)
        printf("{\"under_way\":%s,\"moved\":%llu,\"partitions\":%llu,\"per_second\":%.2f,"
               "\"bytes\":%llu}\n",
               now->under_way ? "true" : "false", moved, all, rate, bytes);
    else if (!now->under_way)
        printf("done: nothing is under way\n");
    else if (now->all == 0)
        printf("being planned\n");
    else if (rate > 0)
        printf("moved %llu of %llu partitions, %.1f a second, %.0f s left; this node took %llu "
               "bytes\n",
               moved, all, rate, (double)now->left / rate, bytes);
    else
        printf("moved %llu of %llu partitions\n", moved, all);
    fflush(stdout);
}

static bool differs(const struct progress *a, const struct progress *b)
{
    return a->under_way != b->under_way || a->left != b->left || a->all != b->all;
}

enum tool_exit ring_progress_follow(struct tool *tool)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    struct progress first, shown, now;
    double began_s = now_s();
    enum tool_exit result = look(tool, &first);
    if (result != TOOL_OK)
        return result;
    now = first;
    shown = (struct progress){.left = UINT64_MAX};
    for (unsigned failed = 0; failed < PATIENCE;) {
        if (result == TOOL_OK && differs(&now, &shown)) {
            show(tool, &first, &now, now_s() - began_s);
            shown = now;
        }
        if (result == TOOL_OK && !now.under_way)
            return TOOL_OK;
        nanosleep(&pause, NULL);
        result = look(tool, &now);
        failed = result == TOOL_OK ? 0 : failed + 1;
    }
    return result;
}
