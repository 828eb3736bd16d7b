#include "sim.h"

#include <string.h>

#include "world.h"

enum {
    LIVENESS_US =
        120000000, /* after the faults are over, all must be quiet and equal within that */
    LIVENESS_STEP_US = 250000
};

const char *mutant_name(enum mutant mutant)
{
    static const char *const names[MUTANTS] = {
        "none",        "unsynced",    "swapped", "no-repair", "deaf-timers", "twice",
        "stale-reads", "blind-retry", "late",    "strays",    "forgetful",   "revenant"};
    ensure(mutant < MUTANTS);
    return names[mutant];
}

static uint32_t draw_rate(struct prng *prng, uint32_t chance, uint32_t most)
{
    return prng_chance(prng, chance) ? (uint32_t)prng_between(prng, 1, most) : 0;
}

static void draw_cluster(struct sim_options *options, struct prng *prng)
{
    options->nodes =
        (uint16_t)(prng_chance(prng, 500000) ? 3 : prng_between(prng, 1, SIM_NODES_MAX));
    options->shards = (uint16_t)prng_between(prng, 1, SIM_SHARDS_MAX);
    options->partitions = 1U << prng_between(prng, 0, 4);
    options->quorum.n = (uint8_t)(prng_chance(prng, 600000) ? 3 : prng_between(prng, 1, 5));
    options->quorum.r = (uint8_t)prng_between(prng, 1, options->quorum.n);
    options->quorum.w =
        (uint8_t)(prng_chance(prng, 600000) ? options->quorum.n / 2U + 1
                                            : prng_between(prng, 1, options->quorum.n));
    options->quorum.sloppy = prng_chance(prng, 500000);
    options->keys = (uint32_t)prng_between(prng, 4, SIM_KEYS_MAX);
    options->clients = (uint32_t)prng_between(prng, 2, SIM_CLIENTS_MAX);
}

void sim_options_draw(struct sim_options *options, uint64_t seed)
{
    struct prng prng;
    prng_init(&prng, ~seed);
    memset(options, 0, sizeof(*options));
    options->seed = seed;
    draw_cluster(options, &prng);
    options->safety_us = prng_between(&prng, 5, 40) * 1000000;
    options->think_us = prng_between(&prng, 5, 100) * 1000;
    options->latency_us = prng_between(&prng, 100, 5000);
    options->loss = draw_rate(&prng, 500000, 100000);
    options->duplication = draw_rate(&prng, 500000, 100000);
    options->slow = draw_rate(&prng, 500000, 50000);
    options->disk_us = prng_between(&prng, 50, 5000);
    options->disk_miss = draw_rate(&prng, 700000, 500000);
    options->crash_us = draw_rate(&prng, 600000, 10000000);
    options->partition_us = draw_rate(&prng, 500000, 10000000);
    options->pause_us = draw_rate(&prng, 400000, 10000000);
    options->skew_us = draw_rate(&prng, 600000, 200000);
    options->skew_jump_us = options->skew_us == 0 ? 0 : draw_rate(&prng, 500000, 5000000);
    options->tight = prng_chance(&prng, 200000);
    options->reshard = draw_rate(&prng, 200000, 500000);
    options->stall = draw_rate(&prng, 300000, 3000);
    options->full_us = draw_rate(&prng, 250000, 10000000);
    options->durable = true;
}

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

static void fill_result(const struct world *world, struct sim_result *result)
{
    memset(result, 0, sizeof(*result));
    result->hash = world->hash;
    result->events = world->events;
    result->simulated_us = world->now_us;
    result->crashes = world->crashes;
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *operation = &world->history.operations[i];
        bool write = operation->kind == OPERATION_PUT || operation->kind == OPERATION_DELETE;
        result->operations += operation->answers > 0;
        result->acknowledged += write && operation->outcome == OUTCOME_OK;
        result->unknown += write && operation->outcome == OUTCOME_UNKNOWN;
    }
    result->passed = world->failure[0] == '\0';
    memcpy(result->failure, world->failure, sizeof(result->failure));
}

void sim_run(const struct sim_options *options, struct sim_result *result)
{
    struct world world;
    world_init(&world, options);
    faults_start(&world);
    clients_start(&world);
    while (world_step(&world, options->safety_us))
        continue;
    faults_heal(&world);
    liveness(&world);
    tamper(&world);
    if (world.failure[0] == '\0')
        checkers_run(&world);
    for (uint16_t i = 0; i < options->nodes; i++) {
        for (uint16_t shard = 0; shard < world.nodes[i].shards; shard++)
            node_check(world.nodes[i].shard[shard]);
    }
    fill_result(&world, result);
    world_deinit(&world);
}
