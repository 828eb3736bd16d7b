#include "query_page.h"

#include "json_item.h"
#include "json_writer.h"
#include "store.h"

static const char *read_select(struct query_page *page, struct arena *arena, yyjson_val *input)
{
    struct slice select = json_member_string(input, "Select");
    bool named = json_member(input, "ProjectionExpression") != NULL ||
                 json_member(input, "AttributesToGet") != NULL;
    if (slice_equal(select, SLICE_LITERAL("ALL_PROJECTED_ATTRIBUTES")))
        return "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName";
    if (slice_equal(select, SLICE_LITERAL("SPECIFIC_ATTRIBUTES")) && !named)
        return "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
               "SPECIFIC_ATTRIBUTES";
    page->count_only = slice_equal(select, SLICE_LITERAL("COUNT"));
    const char *parameter = json_member(input, "ProjectionExpression") != NULL
                                ? "ProjectionExpression"
                                : "AttributesToGet";
    if (named && page->count_only)
        return arena_printf(arena, "Cannot specify the %s when choosing to get only the Count",
                            parameter);
    if (named && slice_equal(select, SLICE_LITERAL("ALL_ATTRIBUTES")))
        return arena_printf(arena, "Cannot specify the %s when choosing to get ALL_ATTRIBUTES",
                            parameter);
    return NULL;
}

const char *query_page_init(struct query_page *page, struct expression_context *context,
                            yyjson_val *input)
{
    page->limit = (uint64_t)json_member_integer(input, "Limit", INT64_MAX);
    const char *problem = read_select(page, context->arena, input);
    return problem != NULL ? problem : read_options_init(&page->options, context, input);
}

void query_page_begin(struct query_page *page, struct operation_call *call)
{
    json_put_raw(operation_reply(call), page->count_only ? "{" : "{\"Items\":[");
}

uint32_t query_page_rows_left(const struct query_page *page)
{
    uint64_t left = page->limit - page->count;
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

void query_page_take(struct query_page *page, struct operation_call *call,
                     const struct request *range)
{
    struct writer *reply = operation_reply(call);
    struct reader rows = reader_of(writer_slice(&range->rows));
    struct slice key, item;
    while (!page->full && store_rows_next(&rows, &key, &item)) {
        page->count++;
        page->size += item_size(item);
        page->last = item;
        if (!page->count_only) {
            json_put_separator(reply);
            read_options_put_item(reply, &page->options, item);
        }
        page->full = page->count >= page->limit || page->size >= PAGE_SIZE_MAX;
    }
}

void query_page_finish(struct query_page *page, struct operation_call *call)
{
    struct writer *reply = operation_reply(call);
    if (!page->count_only)
        json_put_raw(reply, "]");
    json_put_name(reply, "Count");
    json_put_integer(reply, (int64_t)page->count);
    json_put_name(reply, "ScannedCount");
    json_put_integer(reply, (int64_t)page->count);
    if (page->full) {
        json_put_name(reply, "LastEvaluatedKey");
        table_put_key(reply, call->found, page->last);
    }
    enum capacity_wanted wanted = capacity_wanted(call->input);
    capacity_put_member(reply, wanted, call->found->name,
                        capacity_of_read(page->size, page->options.consistent));
    json_put_raw(reply, "}");
    operation_finish(call);
}
