#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "hash.h"
#include "timers.h"

enum {
    MONOTONIC_START_US =
        1000000,            /* monotonic time does not begin at zero on real machines either */
    STALL_US_MAX = 2000000, /* a disk that hangs for longer is as good as dead */
    TAIL_COMMITS = 50,      /* what a disk may forget */
    SLOW_DISK_TIMES_MAX = 100
};

static bool before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void heap_push(struct world *world, struct event event)
{
    if (world->heap_count == world->heap_capacity) {
        world->heap_capacity = world->heap_capacity == 0 ? 256 : 2 * world->heap_capacity;
        world->heap = realloc(world->heap, world->heap_capacity * sizeof(*world->heap));
        ensure(world->heap != NULL);
    }
    size_t at = world->heap_count++;
    for (; at > 0 && before(&event, &world->heap[(at - 1) / 2]); at = (at - 1) / 2)
        world->heap[at] = world->heap[(at - 1) / 2];
    world->heap[at] = event;
}

void world_schedule(struct world *world, uint64_t after_us, struct event event)
{
    event.at_us = world->now_us + after_us;
    event.order = world->next_order++;
    heap_push(world, event);
}

static struct event heap_pop(struct world *world)
{
    struct event first = world->heap[0];
    struct event last = world->heap[--world->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->heap_count)
            break;
        if (child + 1 < world->heap_count && before(&world->heap[child + 1], &world->heap[child]))
            child++;
        if (!before(&world->heap[child], &last))
            break;
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = last;
    return first;
}

void world_resume_all(struct world *world)
{
    size_t count = world->heap_count;
    world->heap_count = 0;
    for (size_t i = 0; i < count; i++) {
        /* Each goes to a place that was looked at already. */
        struct event event = world->heap[i];
        if (event.postponed)
            event.at_us = world->now_us;
        heap_push(world, event);
    }
    for (uint16_t i = 0; i < world->nodes_count; i++)
        world->nodes[i].paused = false;
}

uint64_t world_draw_us(struct world *world, uint64_t mean_us)
{
    /* A geometric number of uniform draws: a long tail, and no floating point. */
    uint64_t drawn = 1 + prng_below(&world->prng, mean_us + 1);
    while (prng_chance(&world->prng, 400000) && drawn < 64 * (mean_us + 1))
        drawn += prng_below(&world->prng, mean_us + 1);
    return drawn;
}

