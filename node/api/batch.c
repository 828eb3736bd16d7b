#include "batch.h"

#include <string.h>

#include "api_state.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"
#include "throttle.h"

void batch_init(struct batch *batch, struct operation_call *call)
{
    yyjson_val *items = json_member(call->input, "RequestItems");
    *batch = (struct batch){.count = 0};
    batch->tables = arena_zalloc(call->arena, yyjson_obj_size(items) * sizeof(*batch->tables));
    yyjson_obj_iter members = yyjson_obj_iter_with(items);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&members)) != NULL;)
        batch->tables[batch->count++] =
            (struct batch_table){.name = json_string(name), .json = yyjson_obj_iter_get_val(name)};
}

static void lookup_next(struct operation_call *call);

static void looked_up(struct operation_call *call)
{
    struct batch *batch = &((struct batch_state *)(void *)call)->batch;
    if (call->found == NULL) {
        operation_fail(call, "ResourceNotFoundException", MESSAGE_NO_RESOURCE);
        return;
    }
    size_t at = batch->looked_up++;
    batch->tables[at].table = call->found;
    const char *problem = batch->check(call, at);
    if (problem != NULL)
        operation_refuse(call, problem);
    else
        lookup_next(call);
}

/* Recurses once per table at most, and a batch names at most 100. */
static void lookup_next(struct operation_call *call)
{
    struct batch *batch = &((struct batch_state *)(void *)call)->batch;
    if (batch->looked_up == batch->count)
        batch->next(call);
    else
        catalogue_lookup(call, batch->tables[batch->looked_up].name, looked_up);
}

void batch_lookup(struct operation_call *call, batch_check check, operation_step next)
{
    struct batch *batch = &((struct batch_state *)(void *)call)->batch;
    batch->check = check;
    batch->next = next;
    lookup_next(call);
}

bool batch_has_duplicates(struct slice *keys, size_t count)
{
    slices_sort(keys, count);
    for (size_t i = 1; i < count; i++)
        if (slice_equal(keys[i - 1], keys[i]))
            return true;
    return false;
}

bool batch_repeats_keys(struct arena *arena, struct operation_request *const *requests,
                        size_t count)
{
    struct slice *keys = arena_alloc(arena, count * sizeof(*keys));
    for (size_t i = 0; i < count; i++)
        keys[i] = requests[i]->request.key;
    return batch_has_duplicates(keys, count);
}

void batch_put_json(struct writer *writer, struct arena *arena, yyjson_val *json)
{
    yyjson_alc allocator = json_arena_allocator(arena);
    size_t size = 0;
    char *text = yyjson_val_write_opts(json, YYJSON_WRITE_NOFLAG, &allocator, &size, NULL);
    ensure(text != NULL);
    writer_put(writer, text, size);
}

bool batch_send(struct operation_call *call, struct batch_table *table,
                struct operation_request *request, enum throughput_kind kind, uint64_t halves)
{
    if (throttle_admit(call->api, table->table, kind, halves)) {
        table->admitted += halves;
        operation_send(call, request);
        return true;
    }
    table->throttled = true;
    request->request.outcome = OUTCOME_OVERLOADED;
    return false;
}

void batch_charge(struct operation_call *call, struct batch *batch, enum throughput_kind kind)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_table *table = &batch->tables[i];
        throttle_charge(call->api, table->table, kind, table->admitted,
                        capacity_of_table(&table->used));
    }
}

void batch_fail(struct operation_call *call, const struct batch *batch, enum throughput_kind kind,
                enum outcome outcome)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->tables[i].throttled) {
            throttle_refuse(call, batch->tables[i].table, kind);
            return;
        }
    operation_fail_outcome(call, outcome);
}

void batch_put_capacity(struct writer *writer, const struct batch *batch, yyjson_val *input)
{
    enum capacity_wanted wanted = capacity_wanted(input);
    if (wanted == CAPACITY_NONE)
        return;
    json_put_name(writer, "ConsumedCapacity");
    json_put_raw(writer, "[");
    for (size_t i = 0; i < batch->count; i++)
        if (batch->tables[i].used.table > 0)
            capacity_put(writer, wanted, batch->tables[i].name, &batch->tables[i].used);
    json_put_raw(writer, "]");
}
