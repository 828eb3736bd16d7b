/* What must hold of history and disks after a run:
 *
 *   answered     every request was answered, once, by its deadline
 *   authentic    no value was read that nobody wrote, or whose write was said to be certainly
 *                not written
 *   durable      what is held at the end is no older than any write that was acknowledged
 *   ordered      ... nor a write that ended before an acknowledged one began (tables with W a
 *                majority or more)
 *   monotonic    consistent reads never go back behind what was acknowledged or read
 *                consistently before
 *   converged    all home replicas hold the same, nobody else holds it, no hint is left, all is
 *                quiet
 *
 * Each has a mutant that it must catch: see enum mutant. */
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "row.h"
#include "world.h"

/* One replica's register. */
struct holding {
    bool present;
    struct version ballot;
    struct version origin;
    bool tombstone;
    uint64_t id;
};

static void never(struct store_op *op)
{
    (void)op;
    abort();
}

static struct holding holding_read(struct world *world, uint16_t node, struct slice key)
{
    struct store *store = world_store(world, node, 0);
    struct store_get get;
    struct holding holding = {0};
    struct row row;
    store_get_init(&get, STORE_ITEMS, key, never);
    while (!store_try_read(store, &get.op))
        continue;
    if (get.value == NULL)
        return holding;
    bool good = row_decode(buffer_slice(get.value), &row);
    if (!good)
        world_fail(world, "a row on the disk of %s is damaged", world->nodes[node].name);
    holding.present = good;
    holding.ballot = row.ballot;
    holding.origin = row.origin;
    holding.tombstone = row.tombstone;
    holding.id = row.tombstone ? 0 : client_value_id(row.value);
    buffer_unref(get.value);
    return holding;
}

size_t checkers_home_nodes(const struct world *world, struct slice key, uint16_t *list)
{
    struct reader reader = reader_of(key);
    uint32_t partition = reader_get_u32(&reader);
    const struct membership *members = node_membership(world->nodes[0].shard[0]);
    (void)membership_preference_list(members, partition, list, SIM_NODES_MAX);
    return world->options.quorum.n < world->options.nodes ? world->options.quorum.n
                                                          : world->options.nodes;
}

static bool holding_equal(struct holding a, struct holding b)
{
    return a.present == b.present && version_equal(a.origin, b.origin) &&
           a.tombstone == b.tombstone && a.id == b.id;
}

/* What is not a home node holds hints, never the register itself. */
static void check_no_stray(struct world *world, uint32_t key, uint16_t node, struct slice encoded)
{
    if (holding_read(world, node, encoded).present)
        world_fail(world, "key %u is held by %s, which is no home node of it", key,
                   world->nodes[node].name);
}

/* False if the home replicas of the key differ; `held` is what the first one has. */
static bool key_converged(struct world *world, uint32_t key, struct holding *held)
{
    struct writer encoded;
    writer_init(&encoded, 64);
    client_key(world, key, &encoded);
    uint16_t list[SIM_NODES_MAX];
    size_t homes = checkers_home_nodes(world, writer_slice(&encoded), list);
    *held = holding_read(world, list[0], writer_slice(&encoded));
    bool equal = true;
    for (size_t i = 1; i < homes; i++)
        equal &= holding_equal(*held, holding_read(world, list[i], writer_slice(&encoded)));
    for (size_t i = homes; i < world->options.nodes; i++)
        check_no_stray(world, key, list[i], writer_slice(&encoded));
    writer_deinit(&encoded);
    return equal;
}

static bool all_quiet(const struct world *world)
{
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        for (uint16_t shard = 0; shard < world->nodes[i].shards; shard++) {
            if (!world->nodes[i].up || !node_quiet(world->nodes[i].shard[shard]))
                return false;
        }
    }
    return true;
}

static bool hints_left(struct world *world)
{
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        struct store_range range;
        store_range_init(&range, STORE_HINTS, SLICE_EMPTY, SLICE_EMPTY, never);
        while (!store_try_read(world_store(world, i, 0), &range.op))
            continue;
        bool left = range.rows_count > 0;
        store_range_deinit(&range);
        if (left)
            return true;
    }
    return false;
}

bool checkers_converged(struct world *world)
{
    struct holding held;
    if (!all_quiet(world) || hints_left(world))
        return false;
    for (uint32_t key = 0; key < world->options.keys; key++) {
        if (!key_converged(world, key, &held))
            return false;
    }
    return true;
}

void checkers_explain(struct world *world, char *text, size_t size)
{
    struct holding held;
    unsigned different = 0;
    for (uint32_t key = 0; key < world->options.keys; key++)
        different += !key_converged(world, key, &held);
    snprintf(text, size, "%u keys differ between home replicas, %s, %s", different,
             hints_left(world) ? "hints are left" : "no hint is left",
             all_quiet(world) ? "all is quiet" : "something is still under way");
}

