/* Nodes start and end. */
#include <stdlib.h>
#include <string.h>

#include "programs.h"
#include "timers.h"
#include "world.h"

enum {
    LINK_DOWN_US = 5000,     /* mean time until a peer notices a broken link */
    RESTART_US = 2000000,    /* mean time a crashed node stays down, */
    RESTART_SOON_US = 30000, /* and if only its process died, */
    RESTART_AT_ONCE_US = 2000,
    SOON_PER_MILLION = 400000, /* ... as often as that */
    CLOCK_BACK_US = 400000     /* a clock is set back by up to this before a start */
};

void node_link_schedule(struct world *world, uint16_t index, uint16_t other, enum event_kind kind)
{
    uint64_t mean_us = kind == EVENT_PEER_UP ? world->options.link_us : LINK_DOWN_US;
    struct event theirs = {
        .kind = kind, .node = other, .other = index, .life = world->nodes[other].life};
    struct event ours = {
        .kind = kind, .node = index, .other = other, .life = world->nodes[index].life};
    theirs.peer_life = ours.life - (kind == EVENT_PEER_DOWN);
    ours.peer_life = theirs.life;
    theirs.connection = ours.connection = world->links[index][other].connection;
    if (world->nodes[other].up)
        world_schedule(world, world_draw_us(world, mean_us), theirs);
    if (kind == EVENT_PEER_UP && world->nodes[other].up)
        world_schedule(world, world_draw_us(world, mean_us), ours);
}

