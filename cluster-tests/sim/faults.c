/* Crashes, partitions, pauses and clocks, as the seed draws them. */
#include <stdlib.h>
#include <string.h>

#include "timers.h"
#include "world.h"

enum fault {
    FAULT_CRASH,
    FAULT_PARTITION,
    FAULT_PAUSE,
    FAULT_CLOCK,
    FAULT_FULL,
    FAULT_SYNC,
    FAULTS
};

enum {
    LINK_UP_US = 20000,     /* mean time until a peer has connected */
    LINK_DOWN_US = 5000,    /* and until it notices a broken link */
    RESTART_US = 2000000,   /* mean time a crashed node stays down */
    PARTITION_US = 3000000, /* mean length of a partition */
    PAUSE_US = 800000,      /* of a pause */
    SYNC_US = 200000        /* MUTANT_UNSYNCED: between writes to the platter */
};

static uint64_t fault_interval_us(const struct world *world, enum fault fault)
{
    const struct sim_options *options = &world->options;
    const uint64_t intervals[FAULTS] = {
        [FAULT_CRASH] = options->crash_us, [FAULT_PARTITION] = options->partition_us,
        [FAULT_PAUSE] = options->pause_us, [FAULT_CLOCK] = options->skew_jump_us,
        [FAULT_FULL] = options->full_us,   [FAULT_SYNC] = options->durable ? 0 : SYNC_US,
    };
    return intervals[fault];
}

static void fault_schedule(struct world *world, enum fault fault)
{
    uint64_t interval_us = fault_interval_us(world, fault);
    struct event event = {.kind = EVENT_FAULT, .other = (uint16_t)fault};
    if (interval_us > 0 && !world->healing)
        world_schedule(world, world_draw_us(world, interval_us), event);
}

static void links_schedule(struct world *world, uint16_t index, enum event_kind kind)
{
    uint64_t mean_us = kind == EVENT_PEER_UP ? LINK_UP_US : LINK_DOWN_US;
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        if (i == index)
            continue;
        struct event theirs = {
            .kind = kind, .node = i, .other = index, .life = world->nodes[i].life};
        struct event ours = {
            .kind = kind, .node = index, .other = i, .life = world->nodes[index].life};
        theirs.peer_life = ours.life - (kind == EVENT_PEER_DOWN);
        ours.peer_life = theirs.life;
        if (world->nodes[i].up)
            world_schedule(world, world_draw_us(world, mean_us), theirs);
        if (kind == EVENT_PEER_UP && world->nodes[i].up)
            world_schedule(world, world_draw_us(world, mean_us), ours);
    }
}

/* A meta row from the node's disk, as boot_load() wants it. */
static struct buffer *read_meta(void *context, struct slice key)
{
    struct store *store = context;
    struct store_get get;
    store_get_init(&get, STORE_META, key, (store_done)abort);
    for (int tries = 0; tries < 1000; tries++) {
        if (store_try_read(store, &get.op))
            return get.value;
    }
    ensure(false);
    return NULL;
}

static void commit_now(struct sim_node *node, struct store *store, struct store_commit *commit)
{
    store_submit(store, &commit->op);
    struct store_op *done = memory_store_finish_commit(node->disk);
    ensure(done == &commit->op);
    ensure(commit->op.status == STORE_OK);
    store_commit_deinit(commit);
}

static void node_configure(struct world *world, struct node_config *config, uint16_t shard,
                           uint16_t shards)
{
    node_config_defaults(config);
    config->shard = shard;
    config->shards = shards;
    config->seed = prng_next(&world->prng);
    config->repair_interval_us = 300000;
    config->gossip.push_pull_interval_us = 5000000;
    if (!world->options.tight)
        return;
    config->requests_max = 3;
    config->replica_operations_max = 4;
    config->hints_bytes_max = 1000;
    config->hints_in_flight_max = 2;
}

