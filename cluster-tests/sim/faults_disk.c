/* Disks that are full, cannot read, cannot sync, or forget. */
#include "faults.h"

enum {
    FULL_US = 2000000,
    SLOW_DISK_US = 3000000,
    READ_ERRORS_US = 3000000,
    READ_ERRORS_PER_MILLION_MAX = 500000,
    MISSING_US = 1000000, /* one node misses writes for that long, */
    AWAY_US = 1000000,    /* then another is away: too short a time for a suspect to die; */
    LATE_US = 40000000,   /* ... or long enough */
    CALM_US = 5000000,    /* no other faults meanwhile */
    FORGETFUL_RESTART_US = 30000
};

/* Another program keeps the disk busy, or it is about to fail. */
void fault_slow_disk(struct world *world)
{
    struct sim_node *node = &world->nodes[fault_draw_node(world)];
    uint64_t length_us = world_draw_us(world, SLOW_DISK_US);
    node->disk_slow_until_us = world->now_us + length_us;
    world->counts.disk_faults++;
    world_trace(world, "the disk of %s is slow for %llu us", node->name,
                (unsigned long long)length_us);
}

/* A full disk refuses commits, one that is nearly full some of them. */
void fault_full(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    struct sim_node *node = &world->nodes[index];
    if (!node->up || node->full)
        return;
    uint32_t rate = prng_chance(&world->prng, 500000)
                        ? 1000000
                        : (uint32_t)prng_between(&world->prng, 100000, 900000);
    node->full = true;
    memory_store_set_refusals(node->disk, rate);
    world->counts.disk_faults++;
    world_trace(world, "the disk of %s is full for %u of a million commits", node->name, rate);
    fault_end_schedule(world, world_draw_us(world, FULL_US), FAULT_FULL, index);
}

void fault_full_end(struct world *world, uint16_t node)
{
    if (world->nodes[node].full)
        world_trace(world, "the disk of %s has room", world->nodes[node].name);
    world->nodes[node].full = false;
    memory_store_set_refusals(world->nodes[node].disk, 0);
}

/* One disk at a time: copies elsewhere can still be read. */
void fault_read_errors(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    for (uint16_t i = 0; i < world->nodes_count; i++)
        fault_read_errors_end(world, i);
    if (!world->nodes[index].up)
        return;
    uint32_t rate = (uint32_t)prng_between(&world->prng, 1000, READ_ERRORS_PER_MILLION_MAX);
    memory_store_set_read_failures(world->nodes[index].disk, rate);
    world->read_errors++;
    world->counts.disk_faults++;
    world_trace(world, "the disk of %s fails %u of a million reads", world->nodes[index].name,
                rate);
    fault_end_schedule(world, world_draw_us(world, READ_ERRORS_US), FAULT_READ_ERRORS, index);
}

void fault_read_errors_end(struct world *world, uint16_t node)
{
    memory_store_set_read_failures(world->nodes[node].disk, 0);
}

void fault_sync_fails(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    if (!world->nodes[index].up)
        return;
    memory_store_set_sync_fails(world->nodes[index].disk, true);
    world->counts.disk_faults++;
    world_trace(world, "the next sync of %s fails", world->nodes[index].name);
}

static bool all_well(const struct world *world)
{
    bool well = !world->partitioned && world->now_us >= world->swizzled_until_us &&
                world->now_us >= world->troubled_until_us && world->wrong_clock == SIM_MEMBERS_MAX;
    for (uint16_t i = 0; i < world->nodes_count; i++)
        well = well && world->nodes[i].up && !world->nodes[i].paused;
    return well;
}

static void cut_off(struct world *world, uint16_t node)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        for (uint16_t j = 0; j < world->nodes_count; j++)
            world->links[i][j].cut = i != j && (i == node || j == node);
    }
    world_trace(world, "%s is cut off", world->nodes[node].name);
}

/* The worst time to forget: what one node has missed, the forgetful one and a third have taken, and
 * now the third is out of reach. Once in a run, since more than one lost tail is beyond the promise;
 * and other faults wait until the third is back, whose word the forgetful one needs. */
void fault_amnesia(struct world *world)
{
    if (world->forgetting || !all_well(world))
        return;
    world->forgetting = true;
    world->calm_until_us = world->now_us + CALM_US;
    uint16_t victim = fault_draw_node(world);
    cut_off(world, (uint16_t)((victim + 1) % world->nodes_count));
    fault_end_schedule(world, prng_between(&world->prng, MISSING_US / 4, MISSING_US), FAULT_AMNESIA,
                       victim);
}

void fault_amnesia_end(struct world *world, uint16_t node)
{
    struct sim_node *victim = &world->nodes[node];
    if (!victim->up)
        return;
    uint16_t third = (uint16_t)((node + 2) % world->nodes_count);
    victim->forgot = true;
    victim->machine++;
    world->counts.disk_faults++;
    node_restart(world, node, FORGETFUL_RESTART_US);
    size_t lost = memory_store_shorten(victim->disk, &world->prng);
    world_trace(world, "the disk of %s has lost its last %zu commits", victim->name, lost);
    cut_off(world, third);
    uint64_t away_us =
        world->options.late_witness ? LATE_US : prng_between(&world->prng, AWAY_US / 4, AWAY_US);
    world->partitioned = true;
    fault_end_schedule(world, away_us, FAULT_PARTITION, 0);
}

void fault_sync(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++)
        memory_store_sync(world->nodes[i].disk);
}
