#include "query_page.h"

#include "condition.h"
#include "expression_cache.h"
#include "json_item.h"
#include "json_writer.h"
#include "key_paths.h"
#include "legacy_filter.h"
#include "messages.h"
#include "store.h"
#include "throttle.h"

static uint64_t weight_of(const struct expression *expression)
{
    enum { CANDIDATES_A_STEP = 16 };
    uint64_t weight = expression->kind != EXPRESSION_PATH && expression->kind != EXPRESSION_VALUE;
    if (expression->kind == EXPRESSION_IN)
        weight += expression->count / CANDIDATES_A_STEP;
    for (const struct expression *at = expression->first; at != NULL; at = at->next)
        weight += weight_of(at);
    return weight;
}

/* What an operator costs grows with what it may have to look through. */
static uint64_t work_of(const struct query_page *page, uint64_t item_bytes)
{
    enum { BYTES_A_STEP = 64 };
    return page->filter_weight * (1 + item_bytes / BYTES_A_STEP);
}

static const char *read_filter(struct query_page *page, struct expression_context *context,
                               yyjson_val *input)
{
    yyjson_val *text = json_member(input, "FilterExpression");
    if (text == NULL)
        return NULL;
    page->filter_parameter = "Filter Expression";
    const char *problem = expression_cache_condition(context, json_string(text), &page->filter);
    if (problem == NULL)
        page->filter_weight = weight_of(page->filter);
    return problem == NULL ? NULL : arena_printf(context->arena, MESSAGE_INVALID_FILTER, problem);
}

const char *query_page_read_legacy(struct query_page *page, struct arena *arena, yyjson_val *input,
                                   const char *parameter)
{
    const char *problem = legacy_filter_read(arena, input, parameter, &page->filter);
    if (problem != NULL)
        return problem;
    page->filter_parameter = parameter;
    page->filter_weight = page->filter == NULL ? 0 : weight_of(page->filter);
    return NULL;
}

static const char *read_select(struct query_page *page, struct arena *arena, yyjson_val *input)
{
    struct slice select = json_member_string(input, "Select");
    bool named = page->options.projected;
    bool projected = slice_equal(select, SLICE_LITERAL("ALL_PROJECTED_ATTRIBUTES"));
    if (projected && !named && json_member(input, "IndexName") == NULL)
        return MESSAGE_SELECT_PROJECTED;
    if (slice_equal(select, SLICE_LITERAL("SPECIFIC_ATTRIBUTES")) && !named)
        return MESSAGE_SELECT_SPECIFIC;
    page->count_only = slice_equal(select, SLICE_LITERAL("COUNT"));
    page->whole = slice_equal(select, SLICE_LITERAL("ALL_ATTRIBUTES"));
    if (!named)
        return NULL;
    const char *parameter = json_member(input, "ProjectionExpression") != NULL
                                ? "ProjectionExpression"
                                : "AttributesToGet";
    if (page->count_only)
        return arena_printf(arena, MESSAGE_SELECT_COUNT, parameter);
    if (projected)
        return arena_printf(arena, MESSAGE_SELECT_ALL_PROJECTED, parameter);
    if (page->whole)
        return arena_printf(arena, MESSAGE_SELECT_ALL, parameter);
    return NULL;
}

const char *query_page_init(struct query_page *page, struct expression_context *context,
                            yyjson_val *input)
{
    page->limit = (uint64_t)json_member_integer(input, "Limit", INT64_MAX);
    const char *problem = read_filter(page, context, input);
    if (problem == NULL)
        problem = read_options_init(&page->options, context, input);
    if (problem == NULL)
        page->select_problem = read_select(page, context->arena, input);
    return problem;
}

/* What is shown of the items of an index, unless the request says it. */
static void project_index(struct query_page *page, struct arena *arena)
{
    struct read_options *options = &page->options;
    page->fetches = page->whole || !query_source_has_paths(&page->source, &options->paths);
    if (page->whole || options->projected)
        return;
    query_source_projected(&page->source, arena, &options->paths);
    projection_init(&options->projection, arena, &options->paths);
    options->projected = true;
}

const char *query_page_read_source(struct query_page *page, struct operation_call *call)
{
    const char *problem = query_source_init(&page->source, call);
    if (problem == NULL && !query_source_has_all(&page->source))
        project_index(page, call->arena);
    return problem;
}

/* Paths into the index key, as key_path_check_all() finds those into the table's. */
static bool goes_into(const struct document_path *path, struct slice key)
{
    return path->count > 1 && slice_equal(path->elements[0].name, key);
}

