#include "api_state.h"
#include "json_writer.h"
#include "operations.h"
#include "store.h"

enum { TABLES_MAX = 100, RANGE_BYTES = 1 << 20 };

static const struct shape shape_limit = {
    .kind = SHAPE_INTEGER, .ranged = true, .min = 1, .max = TABLES_MAX};
static const struct shape shape_start_name = {
    .kind = SHAPE_STRING, .table_name = true, .ranged = true, .min = 3, .max = 255};
static const struct shape_member members[] = {
    {"Limit", &shape_limit, false, false},
    {"ExclusiveStartTableName", &shape_start_name, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

struct list_tables {
    struct operation_call call;
    struct slice from;
    struct slice to;
    uint32_t limit;
    uint32_t count;
    struct slice last; /* name listed last, while its range is held */
    bool more;         /* names follow the last one */
    struct operation_request *range;
};

static void read_more(struct list_tables *list);

static void take_rows(struct list_tables *list)
{
    struct writer *reply = operation_reply(&list->call);
    struct reader rows = reader_of(writer_slice(&list->range->request.rows));
    struct slice encoded, value;
    while (store_rows_next(&rows, &encoded, &value)) {
        struct item_key key;
        if (!item_key_decode(encoded, &key))
            continue;
        if (list->count == list->limit) {
            list->more = true;
            return;
        }
        json_put_separator(reply);
        json_put_string(reply, key.sort_key);
        list->last = arena_copy(list->call.arena, key.sort_key);
        list->count++;
    }
}

static void finish(struct list_tables *list)
{
    struct writer *reply = operation_reply(&list->call);
    json_put_raw(reply, "]");
    if (list->more) {
        json_put_name(reply, "LastEvaluatedTableName");
        json_put_string(reply, list->last);
    }
    json_put_raw(reply, "}");
    operation_finish(&list->call);
}

static void take_range(struct operation_call *call)
{
    struct list_tables *list = (struct list_tables *)(void *)call;
    const struct request *range = &list->range->request;
    if (range->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, range->outcome);
        return;
    }
    take_rows(list);
    if (list->more || !range->more) {
        finish(list);
        return;
    }
    list->from = key_successor(call->arena, range->resume);
    operation_release(list->range);
    read_more(list);
}

static void read_more(struct list_tables *list)
{
    struct operation_call *call = &list->call;
    list->range = operation_request_new(call, REQUEST_RANGE);
    struct request *range = &list->range->request;
    range->quorum = node_system_quorum(call->api->node);
    range->consistent = true;
    range->key = list->from;
    range->to = list->to;
    range->rows_max = list->limit - list->count + 1; /* one more, to know whether more follow */
    range->bytes_max = RANGE_BYTES;
    operation_wait(call, take_range);
    operation_send(call, list->range);
}

static void start(struct operation_call *call)
{
    struct list_tables *list = (struct list_tables *)(void *)call;
    list->limit = (uint32_t)json_member_integer(call->input, "Limit", TABLES_MAX);
    catalogue_range(call, "tables", json_member_string(call->input, "ExclusiveStartTableName"),
                    &list->from, &list->to);
    json_put_raw(operation_reply(call), "{\"TableNames\":[");
    read_more(list);
}

const struct operation operation_list_tables = {"ListTables", sizeof(struct list_tables),
                                                &input_shape, start};
