/* Clients: one operation at a time each, at a random node, until the safety phase ends. */
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "world.h"

enum {

    REQUEST_TIMEOUT_US = 10000000,
    ANSWER_GRACE_US = 1000,
    VALUE_SIZE_MAX = 200
};

/* A request under way. */
struct call {
    struct request request;
    struct world *world;
    uint16_t client;
    size_t operation; /* in the history */
    struct writer key;
    struct writer to;
    struct writer value;
};

void client_key(const struct world *world, uint32_t key, struct writer *writer)
{
    char name[32];
    int size = snprintf(name, sizeof(name), "key-%u", key / 4);
    uint8_t sort = (uint8_t)(key % 4);
    struct item_key item = item_key_of(CLIENT_TABLE_ID, slice_of(name, (size_t)size),
                                       slice_of(&sort, 1), world->options.partitions);
    item_key_encode(writer, &item);
}

/* One attribute, "v", a string: the id in decimal, padded to a length that depends on it. */
void client_value(struct writer *writer, uint64_t id)
{
    char text[VALUE_SIZE_MAX];
    int size = snprintf(text, sizeof(text), "%llu;", (unsigned long long)id);
    size_t padded = (size_t)size + (size_t)(id * 7 % 64);
    memset(text + size, '.', padded - (size_t)size);
    writer_put_varint(writer, 1);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of(text, padded));
}

uint64_t client_value_id(struct slice item)
{
    struct slice value;
    if (!item_find(item, SLICE_LITERAL("v"), &value))
        return 0;
    struct slice text = value_bytes(value);
    uint64_t id = 0;
    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        id = id * 10 + (uint64_t)(text.data[i] - '0');
    struct writer expected;
    writer_init(&expected, VALUE_SIZE_MAX);
    client_value(&expected, id);
    bool genuine = slice_equal(item, writer_slice(&expected));
    writer_deinit(&expected);
    return genuine ? id : 0;
}

static void client_schedule(struct world *world, uint16_t client, uint64_t mean_us)
{
    struct event event = {.kind = EVENT_CLIENT, .other = client};
    if (!world->healing)
        world_schedule(world, world_draw_us(world, mean_us), event);
}

static void call_free(struct call *call)
{
    writer_deinit(&call->key);
    writer_deinit(&call->to);
    writer_deinit(&call->value);
    free(call);
}

static void note_range(struct world *world, const struct call *call)
{
    struct reader reader = reader_of(writer_slice(&call->request.rows));
    struct slice key, value, last = SLICE_EMPTY;
    while (store_rows_next(&reader, &key, &value)) {
        int order = last.size == 0 ? 1 : slice_compare(key, last);
        bool ordered = call->request.reverse ? last.size == 0 || order < 0 : order > 0;
        if (!ordered)
            world_fail(world, "a range came out of order");
        if (client_value_id(value) == 0)
            world_fail(world, "a range showed a value that nobody wrote");
        last = key;
    }
}

static void note_answer(struct world *world, struct operation *operation,
                        const struct request *request)
{
    operation->answers++;
    operation->completed_us = world->now_us;
    operation->outcome = request->outcome;
    operation->sloppy = request->sloppy;
    operation->version = request->version;
    if (operation->kind == OPERATION_GET || operation->kind == OPERATION_GET_CONSISTENT) {
        operation->read_id = request->found ? client_value_id(request->result) : 0;
        if (request->outcome == OUTCOME_OK && request->found && operation->read_id == 0)
            world_fail(world, "key %u: a value that nobody wrote", operation->key);
    }
    bool blind =
        world->options.mutant == MUTANT_BLIND_RETRY && operation->outcome == OUTCOME_UNKNOWN;
    if (blind)
        operation->outcome = OUTCOME_UNAVAILABLE;
    if (world->options.mutant == MUTANT_LATE && operation->id % 100 == 0)
        operation->completed_us = operation->deadline_us + 1;
    if (world->options.mutant == MUTANT_TWICE && operation->id % 100 == 0)
        operation->answers++;
}

static void on_done(struct request *request)
{
    struct call *call = container_of(request, struct call, request);
    struct world *world = call->world;
    struct operation *operation = &world->history.operations[call->operation];
    note_answer(world, operation, request);
    if (request->kind == REQUEST_RANGE && request->outcome == OUTCOME_OK)
        note_range(world, call);
    world_trace(world, "client %u op %zu key %u: %s%s", call->client, call->operation,
                operation->key, outcome_name(request->outcome), request->sloppy ? ", sloppy" : "");
    request_release(request);
    client_schedule(world, call->client, world->options.think_us);
    call_free(call);
}

