#include "api_state.h"
#include "condition.h"
#include "json_item.h"
#include "json_writer.h"
#include "key_paths.h"
#include "legacy_filter.h"
#include "legacy_update.h"
#include "local_index.h"
#include "messages.h"
#include "operations.h"
#include "projection.h"
#include "update.h"
#include "write_options.h"

static const struct shape_member members[] = {
    {"ReturnConsumedCapacity", &shape_return_consumed_capacity, false, false},
    {"AttributeUpdates", &shape_attribute_updates, false, false},
    {"TableName", &shape_table_name, true, false},
    {"Key", &shape_attributes, true, false},
    {"UpdateExpression", &shape_string, false, false},
    WRITE_MEMBERS,
};
static const struct shape input_shape = SHAPE_OF(members);

struct update_item {
    struct operation_call call;
    struct value_node *key;
    struct update_expression update;
    struct write_options options;
    bool leaves_absent;          /* it makes no item where there is none */
    struct expression *expected; /* with that: the condition that was asked for, or NULL */
    struct operation_request *write;
};

/* The parts of the item that the update is about; left out if there are none. */
static void put_updated(struct update_item *update, struct slice item)
{
    struct operation_call *call = &update->call;
    struct projection_paths paths = {.count = update->update.count};
    paths.paths = arena_alloc(call->arena, paths.count * sizeof(*paths.paths));
    for (size_t i = 0; i < paths.count; i++)
        paths.paths[i] = update->update.actions[i].path;
    struct projection projection;
    projection_init(&projection, call->arena, &paths);
    struct writer *reply = operation_reply(call);
    size_t before = reply->size;
    json_put_name(reply, "Attributes");
    size_t start = reply->size;
    projection_put_item(reply, &projection, item);
    if (reply->size == start + 2 /* "{}" */)
        reply->size = before;
}

static void put_attributes(struct update_item *update, const struct request *write)
{
    enum return_values values = update->options.return_values;
    if (values == RETURN_ALL_NEW) {
        json_put_name(operation_reply(&update->call), "Attributes");
        json_put_item(operation_reply(&update->call), write->written);
    } else if (values == RETURN_UPDATED_NEW) {
        put_updated(update, write->written);
    } else if (values == RETURN_UPDATED_OLD && write->found) {
        put_updated(update, write->result);
    }
}

static bool is_legacy(const struct update_item *update)
{
    return json_member(update->call.input, "AttributeUpdates") != NULL;
}

/* AttributeUpdates that only delete: without an item, nothing happens. */
static void leave_absent(struct update_item *update)
{
    struct operation_call *call = &update->call;
    update->leaves_absent = true;
    update->expected = update->options.condition;
    update->options.condition =
        legacy_filter_if_there(call->arena, call->found->partition_key.name, update->expected);
}

static bool left_absent(const struct update_item *update, const struct request *write)
{
    return update->leaves_absent && write->outcome == OUTCOME_PRECONDITION_FAILED &&
           !write->found &&
           (update->expected == NULL ||
            condition_holds(update->call.arena, update->expected, SLICE_EMPTY));
}

static void finish(struct operation_call *call)
{
    struct update_item *update = (struct update_item *)(void *)call;
    const struct request *write = &update->write->request;
    if (left_absent(update, write)) {
        call->call->sloppy = write->sloppy;
        json_put_raw(operation_reply(call), "{");
        write_options_finish(call, write, 0);
        return;
    }
    if (!write_options_answer(&update->options, call, write))
        return;
    put_attributes(update, write);
    write_options_finish(call, write, write->new_size);
}

/* The key stays what it is. */
static const char *check_key(const struct update_item *update)
{
    const struct operation_call *call = &update->call;
    const struct slice names[] = {call->found->partition_key.name, call->found->sort_key.name};
    const char *problem = write_options_check_table(&update->options, call);
    for (size_t i = 0; i < array_size(names) && problem == NULL; i++)
        if (update_targets(&update->update, names[i]))
            problem =
                arena_printf(call->arena, MESSAGE_KEY_UPDATED, (int)names[i].size, names[i].data);
    for (size_t i = 0; i < update->update.count && problem == NULL; i++)
        problem = key_path_check_all(call->arena, call->found, update->update.actions[i].value);
    if (problem == NULL && call->found->indexes_count > 0 && is_legacy(update))
        problem = local_indexes_check_item(call->arena, call->found,
                                           legacy_update_values(call->arena, &update->update));
    return problem;
}

static void write_update(struct operation_call *call)
{
    struct update_item *update = (struct update_item *)(void *)call;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    struct item_key key;
    const char *problem =
        table_key_of_key(call->arena, call->found, update->key, api_partitions(call->api), &key);
    if (problem == NULL)
        problem = check_key(update);
    if (problem != NULL) {
        operation_refuse(call, problem);
        return;
    }
    struct writer *encoded = operation_writer_new(call, 0);
    item_key_encode(encoded, &key);
    update->write = operation_request_new(call, REQUEST_WRITE);
    if (is_legacy(update) && legacy_update_deletes(&update->update))
        leave_absent(update);
    write_options_apply(&update->options, call, &update->update, update->key,
                        &update->write->request);
    if (update->leaves_absent)
        update->write->request.want |= WANT_FAILED;
    update->write->request.key = writer_slice(encoded);
    if (!write_options_admit(call, &update->write->request, 0))
        return;
    operation_wait(call, finish);
    operation_send(call, update->write);
}

static void start(struct operation_call *call)
{
    struct update_item *update = (struct update_item *)(void *)call;
    const char *problem = write_options_check_mix(call, true);
    if (problem == NULL)
        problem = json_item_read(call->arena, json_member(call->input, "Key"), &update->key);
    if (problem == NULL)
        problem = write_options_init(&update->options, call, &update->update);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        catalogue_lookup(call, json_member_string(call->input, "TableName"), write_update);
}

const struct operation operation_update_item = {"UpdateItem", sizeof(struct update_item),
                                                &input_shape, start};
