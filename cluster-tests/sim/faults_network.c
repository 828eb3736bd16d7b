/* Partitions and swizzles. */
#include <string.h>

#include "faults.h"

enum {
    PARTITION_US = 3000000,
    SWIZZLE_CUT_US = 2000000,  /* links are cut one by one within that */
    SWIZZLE_HOLD_US = 5000000, /* and mended in another order until then */
    ALL_MODES = 4
};

enum partition_shape {
    PARTITION_WHOLE,
    PARTITION_ONE_WAY, /* one side does not hear the other */
    PARTITION_PARTIAL, /* only some links between the sides */
    PARTITION_BRIDGED, /* one node stays in touch with both sides */
    PARTITION_ALONE,   /* one node against all */
    PARTITION_SHAPES
};

void fault_partition(struct world *world)
{
    if (world->partitioned)
        return;
    world->partitioned = true;
    enum partition_shape shape = (enum partition_shape)prng_below(&world->prng, PARTITION_SHAPES);
    uint16_t special = (uint16_t)prng_below(&world->prng, world->options.nodes);
    bool side[SIM_NODES_MAX];
    for (uint16_t i = 0; i < world->options.nodes; i++)
        side[i] = shape == PARTITION_ALONE ? i == special : prng_chance(&world->prng, 500000);
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        for (uint16_t j = 0; j < world->options.nodes; j++) {
            bool one_way = shape == PARTITION_ONE_WAY && !side[i];
            bool spared = shape == PARTITION_PARTIAL && prng_chance(&world->prng, 500000);
            bool bridged = shape == PARTITION_BRIDGED && (i == special || j == special);
            world->cut[i][j] = side[i] != side[j] && !one_way && !spared && !bridged;
        }
    }
    world->counts.partitions++;
    world_trace(world, "partition of shape %d", (int)shape);
    fault_end_schedule(world, world_draw_us(world, PARTITION_US), FAULT_PARTITION, 0);
}

void fault_partition_end(struct world *world, uint16_t node)
{
    (void)node;
    world->partitioned = false;
    memset(world->cut, 0, sizeof(world->cut));
    world_trace(world, "the partition ends");
}

/* Cuts the links of some nodes one after the other, and mends them in another order (FoundationDB's
 * swizzle-clogging). */
void fault_swizzle(struct world *world)
{
    if (world->now_us < world->swizzled_until_us)
        return;
    world->swizzled_until_us = world->now_us + SWIZZLE_HOLD_US;
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        if (!prng_chance(&world->prng, 600000))
            continue;
        struct event clog = {.kind = EVENT_FAULT, .node = i, .other = FAULT_CLOG};
        world_schedule(world, prng_below(&world->prng, SWIZZLE_CUT_US), clog);
        fault_end_schedule(world, prng_between(&world->prng, SWIZZLE_CUT_US, SWIZZLE_HOLD_US),
                           FAULT_CLOG, i);
    }
    world->counts.partitions++;
    world_trace(world, "swizzle");
}

void fault_clog(struct world *world, uint16_t node)
{
    /* Both ways, or only what it sends, or only what it should receive. */
    uint64_t mode = prng_below(&world->prng, ALL_MODES);
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        world->clogged[node][i] = i != node && mode != 1;
        world->clogged[i][node] = i != node && mode != 2;
    }
    world_trace(world, "the links of %s are clogged, mode %llu", world->nodes[node].name,
                (unsigned long long)mode);
}

void fault_clog_end(struct world *world, uint16_t node)
{
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        world->clogged[node][i] = false;
        world->clogged[i][node] = false;
    }
    world_trace(world, "the links of %s are free", world->nodes[node].name);
}
