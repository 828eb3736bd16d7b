#include "commands.h"
#include "help.h"

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)tool;
    size_t used;
    const struct command *command = command_find(count, arguments, &used);
    if (count > 0 && (command == NULL || used != count))
        return tool_usage("help: no such command");
    if (command == NULL)
        help_print_all(stdout);
    else
        help_print(command, stdout);
    return TOOL_OK;
}

const struct command command_help = {
    .name = "help",
    .synopsis = "[COMMAND]",
    .summary = "this text, or that of one command",
    .details = "The same as COMMAND --help.\n",
    .arguments_max = 2,
    .offline = true,
    .run = run,
};
