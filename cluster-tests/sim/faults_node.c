/* Crashes, pauses and clocks. */
#include "faults.h"

enum {
    PAUSE_US = 800000,
    LONG_PAUSE_US = 15000000, /* longer than a request may take, or a member be suspected */
    EVERYBODY_PER_MILLION = 60000,
    CLOCK_JUMP_US_MIN = 1500000, /* three times the skew that the guard allows */
    CLOCK_JUMP_US_MAX = 20000000,
    CLOCK_JUMP_LASTS_US = 4000000
};

static uint16_t draw_node(struct world *world)
{
    return (uint16_t)prng_below(&world->prng, world->options.nodes);
}

void fault_crash(struct world *world)
{
    uint16_t index = draw_node(world);
    bool everybody = prng_chance(&world->prng, EVERYBODY_PER_MILLION);
    for (uint16_t i = 0; i < world->options.nodes; i++) {
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
    uint16_t index = draw_node(world);
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

static void set_clock(struct world *world, uint16_t index, int64_t clock_us)
{
    world->nodes[index].clock_us = clock_us;
    world->counts.clock_faults++;
    world_trace(world, "%s has its clock off by %lld us", world->nodes[index].name,
                (long long)clock_us);
}

void fault_clock(struct world *world)
{
    uint16_t index = draw_node(world);
    uint64_t most_us = world->options.skew_us;
    if (index != world->wrong_clock)
        set_clock(world, index,
                  (int64_t)prng_below(&world->prng, 2 * most_us + 1) - (int64_t)most_us);
}

/* That node must be refused, and nobody dragged along. */
void fault_clock_jump(struct world *world)
{
    if (world->wrong_clock < world->options.nodes)
        return;
    uint16_t index = draw_node(world);
    int64_t off_us = (int64_t)prng_between(&world->prng, CLOCK_JUMP_US_MIN, CLOCK_JUMP_US_MAX);
    set_clock(world, index, prng_chance(&world->prng, 700000) ? off_us : -off_us);
    world->wrong_clock = index;
    fault_end_schedule(world, world_draw_us(world, CLOCK_JUMP_LASTS_US), FAULT_CLOCK_JUMP, index);
}

void fault_clock_jump_end(struct world *world, uint16_t node)
{
    set_clock(world, node, 0);
    world->wrong_clock = world->options.nodes;
}