static enum operation_kind draw_kind(struct world *world)
{
    uint64_t drawn = prng_below(&world->prng, 100);
    if (drawn < 45)
        return OPERATION_PUT;
    if (drawn < 55)
        return OPERATION_DELETE;
    if (drawn < 70)
        return OPERATION_GET;
    return drawn < 92 ? OPERATION_GET_CONSISTENT : OPERATION_RANGE;
}

static void call_fill(struct world *world, struct call *call, const struct operation *operation)
{
    struct request *request = &call->request;
    bool write = operation->kind == OPERATION_PUT || operation->kind == OPERATION_DELETE;
    bool range = operation->kind == OPERATION_RANGE;
    request_init(request, write ? REQUEST_WRITE : range ? REQUEST_RANGE : REQUEST_READ, on_done);
    client_key(world, operation->key, &call->key);
    request->key = writer_slice(&call->key);
    request->quorum = world->options.quorum;
    request->consistent =
        operation->kind == OPERATION_GET_CONSISTENT && world->options.mutant != MUTANT_STALE_READS;
    if (write) {
        client_value(&call->value, operation->id);
        request->value = writer_slice(&call->value);
        request->tombstone = operation->kind == OPERATION_DELETE;
        request->want_old_size = operation->id % 2 == 0;
    }
    if (range) {
        struct item_key item;
        bool decoded = item_key_decode(request->key, &item);
        ensure(decoded);
        struct key_range bounds;
        key_range_init(&bounds);
        key_range_collection(&bounds, &item);
        writer_reset(&call->key);
        writer_put_slice(&call->key, writer_slice(&bounds.from));
        writer_put_slice(&call->to, writer_slice(&bounds.to));
        key_range_deinit(&bounds);
        request->key = writer_slice(&call->key);
        request->to = writer_slice(&call->to);
        request->rows_max = 1 + (uint32_t)prng_below(&world->prng, 4);
        request->bytes_max = 1000;
        request->reverse = prng_chance(&world->prng, 500000);
        request->consistent = prng_chance(&world->prng, 500000);
    }
}

/* Any shard of a node that is up and not paused; false if there is none. */
static bool draw_node(struct world *world, uint16_t *node, uint16_t *shard)
{
    uint16_t first = (uint16_t)prng_below(&world->prng, world->options.nodes);
    *shard = 0;
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        *node = (uint16_t)((first + i) % world->options.nodes);
        if (world->nodes[*node].up && !world->nodes[*node].paused) {
            *shard = (uint16_t)prng_below(&world->prng, world->nodes[*node].shards);
            return true;
        }
    }
    return false;
}

void clients_on_event(struct world *world, const struct event *event)
{
    uint16_t node, shard;
    if (world->healing)
        return;
    if (!draw_node(world, &node, &shard)) {
        client_schedule(world, event->other, world->options.think_us + 10000);
        return;
    }
    struct call *call = calloc(1, sizeof(*call));
    ensure(call != NULL);
    struct operation operation = {.kind = draw_kind(world),
                                  .key = (uint32_t)prng_below(&world->prng, world->options.keys),
                                  .node = node,
                                  .id = world->history.count + 1,
                                  .invoked_us = world->now_us,
                                  .deadline_us =
                                      world->now_us + REQUEST_TIMEOUT_US + ANSWER_GRACE_US};
    call->world = world;
    call->client = event->other;
    call->operation = history_add(&world->history, operation);
    writer_init(&call->key, 64);
    writer_init(&call->to, 64);
    writer_init(&call->value, 64);
    call_fill(world, call, &operation);
    call->request.deadline_us = world_clock(world, node).monotonic_us + REQUEST_TIMEOUT_US;
    world_trace(world, "client %u op %zu kind %d key %u id %llu at %s/%u", event->other,
                call->operation, (int)operation.kind, operation.key,
                (unsigned long long)operation.id, world->nodes[node].name, shard);
    world_submit(world, node, shard, &call->request);
}

void clients_start(struct world *world)
{
    /* A moment for the nodes to meet. */
    for (uint16_t client = 0; client < world->options.clients; client++)
        client_schedule(world, client, 100000);
}