void node_boot(struct world *world, uint16_t index)
{
    struct sim_node *node = &world->nodes[index];
    struct boot boot;
    struct store_commit commit;
    struct prng random;
    store_commit_init(&commit, (store_done)abort);
    prng_init(&random, prng_next(&world->prng));
    struct store *store = world_store(world, index, 0);
    const char *wrong =
        boot_load(&boot, &world->cluster, node->name, &random, read_meta, store, &commit.batch);
    ensure(wrong == NULL);
    commit_now(node, store, &commit);
    memory_store_sync(node->disk);
    node->id = boot.id;
    node->incarnation = boot.incarnation;
    node->up = true;
    /* An operator may change the number of threads between two starts. */
    bool changed = prng_chance(&world->prng, world->options.reshard);
    if (node->shards == 0 || changed)
        node->shards = changed ? (uint16_t)prng_between(&world->prng, 1, SIM_SHARDS_MAX)
                               : world->options.shards;
    for (uint16_t shard = 0; shard < node->shards; shard++) {
        struct node_config config;
        node_configure(world, &config, shard, node->shards);
        struct store *port = shard == 0 ? store : world_store(world, index, shard);
        struct node_ports ports = {&node->port[shard].transport, port, &world->log};
        node->shard[shard] = node_new(&config, &boot, ports);
        node->woken_at[shard] = DEADLINE_NEVER;
    }
    boot_deinit(&boot);
    uint8_t replicas =
        world->options.mutant == MUTANT_STRAYS ? SIM_NODES_MAX : world->options.quorum.n;
    world_trace(world, "%s starts, incarnation %llu", node->name,
                (unsigned long long)node->incarnation);
    for (uint16_t shard = 0; shard < node->shards; shard++) {
        struct event wake = {
            .kind = EVENT_DEADLINE, .node = index, .shard = shard, .life = node->life};
        node_set_table_replicas(node->shard[shard], CLIENT_TABLE_ID, replicas);
        node_on_start(node->shard[shard], world_clock(world, index));
        world_schedule(world, 0, wake);
    }
    links_schedule(world, index, EVENT_PEER_UP);
}

void node_crash(struct world *world, uint16_t index)
{
    struct sim_node *node = &world->nodes[index];
    world_trace(world, "%s crashes", node->name);
    node->up = false;
    node->paused = false;
    node->full = false;
    memory_store_set_no_space(node->disk, false);
    node->life++;
    world->crashes++;
    memory_store_crash(node->disk, &world->prng);
    for (uint16_t shard = 0; shard < node->shards; shard++) {
        node_free(node->shard[shard]);
        node->shard[shard] = NULL;
    }
    links_schedule(world, index, EVENT_PEER_DOWN);
}

static size_t nodes_up(const struct world *world)
{
    size_t up = 0;
    for (uint16_t i = 0; i < world->options.nodes; i++)
        up += world->nodes[i].up;
    return up;
}

static void crash_some(struct world *world)
{
    uint16_t index = (uint16_t)prng_below(&world->prng, world->options.nodes);
    bool everybody = prng_chance(&world->prng, 50000);
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        if (!world->nodes[i].up || (i != index && !everybody))
            continue;
        struct event restart = {.kind = EVENT_RESTART, .node = i};
        node_crash(world, i);
        world_schedule(world, world_draw_us(world, RESTART_US), restart);
    }
}

/* Draws two sides; sometimes only one direction is cut, sometimes a single link. */
static void partition(struct world *world)
{
    uint64_t shape = prng_below(&world->prng, 4);
    bool side[SIM_NODES_MAX];
    for (uint16_t i = 0; i < world->options.nodes; i++)
        side[i] = prng_chance(&world->prng, 500000);
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        for (uint16_t j = 0; j < world->options.nodes; j++) {
            bool across = side[i] != side[j];
            bool one_way = shape == 1 && !side[i];
            bool spared = shape == 2 && prng_chance(&world->prng, 500000);
            world->cut[i][j] = across && !one_way && !spared;
        }
    }
    world_trace(world, "partition of shape %llu", (unsigned long long)shape);
    struct event heal = {.kind = EVENT_HEAL};
    world_schedule(world, world_draw_us(world, PARTITION_US), heal);
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

