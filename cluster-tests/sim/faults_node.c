/* Crashes, pauses, and nodes that hardly run. */
#include "faults.h"

enum {
    PAUSE_US = 800000,
    LONG_PAUSE_US = 15000000, /* longer than a request may take, or a member be suspected */
    EVERYBODY_PER_MILLION = 60000,
    ROLLING_US_MAX = 4000000, /* between two nodes */
    STARVE_US = 2000000,
    TURN_US_MAX = 20000 /* from one event of a starved node to the next */
};

void fault_crash(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    bool everybody = prng_chance(&world->prng, EVERYBODY_PER_MILLION);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].up && (i == index || everybody))
            node_restart_somehow(world, i);
    }
}

/* A node that stands still cannot answer: its requests may be late by as much. */
static void excuse_pause(struct world *world, uint16_t index, uint64_t length_us)
{
    for (size_t i = 0; i < world->history.count; i++) {
        struct operation *operation = &world->history.operations[i];
        if (operation->answers == 0 && operation->node == index)
            operation->deadline_us += length_us;
    }
}

static void pause_node(struct world *world, uint64_t length_us)
{
    uint16_t index = fault_draw_node(world);
    struct sim_node *node = &world->nodes[index];
    if (!node->up || node->paused)
        return;
    node->paused = true;
    node->resumes_at_us = world->now_us + length_us;
    world->counts.pauses++;
    excuse_pause(world, index, length_us);
    world_trace(world, "%s pauses for %llu us", node->name, (unsigned long long)length_us);
    struct event resume = {.kind = EVENT_RESUME, .node = index, .life = node->life};
    world_schedule(world, length_us, resume);
}

void fault_pause(struct world *world)
{
    pause_node(world, world_draw_us(world, PAUSE_US));
}

void fault_long_pause(struct world *world)
{
    pause_node(world, LONG_PAUSE_US + world_draw_us(world, LONG_PAUSE_US));
}

/* The power fails, for all machines at once. */
void fault_blackout(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].up)
            node_power_cut(world, i);
    }
}

/* One node after the other is stopped and started, as for an upgrade. */
void fault_rolling(struct world *world)
{
    uint64_t pause_us = prng_between(&world->prng, 1, ROLLING_US_MAX);
    uint16_t first = fault_draw_node(world);
    for (uint16_t i = 0; i < world->nodes_count; i++)
        fault_part_schedule(world, 1 + i * pause_us, FAULT_ROLLING,
                            (struct event){.node = (uint16_t)((first + i) % world->nodes_count)});
    fault_lasts(world, world->nodes_count * pause_us);
    world_trace(world, "rolling restart, every %llu us", (unsigned long long)pause_us);
}

void fault_rolling_part(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    if (node->up && !node->paused)
        node_stop(world, event->node);
}

/* Whatever comes to the node waits for its turn at the CPU. */
void fault_starve(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    struct sim_node *node = &world->nodes[index];
    if (!node->up || node->paused)
        return;
    uint64_t length_us = world_draw_us(world, STARVE_US);
    node->starved_until_us = world->now_us + length_us;
    world->counts.pauses++;
    excuse_pause(world, index, SIM_STARVED_LATE_US);
    fault_lasts(world, length_us + SIM_STARVED_LATE_US);
    world_trace(world, "%s is starved for %llu us", node->name, (unsigned long long)length_us);
}

bool faults_starve(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    bool starved = world->now_us < node->starved_until_us;
    if (event->waited || (!starved && world->now_us >= node->busy_until_us))
        return false;
    if (node->busy_until_us < world->now_us)
        node->busy_until_us = world->now_us;
    /* No more, so that answers are not late without end. */
    if (starved && node->busy_until_us < world->now_us + SIM_STARVED_LATE_US - TURN_US_MAX)
        node->busy_until_us += prng_below(&world->prng, TURN_US_MAX);
    struct event later = *event;
    later.waited = true;
    world_schedule(world, node->busy_until_us - world->now_us, later);
    return true;
}
