#include "table_change.h"

#include "api_state.h"
#include "messages.h"
#include "table_arn.h"

enum { ATTEMPTS_MAX = 8 /* others may change the same table at the same time */ };

static void read_definition(struct table_change *change);
static void write_definition(struct table_change *change);

static struct table_change *change_of(struct operation_call *call)
{
    return (struct table_change *)(void *)call;
}

static bool answered_ok(struct table_change *change)
{
    if (change->request->request.outcome == OUTCOME_OK)
        return true;
    operation_fail_outcome(&change->call, change->request->request.outcome);
    return false;
}

void table_announce(struct operation_call *call, const struct table *table, struct version version,
                    bool dropped, operation_step step)
{
    struct writer *news = operation_writer_new(call, table->definition->size + 64);
    writer_put_sized(news, table->name);
    writer_put_version(news, version);
    writer_put_u8(news, dropped);
    writer_put_sized(news, dropped ? SLICE_EMPTY : buffer_slice(table->definition));
    writer_put_u64(news, table->id);
    struct operation_request *announce = operation_request_new(call, REQUEST_ANNOUNCE);
    announce->request.value = writer_slice(news);
    operation_wait(call, step);
    operation_send(call, announce);
}

static void finish(struct operation_call *call)
{
    struct table_change *change = change_of(call);
    change->changer->reply(change, change->table);
    operation_finish(call);
}

static void written(struct operation_call *call)
{
    struct table_change *change = change_of(call);
    const struct request *write = &change->request->request;
    if (write->outcome == OUTCOME_PRECONDITION_FAILED && change->attempts < ATTEMPTS_MAX) {
        read_definition(change);
        return;
    }
    if (write->outcome == OUTCOME_PRECONDITION_FAILED) {
        operation_fail(call, "ResourceInUseException", MESSAGE_TABLE_CONTENDED);
        return;
    }
    if (!answered_ok(change))
        return;
    struct api *api = call->api;
    node_raise_schema_version(api->node, write->version.hlc);
    if (change->changer->drops) {
        catalogue_learn_drop(api, change->table->id);
    } else {
        catalogue_learn(api, change->definition);
        struct table *fresh = table_parse(change->definition);
        ensure(fresh != NULL);
        operation_use_table(call, fresh);
        table_unref(fresh);
        change->table = fresh;
    }
    table_announce(call, change->table, write->version, change->changer->drops, finish);
}

static void write_definition(struct table_change *change)
{
    struct operation_call *call = &change->call;
    change->request = operation_request_new(call, REQUEST_WRITE);
    struct request *write = &change->request->request;
    write->quorum = node_system_quorum(call->api->node);
    write->key = catalogue_table_key(call, change->name);
    write->value = change->definition;
    write->tombstone = change->changer->drops;
    write->precondition = PRECONDITION_VERSION;
    write->expected = change->version;
    operation_wait(call, written);
    operation_send(call, change->request);
}

static void drop_recorded(struct operation_call *call)
{
    struct table_change *change = change_of(call);
    if (answered_ok(change))
        write_definition(change);
}

/* A drop is recorded by the table's id before the definition goes, so that it cannot be missed. */
static void record_drop(struct table_change *change)
{
    struct operation_call *call = &change->call;
    struct value_node *row = value_node_container(call->arena, VALUE_MAP);
    definition_put_string(call->arena, row, "name", change->table->name);
    const struct value_node *culprit;
    enum value_problem problem = value_node_finish_item(row, &culprit);
    ensure(problem == VALUE_FINE);
    struct writer *value = operation_writer_new(call, 0);
    writer_put_item(value, row);
    change->request = operation_request_new(call, REQUEST_WRITE);
    change->request->request.quorum = node_system_quorum(call->api->node);
    change->request->request.key = catalogue_dropped_key(call, change->table->id);
    change->request->request.value = writer_slice(value);
    operation_wait(call, drop_recorded);
    operation_send(call, change->request);
}

static void change_definition(struct table_change *change)
{
    struct operation_call *call = &change->call;
    struct slice old = buffer_slice(change->table->definition);
    struct value_node *definition = value_node_of_item(call->arena, old);
    if (change->changer->change(change, change->table, definition) != NULL)
        return;
    if (change->changer->drops) {
        record_drop(change);
        return;
    }
    definition_put_number(call->arena, definition, "revision",
                          (int64_t)change->table->revision + 1);
    const struct value_node *culprit;
    enum value_problem problem = value_node_finish_item(definition, &culprit);
    ensure(problem == VALUE_FINE);
    struct writer *value = operation_writer_new(call, old.size + 256);
    writer_put_item(value, definition);
    change->definition = writer_slice(value);
    write_definition(change);
}

static void definition_read(struct operation_call *call)
{
    struct table_change *change = change_of(call);
    const struct request *read = &change->request->request;
    if (!answered_ok(change))
        return;
    struct table *table = read->found ? table_parse(read->result) : NULL;
    if (table == NULL) {
        operation_fail(call, "ResourceNotFoundException",
                       change->not_found != NULL
                           ? change->not_found
                           : arena_printf(call->arena, MESSAGE_NO_TABLE, (int)change->name.size,
                                          change->name.data));
        return;
    }
    change->table = table;
    operation_use_table(call, table);
    table_unref(table);
    change->version = read->version;
    change_definition(change);
}

static void read_definition(struct table_change *change)
{
    struct operation_call *call = &change->call;
    change->attempts++;
    change->request = operation_request_new(call, REQUEST_READ);
    change->request->request.quorum = node_system_quorum(call->api->node);
    change->request->request.consistent = true;
    change->request->request.key = catalogue_table_key(call, change->name);
    operation_wait(call, definition_read);
    operation_send(call, change->request);
}

void table_change_start(struct table_change *change, const struct table_changer *changer,
                        struct slice name)
{
    change->changer = changer;
    if (table_arn_resolve(&change->call, name, &change->name))
        read_definition(change);
}
