/* Clients: one operation at a time each, at a random node, in bursts until the safety phase ends;
 * then the audit. */
#include <stdlib.h>
#include <string.h>

#include "workload.h"
#include "world.h"

enum {
    REQUEST_TIMEOUT_US = 10000000,
    HASTY_US_MAX = 500000,
    ANSWER_GRACE_US = 1000,
    FIRST_BURST_US = 300000, /* a moment for the nodes to meet */
    AUDIT_READERS = 4,
    AUDIT_TRIES_MAX = 120,
    AUDIT_RETRY_US = 1000000
};

/* A request under way. */
struct call {
    struct request request;
    struct world *world;
    uint16_t client;
    uint32_t tries;   /* of the audit */
    size_t operation; /* in the history */
    struct workload_parts parts;
};

static void client_schedule(struct world *world, uint16_t client, uint64_t after_us)
{
    struct event event = {.kind = EVENT_CLIENT, .other = client};
    world_schedule(world, after_us, event);
}

static void call_free(struct call *call)
{
    workload_parts_deinit(&call->parts);
    free(call);
}

/* What mutants make of an answer. */
static void mutate_answer(const struct world *world, struct operation *operation)
{
    enum mutant mutant = world->options.mutant;
    if (mutant == MUTANT_BLIND_RETRY && operation->outcome == OUTCOME_UNKNOWN)
        operation->outcome = OUTCOME_UNAVAILABLE;
    if (mutant == MUTANT_LATE && operation->id % 100 == 0)
        operation->completed_us = operation->deadline_us + 1;
    if (mutant == MUTANT_TWICE && operation->id % 100 == 0)
        operation->answers++;
}

static void audit_retry(struct world *world, const struct call *call);

/* A refused client waits longer, so that the load outlives the fault. */
static uint64_t think_us(const struct world *world, size_t operation)
{
    enum outcome outcome = world->history.operations[operation].outcome;
    bool served = outcome == OUTCOME_OK || outcome == OUTCOME_PRECONDITION_FAILED;
    if (served && world->now_us < world->spike_until_us)
        return 0;
    return world->options.think_us * (served ? 1 : 5);
}

static void on_done(struct request *request)
{
    struct call *call = container_of(request, struct call, request);
    struct world *world = call->world;
    struct operation *operation = &world->history.operations[call->operation];
    operation->answers++;
    operation->completed_us = world->now_us;
    const char *wrong = workload_note(&world->items, operation, request);
    if (wrong != NULL)
        world_fail(world, "op %zu was answered with %s", call->operation, wrong);
    mutate_answer(world, operation);
    world_trace(world, "client %u op %zu item %u: %s%s%s%llu", call->client, call->operation,
                operation->item, outcome_name(request->outcome), request->sloppy ? ", sloppy" : "",
                operation->has_seen ? ", seen " : " ", (unsigned long long)operation->seen);
    request_release(request);
    if (world->auditing)
        audit_retry(world, call);
    else if (!world->healing)
        client_schedule(world, call->client,
                        world_draw_us(world, think_us(world, call->operation)));
    call_free(call);
}

/* Any shard of a node that is up and not paused; false if there is none. */
static bool draw_node(struct world *world, uint16_t *node, uint16_t *shard)
{
    uint16_t first = (uint16_t)prng_below(&world->prng, world->nodes_count);
    *shard = 0;
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        *node = (uint16_t)((first + i) % world->nodes_count);
        if (world->nodes[*node].up && !world->nodes[*node].paused && !world->nodes[*node].removed) {
            *shard = (uint16_t)prng_below(&world->prng, world->nodes[*node].shards);
            return true;
        }
    }
    return false;
}