void node_links_schedule(struct world *world, uint16_t index, enum event_kind kind)
{
    for (uint16_t other = 0; other < world->nodes_count; other++) {
        if (other != index)
            node_link_schedule(world, index, other, kind);
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

struct buffer *node_read_row(const struct sim_node *node, enum store_family family,
                             struct slice key)
{
    struct store_get get;
    store_get_init(&get, family, key, (store_done)abort);
    while (!store_try_read(node->store[0], &get.op))
        continue;
    return get.value;
}

void node_read_family(const struct sim_node *node, enum store_family family,
                      struct store_range *range)
{
    store_range_init(range, family, SLICE_EMPTY, SLICE_EMPTY, (store_done)abort);
    while (!store_try_read(node->store[0], &range->op))
        continue;
}

void node_commit_now(struct sim_node *node, struct store_commit *commit)
{
    store_submit(node->store[0], &commit->op);
    struct store_op *done = memory_store_finish_commit(node->disk);
    ensure(done == &commit->op);
    ensure(commit->op.status == STORE_OK);
    store_commit_deinit(commit);
    memory_store_sync(node->disk);
}

/* Any value that is legal, however unwise. */
static void shrink(const struct world *world, struct node_config *config)
{
    /* The same at every start, as what is in a store must fit into it. */
    struct prng drawn, *prng = &drawn;
    prng_init(prng, world->options.seed);
    config->attempt_timeout_us = prng_between(prng, 20000, 2000000);
    config->repair_interval_us = prng_between(prng, 20000, 1000000);
    config->scrub_interval_us = prng_between(prng, 20000, 1000000);
    config->hints_in_flight_max = (uint32_t)prng_between(prng, 1, 8);
    config->requests_max = (uint32_t)prng_between(prng, 2, 64);
    config->replica_operations_max = (uint32_t)prng_between(prng, 2, 64);
    config->hints_bytes_max = prng_between(prng, 500, 50000);
    config->gossip.push_pull_interval_us = prng_between(prng, 500000, 20000000);
}

static void node_configure(struct world *world, struct node_config *config, uint16_t shard,
                           uint16_t shards)
{
    node_config_defaults(config);
    config->shard = shard;
    config->shards = shards;
    config->seed = prng_next(&world->prng);
    config->lossy = world->options.lossy;
    config->repair_interval_us = 300000;
    config->scrub_interval_us = 300000;
    /* Often sooner than answers come, so that answers cross what they made needless. */
    config->speculate_us = prng_between(&world->prng, 500, 60000);
    config->gossip.push_pull_interval_us = 5000000;
    if (world->options.shrunk)
        shrink(world, config);
    if (!world->options.tight)
        return;
    config->requests_max = 3;
    config->replica_operations_max = 4;
    config->hints_bytes_max = 1000;
    config->hints_in_flight_max = 2;
}

/* What the node starts with from its disk; false if that says that it must not start. */
static bool load(struct world *world, uint16_t index, struct boot *boot)
{
    struct sim_node *node = &world->nodes[index];
    struct store_commit commit;
    struct prng random;
    store_commit_init(&commit, (store_done)abort);
    prng_init(&random, prng_next(&world->prng));
    const char *wrong = boot_load(boot, &world->cluster, node->name, node->machine, &random,
                                  read_meta, node->store[0], &commit.batch);
    if (wrong != NULL) {
        store_commit_deinit(&commit);
        boot_deinit(boot);
        node_give_up(world, index, wrong);
        return false;
    }
    node_commit_now(node, &commit);
    node->id = boot->id;
    node->incarnation = boot->incarnation;
    return true;
}

/* What may have changed since it last ran. */
static void change_surroundings(struct world *world, struct sim_node *node)
{
    bool resharded = prng_chance(&world->prng, world->options.reshard);
    if (node->shards == 0)
        node->shards = world->options.shards;
    if (resharded)
        node->shards = (uint16_t)prng_between(&world->prng, 1, SIM_SHARDS_MAX);
    node->expiry_late = !world->healing && prng_chance(&world->prng, world->options.expiry_late);
    bool wrong = world->wrong_clock < SIM_MEMBERS_MAX && node == &world->nodes[world->wrong_clock];
    if (!world->healing && node->life > 0 && !wrong &&
        prng_chance(&world->prng, world->options.clock_back)) {
        node->clock_us = -(int64_t)prng_below(&world->prng, CLOCK_BACK_US);
        node->drift_since_us = world->now_us;
        world->counts.clock_faults++;
        world_trace(world, "%s starts with its clock set back to %lld us", node->name,
                    (long long)node->clock_us);
    }
}
static void tell_table(struct world *world, uint16_t index, uint16_t shard)
{
    struct sim_node *node = &world->nodes[index];
    struct table_schema schema = items_schema(&world->options);
    if (world->options.mutant == MUTANT_STRAYS)
        schema.replicas = SIM_NODES_MAX;
    if (node->expiry_late)
        schema.expiry = SLICE_EMPTY;
    node_set_table(node->shard[shard], items_table_id(&world->options), &schema);
}

void nodes_tell_expiry(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        struct sim_node *node = &world->nodes[i];
        bool news = node->up && node->expiry_late;
        node->expiry_late = false;
        for (uint16_t shard = 0; shard < node->shards && news && node->up; shard++) {
            tell_table(world, i, shard);
            world_door_closed(world, i, shard);
        }
    }
}

static void start_shard(struct world *world, uint16_t index, uint16_t shard)
{
    struct sim_node *node = &world->nodes[index];
    struct event wake = {.kind = EVENT_DEADLINE, .node = index, .shard = shard, .life = node->life};
    tell_table(world, index, shard);
    node_on_start(node->shard[shard], world_clock(world, index));
    world_schedule(world, 0, wake);
}

static void note_start(struct world *world, uint16_t index)
{
    world->starts = realloc(world->starts, (world->starts_count + 1) * sizeof(*world->starts));
    ensure(world->starts != NULL);
    world->starts[world->starts_count++] = (struct node_start){index, world->now_us};
}

void node_boot(struct world *world, uint16_t index)
{
    struct sim_node *node = &world->nodes[index];
    struct boot boot;
    if (node->lost || (node->removed && world->healing) || !load(world, index, &boot))
        return;
    leaves_check(world, index);
    node->up = true;
    note_start(world, index);
    change_surroundings(world, node);
    for (uint16_t shard = 0; shard < node->shards; shard++) {
        struct node_config config;
        node_configure(world, &config, shard, node->shards);
        struct node_ports ports = {&node->port[shard].transport, node->store[shard], &world->log,
                                   programs_evaluator()};
        node->shard[shard] = node_new(&config, &boot, ports);
        node->woken_at[shard] = DEADLINE_NEVER;
    }
    boot_deinit(&boot);
    world_trace(world, "%s starts, incarnation %llu", node->name,
                (unsigned long long)node->incarnation);
    for (uint16_t shard = 0; shard < node->shards; shard++)
        start_shard(world, index, shard);
    node_links_schedule(world, index, EVENT_PEER_UP);
}

void node_crash(struct world *world, uint16_t index)
{
    struct sim_node *node = &world->nodes[index];
    world_trace(world, "%s crashes", node->name);
    node->up = false;
    node->paused = false;
    node->full = false;
    node->starved_until_us = 0;
    node->busy_until_us = 0;
    memory_store_set_refusals(node->disk, 0);
    memory_store_set_read_failures(node->disk, 0);
    node->life++;
    world->counts.crashes++;
    memory_store_crash(node->disk, &world->prng);
    for (uint16_t shard = 0; shard < node->shards; shard++) {
        node_free(node->shard[shard]);
        node->shard[shard] = NULL;
    }
    node_links_schedule(world, index, EVENT_PEER_DOWN);
}

void node_power_cut(struct world *world, uint16_t index)
{
    world->nodes[index].machine++;
    node_restart(world, index, RESTART_US);
}

void node_stop(struct world *world, uint16_t index)
{
    struct sim_node *node = &world->nodes[index];
    for (uint16_t shard = 0; shard < node->shards && node->up; shard++) {
        node_on_leave(node->shard[shard], world_clock(world, index));
        world_door_closed(world, index, shard);
    }
    if (node->up)
        node_restart_soon(world, index);
}

void node_restart(struct world *world, uint16_t index, uint64_t mean_us)
{
    struct event restart = {.kind = EVENT_RESTART, .node = index};
    node_crash(world, index);
    world_schedule(world, world_draw_us(world, mean_us), restart);
}

/* A process that starts again at once has kept its machine. */
void node_restart_soon(struct world *world, uint16_t index)
{
    bool at_once = prng_chance(&world->prng, 500000);
    node_restart(world, index, at_once ? RESTART_AT_ONCE_US : RESTART_SOON_US);
}

void node_restart_somehow(struct world *world, uint16_t index)
{
    if (prng_chance(&world->prng, SOON_PER_MILLION)) {
        node_restart_soon(world, index);
        return;
    }
    world->nodes[index].machine += !prng_chance(&world->prng, world->options.process_only);
    node_restart(world, index, RESTART_US);
}

void node_give_up(struct world *world, uint16_t index, const char *why)
{
    struct sim_node *node = &world->nodes[index];
    world_trace(world, "%s gives up: %s", node->name, why);
    if (why == node_removed || node->removed) {
        node->removed = true;
        if (node->up)
            node_crash(world, index);
        return;
    }
    if (!node->forgot)
        world_fail(world, "%s gave up although its disk forgot nothing: %s", node->name, why);
    if (node->up)
        node_crash(world, index);
    node->lost = true;
}
