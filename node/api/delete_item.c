#include "api_state.h"
#include "capacity.h"
#include "json_item.h"
#include "messages.h"
#include "operations.h"
#include "write_options.h"

static const struct shape_member members[] = {
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"TableName", &shape_table_name, true, false},
    {"Key", &shape_attributes, true, false},
    WRITE_MEMBERS,
};
static const struct shape input_shape = SHAPE_OF(members);

struct delete_item {
    struct operation_call call;
    struct value_node *key;
    struct write_options options;
    struct operation_request *write;
};

static void finish(struct operation_call *call)
{
    const struct delete_item *delete = (struct delete_item *)(void *)call;
    const struct request *write = &delete->write->request;
    if (write_options_answer(&delete->options, call, write))
        write_options_finish(call, write, 0);
}

static void write_tombstone(struct operation_call *call)
{
    struct delete_item *delete = (struct delete_item *)(void *)call;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    struct item_key key;
    const char *problem =
        table_key_of_key(call->arena, call->found, delete->key, api_partitions(call->api), &key);
    if (problem == NULL)
        problem = write_options_check_table(&delete->options, call);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    struct writer *encoded = operation_writer_new(call, 0);
    item_key_encode(encoded, &key);
    delete->write = operation_request_new(call, REQUEST_WRITE);
    write_options_apply(&delete->options, call, NULL, NULL, &delete->write->request);
    delete->write->request.key = writer_slice(encoded);
    delete->write->request.tombstone = true;
    if (!write_options_admit(call, &delete->write->request, 0))
        return;
    operation_wait(call, finish);
    operation_send(call, delete->write);
}

static void start(struct operation_call *call)
{
    struct delete_item *delete = (struct delete_item *)(void *)call;
    const char *problem = write_options_check_mix(call, false);
    if (problem == NULL)
        problem = json_item_read(call->arena, json_member(call->input, "Key"), &delete->key);
    if (problem == NULL)
        problem = write_options_init(&delete->options, call, NULL);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), write_tombstone);
}

const struct operation operation_delete_item = {"DeleteItem", sizeof(struct delete_item),
                                                &input_shape, start};
