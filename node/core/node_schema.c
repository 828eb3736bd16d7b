/* What the core does for the schema: announcements, its version, tables dropped. And facts about
 * the node. */
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "meta.h"
#include "node_internal.h"
#include "planted.h"

static void forgotten_free(struct forgotten_commit *forgotten)
{
    store_commit_deinit(&forgotten->commit);
    free(forgotten);
}

void node_free_forgotten(struct node *node)
{
    struct forgotten_commit *forgotten;
    while ((forgotten = forgotten_commits_pop(&node->forgotten)) != NULL)
        forgotten_free(forgotten);
}

static void on_forgotten_done(struct store_op *op)
{
    struct forgotten_commit *forgotten = container_of(op, struct forgotten_commit, commit.op);
    if (op->status != STORE_OK)
        log_event(forgotten->node->ports.log, LOG_WARN, "meta_not_written", "reason=\"no space\"");
    if (PLANTED(COMMIT_LEAK))
        return;
    forgotten_commits_remove(&forgotten->node->forgotten, forgotten);
    forgotten_free(forgotten);
}

static struct forgotten_commit *forgotten_new(struct node *node)
{
    struct forgotten_commit *forgotten = malloc(sizeof(*forgotten));
    ensure(forgotten != NULL);
    forgotten->node = node;
    forgotten->link = (struct list_link){NULL, NULL};
    forgotten_commits_push(&node->forgotten, forgotten);
    store_commit_init(&forgotten->commit, on_forgotten_done);
    return forgotten;
}

static void put_number(struct store_batch *batch, struct slice key, uint64_t value)
{
    struct writer row;
    writer_init(&row, sizeof(value));
    writer_put_u64(&row, value);
    store_batch_put(batch, STORE_META, key, writer_slice(&row));
    writer_deinit(&row);
}

void node_commit_meta(struct node *node, struct slice key, uint64_t value)
{
    struct forgotten_commit *forgotten = forgotten_new(node);
    put_number(&forgotten->commit.batch, key, value);
    store_submit(node->ports.store, &forgotten->commit.op);
}

static void on_dropped_loaded(struct store_op *op)
{
    struct node *node = container_of(op, struct node, dropped_load.op);
    struct reader reader = reader_of(writer_slice(&node->dropped_load.rows));
    struct slice key, value;
    while (store_rows_next(&reader, &key, &value)) {
        struct reader id = reader_of(value);
        replica_drop_table(&node->replica, reader_get_u64(&id));
    }
    store_range_deinit(&node->dropped_load);
}

void node_load_dropped(struct node *node)
{
    store_range_init(&node->dropped_load, STORE_META, META_DROPPED_PREFIX, META_DROPPED_END,
                     on_dropped_loaded);
    store_submit(node->ports.store, &node->dropped_load.op);
}

/* The table's rows are gone: note it, so that it is not done again after a restart. */
static void on_table_swept(struct table_sweep *sweep, uint64_t table_id)
{
    struct node *node = container_of(sweep, struct node, table_sweep);
    struct meta_key key;
    node_commit_meta(node, meta_key_dropped(&key, table_id), table_id);
}

void node_init_table_sweep(struct node *node)
{
    table_sweep_init(&node->table_sweep, node->ports.store, &node->timers, &node->outbox,
                     membership_partitions(&node->members), on_table_swept);
}

void node_drop_table(struct node *node, struct instant now, uint64_t table_id)
{
    bool known = replica_table_dropped(&node->replica, table_id);
    node->outbox.now = now;
    replica_drop_table(&node->replica, table_id);
    expiry_index_look(&node->expiry_index, table_id);
    if (known)
        return;
    throughput_leases_drop(&node->leases, table_id);
    if (node->config.shard == 0)
        table_sweep_add(&node->table_sweep, table_id);
}

void node_set_table(struct node *node, uint64_t table_id, const struct table_schema *schema)
{
    replica_set_table(&node->replica, table_id, schema);
    expiry_index_look(&node->expiry_index, table_id);
}

struct buffer *node_next_announcement(struct node *node)
{
    struct coordinator *coordinator = &node->coordinator;
    if (coordinator->announcements_count == 0)
        return NULL;
    struct buffer *first = coordinator->announcements[0];
    coordinator->announcements_count--;
    memmove(coordinator->announcements, coordinator->announcements + 1,
            coordinator->announcements_count * sizeof(struct buffer *));
    return first;
}

uint64_t node_schema_version(const struct node *node)
{
    return node->gossip.schema_version;
}

