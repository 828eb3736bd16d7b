/* What must hold of history and disks after a run:
 *
 *   answered     every request was answered, once, by its deadline
 *   authentic    no value was read that nobody wrote, or whose write was said to be certainly
 *                not written
 *   durable      what is held at the end is no older than any write that was acknowledged
 *   ordered      ... nor a write that ended before an acknowledged one began (tables with W a
 *                majority or more)
 *   fresh        consistent reads show what was acknowledged before, or what came after it
 *   converged    all home replicas hold the same, nobody else holds it, no hint is left, all is
 *                quiet
 *
 *   indexed      the entries on a disk are those that its items have (entries.c)
 *   summed       the leaves on a disk are those that its items have, at each start too, and the same
 *                on all home nodes (leaves.c)
 *
 * Each has a mutant that it must catch: see enum mutant. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "members.h"
#include "row.h"
#include "world.h"

/* One replica's register. */
struct holding {
    bool present;
    struct version ballot;
    struct version origin;
    bool tombstone;
    uint64_t hash; /* of the value */
    uint64_t id;   /* of it, unless it is a counter or a list */
};

/* What an item was found to be, in the workload's terms: whether it is one of its kind at all. */
static bool state_genuine(enum workload workload, struct slice state, uint64_t *id)
{
    uint64_t number;
    *id = 0;
    if (workload == WORKLOAD_COUNTER)
        return value_counter(state, &number);
    if (workload == WORKLOAD_LIST)
        return value_list(state, &number, 1) == 1;
    *id = value_id(state);
    return *id != 0;
}

static struct holding holding_read(struct world *world, uint16_t node, uint32_t item)
{
    struct holding holding = {0};
    struct row row;
    struct buffer *value =
        node_read_row(&world->nodes[node], STORE_ITEMS, items_key(&world->items, item));
    if (value == NULL)
        return holding;
    bool good = row_decode(buffer_slice(value), &row);
    if (!good)
        world_fail(world, "a row on the disk of %s is damaged", world->nodes[node].name);
    holding.present = good;
    holding.ballot = row.ballot;
    holding.origin = row.origin;
    holding.tombstone = row.tombstone;
    holding.hash = hash64(row.value);
    if (good && !row.tombstone &&
        !state_genuine(world->items.all[item].workload, row.value, &holding.id))
        world_fail(world, "item %u: %s holds what nobody wrote", item, world->nodes[node].name);
    buffer_unref(value);
    return holding;
}

static uint16_t first_up(const struct world *world)
{
    uint16_t node = 0;
    while (!world->nodes[node].up || world->nodes[node].removed)
        node++;
    ensure(node < world->nodes_count);
    return node;
}

size_t checkers_home_nodes(struct world *world, uint32_t item, const uint16_t **list)
{
    return checkers_homes(world, items_partition(&world->items, item), list);
}

size_t checkers_homes(struct world *world, uint32_t partition, const uint16_t **list)
{
    uint16_t *homes = world->homes[partition];
    const struct membership *members = node_membership(world->nodes[first_up(world)].shard[0]);
    size_t length = membership_preference_list(members, partition, homes, SIM_NODES_MAX);
    *list = homes;
    return world->options.quorum.n < length ? world->options.quorum.n : length;
}

static bool holding_equal(struct holding a, struct holding b)
{
    return a.present == b.present && version_equal(a.origin, b.origin) &&
           a.tombstone == b.tombstone && a.hash == b.hash;
}

/* What is not a home node holds hints, never the register itself. (Where a node is out for good, the ring
 * may still wait for it.) */
static void check_no_stray(struct world *world, uint32_t item, uint16_t node)
{
    if (holding_read(world, node, item).present)
        world_fail(world, "item %u is held by %s, which is no home node of it", item,
                   world->nodes[node].name);
}

static bool is_home(const uint16_t *list, size_t homes, uint16_t node)
{
    for (size_t i = 0; i < homes; i++) {
        if (list[i] == node)
            return true;
    }
    return false;
}

static bool somebody_lost(const struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].lost && !world->nodes[i].removed)
            return true;
    }
    return false;
}

/* False if the home replicas of the item differ, but for a node that is out for good; `held` is what
 * they have. */
static bool item_converged(struct world *world, uint32_t item, struct holding *held)
{
    const uint16_t *list;
    size_t homes = checkers_home_nodes(world, item, &list);
    bool equal = true, first = true;
    *held = (struct holding){0};
    bool strays_count = !somebody_lost(world);
    for (uint16_t i = 0; i < world->nodes_count && strays_count; i++) {
        if (world->nodes[i].up && !world->nodes[i].removed && !is_home(list, homes, i))
            check_no_stray(world, item, i);
    }
    for (size_t i = 0; i < homes; i++) {
        if (!world->nodes[list[i]].up)
            continue;
        struct holding holding = holding_read(world, list[i], item);
        equal = equal && (first || holding_equal(*held, holding));
        *held = first ? holding : *held;
        first = false;
    }
    return equal;
}

