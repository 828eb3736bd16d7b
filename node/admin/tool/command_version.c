#include "commands.h"

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    printf(tool->json ? "{\"version\":\"%s\"}\n" : "cartwheel %s\n", CARTWHEEL_VERSION);
    return TOOL_OK;
}

const struct command command_version = {
    .name = "version",
    .synopsis = "",
    .summary = "the version of this tool",
    .details = "A node's own version is in `cartwheel --json status`.\n",
    .offline = true,
    .run = run,
};