static bool is_write(const struct operation *operation)
{
    return operation->kind == OPERATION_PUT || operation->kind == OPERATION_DELETE;
}

static bool acknowledged(const struct operation *operation)
{
    return is_write(operation) && operation->answers > 0 && operation->outcome == OUTCOME_OK;
}

static bool certainly_failed(const struct operation *operation)
{
    return operation->outcome != OUTCOME_OK && operation->outcome != OUTCOME_UNKNOWN;
}

static void check_answered(struct world *world)
{
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *operation = &world->history.operations[i];
        if (operation->answers != 1)
            world_fail(world, "op %zu was answered %u times", i, operation->answers);
        else if (operation->completed_us > operation->deadline_us)
            world_fail(world, "op %zu was answered %llu us after its deadline", i,
                       (unsigned long long)(operation->completed_us - operation->deadline_us));
    }
}

/* The write that made a value; NULL, and a failure, if it cannot have been. */
static const struct operation *writer_of(struct world *world, uint32_t key, uint64_t id,
                                         uint64_t seen_us)
{
    const struct operation *write =
        id == 0 || id > world->history.count ? NULL : &world->history.operations[id - 1];
    if (write == NULL || write->kind != OPERATION_PUT || write->key != key ||
        write->invoked_us > seen_us)
        world_fail(world, "key %u: value %llu was never written there", key,
                   (unsigned long long)id);
    else if (write->answers > 0 && certainly_failed(write))
        world_fail(world, "key %u: value %llu is there, but its write was answered %s", key,
                   (unsigned long long)id, outcome_name(write->outcome));
    else
        return write;
    return NULL;
}

static void check_authentic(struct world *world)
{
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *operation = &world->history.operations[i];
        if (operation->read_id != 0)
            (void)writer_of(world, operation->key, operation->read_id, operation->completed_us);
    }
}

static bool strong(const struct world *world)
{
    unsigned n = world->options.quorum.n < world->options.nodes ? world->options.quorum.n
                                                                : world->options.nodes;
    unsigned w = world->options.quorum.w < n ? world->options.quorum.w : n;
    return w >= n / 2 + 1;
}

static void check_key(struct world *world, uint32_t key)
{
    struct holding held;
    (void)key_converged(world, key, &held);
    const struct operation *last = NULL;
    if (held.present && !held.tombstone)
        last = writer_of(world, key, held.id, UINT64_MAX);
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *write = &world->history.operations[i];
        if (write->key != key || !acknowledged(write))
            continue;
        if (version_compare(held.ballot, write->version) < 0)
            world_fail(world, "key %u: acknowledged write op %zu is lost", key, i);
        bool same = version_equal(held.origin, write->version);
        if (same && (write->kind == OPERATION_DELETE) != held.tombstone)
            world_fail(world, "key %u: what op %zu wrote has changed", key, i);
        bool late = last != NULL && acknowledged(last) && write->invoked_us > last->completed_us;
        if (late && strong(world) && !write->sloppy && !last->sloppy)
            world_fail(world, "key %u: op %zu was overwritten by an older write", key, i);
    }
}

/* Walks one key's history in the order of completion; at each consistent read, nothing acknowledged
 * or read consistently before its invocation may be newer. */
static void check_monotonic(struct world *world, uint32_t key)
{
    const struct history *history = &world->history;
    for (size_t i = 0; i < history->count; i++) {
        const struct operation *read = &history->operations[i];
        bool counts = read->kind == OPERATION_GET_CONSISTENT && read->key == key &&
                      read->outcome == OUTCOME_OK;
        if (!counts)
            continue;
        /* Operations are in the order of invocation; a client's clock is the world's. */
        for (size_t j = 0; j < i; j++) {
            const struct operation *earlier = &history->operations[j];
            bool relevant = earlier->key == key && earlier->outcome == OUTCOME_OK &&
                            !earlier->sloppy &&
                            (is_write(earlier) || earlier->kind == OPERATION_GET_CONSISTENT);
            if (relevant && earlier->completed_us < read->invoked_us &&
                version_compare(earlier->version, read->version) > 0)
                world_fail(world, "key %u: consistent read op %zu went back behind op %zu", key, i,
                           j);
        }
    }
}

void checkers_run(struct world *world)
{
    check_answered(world);
    check_authentic(world);
    for (uint32_t key = 0; key < world->options.keys; key++) {
        check_key(world, key);
        if (strong(world))
            check_monotonic(world, key);
    }
}