void world_trace(const struct world *world, const char *format, ...)
{
    if (!world->options.verbose)
        return;
    va_list args;
    va_start(args, format);
    printf("%10.6f ", (double)world->now_us / 1e6);
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

void world_fail(struct world *world, const char *format, ...)
{
    if (world->failure[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(world->failure, sizeof(world->failure), format, args);
    va_end(args);
    world_trace(world, "FAILURE %s", world->failure);
}

struct instant world_clock(const struct world *world, uint16_t node)
{
    const struct sim_node *self = &world->nodes[node];
    int64_t drift_us = (int64_t)(world->now_us - self->drift_since_us) * self->drift_ppm / 1000000;
    uint64_t wall_us =
        (uint64_t)((int64_t)(WORLD_EPOCH_US + world->now_us) + self->clock_us + drift_us);
    return (struct instant){MONOTONIC_START_US + world->now_us, wall_us};
}

static void on_log(struct log_sink *sink, enum log_level level, const char *line)
{
    struct world *world = container_of(sink, struct world, log);
    world_trace(world, "log %s", line);
    /* Disks that cannot read, and nodes that must stop, call for somebody. */
    bool called_for = world->read_errors > 0 || world->options.amnesia;
    if (level == LOG_ERROR && !called_for)
        world_fail(world, "an error was logged: %s", line);
}

/* Ports. */

static void on_send(struct transport *transport, struct address to, struct buffer *frame)
{
    struct sim_port *port = container_of(transport, struct sim_port, transport);
    network_send(port->world, port->node, to, frame);
}

static uint64_t disk_delay_us(struct world *world, const struct sim_node *node)
{
    if (!world->healing && prng_chance(&world->prng, world->options.stall))
        return prng_between(&world->prng, 100000, STALL_US_MAX);
    uint64_t delay_us = world_draw_us(world, world->options.disk_us);
    if (world->now_us < node->disk_slow_until_us)
        delay_us *= prng_between(&world->prng, 2, SLOW_DISK_TIMES_MAX);
    return delay_us;
}

static void on_submitted(void *context, struct store_op *op)
{
    struct sim_port *port = context;
    struct world *world = port->world;
    struct event event = {.kind = EVENT_DISK,
                          .node = port->node,
                          .shard = port->shard,
                          .commit = op->kind == STORE_COMMIT,
                          .life = world->nodes[port->node].life};
    world_schedule(world, disk_delay_us(world, &world->nodes[port->node]), event);
}

struct store *world_store(struct world *world, uint16_t node, uint16_t shard)
{
    return memory_store_port(world->nodes[node].disk, on_submitted,
                             &world->nodes[node].port[shard]);
}

/* Nodes. */

void world_door_closed(struct world *world, uint16_t index, uint16_t shard)
{
    struct sim_node *node = &world->nodes[index];
    const char *failure = node_failure(node->shard[shard]);
    if (failure != NULL) {
        node_give_up(world, index, failure);
        return;
    }
    bounds_check(world, index, shard);
    uint64_t next_us = node_next_deadline_us(node->shard[shard]);
    if (next_us == DEADLINE_NEVER || next_us >= node->woken_at[shard])
        return;
    node->woken_at[shard] = next_us;
    uint64_t due_us = next_us - MONOTONIC_START_US;
    struct event event = {
        .kind = EVENT_DEADLINE, .node = index, .shard = shard, .life = node->life};
    world_schedule(world, due_us > world->now_us ? due_us - world->now_us : 0, event);
}

void world_submit(struct world *world, uint16_t index, uint16_t shard, struct request *request)
{
    node_on_request(world->nodes[index].shard[shard], world_clock(world, index), request);
    world_door_closed(world, index, shard);
}

/* In the middle of a commit the process dies, or its machine. */
static bool dies(struct world *world, uint16_t node)
{
    if (world->healing || world->now_us < world->calm_until_us)
        return false;
    if (prng_chance(&world->prng, world->options.dying)) {
        node_restart_soon(world, node);
        return true;
    }
    if (!prng_chance(&world->prng, world->options.torn))
        return false;
    node_power_cut(world, node);
    return true;
}

static void disk_done(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    if (event->commit && dies(world, event->node))
        return;
    struct store_op *op = event->commit ? memory_store_finish_commit(node->disk)
                                        : memory_store_finish_read(node->disk);
    if (op == NULL)
        return;
    if (event->commit && op->status == STORE_FAILED) {
        world_trace(world, "%s cannot sync", node->name);
        node_restart_somehow(world, event->node);
        return;
    }
    struct sim_port *port = memory_store_submitter(op);
    node_on_store_done(node->shard[port->shard], world_clock(world, event->node), op);
    world_door_closed(world, event->node, port->shard);
}

static void peer_changed(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    struct sim_node *peer = &world->nodes[event->other];
    struct instant now = world_clock(world, event->node);
    if (event->kind == EVENT_PEER_UP && !members_may_link(world, event->node, event->other))
        return;
    /* That an old link broke is no news once there is a new one. */
    if (event->peer_life < node->link_life[event->other] ||
        event->connection < node->link_connection[event->other])
        return;
    node->link_life[event->other] = event->peer_life;
    node->link_connection[event->other] = event->connection;
    for (uint16_t shard = 0; shard < node->shards; shard++) {
        struct peer_identity identity = {peer->id, peer->name, peer->shards, peer->incarnation};
        if (event->kind == EVENT_PEER_DOWN)
            node_on_peer_down(node->shard[shard], now, peer->id);
        else if (peer->up && peer->life == event->peer_life)
            node_on_peer_up(node->shard[shard], now, &identity);
        world_door_closed(world, event->node, shard);
        if (!node->up)
            return;
    }
}

static void node_event(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    struct instant now = world_clock(world, event->node);
    struct node *shard = node->shard[event->shard];
    switch (event->kind) {
    case EVENT_FRAME:
        node_on_frame(shard, now, world->nodes[event->other].id, buffer_slice(event->frame));
        world_door_closed(world, event->node, event->shard);
        break;
    case EVENT_DISK:
        disk_done(world, event);
        break;
    case EVENT_DEADLINE:
        if (world->options.mutant == MUTANT_DEAF_TIMERS &&
            world->now_us > world->options.safety_us / 2)
            break;
        /* It was asked for before an earlier wake-up had been; that one has asked anew. */
        if (MONOTONIC_START_US + world->now_us < node->woken_at[event->shard])
            break;
        node->woken_at[event->shard] = DEADLINE_NEVER;
        node_on_deadline(shard, now);
        world_door_closed(world, event->node, event->shard);
        break;
    default:
        peer_changed(world, event);
        break;
    }
}

static void hash_event(struct world *world, const struct event *event)
{
    uint64_t words[] = {world->hash,
                        event->at_us,
                        (uint64_t)event->kind,
                        event->node,
                        event->shard,
                        event->other,
                        event->frame == NULL ? 0 : hash64(buffer_slice(event->frame))};
    world->hash = hash64(slice_of(words, sizeof(words)));
    world->counts.events++;
}

static bool is_for_node(enum event_kind kind)
{
    return kind <= EVENT_PEER_DOWN;
}

bool world_step(struct world *world, uint64_t until_us)
{
    if (world->heap_count == 0 || world->heap[0].at_us > until_us) {
        world->now_us = until_us;
        return false;
    }
    struct event event = heap_pop(world);
    world->now_us = event.at_us;
    struct sim_node *node = &world->nodes[event.node];
    bool gone = event.kind == EVENT_FRAME &&
                (event.shard >= node->shards || !network_arrives(world, &event));
    bool stale = is_for_node(event.kind) &&
                 (!node->up || gone || (event.life != UINT64_MAX && event.life != node->life));
    if (!stale && is_for_node(event.kind) && node->paused) {
        /* The process stands still: what happens to it happens when it goes on. */
        struct event later = event;
        later.postponed = true;
        world_schedule(world, node->resumes_at_us - world->now_us, later);
        return true;
    }
    if (!stale && is_for_node(event.kind) && faults_starve(world, &event))
        return true;
    hash_event(world, &event);
    if (event.kind == EVENT_CLIENT || event.kind == EVENT_BURST)
        clients_on_event(world, &event);
    else if (event.kind == EVENT_MEMBERS)
        members_on_event(world);
    else if (!is_for_node(event.kind))
        faults_on_event(world, &event);
    else if (!stale)
        node_event(world, &event);
    buffer_unref(event.frame);
    return true;
}

static void node_ports_init(struct world *world, uint16_t index, uint16_t shard)
{
    struct sim_node *node = &world->nodes[index];
    node->port[shard] = (struct sim_port){{on_send}, world, index, shard};
    node->store[shard] = memory_store_port(node->disk, on_submitted, &node->port[shard]);
}

void world_make_node(struct world *world, uint16_t index)
{
    const struct sim_options *options = &world->options;
    struct sim_node *node = &world->nodes[index];
    struct memory_store_config disk = {prng_next(&world->prng), options->durable,
                                       options->disk_miss, options->amnesia ? TAIL_COMMITS : 0};
    snprintf(node->name, sizeof(node->name), "n%u", index + 1U);
    snprintf(node->address, sizeof(node->address), "127.0.0.%u:7000", index + 1U);
    world->members[index] =
        (struct member_config){node->name, node->address, (char *)(uintptr_t) "", 100};
    node->disk = memory_store_new(&disk);
    node->machine = 1;
    for (uint16_t shard = 0; shard < SIM_SHARDS_MAX; shard++)
        node_ports_init(world, index, shard);
}

void world_init(struct world *world, const struct sim_options *options)
{
    memset(world, 0, sizeof(*world));
    world->options = *options;
    prng_init(&world->prng, options->seed);
    world->log = (struct log_sink){on_log, options->verbose ? LOG_DEBUG : LOG_ERROR};
    history_init(&world->history);
    items_init(&world->items, &world->options);
    world->wrong_clock = SIM_MEMBERS_MAX;
    world->cluster = (struct cluster_config){(char *)(uintptr_t) "sim", options->partitions,
                                             world->members, options->nodes};
    network_init(world);
    for (; world->nodes_count < options->nodes; world->nodes_count++)
        world_make_node(world, world->nodes_count);
    world_schedule(world, 0, (struct event){.kind = EVENT_MEMBERS});
}

void world_deinit(struct world *world)
{
    for (uint16_t i = 0; i < SIM_MEMBERS_MAX && world->nodes[i].disk != NULL; i++) {
        if (world->nodes[i].up)
            node_crash(world, i);
        memory_store_free(world->nodes[i].disk);
    }
    members_deinit_all(world);
    while (world->heap_count > 0) {
        struct event event = heap_pop(world);
        buffer_unref(event.frame);
    }
    free(world->heap);
    free(world->heads);
    free(world->starts);
    items_deinit(&world->items);
    history_deinit(&world->history);
}
