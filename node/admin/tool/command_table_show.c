#include "commands.h"
#include "grid.h"
#include "table_answer.h"

#include <stdlib.h>
#include <string.h>

static void print_keys(yyjson_val *table)
{
    size_t index, max;
    yyjson_val *key;
    yyjson_arr_foreach(yyjson_obj_get(table, "KeySchema"), index, max, key)
    {
        const char *name = field_string(key, "AttributeName");
        printf("%-11s %s (%s)\n",
               strcmp(field_string(key, "KeyType"), "HASH") == 0 ? "partition" : "sort", name,
               table_attribute_type(table, name));
    }
}

static const char *billing_mode(yyjson_val *table)
{
    const char *mode = field_string(yyjson_obj_get(table, "BillingModeSummary"), "BillingMode");
    return *mode == '\0' ? "PROVISIONED" : mode;
}

static void print_table(yyjson_val *table, yyjson_val *tags)
{
    printf("%-11s %s\n", "table", field_string(table, "TableName"));
    printf("%-11s %s\n", "status", field_string(table, "TableStatus"));
    printf("%-11s %s\n", "id", field_string(table, "TableId"));
    printf("%-11s %s\n", "arn", field_string(table, "TableArn"));
    print_keys(table);
    printf("%-11s %s\n", "billing", billing_mode(table));
    printf("%-11s %llu items, %llu bytes\n", "size",
           (unsigned long long)field_uint(table, "ItemCount"),
           (unsigned long long)field_uint(table, "TableSizeBytes"));
    const char *n = table_tag(tags, "cartwheel:n");
    const char *r = table_tag(tags, "cartwheel:r");
    const char *w = table_tag(tags, "cartwheel:w");
    const char *sloppy = table_tag(tags, "cartwheel:sloppy");
    printf("%-11s n=%s r=%s w=%s sloppy=%s\n", "consistency", n == NULL ? "default" : n,
           r == NULL ? "default" : r, w == NULL ? "default" : w,
           sloppy == NULL ? "default" : sloppy);
}

static void print_json(yyjson_val *table, yyjson_val *tags)
{
    yyjson_mut_doc *both = tool_request(NULL, NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(both);
    yyjson_mut_obj_add_val(both, root, "Table", yyjson_val_mut_copy(both, table));
    yyjson_mut_obj_add_val(both, root, "Tags",
                           tags == NULL ? yyjson_mut_arr(both) : yyjson_val_mut_copy(both, tags));
    char *text = yyjson_mut_write(both, 0, NULL);
    ensure(text != NULL);
    puts(text);
    free(text);
    yyjson_mut_doc_free(both);
}

static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    struct document description;
    enum tool_exit result =
        tool_call(tool, "DescribeTable", tool_request("TableName", arguments[0]), &description);
    if (result != TOOL_OK)
        return result;
    yyjson_val *table = yyjson_obj_get(description.root, "Table");
    struct document listing;
    result = tool_call(tool, "ListTagsOfResource",
                       tool_request("ResourceArn", field_string(table, "TableArn")), &listing);
    if (result == TOOL_OK) {
        yyjson_val *tags = yyjson_obj_get(listing.root, "Tags");
        if (tool->json)
            print_json(table, tags);
        else
            print_table(table, tags);
        document_free(&listing);
    }
    document_free(&description);
    return result;
}

const struct command command_table_show = {
    .name = "table show",
    .synopsis = "NAME",
    .summary = "one table: keys, status, consistency settings",
    .details =
        "With --json: {\"Table\": DescribeTable's answer, \"Tags\": ListTagsOfResource's}.\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
