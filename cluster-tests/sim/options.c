/* What a seed draws: cluster, load and faults of a run. */
#include <string.h>

#include "sim.h"

enum {
    SECOND_US = 1000000,
    CLOCK_OFF_US_MAX = 200000 /* two such clocks are still within the guard of each other */
};

/* Every kind of fault is an option that a seed may set, and is off at zero. */
struct fault_option {
    const char *name;
    size_t offset;
    size_t size;
};

#define FAULT_OPTION(name, field)                                                              \
    {                                                                                          \
        name, offsetof(struct sim_options, field), sizeof(((struct sim_options *)NULL)->field) \
    }

static const struct fault_option fault_options[] = {
    FAULT_OPTION("loss", loss),
    FAULT_OPTION("duplication", duplication),
    FAULT_OPTION("reordering", slow),
    FAULT_OPTION("ghosts", ghosts),
    FAULT_OPTION("corruption", corruption),
    FAULT_OPTION("asymmetry", asymmetry),
    FAULT_OPTION("capacity", capacity),
    FAULT_OPTION("partition", partition_us),
    FAULT_OPTION("swizzle", swizzle_us),
    FAULT_OPTION("clog", clog_us),
    FAULT_OPTION("lag", lag_us),
    FAULT_OPTION("reset", reset_us),
    FAULT_OPTION("flap", flap_us),
    FAULT_OPTION("disk-miss", disk_miss),
    FAULT_OPTION("disk-stall", stall),
    FAULT_OPTION("disk-slow", slow_disk_us),
    FAULT_OPTION("disk-full", full_us),
    FAULT_OPTION("read-errors", read_errors_us),
    FAULT_OPTION("sync-fails", sync_fails_us),
    FAULT_OPTION("lossy", lossy),
    FAULT_OPTION("amnesia", amnesia),
    FAULT_OPTION("late-witness", late_witness),
    FAULT_OPTION("crash", crash_us),
    FAULT_OPTION("process-only", process_only),
    FAULT_OPTION("dying", dying),
    FAULT_OPTION("torn", torn),
    FAULT_OPTION("blackout", blackout_us),
    FAULT_OPTION("rolling-restart", rolling_us),
    FAULT_OPTION("reshard", reshard),
    FAULT_OPTION("pause", pause_us),
    FAULT_OPTION("long-pause", long_pause_us),
    FAULT_OPTION("starve", starve_us),
    FAULT_OPTION("skew", skew_us),
    FAULT_OPTION("skew-jump", skew_jump_us),
    FAULT_OPTION("clock-jump", clock_jump_us),
    FAULT_OPTION("clock-back", clock_back),
    FAULT_OPTION("drift", drift_ppm),
    FAULT_OPTION("strobe", strobe_us),
    FAULT_OPTION("hasty", hasty),
    FAULT_OPTION("spike", spike_us),
    FAULT_OPTION("tight", tight),
    FAULT_OPTION("shrunk", shrunk),
    FAULT_OPTION("buggify", buggify),
    FAULT_OPTION("expiry", expiry),
    FAULT_OPTION("expiry-late", expiry_late),
    FAULT_OPTION("local", local),
    FAULT_OPTION("join", join_us),
    FAULT_OPTION("remove", remove_us),
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
    options->operations = (uint32_t)prng_between(prng, 11500, 13500);
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
    options->skew_us = draw_rate(prng, 600000, CLOCK_OFF_US_MAX);
    options->skew_jump_us = draw_interval_us(prng, 500000);
    options->clock_jump_us = draw_interval_us(prng, 200000);
    options->clock_back = draw_rate(prng, 300000, SECOND_US);
}

static void draw_links(struct sim_options *options, struct prng *prng)
{
    options->ghosts = draw_rate(prng, 250000, 10000);
    options->corruption = draw_rate(prng, 200000, 20000);
    options->asymmetry = prng_chance(prng, 250000);
    uint64_t capacity = prng_between(prng, 10000, 20000) << prng_below(prng, 6);
    options->backlog = prng_between(prng, 4000, 8000) << prng_below(prng, 6);
    options->capacity = prng_chance(prng, 150000) ? capacity : 0;
    options->clog_us = draw_interval_us(prng, 250000);
    options->lag_us = draw_interval_us(prng, 200000);
    options->reset_us = draw_interval_us(prng, 250000);
    options->flap_us = draw_interval_us(prng, 150000);
}

static void draw_machines(struct sim_options *options, struct prng *prng)
{
    options->slow_disk_us = draw_interval_us(prng, 200000);
    options->torn = draw_rate(prng, 100000, 5000);
    options->blackout_us = 8 * draw_interval_us(prng, 100000);
    options->rolling_us = 4 * draw_interval_us(prng, 150000);
    options->starve_us = draw_interval_us(prng, 200000);
    options->drift_ppm = draw_rate(prng, 300000, 20000);
    options->strobe_us = draw_interval_us(prng, 150000);
    options->hasty = draw_rate(prng, 800000, 100000);
    options->spike_us = draw_interval_us(prng, 200000);
    options->shrunk = prng_chance(prng, 200000);
    options->buggify = prng_chance(prng, 800000);
    options->expiry = prng_chance(prng, 500000);
    options->expiry_late = draw_rate(prng, 500000, SECOND_US);
    options->local = prng_chance(prng, 400000);
}

static void draw_members(struct sim_options *options, struct prng *prng)
{
    options->join_us = 8 * draw_interval_us(prng, 300000);
    options->remove_us = 8 * draw_interval_us(prng, 700000);
}

/* What follows from what was drawn. */
static void settle(struct sim_options *options)
{
    options->durable = !options->lossy;
    options->late_witness = options->late_witness && options->amnesia;
    if (options->skew_us == 0)
        options->skew_jump_us = 0;
    /* Hints that counted, and the word of a witness, would be lost with the node that goes. */
    if (options->join_us == 0 || options->quorum.sloppy || options->amnesia)
        options->remove_us = 0;
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
    draw_links(options, &prng);
    draw_machines(options, &prng);
    draw_members(options, &prng);
    settle(options);
}

const char *sim_fault_name(size_t index)
{
    return index < array_size(fault_options) ? fault_options[index].name : NULL;
}

uint64_t sim_fault_value(const struct sim_options *options, size_t index)
{
    const struct fault_option *option = &fault_options[index];
    const uint8_t *field = (const uint8_t *)options + option->offset;
    uint64_t value = 0;
    memcpy(&value, field, option->size); /* the machine is little-endian */
    return value;
}

bool sim_options_without(struct sim_options *options, struct slice fault)
{
    for (size_t i = 0; i < array_size(fault_options); i++) {
        const struct fault_option *option = &fault_options[i];
        if (!slice_equal(slice_of_string(option->name), fault))
            continue;
        memset((uint8_t *)options + option->offset, 0, option->size);
        settle(options);
        return true;
    }
    return false;
}

uint64_t sim_options_skew_us(const struct sim_options *options)
{
    bool moving = options->drift_ppm > 0 || options->strobe_us > 0;
    return moving ? CLOCK_OFF_US_MAX : options->skew_us;
}

bool sim_options_lasting(const struct sim_options *options)
{
    return !options->lossy && !options->late_witness;
}

bool sim_options_strong(const struct sim_options *options)
{
    bool grows = options->join_us != 0;
    unsigned n = options->quorum.n < options->nodes || grows ? options->quorum.n : options->nodes;
    unsigned w = options->quorum.w < n ? options->quorum.w : n;
    return w >= n / 2 + 1 && sim_options_lasting(options);
}
