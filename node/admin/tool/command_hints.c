#include "commands.h"

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    struct document document;
    enum tool_exit result = tool_get(tool, "/-/hints", &document);
    if (result != TOOL_OK)
        return result;
    yyjson_val *root = document.root;
    if (tool->json)
        document_print(&document);
    else
        printf("%s keeps %llu hints for others (%llu of at most %llu bytes); "
               "delivered %llu, refused %llu since it started\n",
               field_string(root, "node"), (unsigned long long)field_uint(root, "hints_pending"),
               (unsigned long long)field_uint(root, "hints_bytes"),
               (unsigned long long)field_uint(root, "hints_bytes_max"),
               (unsigned long long)field_uint(root, "hints_delivered"),
               (unsigned long long)field_uint(root, "hints_refused"));
    document_free(&document);
    return TOOL_OK;
}

const struct command command_hints = {
    .name = "hints",
    .synopsis = "",
    .summary = "writes that the node keeps for members that are down",
    .details =
        "Asks the node at the endpoint about its own hints; ask each node for all of them.\n",
    .run = run,
};
