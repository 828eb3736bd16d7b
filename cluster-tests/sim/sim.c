#include "sim.h"

#include <string.h>

#include "buggify.h"
#include "world.h"

enum {
    /* After the faults are over, all must be quiet and equal within that. */
    LIVENESS_US = 120000000,
    LIVENESS_STEP_US = 250000
};

/* Waits, in virtual time, until all has converged. */
static void liveness(struct world *world)
{
    uint64_t bound_us = world->now_us + LIVENESS_US;
    while (world->now_us < bound_us) {
        uint64_t until_us = world->now_us + LIVENESS_STEP_US;
        while (world_step(world, until_us))
            continue;
        if (checkers_converged(world))
            return;
    }
    char what[256];
    checkers_explain(world, what, sizeof(what));
    world_fail(world, "not converged %u s after everything healed: %s", LIVENESS_US / 1000000U,
               what);
}

/* Every item is read once more, through the nodes. */
static void audit(struct world *world)
{
    clients_audit(world);
    while (world->audit_open > 0 && world->failure[0] == '\0')
        (void)world_step(world, world->now_us + LIVENESS_STEP_US);
}

static void count_operations(const struct history *history, struct sim_counts *counts)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct operation *operation = &history->operations[i];
        counts->operations += operation->answers > 0;
        counts->acknowledged += operation_acknowledged(operation);
        counts->unknown += operation_is_write(operation) && operation->outcome == OUTCOME_UNKNOWN;
    }
}

void sim_counts_add(struct sim_counts *sum, const struct sim_counts *counts)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)counts;
    for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
        to[i] += from[i];
}

static void fill_result(const struct world *world, struct sim_result *result)
{
    memset(result, 0, sizeof(*result));
    result->hash = world->hash;
    result->counts = world->counts;
    result->counts.simulated_us = world->now_us;
    count_operations(&world->history, &result->counts);
    result->passed = world->failure[0] == '\0';
    memcpy(result->failure, world->failure, sizeof(result->failure));
}

/* Invariants of the nodes themselves. */
static void check_nodes(const struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        for (uint16_t shard = 0; shard < world->nodes[i].shards && world->nodes[i].up; shard++)
            node_check(world->nodes[i].shard[shard]);
    }
}

void sim_run(const struct sim_options *options, struct sim_result *result)
{
    struct world world;
    world_init(&world, options);
    buggify_start(options->buggify ? options->seed + 1 : 0);
    faults_start(&world);
    clients_start(&world);
    while (world.failure[0] == '\0' && world_step(&world, options->safety_us))
        continue;
    buggify_start(0);
    faults_heal(&world);
    if (world.failure[0] == '\0')
        liveness(&world);
    if (world.failure[0] == '\0')
        audit(&world);
    if (world.failure[0] == '\0')
        liveness(&world);
    if (world.failure[0] == '\0')
        bounds_check_rest(&world);
    if (world.failure[0] == '\0')
        members_check(&world);
    tamper(&world);
    if (world.failure[0] == '\0')
        checkers_run(&world);
    if (world.failure[0] == '\0')
        linearity_run(&world);
    check_nodes(&world);
    fill_result(&world, result);
    world_deinit(&world);
}
