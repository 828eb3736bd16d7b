#include "commands.h"

#include <string.h>

enum { SETTINGS_MAX = 4 };

/* One option and the tag it sets. */
struct setting {
    const char *option;
    const char *tag;
    const char *value; /* NULL: left as it is */
};

static bool value_valid(const struct setting *setting, const char *value)
{
    if (strcmp(setting->option, "--sloppy") == 0)
        return strcmp(value, "on") == 0 || strcmp(value, "off") == 0;
    return *value != '\0' && strspn(value, "0123456789") == strlen(value);
}

static const char *tag_value(const struct setting *setting)
{
    if (strcmp(setting->value, "on") == 0)
        return "true";
    return strcmp(setting->value, "off") == 0 ? "false" : setting->value;
}

static enum tool_exit parse_settings(struct setting *settings, size_t count, char **arguments)
{
    for (size_t at = 0; at < count; at += 2) {
        struct setting *found = NULL;
        for (size_t index = 0; index < SETTINGS_MAX && found == NULL; index++) {
            if (strcmp(arguments[at], settings[index].option) == 0)
                found = &settings[index];
        }
        if (found == NULL)
            return tool_usage("table set: unknown option %s", arguments[at]);
        if (at + 1 == count)
            return tool_usage("table set: %s needs a value", arguments[at]);
        if (!value_valid(found, arguments[at + 1]))
            return tool_usage("table set: %s cannot be %s", arguments[at], arguments[at + 1]);
        found->value = arguments[at + 1];
    }
    return TOOL_OK;
}

static yyjson_mut_doc *tag_request(const char *arn, const struct setting *settings)
{
    yyjson_mut_doc *request = tool_request("ResourceArn", arn);
    yyjson_mut_val *tags = yyjson_mut_arr(request);
    for (size_t index = 0; index < SETTINGS_MAX; index++) {
        if (settings[index].value == NULL)
            continue;
        yyjson_mut_val *tag = yyjson_mut_arr_add_obj(request, tags);
        yyjson_mut_obj_add_str(request, tag, "Key", settings[index].tag);
        yyjson_mut_obj_add_str(request, tag, "Value", tag_value(&settings[index]));
    }
    yyjson_mut_obj_add_val(request, yyjson_mut_doc_get_root(request), "Tags", tags);
    return request;
}

static enum tool_exit apply(struct tool *tool, char *table, const struct setting *settings)
{
    struct document description;
    enum tool_exit result =
        tool_call(tool, "DescribeTable", tool_request("TableName", table), &description);
    if (result != TOOL_OK)
        return result;
    const char *arn = field_string(yyjson_obj_get(description.root, "Table"), "TableArn");
    struct document done;
    result = tool_call(tool, "TagResource", tag_request(arn, settings), &done);
    document_free(&description);
    if (result == TOOL_OK)
        document_free(&done);
    return result;
}

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    struct setting settings[SETTINGS_MAX] = {{"--n", "cartwheel:n", NULL},
                                             {"--r", "cartwheel:r", NULL},
                                             {"--w", "cartwheel:w", NULL},
                                             {"--sloppy", "cartwheel:sloppy", NULL}};
    enum tool_exit result = parse_settings(settings, count - 1, arguments + 1);
    if (result == TOOL_OK)
        result = apply(tool, arguments[0], settings);
    return result == TOOL_OK ? command_table_show.run(tool, 1, arguments) : result;
}

const struct command command_table_set = {
    .name = "table set",
    .synopsis = "NAME [--n N] [--r R] [--w W] [--sloppy on|off]",
    .summary = "change a table's consistency settings",
    .details =
        "  --n N            replicas of each item\n"
        "  --r R            replicas that an eventually consistent read asks\n"
        "  --w W            replicas that must take a write; below a majority of N the last\n"
        "                   writer wins\n"
        "  --sloppy on|off  may healthy stand-ins count towards W while home nodes are down\n"
        "What is not named stays as it is. The settings are the table's tags cartwheel:n,\n"
        "cartwheel:r, cartwheel:w and cartwheel:sloppy, which any DynamoDB client can set too.\n"
        "Shows the table afterwards.\n",
    .arguments_min = 3,
    .arguments_max = 9,
    .run = run,
};
