/* What a seed draws: cluster, load and faults of a run. */
#include <string.h>

#include "sim.h"

enum { SECOND_US = 1000000 };

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

/* An interval between faults, short ones as likely as long ones; 0: this fault does not happen. */
static uint64_t draw_interval_us(struct prng *prng, uint32_t chance)
{
    uint64_t doublings = prng_below(prng, 5);
    uint64_t interval_us = prng_between(prng, SECOND_US / 2, SECOND_US) << doublings;
    return prng_chance(prng, chance) ? interval_us : 0;
}

static void draw_cluster(struct sim_options *options, struct prng *prng)
{
    options->nodes =
        (uint16_t)(prng_chance(prng, 600000) ? 3 : prng_between(prng, 1, SIM_NODES_MAX));
    options->shards = (uint16_t)prng_between(prng, 1, SIM_SHARDS_MAX);
    options->partitions = 1U << prng_between(prng, 0, 4);
    options->quorum.n = (uint8_t)(prng_chance(prng, 700000) ? 3 : prng_between(prng, 1, 5));
    options->quorum.r = (uint8_t)prng_between(prng, 1, options->quorum.n);
    options->quorum.w =
        (uint8_t)(prng_chance(prng, 700000) ? options->quorum.n / 2U + 1
                                            : prng_between(prng, 1, options->quorum.n));
    options->quorum.sloppy = prng_chance(prng, 350000);
}

static void draw_load(struct sim_options *options, struct prng *prng, bool brief)
{
    static const uint32_t weights[WORKLOADS] = {[WORKLOAD_REGISTER] = 6,
                                                [WORKLOAD_RECREATE] = 2,
                                                [WORKLOAD_SET] = 2,
                                                [WORKLOAD_COUNTER] = 3,
                                                [WORKLOAD_LIST] = 2};
    for (int i = 0; i < WORKLOADS; i++) {
        bool used = i == WORKLOAD_REGISTER || prng_chance(prng, 600000);
        options->weights[i] = used ? weights[i] * (uint32_t)prng_between(prng, 1, 4) : 0;
        /* Mostly few: a hot item is where writers meet. */
        options->slots[i] = (uint32_t)prng_between(
            prng, 1, i == WORKLOAD_REGISTER && prng_chance(prng, 300000) ? SIM_SLOTS_MAX : 3);
    }
    options->set_operations = prng_chance(prng, 200000) ? 1500 : 150;
    options->clients = (uint32_t)prng_between(prng, 2, SIM_CLIENTS_MAX);
    options->think_us = prng_between(prng, 5, 100) * 1000;
    options->operations = (uint32_t)prng_between(prng, 9000, 11000);
    options->bursts = (uint32_t)prng_between(prng, 5, 20);
    options->safety_us = prng_between(prng, 500, 800) * SECOND_US;
    if (!brief)
        return;
    options->operations = (uint32_t)prng_between(prng, 500, 1000);
    options->bursts = (uint32_t)prng_between(prng, 1, 3);
    options->safety_us = prng_between(prng, 15, 40) * SECOND_US;
}

static void draw_network(struct sim_options *options, struct prng *prng)
{
    options->latency_us = prng_between(prng, 100, 5000);
    options->link_us = prng_between(prng, 500, 30000);
    options->loss = draw_rate(prng, 500000, 100000);
    options->duplication = draw_rate(prng, 500000, 100000);
    options->slow = draw_rate(prng, 500000, 50000);
    options->partition_us = draw_interval_us(prng, 500000);
    options->swizzle_us = draw_interval_us(prng, 250000);
}

static void draw_disks(struct sim_options *options, struct prng *prng)
{
    options->disk_us = prng_between(prng, 50, 5000);
    options->disk_miss = draw_rate(prng, 700000, 500000);
    options->stall = draw_rate(prng, 300000, 3000);
    options->full_us = draw_interval_us(prng, 300000);
    options->read_errors_us = draw_interval_us(prng, 300000);
    options->sync_fails_us = draw_interval_us(prng, 250000);
    options->lossy = prng_chance(prng, 30000);
    options->durable = !options->lossy;
    /* The promise is for one lost tail, and where a majority has every write. */
    bool possible = options->nodes >= 3 && options->quorum.n >= 3 && !options->quorum.sloppy;
    bool drawn = prng_chance(prng, 350000);
    bool late = prng_chance(prng, 250000);
    options->amnesia = drawn && possible && sim_options_strong(options);
    options->late_witness = options->amnesia && late;
}

static void draw_processes(struct sim_options *options, struct prng *prng)
{
    options->crash_us = draw_interval_us(prng, 600000);
    options->dying = draw_rate(prng, 150000, 30000);
    options->process_only = draw_rate(prng, 500000, SECOND_US);
    options->pause_us = draw_interval_us(prng, 400000);
    options->long_pause_us = draw_interval_us(prng, 150000);
    options->tight = prng_chance(prng, 150000);
    options->reshard = draw_rate(prng, 200000, 500000);
}

static void draw_clocks(struct sim_options *options, struct prng *prng)
{
    options->skew_us = draw_rate(prng, 600000, 200000);
    options->skew_jump_us = draw_interval_us(prng, 500000);
    options->clock_jump_us = draw_interval_us(prng, 200000);
    options->clock_back = draw_rate(prng, 300000, SECOND_US);
    if (options->skew_us == 0)
        options->skew_jump_us = 0;
}

void sim_options_draw(struct sim_options *options, uint64_t seed, bool brief)
{
    struct prng prng;
    prng_init(&prng, ~seed);
    memset(options, 0, sizeof(*options));
    options->seed = seed;
    draw_cluster(options, &prng);
    draw_load(options, &prng, brief);
    draw_network(options, &prng);
    draw_disks(options, &prng);
    draw_processes(options, &prng);
    draw_clocks(options, &prng);
}

bool sim_options_lasting(const struct sim_options *options)
{
    return !options->lossy && !options->late_witness;
}

bool sim_options_strong(const struct sim_options *options)
{
    unsigned n = options->quorum.n < options->nodes ? options->quorum.n : options->nodes;
    unsigned w = options->quorum.w < n ? options->quorum.w : n;
    return w >= n / 2 + 1 && sim_options_lasting(options);
}
