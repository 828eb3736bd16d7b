#include "api_state.h"
#include "capacity.h"
#include "json_item.h"
#include "local_index.h"
#include "messages.h"
#include "operations.h"
#include "write_options.h"

static const struct shape_member members[] = {
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"TableName", &shape_table_name, true, false},
    {"Item", &shape_attributes, true, false},
    WRITE_MEMBERS,
};
static const struct shape input_shape = SHAPE_OF(members);

struct put_item {
    struct operation_call call;
    struct value_node *item;
    struct writer *encoded; /* the item, then its key */
    size_t item_end;        /* where the key begins */
    uint64_t size;          /* item_size() */
    struct write_options options;
    struct operation_request *write;
};

static const char *parse(struct put_item *put)
{
    struct operation_call *call = &put->call;
    const char *problem = write_options_check_mix(call, false);
    if (problem == NULL)
        problem = json_item_read(call->arena, json_member(call->input, "Item"), &put->item);
    if (problem != NULL)
        return problem;
    size_t key_size_max = ITEM_KEY_HEADER_SIZE + PARTITION_KEY_SIZE_MAX + SORT_KEY_SIZE_MAX;
    size_t key_room = put->item->body_size < key_size_max ? put->item->body_size : key_size_max;
    put->encoded = operation_writer_new(call, put->item->body_size + key_room + 64);
    writer_put_item(put->encoded, put->item);
    put->item_end = put->encoded->size;
    put->size = item_size(writer_slice(put->encoded));
    return put->size > ITEM_SIZE_MAX ? MESSAGE_TOO_LARGE
                                     : write_options_init(&put->options, call, NULL);
}

static void finish(struct operation_call *call)
{
    const struct put_item *put = (struct put_item *)(void *)call;
    const struct request *write = &put->write->request;
    if (write_options_answer(&put->options, call, write))
        write_options_finish(call, write, put->size);
}

static void write_item(struct operation_call *call)
{
    struct put_item *put = (struct put_item *)(void *)call;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    struct item_key key;
    const char *problem =
        table_key_of_item(call->arena, call->found, put->item, api_partitions(call->api), &key);
    if (problem == NULL)
        problem = local_indexes_check_size(call->found, writer_slice(put->encoded), put->size);
    if (problem == NULL)
        problem = write_options_check_table(&put->options, call);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    item_key_encode(put->encoded, &key);
    struct slice encoded = writer_slice(put->encoded);
    put->write = operation_request_new(call, REQUEST_WRITE);
    write_options_apply(&put->options, call, NULL, NULL, &put->write->request);
    put->write->request.value = slice_of(encoded.data, put->item_end);
    put->write->request.key = slice_of(encoded.data + put->item_end, encoded.size - put->item_end);
    if (!write_options_admit(call, &put->write->request, put->size))
        return;
    operation_wait(call, finish);
    operation_send(call, put->write);
}

static void start(struct operation_call *call)
{
    const char *problem = parse((struct put_item *)(void *)call);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), write_item);
}

const struct operation operation_put_item = {"PutItem", sizeof(struct put_item), &input_shape,
                                             start};
