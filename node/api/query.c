#include "api_state.h"
#include "call_expressions.h"
#include "key_condition.h"
#include "legacy_filter.h"
#include "legacy_keys.h"
#include "legacy_shapes.h"
#include "messages.h"
#include "operations.h"
#include "query_page.h"
#include "start_key.h"

static const struct shape_member members[] = {
    {"Select", &shape_select, false, false},
    {"IndexName", &shape_index_name, false, false},
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"QueryFilter", &shape_conditions, false, false},
    {"TableName", &shape_table_name, true, false},
    {"ConditionalOperator", &shape_conditional_operator, false, false},
    {"AttributesToGet", &shape_attributes_to_get, false, false},
    {"Limit", &shape_positive, false, false},
    {"KeyConditions", &shape_conditions, false, false},
    {"ExclusiveStartKey", &shape_attributes, false, false},
    {"ConsistentRead", &shape_boolean, false, false},
    {"ScanIndexForward", &shape_boolean, false, false},
    {"KeyConditionExpression", &shape_string, false, false},
    {"FilterExpression", &shape_string, false, false},
    {"ProjectionExpression", &shape_string, false, false},
    {"ExpressionAttributeValues", &shape_attributes, false, false},
    {"ExpressionAttributeNames", &shape_names, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

struct query {
    struct operation_call call;
    struct query_page page;
    struct key_condition condition;
    struct value_node *start; /* ExclusiveStartKey, or NULL */
    struct slice from;        /* what is left of the range */
    struct slice to;
    bool reverse;
    struct operation_request *range;
};

static void read_more(struct query *query);

/* The last of the expressions: what they have not used is told before what it means. */
static const char *parse_key_condition(struct query *query, struct expression_context *context)
{
    struct expression *parsed = NULL;
    const char *problem = NULL;
    yyjson_val *text = json_member(query->call.input, "KeyConditionExpression");
    if (text != NULL)
        problem = key_condition_parse(context, json_string(text), &parsed);
    if (problem == NULL)
        problem = expression_context_check_used(context);
    if (problem != NULL)
        return problem;
    if (text != NULL)
        return key_condition_reduce(context->arena, parsed, &query->condition);
    yyjson_val *conditions = json_member(query->call.input, "KeyConditions");
    return conditions == NULL ? MESSAGE_NO_KEY_CONDITION
                              : legacy_keys_read(context->arena, conditions, &query->condition);
}

static const char *parse_expressions(struct query *query)
{
    struct operation_call *call = &query->call;
    struct expression_context context;
    const char *problem =
        call_expressions_init(&context, call, json_member(call->input, "ExpressionAttributeNames"),
                              json_member(call->input, "ExpressionAttributeValues"));
    if (problem == NULL)
        problem = query_page_init(&query->page, &context, call->input);
    return problem != NULL ? problem : parse_key_condition(query, &context);
}

static const char *parse(struct query *query)
{
    struct operation_call *call = &query->call;
    query->reverse = !json_member_bool(call->input, "ScanIndexForward", true);
    const char *problem = read_options_check_mix(call->arena, &input_shape, call->input);
    if (problem == NULL && json_member(call->input, "ExpressionAttributeValues") != NULL &&
        json_member(call->input, "FilterExpression") == NULL &&
        json_member(call->input, "KeyConditionExpression") == NULL)
        return MESSAGE_VALUES_ALONE_QUERY;
    if (problem == NULL)
        problem = query_page_read_legacy(&query->page, call->arena, call->input, "QueryFilter");
    if (problem == NULL)
        problem = start_key_read(call->arena, call->input, &query->start);
    return problem != NULL ? problem : parse_expressions(query);
}

/* Narrows the range to what follows ExclusiveStartKey. */
static const char *start_after(const struct query *query, const struct item_key *start,
                               const struct item_key *collection, bool on_sort_key,
                               struct key_range *range)
{
    struct item_key key = *collection;
    key.sort_key = start->sort_key;
    struct writer row;
    writer_init(&row, 0);
    query_source_encode(&row, &query->page.source, &key, query->start);
    bool inside = slice_compare(writer_slice(&row), writer_slice(&range->from)) >= 0 &&
                  slice_compare(writer_slice(&row), writer_slice(&range->to)) < 0;
    struct writer *bound = query->reverse ? &range->to : &range->from;
    writer_reset(bound);
    writer_put_slice(bound, writer_slice(&row));
    if (!query->reverse)
        writer_put_u8(bound, 0);
    writer_deinit(&row);
    if (on_sort_key && !inside)
        return MESSAGE_START_PREDICATE;
    if (!slice_equal(start->partition_key, collection->partition_key))
        return on_sort_key ? MESSAGE_START_ONE_ROW : MESSAGE_START_OUTSIDE;
    return NULL;
}

static const char *check_keys(struct query *query, struct item_key *start)
{
    struct operation_call *call = &query->call;
    const struct query_source *source = &query->page.source;
    const char *problem = query_page_read_source(&query->page, call);
    if (problem == NULL && query->start != NULL)
        problem = start_key_find(call->arena, source, query->start, api_partitions(call->api),
                                 START_OF_QUERY, start);
    if (problem == NULL)
        problem = key_condition_check(call->arena, &query->condition, &call->found->partition_key,
                                      query_source_sort_key(source));
    if (problem == NULL)
        problem = legacy_filter_check_operator(call->input, "QueryFilter");
    return problem != NULL ? problem
                           : query_page_check_table(&query->page, call->arena, call->found);
}

static const char *find_range(struct query *query)
{
    struct operation_call *call = &query->call;
    const struct query_source *source = &query->page.source;
    struct item_key start;
    const char *problem = check_keys(query, &start);
    if (problem != NULL)
        return problem;
    const struct key_term *hash = key_condition_on(&query->condition, &call->found->partition_key);
    const struct key_term *sort =
        key_condition_on(&query->condition, query_source_sort_key(source));
    struct item_key collection = item_key_of(call->found->id, value_bytes(hash->bound), SLICE_EMPTY,
                                             api_partitions(call->api));
    struct key_range range;
    key_range_init(&range);
    if (sort != NULL)
        query_source_sort(source, &collection, sort->relation, value_bytes(sort->bound),
                          value_bytes(sort->bound_high), &range);
    else
        query_source_collection(source, &collection, &range);
    if (query->start != NULL)
        problem = start_after(query, &start, &collection, sort != NULL, &range);
    if (problem == NULL)
        problem = query_page_check_filter(&query->page, call->arena);
    if (problem == NULL)
        problem = query->page.select_problem;
    query->from = arena_copy(call->arena, writer_slice(&range.from));
    query->to = arena_copy(call->arena, writer_slice(&range.to));
    key_range_deinit(&range);
    return problem;
}

/* Goes on where the range stopped. */
static void resume(struct query *query)
{
    struct slice at = query->range->request.resume;
    if (query->reverse) {
        query->to = arena_copy(query->call.arena, at);
    } else {
        query->from = key_successor(query->call.arena, at);
    }
    operation_release(query->range);
}

static void take_range(struct operation_call *call)
{
    struct query *query = (struct query *)(void *)call;
    const struct request *range = &query->range->request;
    if (range->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, range->outcome);
        return;
    }
    query_page_take(&query->page, call, range);
    if (query->page.full || !range->more) {
        query_page_finish(&query->page, call);
        return;
    }
    resume(query);
    read_more(query);
}

static void read_more(struct query *query)
{
    struct operation_call *call = &query->call;
    if (slice_compare(query->from, query->to) >= 0) {
        query_page_finish(&query->page, call);
        return;
    }
    query->range = operation_request_new(call, REQUEST_RANGE);
    struct request *range = &query->range->request;
    range->quorum = call->found->quorum;
    range->consistent = query->page.options.consistent;
    range->index = query->page.source.index != NULL;
    range->key = query->from;
    range->to = query->to;
    range->reverse = query->reverse;
    range->rows_max = query_page_rows_left(&query->page);
    range->bytes_max = PAGE_SIZE_MAX;
    operation_wait(call, take_range);
    operation_send(call, query->range);
}

static void found_table(struct operation_call *call)
{
    struct query *query = (struct query *)(void *)call;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    const char *problem = find_range(query);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    if (query_page_begin(&query->page, call))
        read_more(query);
}

static void start(struct operation_call *call)
{
    const char *problem = parse((struct query *)(void *)call);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), found_table);
}

const struct operation operation_query = {"Query", sizeof(struct query), &input_shape, start};
