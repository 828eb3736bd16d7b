/* Changes of the ring: decommission, weight, zone, cancel; and how far they are. */
#include "commands.h"
#include "ring_progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOWED                                                                                \
    "Any node may be asked. The command shows how far it is until it is done; interrupting it " \
    "stops\n"                                                                                   \
    "nothing (`cartwheel progress` shows it again), and `cartwheel cancel` undoes it.\n"

static yyjson_mut_doc *request_of(const char *change, const char *member)
{
    yyjson_mut_doc *request = tool_request("change", change);
    if (member != NULL)
        yyjson_mut_obj_add_str(request, yyjson_mut_doc_get_root(request), "member", member);
    return request;
}

static enum tool_exit make(struct tool *tool, yyjson_mut_doc *request)
{
    struct document document;
    enum tool_exit result = tool_post(tool, "/-/ring", request, &document);
    if (result != TOOL_OK)
        return result;
    document_free(&document);
    return ring_progress_follow(tool);
}

static enum tool_exit run_decommission(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    return make(tool, request_of("decommission", arguments[0]));
}

static enum tool_exit run_weight(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    char *end;
    errno = 0;
    unsigned long weight = strtoul(arguments[1], &end, 10);
    if (errno != 0 || *end != '\0' || end == arguments[1] || weight == 0)
        return tool_usage("weight: \"%s\" is no number from 1 on", arguments[1]);
    yyjson_mut_doc *request = request_of("weight", arguments[0]);
    yyjson_mut_obj_add_uint(request, yyjson_mut_doc_get_root(request), "weight", weight);
    return make(tool, request);
}

static enum tool_exit run_zone(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    yyjson_mut_doc *request = request_of("zone", arguments[0]);
    yyjson_mut_obj_add_str(request, yyjson_mut_doc_get_root(request), "zone", arguments[1]);
    return make(tool, request);
}

static enum tool_exit run_cancel(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    return make(tool, request_of("cancel", NULL));
}

static enum tool_exit run_progress(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    return ring_progress_follow(tool);
}

const struct command command_decommission = {
    .name = "decommission",
    .synopsis = "MEMBER",
    .summary = "let a member go: the others take over what it holds",
    .details = "The member serves until all has moved; then it stops, and cannot come back under "
               "its identity.\nWhoever is gone for good is let go in the same way: the others copy "
               "from each other. To put a\nnew node in its place, start that one with `--join` and "
               "`--replace`.\n" FOLLOWED,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_decommission,
};

const struct command command_weight = {
    .name = "weight",
    .synopsis = "MEMBER WEIGHT",
    .summary = "give a member another share of the ring",
    .details = "100 is ordinary, 200 twice as much.\n" FOLLOWED,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_weight,
};

const struct command command_zone = {
    .name = "zone",
    .synopsis = "MEMBER ZONE",
    .summary = "say in which failure zone a member is",
    .details = "Copies of an item are spread over zones first. \"\" is no zone.\n" FOLLOWED,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run_zone,
};

const struct command command_cancel = {
    .name = "cancel",
    .synopsis = "",
    .summary = "undo what of a change of the ring is not finished",
    .details = "Whoever joins leaves again, whoever leaves stays, and partitions go back. What has "
               "a change of\nweight or zone to it stays as it was set. A member that is replaced "
               "stays gone.\n",
    .run = run_cancel,
};

const struct command command_progress = {
    .name = "progress",
    .synopsis = "",
    .summary = "how far a change of the ring is, until it is done",
    .details = "Partitions count for the whole cluster, bytes for the node that is asked.\n",
    .run = run_progress,
};
