#include "api_state.h"
#include "call_expressions.h"
#include "capacity.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"
#include "operations.h"
#include "read_options.h"
#include "throttle.h"

static const struct shape_member members[] = {
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"AttributesToGet", &shape_attributes_to_get, false, false},
    {"TableName", &shape_table_name, true, false},
    {"Key", &shape_attributes, true, false},
    {"ConsistentRead", &shape_boolean, false, false},
    {"ProjectionExpression", &shape_string, false, false},
    {"ExpressionAttributeNames", &shape_names, false, false},
};
static const struct shape input_shape = SHAPE_OF(members);

struct get_item {
    struct operation_call call;
    struct read_options options;
    struct value_node *key;
    struct operation_request *read;
};

static const char *parse(struct get_item *get)
{
    struct operation_call *call = &get->call;
    const char *problem = read_options_check_mix(call->arena, &input_shape, call->input);
    if (problem == NULL)
        problem = json_item_read(call->arena, json_member(call->input, "Key"), &get->key);
    if (problem != NULL)
        return problem;
    struct expression_context context;
    problem = call_expressions_init(&context, call,
                                    json_member(call->input, "ExpressionAttributeNames"), NULL);
    if (problem == NULL)
        problem = read_options_init(&get->options, &context, call->input);
    return problem != NULL ? problem : expression_context_check_used(&context);
}

static void finish(struct operation_call *call)
{
    struct get_item *get = (struct get_item *)(void *)call;
    const struct request *read = &get->read->request;
    if (read->outcome != OUTCOME_OK) {
        throttle_end(call, THROUGHPUT_READ, 0);
        operation_fail_outcome(call, read->outcome);
        return;
    }
    struct writer *reply = operation_reply(call);
    writer_reserve(reply, read->result.size * 2 + 64);
    json_put_raw(reply, "{");
    if (read->found) {
        json_put_name(reply, "Item");
        read_options_put_item(reply, &get->options, read->result);
    }
    enum capacity_wanted wanted = capacity_wanted(call->input);
    if (wanted != CAPACITY_NONE || throttle_limits(call->found, THROUGHPUT_READ)) {
        struct capacity used = {
            capacity_of_read(read->found ? item_size(read->result) : 0, get->options.consistent)};
        throttle_end(call, THROUGHPUT_READ, capacity_of_table(&used));
        capacity_put_member(reply, wanted, json_member_string(call->input, "TableName"), &used);
    }
    json_put_raw(reply, "}");
    operation_finish(call);
}

static void read_item(struct operation_call *call)
{
    struct get_item *get = (struct get_item *)(void *)call;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    struct item_key key;
    const char *problem = read_options_check_table(&get->options, call->arena, call->found);
    if (problem == NULL)
        problem =
            table_key_of_key(call->arena, call->found, get->key, api_partitions(call->api), &key);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    struct writer *encoded = operation_writer_new(call, 0);
    item_key_encode(encoded, &key);
    get->read = operation_request_new(call, REQUEST_READ);
    get->read->request.quorum = call->found->quorum;
    get->read->request.consistent = get->options.consistent;
    get->read->request.key = writer_slice(encoded);
    if (!throttle_begin(call, THROUGHPUT_READ, capacity_of_read(0, get->options.consistent)))
        return;
    operation_wait(call, finish);
    operation_send(call, get->read);
}

static void start(struct operation_call *call)
{
    const char *problem = parse((struct get_item *)(void *)call);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), read_item);
}

const struct operation operation_get_item = {"GetItem", sizeof(struct get_item), &input_shape,
                                             start};
