/* What must hold of the stamps that acknowledged writes were given:
 *
 *   unique       no two items' writes bear the same one
 *   rising       what a node stamps after a start is above all that it stamped before
 *   guarded      none that is far in the future passes the guards of a majority */
#include <stdlib.h>

#include "hlc.h"
#include "world.h"

/* Acknowledged, and with a stamp of its own: what deletes nothing may be told that of what it met. */
static bool stamped(const struct operation *operation)
{
    return operation_acknowledged(operation) && !version_is_none(operation->version) &&
           !operation_is_delete(operation);
}

static int stamp_order(const void *a, const void *b)
{
    const struct operation *const *one = a;
    const struct operation *const *other = b;
    int order = version_compare((*one)->version, (*other)->version);
    return order != 0 ? order : ((*one)->id > (*other)->id) - ((*one)->id < (*other)->id);
}

/* No stamp is issued twice. Writes of one item that wait for each other may be decided under one. */
static void check_stamps(struct world *world)
{
    const struct operation **writes = calloc(world->history.count + 1, sizeof(*writes));
    size_t count = 0;
    ensure(writes != NULL);
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *operation = &world->history.operations[i];
        if (stamped(operation))
            writes[count++] = operation;
    }
    qsort(writes, count, sizeof(*writes), stamp_order);
    for (size_t i = 1; i < count; i++) {
        const struct operation *one = writes[i - 1], *other = writes[i];
        if (one->item != other->item && version_equal(one->version, other->version))
            world_fail(world, "op %llu and op %llu were both stamped %016llx/%012llx",
                       (unsigned long long)one->id - 1, (unsigned long long)other->id - 1,
                       (unsigned long long)one->version.hlc, (unsigned long long)one->version.node);
    }
    free(writes);
}

/* One node's clock may be far ahead; a majority of two or more has another node. */
static void check_guard(struct world *world)
{
    struct node_config config;
    node_config_defaults(&config);
    if (!sim_options_strong(&world->options) || world->options.quorum.n < 2 ||
        world->options.nodes < 2)
        return;
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *write = &world->history.operations[i];
        uint64_t latest_us = WORLD_EPOCH_US + write->completed_us +
                             sim_options_skew_us(&world->options) + 2 * config.clock_skew_max_us +
                             1000;
        if (operation_acknowledged(write) && !write->sloppy &&
            hlc_to_ms(write->version.hlc) > latest_us / 1000)
            world_fail(world, "op %zu was acknowledged with a stamp from the future", i);
    }
}

/* What a node has stamped up to each of its starts. */
struct lives {
    uint64_t *starts_us; /* ascending */
    uint64_t *highest; /* of the writes acknowledged before each start, and of those of the last */
    size_t count;
};

/* How many starts were not after that time. */
static size_t lives_until(const struct lives *lives, uint64_t at_us)
{
    size_t low = 0, high = lives->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (lives->starts_us[middle] <= at_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void lives_init(struct lives *lives, const struct world *world, uint16_t node)
{
    const struct history *history = &world->history;
    lives->starts_us = calloc(world->starts_count + 1, sizeof(uint64_t));
    lives->highest = calloc(world->starts_count + 2, sizeof(uint64_t));
    lives->count = 0;
    ensure(lives->starts_us != NULL);
    ensure(lives->highest != NULL);
    for (size_t i = 0; i < world->starts_count; i++) {
        if (world->starts[i].node == node)
            lives->starts_us[lives->count++] = world->starts[i].at_us;
    }
    for (size_t i = 0; i < history->count; i++) {
        const struct operation *write = &history->operations[i];
        if (!stamped(write) || node_id_of(write->version.node) != world->nodes[node].id)
            continue;
        uint64_t *highest = &lives->highest[lives_until(lives, write->completed_us)];
        *highest = write->version.hlc > *highest ? write->version.hlc : *highest;
    }
    for (size_t i = 1; i <= lives->count; i++) {
        if (lives->highest[i] < lives->highest[i - 1])
            lives->highest[i] = lives->highest[i - 1];
    }
}

static void check_rising(struct world *world, uint16_t node)
{
    struct lives lives;
    lives_init(&lives, world, node);
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *write = &world->history.operations[i];
        size_t life = lives_until(&lives, write->invoked_us);
        if (!stamped(write) || node_id_of(write->version.node) != world->nodes[node].id ||
            life == 0 || write->version.hlc > lives.highest[life - 1])
            continue;
        world_fail(world, "op %zu: %s stamped it no higher than what it had stamped before a start",
                   i, world->nodes[node].name);
    }
    free(lives.starts_us);
    free(lives.highest);
}

void stamps_run(struct world *world)
{
    check_stamps(world);
    check_guard(world);
    for (uint16_t node = 0; node < world->nodes_count; node++)
        check_rising(world, node);
}
