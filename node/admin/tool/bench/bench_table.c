#include "bench_table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 600, PAUSE_MS = 100 };

static void wait_a_little(void)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    nanosleep(&pause, NULL);
}

/* The answer's status and root; 0 if there was none, which is explained. */
static int call(const struct tool *tool, const char *operation, yyjson_mut_doc *request,
                struct document *document)
{
    struct http_exchange exchange;
    if (!tool_ask(tool, operation, request, &exchange))
        fprintf(stderr, "cartwheel: http://%s: %s\n", tool->endpoint.authority, exchange.problem);
    document->text = exchange.reply;
    struct slice text = writer_slice(&document->text);
    document->json = text.size == 0 ? NULL : yyjson_read((const char *)text.data, text.size, 0);
    document->root = yyjson_doc_get_root(document->json);
    return exchange.status;
}

static bool is_failure(const struct document *document, const char *name)
{
    const char *type = field_string(document->root, "__type");
    const char *hash = strrchr(type, '#');
    return strcmp(hash == NULL ? type : hash + 1, name) == 0;
}

static enum tool_exit explain(const char *operation, int status, const struct document *document)
{
    if (status == 0)
        return TOOL_UNREACHABLE;
    const char *message = field_string(document->root, "message");
    if (*message == '\0')
        message = field_string(document->root, "Message");
    fprintf(stderr, "cartwheel: %s: %s %s (HTTP %d)\n", operation,
            field_string(document->root, "__type"), message, status);
    return TOOL_REFUSED;
}

static void add_key(yyjson_mut_doc *request, yyjson_mut_val *schema, yyjson_mut_val *attributes,
                    const char *name, const char *kind)
{
    yyjson_mut_val *key = yyjson_mut_arr_add_obj(request, schema);
    yyjson_mut_obj_add_str(request, key, "AttributeName", name);
    yyjson_mut_obj_add_str(request, key, "KeyType", kind);
    yyjson_mut_val *attribute = yyjson_mut_arr_add_obj(request, attributes);
    yyjson_mut_obj_add_str(request, attribute, "AttributeName", name);
    yyjson_mut_obj_add_str(request, attribute, "AttributeType", "S");
}

static void add_tags(yyjson_mut_doc *request, yyjson_mut_val *root,
                     const struct bench_options *options)
{
    if (options->tags_count == 0)
        return;
    yyjson_mut_val *tags = yyjson_mut_obj_add_arr(request, root, "Tags");
    for (size_t i = 0; i < options->tags_count; i++) {
        const char *sign = strchr(options->tags[i], '=');
        yyjson_mut_val *tag = yyjson_mut_arr_add_obj(request, tags);
        yyjson_mut_obj_add_strncpy(request, tag, "Key", options->tags[i],
                                   (size_t)(sign - options->tags[i]));
        yyjson_mut_obj_add_str(request, tag, "Value", sign + 1);
    }
}

static yyjson_mut_doc *creation(const struct bench_options *options)
{
    yyjson_mut_doc *request = tool_request("TableName", options->table);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(request);
    yyjson_mut_obj_add_str(request, root, "BillingMode", "PAY_PER_REQUEST");
    yyjson_mut_val *schema = yyjson_mut_obj_add_arr(request, root, "KeySchema");
    yyjson_mut_val *attributes = yyjson_mut_obj_add_arr(request, root, "AttributeDefinitions");
    add_key(request, schema, attributes, "pk", "HASH");
    if (options->collection > 1)
        add_key(request, schema, attributes, "sk", "RANGE");
    add_tags(request, root, options);
    return request;
}

/* Whether an existing table has the keys that the load uses. */
static bool has_our_keys(yyjson_val *table, const struct bench_options *options)
{
    yyjson_val *schema = yyjson_obj_get(table, "KeySchema");
    const char *hash = field_string(yyjson_arr_get(schema, 0), "AttributeName");
    const char *range = field_string(yyjson_arr_get(schema, 1), "AttributeName");
    return strcmp(hash, "pk") == 0 && strcmp(range, options->collection > 1 ? "sk" : "") == 0;
}

static enum tool_exit wait_active(const struct tool *tool, const struct bench_options *options)
{
    for (int i = 0; i < TRIES; i++) {
        struct document answer;
        enum tool_exit result = TOOL_OK;
        int status =
            call(tool, "DescribeTable", tool_request("TableName", options->table), &answer);
        yyjson_val *table = yyjson_obj_get(answer.root, "Table");
        bool active = strcmp(field_string(table, "TableStatus"), "ACTIVE") == 0;
        if (status != 200) {
            result = explain("DescribeTable", status, &answer);
        } else if (active && !has_our_keys(table, options)) {
            fprintf(stderr, "cartwheel: the table %s has other keys than pk%s\n", options->table,
                    options->collection > 1 ? " and sk" : "");
            result = TOOL_REFUSED;
        }
        document_free(&answer);
        if (result != TOOL_OK || active)
            return result;
        wait_a_little();
    }
    fprintf(stderr, "cartwheel: the table %s does not become active\n", options->table);
    return TOOL_REFUSED;
}

enum tool_exit bench_table_create(const struct tool *tool, const struct bench_options *options,
                                  bool *created)
{
    struct document answer;
    int status = call(tool, "CreateTable", creation(options), &answer);
    *created = status == 200;
    enum tool_exit result = TOOL_OK;
    if (status != 200 && !is_failure(&answer, "ResourceInUseException"))
        result = explain("CreateTable", status, &answer);
    document_free(&answer);
    return result == TOOL_OK ? wait_active(tool, options) : result;
}

/* Until then the name cannot be used again. */
static void wait_gone(const struct tool *tool, const struct bench_options *options)
{
    for (int i = 0; i < TRIES; i++) {
        struct document answer;
        int status =
            call(tool, "DescribeTable", tool_request("TableName", options->table), &answer);
        document_free(&answer);
        if (status != 200)
            return;
        wait_a_little();
    }
}

enum tool_exit bench_table_delete(const struct tool *tool, const struct bench_options *options)
{
    struct document answer;
    int status = call(tool, "DeleteTable", tool_request("TableName", options->table), &answer);
    enum tool_exit result = status == 200 ? TOOL_OK : explain("DeleteTable", status, &answer);
    document_free(&answer);
    if (result == TOOL_OK)
        wait_gone(tool, options);
    return result;
}
