#include "commands.h"
#include "grid.h"

#include <stdlib.h>
#include <string.h>

/* Adds the names of a page to `names`, which is part of `all`. */
static void take_page(const struct document *page, yyjson_mut_doc *all, yyjson_mut_val *names)
{
    size_t index, max;
    yyjson_val *name;
    yyjson_arr_foreach(yyjson_obj_get(page->root, "TableNames"), index, max, name)
    {
        if (yyjson_is_str(name))
            yyjson_mut_arr_add_strcpy(all, names, yyjson_get_str(name));
    }
}

static enum tool_exit gather(struct tool *tool, yyjson_mut_doc *all, yyjson_mut_val *names)
{
    char start[256] = "";
    do {
        yyjson_mut_doc *request =
            tool_request(*start == '\0' ? NULL : "ExclusiveStartTableName", start);
        struct document page;
        enum tool_exit result = tool_call(tool, "ListTables", request, &page);
        if (result != TOOL_OK)
            return result;
        take_page(&page, all, names);
        snprintf(start, sizeof(start), "%s", field_string(page.root, "LastEvaluatedTableName"));
        document_free(&page);
    } while (*start != '\0');
    return TOOL_OK;
}

static void print_names(yyjson_mut_val *names)
{
    struct grid grid;
    grid_init(&grid, "l");
    size_t index, max;
    yyjson_mut_val *name;
    yyjson_mut_arr_foreach(names, index, max, name)
    {
        grid_add(&grid, "%s", yyjson_mut_get_str(name));
    }
    grid_print(&grid, stdout);
    grid_deinit(&grid);
}

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    yyjson_mut_doc *all = tool_request(NULL, NULL);
    yyjson_mut_val *names = yyjson_mut_arr(all);
    yyjson_mut_obj_add_val(all, yyjson_mut_doc_get_root(all), "TableNames", names);
    enum tool_exit result = gather(tool, all, names);
    if (result == TOOL_OK && tool->json) {
        char *text = yyjson_mut_write(all, 0, NULL);
        ensure(text != NULL);
        puts(text);
        free(text);
    } else if (result == TOOL_OK) {
        print_names(names);
    }
    yyjson_mut_doc_free(all);
    return result;
}

const struct command command_table_list = {
    .name = "table list",
    .synopsis = "",
    .summary = "the names of all tables",
    .details = "One name a line, in order.\n",
    .run = run,
};