/* Hints for a node that is out for good wait for ever, and so are never quiet. */
static bool shard_quiet(const struct world *world, const struct node *shard)
{
    struct node_stats stats;
    if (!somebody_lost(world))
        return node_quiet(shard);
    node_stats(shard, &stats);
    return stats.requests_open == 0 && stats.replica_operations == 0;
}

static bool all_quiet(const struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        if (node->lost || node->removed)
            continue;
        if (!node->up)
            return false;
        for (uint16_t shard = 0; shard < node->shards; shard++) {
            if (!shard_quiet(world, node->shard[shard]))
                return false;
        }
    }
    return true;
}

static bool hint_has_target(const struct world *world, struct slice key)
{
    struct reader reader = reader_of(key);
    node_id target = reader_get_u64(&reader);
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].id == target)
            return !world->nodes[i].lost;
    }
    return true;
}

static bool hints_left(struct world *world)
{
    bool left = false;
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        struct store_range range;
        struct slice key, value;
        if (world->nodes[i].lost || world->nodes[i].removed)
            continue;
        node_read_family(&world->nodes[i], STORE_HINTS, &range);
        struct reader reader = reader_of(writer_slice(&range.rows));
        while (store_rows_next(&reader, &key, &value))
            left = left || hint_has_target(world, key);
        store_range_deinit(&range);
    }
    return left;
}

/* Rows that a node has accepted and that nobody has settled: behind the promise stands the row. */
static bool undecided_left(struct world *world)
{
    bool left = false;
    for (uint16_t i = 0; i < world->nodes_count && !left; i++) {
        struct store_range range;
        struct slice key, value;
        if (!world->nodes[i].up)
            continue;
        node_read_family(&world->nodes[i], STORE_PROMISES, &range);
        struct reader reader = reader_of(writer_slice(&range.rows));
        while (store_rows_next(&reader, &key, &value))
            left = left || value.size > VERSION_SIZE;
        store_range_deinit(&range);
    }
    return left;
}

/* Goes on where it last found a difference. */
bool checkers_converged(struct world *world)
{
    struct holding held;
    if (!all_quiet(world) || hints_left(world) || undecided_left(world))
        return false;
    for (uint32_t i = 0; i < world->items.count; i++) {
        uint32_t item = (world->converging + i) % world->items.count;
        if (!item_converged(world, item, &held)) {
            world->converging = item;
            return false;
        }
    }
    return true;
}

static void trace_nodes(const struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        for (uint16_t shard = 0; shard < node->shards && node->up; shard++) {
            struct node_stats stats;
            node_stats(node->shard[shard], &stats);
            world_trace(world, "%s/%u: %s, %llu requests, %llu operations, %llu hints%s",
                        node->name, shard, node_quiet(node->shard[shard]) ? "quiet" : "busy",
                        (unsigned long long)stats.requests_open,
                        (unsigned long long)stats.replica_operations,
                        (unsigned long long)stats.hints_pending,
                        stats.recovering > 0 ? ", recovering" : "");
            const struct ring_state *ring = &node_membership(node->shard[shard])->ring;
            for (size_t k = 0; k < ring->members_count; k++)
                world_trace(world, "%s/%u: n%zu is %s", node->name, shard, k + 1,
                            ring_member_state_name(ring->members[k].state));
            world_trace(world, "%s/%u: ring %llu, %u of %u moving are joint%s, %llu dirty",
                        node->name, shard, (unsigned long long)ring->epoch, ring->joint,
                        ring->moving, ring->unplanned ? ", to be planned" : "",
                        (unsigned long long)stats.partitions_dirty);
        }
    }
}