static void call_submit(struct world *world, struct operation operation, uint16_t shard,
                        uint32_t tries)
{
    struct call *call = calloc(1, sizeof(*call));
    ensure(call != NULL);
    bool hasty = !world->healing && prng_chance(&world->prng, world->options.hasty);
    uint64_t timeout_us =
        hasty ? 1 + prng_below(&world->prng, HASTY_US_MAX) : (uint64_t)REQUEST_TIMEOUT_US;
    const struct sim_node *node = &world->nodes[operation.node];
    bool starved = world->now_us < node->starved_until_us || world->now_us < node->busy_until_us;
    uint64_t starved_us = starved ? SIM_STARVED_LATE_US : 0;
    operation.id = world->history.count + 1;
    operation.invoked_us = world->now_us;
    operation.deadline_us = world->now_us + timeout_us + ANSWER_GRACE_US + starved_us;
    call->world = world;
    call->client = operation.client;
    call->tries = tries;
    call->operation = history_add(&world->history, operation);
    workload_parts_init(&call->parts);
    workload_request(&world->items, &world->prng, &operation, &call->parts, &call->request,
                     on_done);
    call->request.deadline_us = world_clock(world, operation.node).monotonic_us + timeout_us;
    world_trace(world, "client %u op %zu kind %d item %u expected %llu at %s/%u", operation.client,
                call->operation, (int)operation.kind, operation.item,
                (unsigned long long)operation.expected, world->nodes[operation.node].name, shard);
    world_submit(world, operation.node, shard, &call->request);
}

static void audit_ask(struct world *world, uint16_t reader, uint32_t item, uint32_t tries)
{
    uint16_t shard;
    struct operation operation = {.client = reader};
    bool somebody = draw_node(world, &operation.node, &shard);
    ensure(somebody);
    workload_read(&world->items, item, &operation);
    call_submit(world, operation, shard, tries);
}

/* Of a set, its first item stands for all. */
static bool audit_wants(const struct world *world, uint32_t item)
{
    const struct sim_item *all = world->items.all;
    return all[item].workload != WORKLOAD_SET || all[item].first;
}

static void audit_next(struct world *world, uint16_t reader)
{
    while (world->audited < world->items.count && !audit_wants(world, world->audited))
        world->audited++;
    if (world->audited == world->items.count) {
        world->audit_open--;
        return;
    }
    audit_ask(world, reader, world->audited++, 1);
}

/* Everything is whole: what cannot be read now, after some tries, never can. */
static void audit_retry(struct world *world, const struct call *call)
{
    const struct operation *operation = &world->history.operations[call->operation];
    struct event event = {.kind = EVENT_CLIENT, .other = call->client};
    if (operation->outcome != OUTCOME_OK && call->tries < AUDIT_TRIES_MAX) {
        event.audit_item = operation->item;
        event.audit_tries = call->tries + 1;
        world_schedule(world, world_draw_us(world, AUDIT_RETRY_US), event);
        return;
    }
    if (operation->outcome != OUTCOME_OK)
        world_fail(world, "item %u cannot be read after everything healed: %s", operation->item,
                   outcome_name(operation->outcome));
    world_schedule(world, 1, event);
}

void clients_audit(struct world *world)
{
    world->auditing = true;
    world->audited = 0;
    world->audit_open = AUDIT_READERS;
    for (uint16_t reader = 0; reader < AUDIT_READERS; reader++)
        client_schedule(world, reader, 1);
}

static void client_act(struct world *world, uint16_t client)
{
    uint16_t shard;
    struct operation operation = {.client = client};
    world->idle[client] = world->load == 0;
    if (world->load == 0)
        return;
    if (!draw_node(world, &operation.node, &shard)) {
        client_schedule(world, client, world_draw_us(world, world->options.think_us + 10000));
        return;
    }
    world->load--;
    workload_draw(&world->items, &world->prng, &operation);
    call_submit(world, operation, shard, 0);
}

static void burst(struct world *world)
{
    struct event next = {.kind = EVENT_BURST};
    world->load += world->options.operations / world->options.bursts + 1;
    world_schedule(world, world->options.safety_us / world->options.bursts, next);
    for (uint16_t client = 0; client < world->options.clients; client++) {
        if (world->idle[client])
            client_schedule(world, client, world_draw_us(world, world->options.think_us));
        world->idle[client] = false;
    }
}

void clients_on_event(struct world *world, const struct event *event)
{
    if (world->auditing && event->kind == EVENT_CLIENT && event->audit_tries > 0)
        audit_ask(world, event->other, event->audit_item, event->audit_tries);
    else if (world->auditing && event->kind == EVENT_CLIENT)
        audit_next(world, event->other);
    else if (!world->healing && event->kind == EVENT_BURST)
        burst(world);
    else if (!world->healing)
        client_act(world, event->other);
}

void clients_start(struct world *world)
{
    struct event first = {.kind = EVENT_BURST};
    for (uint16_t client = 0; client < world->options.clients; client++)
        world->idle[client] = true;
    world_schedule(world, FIRST_BURST_US, first);
}
