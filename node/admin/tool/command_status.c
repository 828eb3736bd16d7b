#include "commands.h"
#include "grid.h"

#include <string.h>

static bool member_healthy(yyjson_val *member)
{
    return strcmp(field_string(member, "status"), "alive") == 0 && field_bool(member, "linked");
}

/* Returns how many members are not healthy. */
static size_t count_unhealthy(yyjson_val *members)
{
    size_t unhealthy = 0;
    size_t index, max;
    yyjson_val *member;
    yyjson_arr_foreach(members, index, max, member)
    {
        if (!member_healthy(member))
            unhealthy++;
    }
    return unhealthy;
}

static void print_members(yyjson_val *members, const char *self)
{
    static const char *const titles[] = {"",       "NAME",   "ADDRESS", "ZONE", "STATUS",
                                         "LINKED", "WEIGHT", "FIRST",   "HELD", "ID"};
    struct grid grid;
    grid_init(&grid, "llllllrrrl");
    for (size_t column = 0; column < array_size(titles); column++)
        grid_add(&grid, "%s", titles[column]);
    size_t index, max;
    yyjson_val *member;
    yyjson_arr_foreach(members, index, max, member)
    {
        const char *name = field_string(member, "name");
        const char *zone = field_string(member, "zone");
        grid_add(&grid, "%s", strcmp(name, self) == 0 ? "*" : "");
        grid_add(&grid, "%s", name);
        grid_add(&grid, "%s", field_string(member, "address"));
        grid_add(&grid, "%s", *zone == '\0' ? "-" : zone);
        grid_add(&grid, "%s", field_string(member, "status"));
        grid_add(&grid, "%s", field_bool(member, "linked") ? "yes" : "no");
        grid_add(&grid, "%llu", (unsigned long long)field_uint(member, "weight"));
        grid_add(&grid, "%.1f%%", field_real(member, "first_percent"));
        grid_add(&grid, "%.1f%%", field_real(member, "held_percent"));
        const char *id = field_string(member, "id");
        grid_add(&grid, "%s", *id == '\0' ? "-" : id);
    }
    grid_print(&grid, stdout);
    grid_deinit(&grid);
}

static void print_status(yyjson_val *root, size_t unhealthy)
{
    yyjson_val *cluster = yyjson_obj_get(root, "cluster");
    yyjson_val *members = yyjson_obj_get(root, "members");
    yyjson_val *stats = yyjson_obj_get(root, "stats");
    printf("cluster %s (id %s), epoch %llu, %llu partitions, imbalance %.2f%%\n",
           field_string(cluster, "name"), field_string(cluster, "id"),
           (unsigned long long)field_uint(cluster, "epoch"),
           (unsigned long long)field_uint(cluster, "partitions"),
           field_real(root, "imbalance_percent"));
    print_members(members, field_string(yyjson_obj_get(root, "node"), "name"));
    printf("%zu of %zu members healthy, %llu requests open, %llu hints pending\n",
           yyjson_arr_size(members) - unhealthy, yyjson_arr_size(members),
           (unsigned long long)field_uint(stats, "requests_open"),
           (unsigned long long)field_uint(stats, "hints_pending"));
}

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    struct document document;
    enum tool_exit result = tool_get(tool, "/-/status", &document);
    if (result != TOOL_OK)
        return result;
    size_t unhealthy = count_unhealthy(yyjson_obj_get(document.root, "members"));
    if (tool->json)
        document_print(&document);
    else
        print_status(document.root, unhealthy);
    document_free(&document);
    return unhealthy == 0 ? TOOL_OK : TOOL_REFUSED;
}

const struct command command_status = {
    .name = "status",
    .synopsis = "",
    .summary = "the cluster as one node sees it: members, their health, what they own",
    .details =
        "Asks the node at the endpoint; * marks that node. FIRST is the share of the ring whose\n"
        "first home node the member is, HELD the share it keeps a replica of (N=3); imbalance is "
        "the\n"
        "most that a member is off what it is due by weight and zone.\n"
        "Exit code 1 if a member is not alive or not linked.\n",
    .run = run,
};
