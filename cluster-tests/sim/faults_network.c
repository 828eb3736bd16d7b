/* Partitions and swizzles. */
#include "faults.h"

enum {
    PARTITION_US = 3000000,
    SWIZZLE_CUT_US = 2000000,  /* links are cut one by one within that */
    SWIZZLE_HOLD_US = 5000000, /* and mended in another order until then */
    CLOG_US = 1500000,
    LAG_US = 3000000,
    RESET_DOWN_US_MAX = 50000,
    FLAP_US_MAX = 300000, /* between its ups and downs */
    FLAPS_MAX = 12,
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
    uint16_t special = fault_draw_node(world);
    bool side[SIM_MEMBERS_MAX];
    for (uint16_t i = 0; i < world->nodes_count; i++)
        side[i] = shape == PARTITION_ALONE ? i == special : prng_chance(&world->prng, 500000);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        for (uint16_t j = 0; j < world->nodes_count; j++) {
            bool one_way = shape == PARTITION_ONE_WAY && !side[i];
            bool spared = shape == PARTITION_PARTIAL && prng_chance(&world->prng, 500000);
            bool bridged = shape == PARTITION_BRIDGED && (i == special || j == special);
            world->links[i][j].cut = side[i] != side[j] && !one_way && !spared && !bridged;
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
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        for (uint16_t j = 0; j < world->nodes_count; j++)
            world->links[i][j].cut = false;
    }
    world_trace(world, "the partition ends");
}

/* Cuts the links of some nodes one after the other, and mends them in another order (FoundationDB's
 * swizzle-clogging). */
void fault_swizzle(struct world *world)
{
    if (world->now_us < world->swizzled_until_us)
        return;
    world->swizzled_until_us = world->now_us + SWIZZLE_HOLD_US;
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (!prng_chance(&world->prng, 600000))
            continue;
        fault_part_schedule(world, prng_below(&world->prng, SWIZZLE_CUT_US), FAULT_SEVER,
                            (struct event){.node = i});
        fault_end_schedule(world, prng_between(&world->prng, SWIZZLE_CUT_US, SWIZZLE_HOLD_US),
                           FAULT_SEVER, i);
    }
    world->counts.partitions++;
    world_trace(world, "swizzle");
}

void fault_sever_part(struct world *world, const struct event *event)
{
    /* Both ways, or only what it sends, or only what it should receive. */
    uint64_t mode = prng_below(&world->prng, ALL_MODES);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        world->links[event->node][i].severed = i != event->node && mode != 1;
        world->links[i][event->node].severed = i != event->node && mode != 2;
    }
    world_trace(world, "the links of %s are severed, mode %llu", world->nodes[event->node].name,
                (unsigned long long)mode);
}

void fault_sever_end(struct world *world, uint16_t node)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        world->links[node][i].severed = false;
        world->links[i][node].severed = false;
    }
    world_trace(world, "the links of %s are mended", world->nodes[node].name);
}

/* One link, or all of a node, one way or both: nothing is lost, but all of it comes late and at
 * once. */
void fault_clog(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    uint16_t only = fault_draw_node(world);
    bool all = prng_chance(&world->prng, 500000);
    uint64_t mode = prng_below(&world->prng, ALL_MODES);
    uint64_t length_us = world_draw_us(world, CLOG_US);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (i == index || (!all && i != only))
            continue;
        if (mode != 1)
            world->links[index][i].clogged_until_us = world->now_us + length_us;
        if (mode != 2)
            world->links[i][index].clogged_until_us = world->now_us + length_us;
    }
    fault_lasts(world, length_us);
    world->counts.link_faults++;
    world_trace(world, "links of %s are clogged for %llu us", world->nodes[index].name,
                (unsigned long long)length_us);
}

void fault_lag(struct world *world)
{
    struct sim_node *node = &world->nodes[fault_draw_node(world)];
    uint64_t length_us = world_draw_us(world, LAG_US);
    node->lagging_until_us = world->now_us + length_us;
    fault_lasts(world, length_us);
    world->counts.link_faults++;
    world_trace(world, "the links of %s are slow for %llu us", node->name,
                (unsigned long long)length_us);
}

/* Some connections of a node are lost, and there again at once. */
void fault_reset(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (i != index && prng_chance(&world->prng, 600000))
            network_break(world, index, i, prng_below(&world->prng, RESET_DOWN_US_MAX));
    }
    fault_lasts(world, RESET_DOWN_US_MAX);
}

/* One link goes down and up, down and up. */
void fault_flap(struct world *world)
{
    struct event flap = {.node = fault_draw_node(world), .peer = fault_draw_node(world)};
    if (flap.node == flap.peer)
        return;
    uint64_t after_us = 0;
    for (uint64_t left = prng_between(&world->prng, 2, FLAPS_MAX); left > 0; left--) {
        after_us += 1 + prng_below(&world->prng, FLAP_US_MAX);
        fault_part_schedule(world, after_us, FAULT_FLAP, flap);
    }
    fault_lasts(world, after_us + FLAP_US_MAX);
}

void fault_flap_part(struct world *world, const struct event *event)
{
    network_break(world, event->node, event->peer, prng_below(&world->prng, FLAP_US_MAX));
}
