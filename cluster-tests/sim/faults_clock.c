/* Clocks that are off, jump, drift or flicker. */
#include <stdlib.h>

#include "faults.h"

enum {
    CLOCK_JUMP_US_MIN = 1500000, /* three times the skew that the guard allows */
    CLOCK_JUMP_US_MAX = 20000000,
    CLOCK_JUMP_LASTS_US = 4000000,
    STROBES_MAX = 40,
    STROBE_US_MAX = 100000 /* between two jumps of a strobe */
};

static void set_clock(struct world *world, uint16_t index, int64_t clock_us)
{
    world->nodes[index].clock_us = clock_us;
    world->nodes[index].drift_since_us = world->now_us;
    world->counts.clock_faults++;
    world_trace(world, "%s has its clock off by %lld us", world->nodes[index].name,
                (long long)clock_us);
}

/* Up to `most_us`, either way. */
static int64_t draw_off_us(struct world *world, uint64_t most_us)
{
    return (int64_t)prng_below(&world->prng, 2 * most_us + 1) - (int64_t)most_us;
}

void fault_clocks_start(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        world->nodes[i].clock_us = draw_off_us(world, world->options.skew_us / 2);
        world->nodes[i].drift_ppm = draw_off_us(world, world->options.drift_ppm);
    }
}

void fault_clock(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    if (index != world->wrong_clock)
        set_clock(world, index, draw_off_us(world, world->options.skew_us));
}

/* That node must be refused, and nobody dragged along. */
void fault_clock_jump(struct world *world)
{
    if (world->wrong_clock < SIM_MEMBERS_MAX)
        return;
    uint16_t index = fault_draw_node(world);
    int64_t off_us = (int64_t)prng_between(&world->prng, CLOCK_JUMP_US_MIN, CLOCK_JUMP_US_MAX);
    set_clock(world, index, prng_chance(&world->prng, 700000) ? off_us : -off_us);
    world->wrong_clock = index;
    fault_end_schedule(world, world_draw_us(world, CLOCK_JUMP_LASTS_US), FAULT_CLOCK_JUMP, index);
}

void fault_clock_jump_end(struct world *world, uint16_t node)
{
    set_clock(world, node, 0);
    world->wrong_clock = SIM_MEMBERS_MAX;
}

/* A clock that has drifted as far as may be is turned back towards the others. */
void fault_drift(struct world *world)
{
    int64_t most_us = (int64_t)sim_options_skew_us(&world->options);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        struct sim_node *node = &world->nodes[i];
        struct instant now = world_clock(world, i);
        node->clock_us = (int64_t)(now.wall_us - world->now_us - WORLD_EPOCH_US);
        node->drift_since_us = world->now_us;
        bool outward = (node->clock_us > 0) == (node->drift_ppm > 0);
        /* As far as it goes until the next look. */
        if (llabs(node->clock_us) + llabs(node->drift_ppm) * 2 >= most_us && outward)
            node->drift_ppm = -node->drift_ppm;
    }
    world->counts.clock_faults++;
}

/* One clock jumps to and fro, faster than anybody could follow. */
void fault_strobe(struct world *world)
{
    struct event strobe = {.node = fault_draw_node(world)};
    uint64_t after_us = 0;
    for (uint64_t left = prng_between(&world->prng, 2, STROBES_MAX); left > 0; left--) {
        after_us += 1 + prng_below(&world->prng, STROBE_US_MAX);
        fault_part_schedule(world, after_us, FAULT_STROBE, strobe);
    }
    fault_lasts(world, after_us);
}

void fault_strobe_part(struct world *world, const struct event *event)
{
    if (event->node != world->wrong_clock)
        set_clock(world, event->node, draw_off_us(world, sim_options_skew_us(&world->options)));
}