void node_raise_schema_version(struct node *node, uint64_t schema_version)
{
    gossip_raise_schema_version(&node->gossip, schema_version);
}

struct quorum node_system_quorum(const struct node *node)
{
    size_t homes = membership_homes_max(&node->members);
    unsigned n = homes < SYSTEM_REPLICAS ? (unsigned)homes : SYSTEM_REPLICAS;
    uint8_t majority = (uint8_t)majority_of(n);
    return (struct quorum){SYSTEM_REPLICAS, majority, majority, false};
}

uint64_t node_random_id(struct node *node)
{
    uint64_t id = prng_next(&node->prng) >> 1;
    return id == 0 ? 1 : id;
}

const struct membership *node_membership(const struct node *node)
{
    return &node->members;
}

const struct node_config *node_configuration(const struct node *node)
{
    return &node->config;
}

node_id node_self(const struct node *node)
{
    return node->outbox.self;
}

void node_stats(const struct node *node, struct node_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    const struct coordinator_stats *coordinator = &node->coordinator.stats;
    stats->requests_open = node->coordinator.open;
    memcpy(stats->requests_done, coordinator->done, sizeof(stats->requests_done));
    stats->writes_restamped = coordinator->writes_restamped;
    stats->writes_mixed = coordinator->writes_mixed;
    stats->proposals = coordinator->proposals;
    stats->promises_ridden = coordinator->promises_ridden;
    stats->accepts_uncertain = coordinator->accepts_uncertain;
    stats->registers_settled = coordinator->settled;
    stats->undecided = node->replica.undecided.keys.count;
    stats->writes_sloppy = coordinator->writes_sloppy;
    stats->read_repairs = coordinator->read_repairs;
    stats->speculative_reads = coordinator->speculative_reads;
    stats->hints_pending = hints_pending(&node->hints);
    stats->hints_bytes = node->hints.bytes;
    stats->hints_delivered = node->delivery.delivered;
    stats->hints_refused = node->hints.refused;
    stats->repair_left = exchange_left(&node->exchange);
    stats->repair_sessions = node->exchange.stats.sessions;
    stats->repair_aborted = node->exchange.stats.aborted;
    stats->repair_items = node->exchange.stats.items;
    stats->repair_bytes = node->exchange.stats.bytes;
    stats->repair_leaves = node->exchange.stats.leaves;
    stats->repair_rows = node->exchange.stats.rows;
    stats->scrub_tables = node->scrub.stats.tables;
    stats->scrub_leaves = node->scrub.stats.leaves;
    stats->ring_steps = node->ring.learnt;
    stats->partitions_copied = node->transfer.partitions_copied;
    stats->partitions_dirty = node->cleanup.dirty_count;
    stats->rows_cleaned = node->cleanup.deleted;
    stats->items_expired = node->expiry.stats.deleted;
    stats->expiry_spared = node->expiry.stats.spared;
    stats->expiry_failed = node->expiry.stats.failed;
    stats->frames_malformed = node->frames_malformed;
    stats->frames_skewed = node->frames_skewed;
    stats->frames_repeated = node->frames_repeated;
    stats->frames_stale = coordinator->stale_replies;
    stats->replica_operations = node->replica.works.count;
    stats->recovering = census_forbids_votes(&node->census);
    stats->votes = node->replica.votes.durable;
    stats->census_answers = node->census.answers;
    memcpy(stats->throttled, node->leases.throttled, sizeof(stats->throttled));
    stats->leases = node->leases.list.count;
    stats->buckets = throughput_keeper_serves(&node->keeper);
}

void node_stats_add(struct node_stats *sum, const struct node_stats *stats)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)stats;
    for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
        to[i] += from[i];
}

bool node_quiet(const struct node *node)
{
    return !node->replica.recovering && node->coordinator.open == 0 &&
           coordinator_idle(&node->coordinator) && node->replica.works.count == 0 &&
           node->hints.loaded && hints_pending(&node->hints) == 0 &&
           hint_delivery_idle(&node->delivery) && exchange_idle(&node->exchange) &&
           expiry_index_idle(&node->expiry_index) && node_ring_quiet(node);
}

void node_check(const struct node *node)
{
    size_t in_flight = 0;
    for (size_t i = 0; i < membership_count(&node->members); i++)
        in_flight += node->members.entries[i].in_flight;
    ensure(in_flight == node->coordinator.calls.count);
    ensure(node->replica.latches.count <= node->replica.works.count);
    ensure(!node->in_door);
    ring_check(&node->members.ring);
}
