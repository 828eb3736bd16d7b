/* When faults strike, as the seed draws it. */
#include "faults.h"

enum {
    AMNESIA_US = 4000000, /* between attempts to find all well */
    SYNC_US = 200000,     /* MUTANT_UNSYNCED: between writes to the platter */
    DRIFT_US = 1000000,   /* between looks at how far clocks have drifted */
    SPIKE_US = 3000000,
    QUIET_PER_MILLION = 100000 /* faults that strike although clients are idle */
};

struct fault_kind {
    void (*strike)(struct world *world); /* NULL: it is a part of another */
    void (*part)(struct world *world, const struct event *event); /* NULL: it comes as a whole */
    void (*end)(struct world *world, uint16_t node); /* NULL: it ends by itself, or never */
};

/* Clients ask as fast as they are answered. */
static void spike(struct world *world)
{
    world->spike_until_us = world->now_us + world_draw_us(world, SPIKE_US);
}

static const struct fault_kind kinds[FAULTS] = {
    [FAULT_CRASH] = {.strike = fault_crash},
    [FAULT_PAUSE] = {.strike = fault_pause},
    [FAULT_LONG_PAUSE] = {.strike = fault_long_pause},
    [FAULT_CLOCK] = {.strike = fault_clock},
    [FAULT_CLOCK_JUMP] = {.strike = fault_clock_jump, .end = fault_clock_jump_end},
    [FAULT_PARTITION] = {.strike = fault_partition, .end = fault_partition_end},
    [FAULT_SWIZZLE] = {.strike = fault_swizzle},
    [FAULT_SEVER] = {.part = fault_sever_part, .end = fault_sever_end},
    [FAULT_CLOG] = {.strike = fault_clog},
    [FAULT_LAG] = {.strike = fault_lag},
    [FAULT_RESET] = {.strike = fault_reset},
    [FAULT_FLAP] = {.strike = fault_flap, .part = fault_flap_part},
    [FAULT_SLOW_DISK] = {.strike = fault_slow_disk},
    [FAULT_FULL] = {.strike = fault_full, .end = fault_full_end},
    [FAULT_READ_ERRORS] = {.strike = fault_read_errors, .end = fault_read_errors_end},
    [FAULT_SYNC_FAILS] = {.strike = fault_sync_fails},
    [FAULT_AMNESIA] = {.strike = fault_amnesia, .end = fault_amnesia_end},
    [FAULT_BLACKOUT] = {.strike = fault_blackout},
    [FAULT_ROLLING] = {.strike = fault_rolling, .part = fault_rolling_part},
    [FAULT_STARVE] = {.strike = fault_starve},
    [FAULT_DRIFT] = {.strike = fault_drift},
    [FAULT_STROBE] = {.strike = fault_strobe, .part = fault_strobe_part},
    [FAULT_SPIKE] = {.strike = spike},
    [FAULT_JOIN] = {.strike = members_join},
    [FAULT_REMOVE] = {.strike = members_remove_one},
    [FAULT_SYNC] = {.strike = fault_sync},
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
        [FAULT_CLOG] = options->clog_us,
        [FAULT_LAG] = options->lag_us,
        [FAULT_RESET] = options->reset_us,
        [FAULT_FLAP] = options->flap_us,
        [FAULT_SLOW_DISK] = options->slow_disk_us,
        [FAULT_FULL] = options->full_us,
        [FAULT_READ_ERRORS] = options->read_errors_us,
        [FAULT_SYNC_FAILS] = options->sync_fails_us,
        [FAULT_AMNESIA] = options->amnesia ? AMNESIA_US : 0,
        [FAULT_BLACKOUT] = options->blackout_us,
        [FAULT_ROLLING] = options->rolling_us,
        [FAULT_STARVE] = options->starve_us,
        [FAULT_DRIFT] = options->drift_ppm > 0 ? DRIFT_US : 0,
        [FAULT_STROBE] = options->strobe_us,
        [FAULT_SPIKE] = options->spike_us,
        [FAULT_JOIN] = options->join_us,
        [FAULT_REMOVE] = options->remove_us,
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

void fault_part_schedule(struct world *world, uint64_t after_us, enum fault fault,
                         struct event part)
{
    part.kind = EVENT_FAULT_PART;
    part.other = (uint16_t)fault;
    world_schedule(world, after_us, part);
}

void fault_lasts(struct world *world, uint64_t length_us)
{
    if (world->now_us + length_us > world->troubled_until_us)
        world->troubled_until_us = world->now_us + length_us;
}

uint16_t fault_draw_node(struct world *world)
{
    return (uint16_t)prng_below(&world->prng, world->nodes_count);
}

void faults_start(struct world *world)
{
    fault_clocks_start(world);
    for (uint16_t i = 0; i < world->nodes_count; i++)
        node_boot(world, i);
    for (int fault = 0; fault < FAULTS; fault++)
        fault_schedule(world, (enum fault)fault);
}

/* Most strike under load. */
static void fault_strike(struct world *world, const struct event *event)
{
    enum fault fault = (enum fault)event->other;
    bool always = fault == FAULT_SYNC || fault == FAULT_DRIFT;
    bool calm = world->now_us < world->calm_until_us;
    if (always || (!calm && (world->load > 0 || prng_chance(&world->prng, QUIET_PER_MILLION))))
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
    case EVENT_FAULT_PART:
        if (!world->healing)
            kinds[event->other].part(world, event);
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
    network_heal(world);
    world_resume_all(world);
    world_trace(world, "everything heals");
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        world->nodes[i].clock_us = 0;
        world->nodes[i].drift_ppm = 0;
        world->nodes[i].starved_until_us = 0;
        world->nodes[i].disk_slow_until_us = 0;
        fault_full_end(world, i);
        fault_read_errors_end(world, i);
        memory_store_set_sync_fails(world->nodes[i].disk, false);
        memory_store_sync(world->nodes[i].disk);
        if (!world->nodes[i].up)
            node_boot(world, i);
    }
    nodes_tell_expiry(world);
    members_heal(world);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].up)
            node_links_schedule(world, i, EVENT_PEER_UP);
    }
}
