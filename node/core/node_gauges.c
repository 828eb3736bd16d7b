#include "node_gauges.h"

#include "exchange_copy.h"
#include "node_internal.h"

enum {
    SIDES = 2,          /* of an exchange: each is asked for its sums or keys */
    TIMERS_AT_REST = 16 /* ticks of gossip, exchanges, hints, the census and the like */
};

struct gauges {
    struct node_gauge *list;
    size_t count;
};

static void gauge(struct gauges *gauges, const char *name, uint64_t used, uint64_t limit,
                  uint64_t rest)
{
    ensure(gauges->count < NODE_GAUGES_MAX);
    gauges->list[gauges->count++] = (struct node_gauge){name, used, limit, rest};
}

static void gauge_coordinator(struct gauges *gauges, const struct node *node)
{
    const struct coordinator *coordinator = &node->coordinator;
    gauge(gauges, "requests", coordinator->open, node->config.requests_max, 0);
    gauge(gauges, "requests submitted", coordinator->submitted.count, 0, 0);
    gauge(gauges, "requests answered", coordinator->answered.count, 0, 0);
    gauge(gauges, "calls of requests", coordinator->calls.count, GAUGE_UNBOUNDED, 0);
    gauge(gauges, "tasks", coordinator->tasks.count, GAUGE_UNBOUNDED, 0);
    gauge(gauges, "tasks without a stamp", coordinator->stampless.count, GAUGE_UNBOUNDED, 0);
    gauge(gauges, "contests", coordinator->contests.count, GAUGE_UNBOUNDED, 0);
    gauge(gauges, "registers being settled", coordinator->finishing, FINISH_AT_ONCE_MAX, 0);
    gauge(gauges, "bytes of forwarded requests", coordinator->forwarded_bytes, GAUGE_UNBOUNDED, 0);
    gauge(gauges, "announcements", coordinator->announcements_count, ANNOUNCEMENTS_MAX, 0);
}

static void gauge_replica(struct gauges *gauges, const struct node *node)
{
    const struct replica *replica = &node->replica;
    /* A hint is admitted before it is counted. */
    gauge(gauges, "replica operations", replica->works.count,
          node->config.replica_operations_max + 1, 0);
    gauge(gauges, "latches", replica->latches.count, replica->works.count, 0);
    gauge(gauges, "operations ready", replica->ready.count, 0, 0);
    gauge(gauges, "recent states", replica->recent.states.count, RECENT_STATES_MAX,
          RECENT_STATES_MAX);
    gauge(gauges, "recent states by key", replica->recent.by_hash.count,
          replica->recent.states.count, RECENT_STATES_MAX);
    gauge(gauges, "undecided keys by hash", replica->undecided.by_hash.count,
          replica->undecided.keys.count, GAUGE_UNBOUNDED);
    gauge(gauges, "hints to be settled", replica->undecided.rows, UNDECIDED_HINTS_MAX,
          UNDECIDED_HINTS_MAX);
}

static void gauge_repair(struct gauges *gauges, const struct node *node)
{
    size_t members = membership_count(&node->members);
    uint64_t calls = members * node->config.hints_in_flight_max + COPIES_MAX + SIDES;
    gauge(gauges, "calls of repair", node->caller.calls.count, calls, 0);
    /* As many again come at most while those of earlier lives are still being counted, or while
     * some that could not be deleted were held for gone. */
    gauge(gauges, "bytes of hints", node->hints.bytes, 2 * node->config.hints_bytes_max, 0);
    gauge(gauges, "hints", node->hints.known.count, GAUGE_UNBOUNDED, 0);
    gauge(gauges, "targets of hints", node->hints.targets_count, members, members);
}

size_t node_gauges(const struct node *node, struct node_gauge gauges[NODE_GAUGES_MAX])
{
    struct gauges all = {gauges, 0};
    size_t members = membership_count(&node->members);
    gauge_coordinator(&all, node);
    gauge_replica(&all, node);
    gauge_repair(&all, node);
    gauge(&all, "expired items being deleted", node->expiry.open.count, DELETIONS_MAX, 0);
    gauge(&all, "tables whose expiring items are looked for", node->expiry_index.jobs.count,
          node->replica.schemas.count + node->replica.expiry_noted.count, 0);
    gauge(&all, "commits nobody waits for", node->forgotten.count, GAUGE_UNBOUNDED, 0);
    gauge(&all, "timers", node->timers.count, GAUGE_UNBOUNDED, TIMERS_AT_REST + members);
    gauge(&all, "leases of throughput", node->leases.list.count, GAUGE_UNBOUNDED, GAUGE_UNBOUNDED);
    gauge(&all, "questions for throughput", node->leases.asking.count, node->leases.list.count,
          node->leases.list.count);
    gauge(&all, "buckets of throughput", node->keeper.accounts.count, GAUGE_UNBOUNDED,
          GAUGE_UNBOUNDED);
    gauge(&all, "senders of requests", node->once.count, members * SHARDS_MAX,
          members * SHARDS_MAX);
    return all.count;
}
