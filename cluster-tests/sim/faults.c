/* When faults strike, as the seed draws it. */
#include "faults.h"

#include <string.h>

enum {
    AMNESIA_US = 4000000,      /* between attempts to find all well */
    SYNC_US = 200000,          /* MUTANT_UNSYNCED: between writes to the platter */
    QUIET_PER_MILLION = 100000 /* faults that strike although clients are idle */
};

struct fault_kind {
    void (*strike)(struct world *world);
    void (*end)(struct world *world, uint16_t node); /* NULL: it ends by itself, or never */
};

static const struct fault_kind kinds[FAULTS] = {
    [FAULT_CRASH] = {fault_crash, NULL},
    [FAULT_PAUSE] = {fault_pause, NULL},
    [FAULT_LONG_PAUSE] = {fault_long_pause, NULL},
    [FAULT_CLOCK] = {fault_clock, NULL},
    [FAULT_CLOCK_JUMP] = {fault_clock_jump, fault_clock_jump_end},
    [FAULT_PARTITION] = {fault_partition, fault_partition_end},
    [FAULT_SWIZZLE] = {fault_swizzle, NULL},
    [FAULT_CLOG] = {NULL, fault_clog_end},
    [FAULT_FULL] = {fault_full, fault_full_end},
    [FAULT_READ_ERRORS] = {fault_read_errors, fault_read_errors_end},
    [FAULT_SYNC_FAILS] = {fault_sync_fails, NULL},
    [FAULT_AMNESIA] = {fault_amnesia, fault_amnesia_end},
    [FAULT_SYNC] = {fault_sync, NULL},
};

static uint64_t fault_interval_us(const struct world *world, enum fault fault)
{
    const struct sim_options *options = &world->options;
    const uint64_t intervals[FAULTS] = {
        [FAULT_CRASH] = options->crash_us,
        [FAULT_PAUSE] = options->pause_us,
        [FAULT_LONG_PAUSE] = options->long_pause_us,
        [FAULT_CLOCK] = options->skew_jump_us,
        [FAULT_CLOCK_JUMP] = options->clock_jump_us,
        [FAULT_PARTITION] = options->partition_us,
        [FAULT_SWIZZLE] = options->swizzle_us,
        [FAULT_FULL] = options->full_us,
        [FAULT_READ_ERRORS] = options->read_errors_us,
        [FAULT_SYNC_FAILS] = options->sync_fails_us,
        [FAULT_AMNESIA] = options->amnesia ? AMNESIA_US : 0,
        [FAULT_SYNC] = options->durable ? 0 : SYNC_US,
    };
    return intervals[fault];
}

static void fault_schedule(struct world *world, enum fault fault)
{
    uint64_t interval_us = fault_interval_us(world, fault);
    struct event event = {.kind = EVENT_FAULT, .other = (uint16_t)fault};
    if (interval_us > 0 && !world->healing)
        world_schedule(world, world_draw_us(world, interval_us), event);
}

void fault_end_schedule(struct world *world, uint64_t after_us, enum fault fault, uint16_t node)
{
    struct event event = {.kind = EVENT_FAULT_END, .node = node, .other = (uint16_t)fault};
    world_schedule(world, after_us, event);
}

void faults_start(struct world *world)
{
    for (uint16_t i = 0; i < world->options.nodes && world->options.skew_us > 0; i++)
        world->nodes[i].clock_us = (int64_t)prng_below(&world->prng, world->options.skew_us + 1) -
                                   (int64_t)(world->options.skew_us / 2);
    for (uint16_t i = 0; i < world->options.nodes; i++)
        node_boot(world, i);
    for (int fault = 0; fault < FAULTS; fault++)
        fault_schedule(world, (enum fault)fault);
}

/* A swizzle's parts name their node; other faults draw one. Most strike under load. */
static void fault_strike(struct world *world, const struct event *event)
{
    enum fault fault = (enum fault)event->other;
    if (fault == FAULT_CLOG) {
        fault_clog(world, event->node);
        return;
    }
    bool calm = world->now_us < world->calm_until_us && fault != FAULT_SYNC;
    if (calm) {
        fault_schedule(world, fault);
        return;
    }
    if (world->load > 0 || fault == FAULT_SYNC || prng_chance(&world->prng, QUIET_PER_MILLION))
        kinds[fault].strike(world);
    fault_schedule(world, fault);
}

void faults_on_event(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    switch (event->kind) {
    case EVENT_RESTART:
        if (!node->up)
            node_boot(world, event->node);
        break;
    case EVENT_RESUME:
        node->paused = node->paused && event->life != node->life;
        break;
    case EVENT_FAULT_END:
        if (!world->healing)
            kinds[event->other].end(world, event->node);
        break;
    default:
        if (!world->healing)
            fault_strike(world, event);
        break;
    }
}

void faults_heal(struct world *world)
{
    world->healing = true;
    memset(world->cut, 0, sizeof(world->cut));
    memset(world->clogged, 0, sizeof(world->clogged));
    world_trace(world, "everything heals");
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        world->nodes[i].clock_us = 0;
        world->nodes[i].paused = false;
        fault_full_end(world, i);
        fault_read_errors_end(world, i);
        memory_store_set_sync_fails(world->nodes[i].disk, false);
        memory_store_sync(world->nodes[i].disk);
        if (!world->nodes[i].up)
            node_boot(world, i);
    }
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        if (world->nodes[i].up)
            node_links_schedule(world, i, EVENT_PEER_UP);
    }
}