static bool filter_goes_into(const struct expression *expression, struct slice key)
{
    if (expression == NULL)
        return false;
    bool found = expression->kind == EXPRESSION_PATH && goes_into(&expression->path, key);
    for (const struct expression *at = expression->first; at != NULL && !found; at = at->next)
        found = filter_goes_into(at, key);
    return found;
}

static const char *check_index_key(const struct query_page *page, struct arena *arena)
{
    if (page->source.index == NULL)
        return NULL;
    struct slice key = page->source.index->sort_key.name;
    bool found = filter_goes_into(page->filter, key);
    for (size_t i = 0; i < page->options.paths.count && !found; i++)
        found = goes_into(&page->options.paths.paths[i], key);
    return found ? arena_printf(arena, MESSAGE_PATH_IN_INDEX_KEY, (int)key.size, key.data) : NULL;
}

const char *query_page_check_table(const struct query_page *page, struct arena *arena,
                                   const struct table *table)
{
    const char *problem = key_path_check_all(arena, table, page->filter);
    if (problem == NULL)
        problem = read_options_check_table(&page->options, arena, table);
    return problem != NULL ? problem : check_index_key(page, arena);
}

const char *query_page_check_filter(const struct query_page *page, struct arena *arena)
{
    const struct query_source *source = &page->source;
    struct slice key = key_path_find(source->table, query_source_sort_key(source), page->filter);
    if (key.size > 0)
        return arena_printf(arena, MESSAGE_FILTER_ON_KEY, page->filter_parameter, (int)key.size,
                            key.data);
    const char *lacking = query_source_lacks(source, arena, page->filter);
    return lacking == NULL
               ? NULL
               : arena_printf(arena, MESSAGE_INDEX_FILTER, (int)source->index->name.size,
                              source->index->name.data, lacking);
}

bool query_page_begin(struct query_page *page, struct operation_call *call)
{
    uint64_t least = capacity_of_read(0, page->options.consistent);
    if (!throttle_begin(call, THROUGHPUT_READ, least))
        return false;
    json_put_raw(operation_reply(call), page->count_only ? "{" : "{\"Items\":[");
    return true;
}

uint32_t query_page_rows_left(const struct query_page *page)
{
    uint64_t left = page->limit - page->scanned;
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

static void take_item(struct query_page *page, struct writer *reply, struct arena *scratch,
                      struct slice item)
{
    uint64_t size = item_size(item);
    page->scanned++;
    page->read += size;
    page->size += query_source_size(&page->source, item, size);
    if (page->fetches)
        page->fetched_halves += capacity_of_read(size, page->options.consistent);
    page->last = item;
    page->filter_work += work_of(page, size);
    page->full = page->scanned >= page->limit || page->size >= PAGE_SIZE_MAX ||
                 page->read >= PAGE_READ_MAX || page->filter_work >= FILTER_WORK_MAX;
    if (page->filter != NULL && !condition_holds(scratch, page->filter, item))
        return;
    page->count++;
    if (page->count_only)
        return;
    json_put_separator(reply);
    read_options_put_item(reply, &page->options, item);
}

void query_page_take(struct query_page *page, struct operation_call *call,
                     const struct request *range)
{
    struct writer *reply = operation_reply(call);
    struct reader rows = reader_of(writer_slice(&range->rows));
    struct slice key, item;
    struct arena scratch;
    arena_init(&scratch);
    while (!page->full && store_rows_next(&rows, &key, &item)) {
        take_item(page, reply, &scratch, item);
        arena_reset(&scratch);
    }
    arena_deinit(&scratch);
}

/* An index is charged for its entries, the table for the items that had to be fetched besides. */
static void consumed(const struct query_page *page, struct arena *arena, struct capacity *used)
{
    uint64_t halves = capacity_of_read(page->size, page->options.consistent);
    *used = (struct capacity){page->source.index == NULL ? halves : page->fetched_halves};
    if (page->source.index != NULL)
        capacity_add(used, arena, CAPACITY_LOCAL, page->source.index->name, halves);
}

void query_page_finish(struct query_page *page, struct operation_call *call)
{
    struct writer *reply = operation_reply(call);
    if (!page->count_only)
        json_put_raw(reply, "]");
    json_put_name(reply, "Count");
    json_put_integer(reply, (int64_t)page->count);
    json_put_name(reply, "ScannedCount");
    json_put_integer(reply, (int64_t)page->scanned);
    if (page->full) {
        json_put_name(reply, "LastEvaluatedKey");
        query_source_put_key(reply, &page->source, page->last);
    }
    struct capacity used;
    consumed(page, call->arena, &used);
    throttle_end(call, THROUGHPUT_READ, capacity_of_table(&used));
    capacity_put_member(reply, capacity_wanted(call->input),
                        json_member_string(call->input, "TableName"), &used);
    json_put_raw(reply, "}");
    operation_finish(call);
}
