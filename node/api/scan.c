#include "api_state.h"
#include "call_expressions.h"
#include "legacy_filter.h"
#include "legacy_shapes.h"
#include "messages.h"
#include "operations.h"
#include "query_page.h"
#include "ring.h"
#include "start_key.h"

enum {
    WINDOW_MAX = 16,          /* partitions read ahead at most */
    RANGE_BYTES = 256 * 1024, /* of one answer, so that a window stays small */
    SEGMENTS_MAX = 1000000    /* the service's limit */
};

static const struct shape shape_total_segments = {
    .kind = SHAPE_INTEGER, .ranged = true, .min = 1, .max = SEGMENTS_MAX};
static const struct shape shape_segment = {
    .kind = SHAPE_INTEGER, .ranged = true, .min = 0, .max = SEGMENTS_MAX - 1};
static const struct shape_member members[] = {
    {"Select", &shape_select, false, false},
    {"IndexName", &shape_index_name, false, false},
    {"TotalSegments", &shape_total_segments, false, false},
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"TableName", &shape_table_name, true, false},
    {"ConditionalOperator", &shape_conditional_operator, false, false},
    {"ScanFilter", &shape_conditions, false, false},
    {"Segment", &shape_segment, false, false},
    {"Limit", &shape_positive, false, false},
    {"AttributesToGet", &shape_attributes_to_get, false, false},
    {"ExclusiveStartKey", &shape_attributes, false, false},
    {"ConsistentRead", &shape_boolean, false, false},
    {"FilterExpression", &shape_string, false, false},
    {"ProjectionExpression", &shape_string, false, false},
    {"ExpressionAttributeValues", &shape_attributes, false, false},
    {"ExpressionAttributeNames", &shape_names, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

/* Partitions are read ahead, up to `window` at once, and taken in their order. The window grows
 * with every partition that did not fill the page, so that an empty table is quick to walk and a
 * full one is not read for nothing. */
struct scan {
    struct operation_call call;
    struct query_page page;
    struct value_node *start; /* ExclusiveStartKey, or NULL */
    uint64_t first_position;  /* of the segment */
    uint64_t last_position;
    uint32_t next_take; /* partition whose items come next */
    uint32_t next_send; /* partition to be asked next */
    uint32_t end;       /* past the last partition of the segment */
    uint32_t window;
    struct slice start_from; /* first key of the first partition, after ExclusiveStartKey */
    struct slice to[WINDOW_MAX];
    struct operation_request *ranges[WINDOW_MAX]; /* by partition modulo WINDOW_MAX */
};

__extension__ typedef unsigned __int128 wide;

/* ceil(2^64 * index / total), for an index below the total. */
static uint64_t segment_start(uint64_t index, uint64_t total)
{
    wide ring = (wide)1 << 64;
    return (uint64_t)((ring * index + total - 1) / total);
}

static const char *parse_segment(struct scan *scan)
{
    yyjson_val *input = scan->call.input;
    bool has_segment = json_member(input, "Segment") != NULL;
    bool has_total = json_member(input, "TotalSegments") != NULL;
    if (has_segment && !has_total)
        return MESSAGE_NO_TOTAL_SEGMENTS;
    if (has_total && !has_segment)
        return MESSAGE_NO_SEGMENT;
    uint64_t segment = (uint64_t)json_member_integer(input, "Segment", 0);
    uint64_t total = (uint64_t)json_member_integer(input, "TotalSegments", 1);
    if (segment >= total)
        return arena_printf(scan->call.arena, MESSAGE_SEGMENT, segment, total);
    scan->first_position = segment_start(segment, total);
    scan->last_position = segment + 1 == total ? UINT64_MAX : segment_start(segment + 1, total) - 1;
    return NULL;
}

static const char *parse_expressions(struct scan *scan)
{
    struct operation_call *call = &scan->call;
    struct expression_context context;
    const char *problem =
        call_expressions_init(&context, call, json_member(call->input, "ExpressionAttributeNames"),
                              json_member(call->input, "ExpressionAttributeValues"));
    if (problem == NULL)
        problem = query_page_init(&scan->page, &context, call->input);
    return problem != NULL ? problem : expression_context_check_used(&context);
}

static const char *parse(struct scan *scan)
{
    struct operation_call *call = &scan->call;
    const char *problem = read_options_check_mix(call->arena, &input_shape, call->input);
    if (problem == NULL && json_member(call->input, "ExpressionAttributeValues") != NULL &&
        json_member(call->input, "FilterExpression") == NULL)
        return MESSAGE_VALUES_ALONE_SCAN;
    if (problem == NULL)
        problem = query_page_read_legacy(&scan->page, call->arena, call->input, "ScanFilter");
    if (problem == NULL)
        problem = legacy_filter_check_operator(call->input, "ScanFilter");
    if (problem == NULL)
        problem = start_key_read(call->arena, call->input, &scan->start);
    if (problem == NULL)
        problem = parse_segment(scan);
    return problem != NULL ? problem : parse_expressions(scan);
}

static const char *start_after(struct scan *scan)
{
    struct operation_call *call = &scan->call;
    struct item_key start;
    const char *problem = start_key_find(call->arena, &scan->page.source, scan->start,
                                         api_partitions(call->api), START_OF_SCAN, &start);
    if (problem != NULL)
        return problem;
    if (start.position < scan->first_position || start.position > scan->last_position)
        return arena_printf(call->arena, MESSAGE_START_SEGMENT,
                            json_member_integer(call->input, "TotalSegments", 1),
                            json_member_integer(call->input, "Segment", 0));
    scan->first_position = start.position;
    struct writer *row = operation_writer_new(call, 0);
    query_source_encode(row, &scan->page.source, &start, scan->start);
    scan->start_from = key_successor(call->arena, writer_slice(row));
    return NULL;
}

static void send_range(struct scan *scan, uint32_t partition, struct slice from)
{
    struct operation_call *call = &scan->call;
    struct operation_request *sent = operation_request_new(call, REQUEST_RANGE);
    scan->ranges[partition % WINDOW_MAX] = sent;
    sent->request.quorum = call->found->quorum;
    sent->request.consistent = scan->page.options.consistent;
    sent->request.index = scan->page.source.index != NULL;
    sent->request.key = from;
    sent->request.to = scan->to[partition % WINDOW_MAX];
    sent->request.rows_max = query_page_rows_left(&scan->page);
    sent->request.bytes_max = RANGE_BYTES;
    operation_send(call, sent);
}

static void open_partition(struct scan *scan, uint32_t partition)
{
    struct arena *arena = scan->call.arena;
    struct key_range range;
    uint64_t first, last;
    ring_partition_range(partition, api_partitions(scan->call.api), &first, &last);
    key_range_init(&range);
    query_source_positions(&scan->page.source, partition,
                           first > scan->first_position ? first : scan->first_position,
                           last < scan->last_position ? last : scan->last_position, &range);
    scan->to[partition % WINDOW_MAX] = arena_copy(arena, writer_slice(&range.to));
    struct slice from = arena_copy(arena, writer_slice(&range.from));
    key_range_deinit(&range);
    if (scan->start_from.size > 0)
        from = scan->start_from;
    scan->start_from = SLICE_EMPTY;
    send_range(scan, partition, from);
}

/* Asks for the rest of a partition. */
static void resume(struct scan *scan, struct operation_request *answered)
{
    struct slice from = key_successor(scan->call.arena, answered->request.resume);
    operation_release(answered);
    send_range(scan, scan->next_take, from);
}

static void read_ahead(struct scan *scan)
{
    while (scan->next_send < scan->end && scan->next_send - scan->next_take < scan->window)
        open_partition(scan, scan->next_send++);
}

/* True once the call has ended. */
static bool take_range(struct scan *scan, struct operation_request *answered)
{
    struct operation_call *call = &scan->call;
    if (answered->request.outcome != OUTCOME_OK) {
        operation_fail_outcome(call, answered->request.outcome);
        return true;
    }
    query_page_take(&scan->page, call, &answered->request);
    if (scan->page.full) {
        query_page_finish(&scan->page, call);
        return true;
    }
    if (answered->request.more) {
        resume(scan, answered);
        return false;
    }
    operation_release(answered);
    scan->window = scan->window * 2 < WINDOW_MAX ? scan->window * 2 : WINDOW_MAX;
    scan->next_take++;
    return false;
}

static void take_answers(struct operation_call *call)
{
    struct scan *scan = (struct scan *)(void *)call;
    while (scan->next_take < scan->end) {
        struct operation_request *range = scan->ranges[scan->next_take % WINDOW_MAX];
        if (scan->next_take == scan->next_send || !range->answered)
            break;
        if (take_range(scan, range))
            return;
    }
    if (scan->next_take == scan->end) {
        query_page_finish(&scan->page, call);
        return;
    }
    operation_wait_each(call, take_answers);
    read_ahead(scan);
}

static void found_table(struct operation_call *call)
{
    struct scan *scan = (struct scan *)(void *)call;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    const char *problem = query_page_read_source(&scan->page, call);
    if (problem == NULL && scan->start != NULL)
        problem = start_after(scan);
    if (problem == NULL)
        problem = scan->page.select_problem;
    if (problem == NULL)
        problem = query_page_check_table(&scan->page, call->arena, call->found);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    uint32_t partitions = api_partitions(call->api);
    scan->next_take = ring_partition(scan->first_position, partitions);
    scan->next_send = scan->next_take;
    scan->end = ring_partition(scan->last_position, partitions) + 1;
    scan->window = 1;
    if (query_page_begin(&scan->page, call))
        take_answers(call);
}

static void start(struct operation_call *call)
{
    const char *problem = parse((struct scan *)(void *)call);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), found_table);
}

const struct operation operation_scan = {"Scan", sizeof(struct scan), &input_shape, start};