void checkers_explain(struct world *world, char *text, size_t size)
{
    trace_nodes(world);
    struct holding held;
    unsigned different = 0;
    uint32_t last = 0;
    for (uint32_t item = 0; item < world->items.count; item++) {
        if (item_converged(world, item, &held))
            continue;
        different++;
        last = item;
    }
    snprintf(text, size, "%u items differ between home replicas (as item %u), %s, %s, %s",
             different, last, undecided_left(world) ? "rows are undecided" : "nothing is undecided",
             hints_left(world) ? "hints are left" : "no hint is left",
             all_quiet(world) ? "all is quiet" : "something is still under way");
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
static const struct operation *writer_of(struct world *world, uint32_t item, uint64_t id,
                                         uint64_t seen_us)
{
    const struct operation *write =
        id == 0 || id > world->history.count ? NULL : &world->history.operations[id - 1];
    if (write == NULL || !operation_is_write(write) || operation_is_delete(write) ||
        write->item != item || write->invoked_us > seen_us)
        world_fail(world, "item %u: value %llu was never written there", item,
                   (unsigned long long)id);
    else if (operation_certainly_failed(write))
        world_fail(world, "item %u: value %llu is there, but its write was answered %s", item,
                   (unsigned long long)id, outcome_name(write->outcome));
    else
        return write;
    return NULL;
}

static void check_authentic(struct world *world)
{
    for (size_t i = 0; i < world->history.count; i++) {
        const struct operation *operation = &world->history.operations[i];
        enum workload workload = world->items.all[operation->item].workload;
        if (operation->has_seen && operation->seen != 0 && workload != WORKLOAD_COUNTER)
            (void)writer_of(world, operation->item, operation->seen, operation->completed_us);
        for (uint32_t j = 0; j < operation->members_count && workload == WORKLOAD_LIST; j++)
            (void)writer_of(world, operation->item, operation->members[j], operation->completed_us);
    }
}

/* No other write of the item was decided under the same stamp. */
static bool alone(const struct world *world, const struct operation *write)
{
    const struct operation *all = world->history.operations;
    for (size_t i = world->heads[write->item]; i != SIZE_MAX; i = all[i].next) {
        bool other = &all[i] != write && operation_is_write(&all[i]) &&
                     (all[i].answers == 0 || all[i].outcome == OUTCOME_UNKNOWN ||
                      version_equal(all[i].version, write->version));
        if (other)
            return false;
    }
    return true;
}

static void check_item(struct world *world, uint32_t item)
{
    struct holding held;
    (void)item_converged(world, item, &held);
    const struct operation *last = NULL;
    if (held.id != 0)
        last = writer_of(world, item, held.id, UINT64_MAX);
    for (size_t i = world->heads[item]; i != SIZE_MAX; i = world->history.operations[i].next) {
        const struct operation *write = &world->history.operations[i];
        if (!operation_acknowledged(write))
            continue;
        if (sim_options_lasting(&world->options) &&
            version_compare(held.ballot, write->version) < 0)
            world_fail(world, "item %u: acknowledged write op %zu is lost", item, i);
        bool same = held.present && version_equal(held.origin, write->version);
        if (same && operation_is_delete(write) != held.tombstone && alone(world, write))
            world_fail(world, "item %u: what op %zu wrote has changed", item, i);
        bool late =
            last != NULL && operation_acknowledged(last) && write->invoked_us > last->completed_us;
        if (late && sim_options_strong(&world->options) && !write->sloppy && !last->sloppy)
            world_fail(world, "item %u: op %zu was overwritten by an older write", item, i);
    }
}

/* True if what was read, by a write or by its absence, may stand although `write` was done before. */
static bool may_follow(const struct world *world, const struct operation *read,
                       const struct operation *write)
{
    const struct operation *all = world->history.operations;
    if (read->seen != 0) {
        const struct operation *last = &all[read->seen - 1];
        return !operation_acknowledged(last) || last->sloppy ||
               write->invoked_us <= last->completed_us;
    }
    for (size_t i = world->heads[read->item]; i != SIZE_MAX; i = all[i].next) {
        bool open = all[i].answers == 0 || all[i].sloppy || all[i].outcome == OUTCOME_UNKNOWN;
        bool done = all[i].outcome == OUTCOME_OK && all[i].completed_us >= write->invoked_us;
        if (operation_is_delete(&all[i]) && (open || done))
            return true;
    }
    return operation_is_delete(write);
}

/* At each consistent read of a register, nothing may be missing that was acknowledged before it, be
 * it in a history that linearity.c leaves out. */
static void check_fresh(struct world *world, uint32_t item)
{
    const struct operation *all = world->history.operations;
    for (size_t i = world->heads[item]; i != SIZE_MAX; i = all[i].next) {
        const struct operation *read = &all[i];
        if (read->kind != OPERATION_GET_CONSISTENT || read->outcome != OUTCOME_OK)
            continue;
        for (size_t j = world->heads[item]; j != i; j = all[j].next) {
            const struct operation *write = &all[j];
            if (operation_acknowledged(write) && !write->sloppy &&
                write->completed_us < read->invoked_us && !may_follow(world, read, write))
                world_fail(world, "item %u: consistent read op %zu missed op %zu", item, i, j);
        }
    }
}

/* Chains the operations of each item, in the order of invocation. */
static void chain_operations(struct world *world)
{
    world->heads = calloc(world->items.count + 1, sizeof(*world->heads));
    ensure(world->heads != NULL);
    for (uint32_t item = 0; item < world->items.count; item++)
        world->heads[item] = SIZE_MAX;
    for (size_t i = world->history.count; i-- > 0;) {
        struct operation *operation = &world->history.operations[i];
        operation->next = world->heads[operation->item];
        world->heads[operation->item] = i;
    }
}

void checkers_run(struct world *world)
{
    chain_operations(world);
    check_answered(world);
    check_authentic(world);
    if (sim_options_lasting(&world->options))
        stamps_run(world);
    /* Where a node is out for good the others are never quiet: indexes may still be built. */
    if (!somebody_lost(world))
        entries_run(world);
    for (uint32_t item = 0; item < world->items.count; item++) {
        enum workload workload = world->items.all[item].workload;
        check_item(world, item);
        if (sim_options_strong(&world->options) && workload <= WORKLOAD_RECREATE)
            check_fresh(world, item);
    }
    leaves_run(world);
}
