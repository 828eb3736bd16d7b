#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? otherwise : value;
}

static void take_environment(struct tool *tool)
{
    tool->url = environment("CARTWHEEL_ENDPOINT", "http://127.0.0.1:8000");
    tool->access_key = environment("AWS_ACCESS_KEY_ID", NULL);
    tool->secret_key = environment("AWS_SECRET_ACCESS_KEY", NULL);
    tool->region = environment("AWS_REGION", environment("AWS_DEFAULT_REGION", "us-east-1"));
    if (tool->secret_key == NULL)
        tool->access_key = NULL;
}

/* Takes the general options, wherever they stand, out of `arguments`. */
static enum tool_exit take_options(struct tool *tool, size_t *count, char **arguments, bool *help)
{
    size_t kept = 0;
    for (size_t at = 0; at < *count; at++) {
        if (strcmp(arguments[at], "--json") == 0) {
            tool->json = true;
        } else if (strcmp(arguments[at], "--help") == 0 || strcmp(arguments[at], "-h") == 0) {
            *help = true;
        } else if (strcmp(arguments[at], "--version") == 0) {
            arguments[kept++] = arguments[at] + 2;
        } else if (strncmp(arguments[at], "--endpoint=", 11) == 0) {
            tool->url = arguments[at] + 11;
        } else if (strcmp(arguments[at], "--endpoint") == 0) {
            if (++at == *count)
                return tool_usage("--endpoint needs a URL");
            tool->url = arguments[at];
        } else {
            arguments[kept++] = arguments[at];
        }
    }
    *count = kept;
    return TOOL_OK;
}

static enum tool_exit run_command(struct tool *tool, const struct command *command, size_t count,
                                  char **arguments)
{
    if (count < command->arguments_min || count > command->arguments_max)
        return tool_usage("usage: cartwheel %s%s%s", command->name,
                          *command->synopsis == '\0' ? "" : " ", command->synopsis);
    if (!command->offline) {
        const char *problem = endpoint_parse(&tool->endpoint, tool->url);
        if (problem != NULL)
            return tool_usage("the endpoint %s is not valid: %s", tool->url, problem);
    }
    enum tool_exit result = command->run(tool, count, arguments);
    /* A full disk or a closed pipe must not look like success. */
    return fflush(stdout) == 0 ? result : TOOL_REFUSED;
}

static enum tool_exit run_tool(size_t count, char **arguments)
{
    struct tool tool = {0};
    take_environment(&tool);
    bool help = false;
    enum tool_exit result = take_options(&tool, &count, arguments, &help);
    if (result != TOOL_OK)
        return result;
    size_t used;
    const struct command *command = command_find(count, arguments, &used);
    if (command == NULL && count > 0)
        return tool_usage("no such command: %s%s%s", arguments[0], count > 1 ? " " : "",
                          count > 1 ? arguments[1] : "");
    if (command == NULL) {
        help_print_all(help ? stdout : stderr);
        return help ? TOOL_OK : TOOL_USAGE;
    }
    if (help) {
        help_print(command, stdout);
        return TOOL_OK;
    }
    return run_command(&tool, command, count - used, arguments + used);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return argc < 1 ? TOOL_USAGE : (int)run_tool((size_t)(argc - 1), argv + 1);
}
