#include "write_options.h"

#include "call_expressions.h"
#include "expression_cache.h"
#include "item_collection.h"
#include "json_item.h"
#include "json_writer.h"
#include "key_paths.h"
#include "legacy_filter.h"
#include "legacy_mix.h"
#include "legacy_update.h"
#include "local_index.h"
#include "messages.h"
#include "program_build.h"
#include "throttle.h"
#include "update.h"
#include "utf8.h"

static enum return_values return_values_of(yyjson_val *input)
{
    static const char *const names[] = {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"};
    struct slice wanted = json_member_string(input, "ReturnValues");
    for (size_t i = 0; i < array_size(names); i++)
        if (slice_equal(wanted, slice_of_string(names[i])))
            return (enum return_values)i;
    return RETURN_NONE;
}

const char *write_options_check_mix(const struct operation_call *call, bool updates)
{
    yyjson_val *input = call->input;
    if (legacy_mix_has_expression(call->operation->input, input))
        return legacy_mix_check(call->arena, call->operation->input, input);
    if (json_member(input, "ExpressionAttributeNames") != NULL)
        return MESSAGE_NAMES_ALONE;
    if (json_member(input, "ExpressionAttributeValues") == NULL)
        return NULL;
    return updates ? MESSAGE_VALUES_ALONE_UPDATE : MESSAGE_VALUES_ALONE_CONDITION;
}

static const char *parse_update(struct expression_context *context, yyjson_val *input,
                                struct update_expression *update)
{
    yyjson_val *text = json_member(input, "UpdateExpression");
    if (text == NULL)
        return NULL;
    const char *problem = expression_cache_update(context, json_string(text), update);
    return problem == NULL ? NULL : arena_printf(context->arena, MESSAGE_INVALID_UPDATE, problem);
}

static const char *parse_condition(struct expression_context *context, yyjson_val *input,
                                   struct expression **condition)
{
    yyjson_val *text = json_member(input, "ConditionExpression");
    if (text == NULL)
        return NULL;
    const char *problem = expression_cache_condition(context, json_string(text), condition);
    return problem == NULL ? NULL
                           : arena_printf(context->arena, MESSAGE_INVALID_CONDITION, problem);
}

static const char *read_legacy(struct write_options *options, struct operation_call *call,
                               struct update_expression *update)
{
    const char *problem = NULL;
    if (update != NULL)
        problem =
            legacy_update_read(call->arena, json_member(call->input, "AttributeUpdates"), update);
    return problem != NULL
               ? problem
               : legacy_filter_read_expected(call->arena, call->input, &options->condition);
}

static const char *parse_expressions(struct write_options *options, struct operation_call *call,
                                     struct update_expression *update)
{
    yyjson_val *input = call->input;
    struct expression_context context;
    const char *problem =
        call_expressions_init(&context, call, json_member(input, "ExpressionAttributeNames"),
                              json_member(input, "ExpressionAttributeValues"));
    if (problem == NULL && update != NULL)
        problem = parse_update(&context, input, update);
    if (problem == NULL)
        problem = parse_condition(&context, input, &options->condition);
    return problem != NULL ? problem : expression_context_check_used(&context);
}

const char *write_options_init(struct write_options *options, struct operation_call *call,
                               struct update_expression *update)
{
    *options = (struct write_options){.return_values = return_values_of(call->input)};
    if (update == NULL && options->return_values > RETURN_ALL_OLD)
        return MESSAGE_RETURN_VALUES;
    options->return_failed =
        slice_equal(json_member_string(call->input, "ReturnValuesOnConditionCheckFailure"),
                    SLICE_LITERAL("ALL_OLD"));
    const char *problem = read_legacy(options, call, update);
    return problem != NULL ? problem : parse_expressions(options, call, update);
}

const char *write_options_check_table(const struct write_options *options,
                                      const struct operation_call *call)
{
    const char *problem = legacy_filter_check_operator(call->input, "Expected");
    return problem != NULL ? problem
                           : key_path_check_all(call->arena, call->found, options->condition);
}

/* What is put into an index key is known only when the update is applied. */
static void add_index_keys(struct program_parts *parts, const struct table *table)
{
    for (size_t i = 0; i < table->indexes_count; i++) {
        const struct table_key *key = &table->indexes[i].sort_key;
        if (update_targets(parts->update, key->name))
            parts->keys[parts->keys_count++] = (struct index_attribute){key->name, key->type};
    }
}

static struct slice build_program(const struct write_options *options, struct operation_call *call,
                                  const struct update_expression *update,
                                  const struct value_node *key)
{
    struct program_parts parts = {.condition = options->condition, .update = update};
    if (update != NULL) {
        struct writer *initial = operation_writer_new(call, 0);
        writer_put_item(initial, key);
        parts.initial = writer_slice(initial);
        add_index_keys(&parts, call->found);
    }
    struct writer *program = operation_writer_new(call, 0);
    program_build(program, call->arena, &parts);
    return writer_slice(program);
}

void write_options_account(const struct operation_call *call, const struct table *table,
                           bool updates, struct request *write)
{
    write->want_old_size =
        capacity_wanted(call->input) != CAPACITY_NONE || throttle_limits(table, THROUGHPUT_WRITE);
    if (write->want_old_size && table->indexes_count > 0)
        write->want |= WANT_OLD | (updates ? WANT_NEW : 0);
}

void write_options_charge(const struct table *table, struct arena *arena,
                          const struct request *write, uint64_t size, struct capacity *used)
{
    used->table += capacity_of_write(size > write->old_size ? size : write->old_size);
    if ((write->want & WANT_OLD) != 0)
        local_indexes_charge(
            table, arena, write->found ? write->result : SLICE_EMPTY,
            write->written.size > 0 || write->tombstone ? write->written : write->value, used);
}

void write_options_apply(const struct write_options *options, struct operation_call *call,
                         const struct update_expression *update, const struct value_node *key,
                         struct request *write)
{
    enum return_values values = options->return_values;
    write->quorum = call->found->quorum;
    write_options_account(call, call->found, update != NULL, write);
    if (values == RETURN_ALL_OLD || values == RETURN_UPDATED_OLD)
        write->want |= WANT_OLD;
    if (values == RETURN_ALL_NEW || values == RETURN_UPDATED_NEW)
        write->want |= WANT_NEW;
    if (options->return_failed)
        write->want |= WANT_FAILED;
    if (options->condition != NULL || update != NULL)
        write->program = build_program(options, call, update, key);
}

bool write_options_admit(struct operation_call *call, const struct request *write, uint64_t size)
{
    item_collection_watch(call->api, call->found);
    if (!write->tombstone && item_collection_full(call->api, call->found, write->key)) {
        item_collection_refuse(call);
        return false;
    }
    return throttle_begin(call, THROUGHPUT_WRITE, capacity_of_write(size));
}

static void fail_condition(const struct write_options *options, struct operation_call *call,
                           const struct request *write)
{
    operation_fail(call, "ConditionalCheckFailedException", MESSAGE_CONDITION_FAILED);
    if (!options->return_failed || !write->found)
        return;
    struct writer *reply = operation_reply(call);
    reply->size--; /* the brace that ends the error */
    json_put_name(reply, "Item");
    json_put_item(reply, write->result);
    json_put_raw(reply, "}");
}

/* The message came over the network. */
static void refuse_program(struct operation_call *call, struct slice message)
{
    operation_refuse(call, utf8_valid(message)
                               ? arena_printf(call->arena, "%.*s", (int)message.size, message.data)
                               : MESSAGE_PROGRAM_REFUSED);
}

/* What a write that was not made costs. Where nobody knows whether it was, that stays what it was let
 * in for. */
static void charge_failed(struct operation_call *call, const struct request *write)
{
    uint64_t old = capacity_of_write(write->old_size);
    switch (write->outcome) {
    case OUTCOME_PRECONDITION_FAILED:
        throttle_end(call, THROUGHPUT_WRITE,
                     write->old_size == 0 || old > call->admitted ? old : call->admitted);
        break;
    case OUTCOME_UNAVAILABLE:
    case OUTCOME_OVERLOADED:
    case OUTCOME_NO_SPACE:
        throttle_end(call, THROUGHPUT_WRITE, 0);
        break;
    default:
        break;
    }
}

bool write_options_answer(const struct write_options *options, struct operation_call *call,
                          const struct request *write)
{
    if (write->outcome == OUTCOME_PRECONDITION_FAILED)
        fail_condition(options, call, write);
    else if (write->outcome == OUTCOME_INVALID)
        refuse_program(call, write->result);
    else if (write->outcome != OUTCOME_OK)
        operation_fail_outcome(call, write->outcome);
    if (write->outcome != OUTCOME_OK) {
        charge_failed(call, write);
        return false;
    }
    call->call->sloppy = write->sloppy;
    struct writer *reply = operation_reply(call);
    json_put_raw(reply, "{");
    if (options->return_values == RETURN_ALL_OLD && write->found) {
        json_put_name(reply, "Attributes");
        json_put_item(reply, write->result);
    }
    return true;
}

void write_options_finish(struct operation_call *call, const struct request *write, uint64_t size)
{
    struct writer *reply = operation_reply(call);
    struct capacity used = {.table = 0};
    write_options_charge(call->found, call->arena, write, size, &used);
    throttle_end(call, THROUGHPUT_WRITE, capacity_of_table(&used));
    capacity_put_member(reply, capacity_wanted(call->input),
                        json_member_string(call->input, "TableName"), &used);
    if (item_collection_wanted(call->found, call->input)) {
        json_put_name(reply, "ItemCollectionMetrics");
        item_collection_put(reply, call->api, call->found, write->key);
    }
    json_put_raw(reply, "}");
    operation_finish(call);
}
