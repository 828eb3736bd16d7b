#include "commands.h"
#include "grid.h"

#include <string.h>

static void print_owners(yyjson_val *members)
{
    struct grid grid;
    grid_init(&grid, "llrrrrrr");
    static const char *const titles[] = {"MEMBER", "ZONE", "WEIGHT", "FIRST",
                                         "SHARE",  "HELD", "COPIES", "DUE"};
    for (size_t column = 0; column < array_size(titles); column++)
        grid_add(&grid, "%s", titles[column]);
    size_t index, max;
    yyjson_val *member;
    yyjson_arr_foreach(members, index, max, member)
    {
        const char *zone = field_string(member, "zone");
        grid_add(&grid, "%s", field_string(member, "name"));
        grid_add(&grid, "%s", *zone == '\0' ? "-" : zone);
        grid_add(&grid, "%llu", (unsigned long long)field_uint(member, "weight"));
        grid_add(&grid, "%llu", (unsigned long long)field_uint(member, "partitions_first"));
        grid_add(&grid, "%.2f%%", field_real(member, "first_percent"));
        grid_add(&grid, "%llu", (unsigned long long)field_uint(member, "partitions_held"));
        grid_add(&grid, "%.2f%%", field_real(member, "copies_percent"));
        grid_add(&grid, "%.2f%%", field_real(member, "due_percent"));
    }
    grid_print(&grid, stdout);
    grid_deinit(&grid);
}

static void print_partitions(yyjson_val *lists)
{
    struct grid grid;
    grid_init(&grid, "rl");
    grid_add(&grid, "PARTITION");
    grid_add(&grid, "HOME NODES");
    size_t index, max;
    yyjson_val *list;
    yyjson_arr_foreach(lists, index, max, list)
    {
        char names[256] = "";
        size_t at, count;
        yyjson_val *name;
        yyjson_arr_foreach(list, at, count, name)
        {
            size_t used = strlen(names);
            snprintf(names + used, sizeof(names) - used, "%s%s", at == 0 ? "" : " ",
                     yyjson_is_str(name) ? yyjson_get_str(name) : "?");
        }
        grid_add(&grid, "%zu", index);
        grid_add(&grid, "%s", names);
    }
    grid_print(&grid, stdout);
    grid_deinit(&grid);
}

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    bool partitions = count == 1 && strcmp(arguments[0], "--partitions") == 0;
    if (count == 1 && !partitions)
        return tool_usage("ring: unknown argument %s", arguments[0]);
    struct document document;
    enum tool_exit result = tool_get(tool, "/-/ring", &document);
    if (result != TOOL_OK)
        return result;
    if (tool->json) {
        document_print(&document);
    } else {
        printf("epoch %llu, %llu partitions, %llu replicas, imbalance %.2f%%\n",
               (unsigned long long)field_uint(document.root, "epoch"),
               (unsigned long long)field_uint(document.root, "partitions"),
               (unsigned long long)field_uint(document.root, "replicas"),
               field_real(document.root, "imbalance_percent"));
        print_owners(yyjson_obj_get(document.root, "members"));
        if (partitions)
            print_partitions(yyjson_obj_get(document.root, "preference_lists"));
    }
    document_free(&document);
    return TOOL_OK;
}

const struct command command_ring = {
    .name = "ring",
    .synopsis = "[--partitions]",
    .summary = "who owns how much of the ring",
    .details =
        "FIRST are the partitions whose first home node the member is, SHARE that in percent. "
        "HELD\n"
        "are those it keeps a replica of, COPIES its share of all replicas, DUE what that should\n"
        "be by weight and zone. Imbalance is the most that a member is off its due.\n"
        "  --partitions   also list each partition's home nodes, in the order of preference\n",
    .arguments_max = 1,
    .run = run,
};
