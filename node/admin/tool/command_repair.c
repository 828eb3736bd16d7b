#include "commands.h"

#include <time.h>

enum { POLL_MS = 500 };

/* As the node counts them. */
struct progress {
    uint64_t left; /* partitions to be compared, once for each peer */
    uint64_t rows; /* copied since the node started */
    uint64_t bytes;
};

static enum tool_exit look(struct tool *tool, struct progress *progress)
{
    struct document document;
    enum tool_exit result = tool_get(tool, "/-/status", &document);
    if (result != TOOL_OK)
        return result;
    yyjson_val *stats = yyjson_obj_get(document.root, "stats");
    progress->left = field_uint(stats, "repair_left");
    progress->rows = field_uint(stats, "repair_items");
    progress->bytes = field_uint(stats, "repair_bytes");
    document_free(&document);
    return TOOL_OK;
}

static void show(const struct tool *tool, const struct progress *first, const struct progress *now,
                 uint64_t all)
{
    unsigned long long compared = all - now->left, rows = now->rows - first->rows;
    unsigned long long bytes = now->bytes - first->bytes;
    if (tool->json)
        printf("{\"compared\":%llu,\"partitions\":%llu,\"rows\":%llu,\"bytes\":%llu}\n", compared,
               (unsigned long long)all, rows, bytes);
    else
        printf("compared %llu of %llu partitions, copied %llu rows, %llu bytes\n", compared,
               (unsigned long long)all, rows, bytes);
    fflush(stdout);
}

/* Until nothing is left; a line whenever something has changed. */
static enum tool_exit follow(struct tool *tool, const struct progress *first)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    struct progress now = *first;
    uint64_t all = 0, shown = UINT64_MAX;
    for (;;) {
        enum tool_exit result = look(tool, &now);
        if (result != TOOL_OK)
            return result;
        all = now.left > all ? now.left : all;
        if (now.left != shown)
            show(tool, first, &now, all);
        shown = now.left;
        if (now.left == 0)
            return TOOL_OK;
        nanosleep(&pause, NULL);
    }
}

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    struct progress first = {0};
    struct document document;
    enum tool_exit result = look(tool, &first);
    if (result == TOOL_OK)
        result = tool_post(tool, "/-/repair", NULL, &document);
    if (result != TOOL_OK)
        return result;
    document_free(&document);
    return follow(tool, &first);
}

const struct command command_repair = {
    .name = "repair",
    .synopsis = "",
    .summary = "compare what the node holds with all other members, now",
    .details = "Nodes do so by themselves, slowly, and when a member is back. Shows how far it is "
               "until all is\ncompared; interrupting it does not stop the node. Partitions count "
               "once for each member that\nthe node may share them with. One that cannot be "
               "reached is left out.\n",
    .run = run,
};