static void pause_one(struct world *world)
{
    uint16_t index = (uint16_t)prng_below(&world->prng, world->options.nodes);
    struct sim_node *node = &world->nodes[index];
    if (!node->up || node->paused)
        return;
    uint64_t length_us = world_draw_us(world, PAUSE_US);
    node->paused = true;
    node->resumes_at_us = world->now_us + length_us;
    excuse_pause(world, index, length_us);
    world_trace(world, "%s pauses for %llu us", node->name, (unsigned long long)length_us);
    struct event resume = {.kind = EVENT_RESUME, .node = index, .life = node->life};
    world_schedule(world, length_us, resume);
}

static void turn_clock(struct world *world)
{
    uint16_t index = (uint16_t)prng_below(&world->prng, world->options.nodes);
    int64_t most_us = (int64_t)world->options.skew_us;
    /* Now and then far beyond the guard: that node must be refused, and nobody dragged along. */
    if (prng_chance(&world->prng, 100000))
        most_us *= 20;
    int64_t drawn_us = (int64_t)prng_below(&world->prng, (uint64_t)(2 * most_us + 1)) - most_us;
    world->nodes[index].clock_us = drawn_us;
    world_trace(world, "%s has its clock off by %lld us", world->nodes[index].name,
                (long long)drawn_us);
}

/* A full disk refuses commits; the next stroke on it makes room again. */
static void fill_disk(struct world *world)
{
    uint16_t index = (uint16_t)prng_below(&world->prng, world->options.nodes);
    struct sim_node *node = &world->nodes[index];
    node->full = !node->full && node->up;
    memory_store_set_no_space(node->disk, node->full);
    world_trace(world, "the disk of %s %s", node->name, node->full ? "is full" : "has room");
}

static void fault_strike(struct world *world, enum fault fault)
{
    switch (fault) {
    case FAULT_CRASH:
        if (nodes_up(world) > 0)
            crash_some(world);
        break;
    case FAULT_PARTITION:
        partition(world);
        break;
    case FAULT_PAUSE:
        pause_one(world);
        break;
    case FAULT_CLOCK:
        turn_clock(world);
        break;
    case FAULT_FULL:
        fill_disk(world);
        break;
    case FAULT_SYNC:
        for (uint16_t i = 0; i < world->options.nodes; i++)
            memory_store_sync(world->nodes[i].disk);
        break;
    default:
        ensure(false);
    }
}

void faults_start(struct world *world)
{
    for (uint16_t i = 0; i < world->options.nodes && world->options.skew_us > 0; i++)
        world->nodes[i].clock_us = (int64_t)prng_below(&world->prng, world->options.skew_us + 1) -
                                   (int64_t)(world->options.skew_us / 2);
    for (uint16_t i = 0; i < world->options.nodes; i++)
        node_boot(world, i);
    for (int fault = 0; fault < FAULTS; fault++)
        fault_schedule(world, (enum fault)fault);
}

void faults_on_event(struct world *world, const struct event *event)
{
    struct sim_node *node = &world->nodes[event->node];
    switch (event->kind) {
    case EVENT_RESTART:
        if (!node->up)
            node_boot(world, event->node);
        break;
    case EVENT_RESUME:
        node->paused = node->paused && event->life != node->life;
        break;
    case EVENT_HEAL:
        memset(world->cut, 0, sizeof(world->cut));
        break;
    default:
        if (!world->healing) {
            fault_strike(world, (enum fault)event->other);
            fault_schedule(world, (enum fault)event->other);
        }
        break;
    }
}

void faults_heal(struct world *world)
{
    world->healing = true;
    memset(world->cut, 0, sizeof(world->cut));
    world_trace(world, "everything heals");
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        world->nodes[i].clock_us = 0;
        world->nodes[i].paused = false;
        world->nodes[i].full = false;
        memory_store_set_no_space(world->nodes[i].disk, false);
        memory_store_sync(world->nodes[i].disk);
        if (!world->nodes[i].up)
            node_boot(world, i);
    }
    for (uint16_t i = 0; i < world->options.nodes; i++)
        links_schedule(world, i, EVENT_PEER_UP);
}
