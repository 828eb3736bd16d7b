/* The ring of the clusters that tests make, and what their nodes count. */
#include <check.h>

#include "cluster.h"

const struct ring_state *cluster_ring(const struct cluster *cluster, size_t node, uint16_t shard)
{
    return &node_membership(cluster->nodes[node].shard[shard])->ring;
}

static const char *make_step(struct ring_proposal *proposal, const struct ring_state *ring,
                             struct ring_step *step)
{
    (void)ring;
    *step = *container_of(proposal, struct cluster_change, proposal)->step;
    return NULL;
}

static void on_step_done(struct ring_proposal *proposal, const char *problem)
{
    struct cluster_change *change = container_of(proposal, struct cluster_change, proposal);
    change->done = true;
    change->problem = problem;
}

void cluster_propose(struct cluster *cluster, size_t by, struct cluster_change *change,
                     const struct ring_step *step)
{
    *change = (struct cluster_change){.proposal = {.make = make_step, .done = on_step_done},
                                      .step = step};
    node_change_ring(cluster->nodes[by].shard[0], cluster_clock(cluster, by), &change->proposal);
}

const char *cluster_change(struct cluster *cluster, size_t by, const struct ring_step *step)
{
    struct cluster_change change;
    cluster_propose(cluster, by, &change, step);
    for (unsigned i = 0; i < 20000 && !change.done; i++)
        cluster_run_for(cluster, 1000);
    ck_assert(change.done);
    return change.problem;
}

static void add_stats(const struct cluster *cluster, size_t node, struct node_stats *sum)
{
    struct node_stats stats;
    for (uint16_t shard = 0; shard < cluster->shards && cluster->nodes[node].shard[0]; shard++) {
        node_stats(cluster->nodes[node].shard[shard], &stats);
        node_stats_add(sum, &stats);
    }
}

struct node_stats cluster_stats(const struct cluster *cluster, size_t node)
{
    struct node_stats sum = {0};
    add_stats(cluster, node, &sum);
    return sum;
}

struct node_stats cluster_stats_all(const struct cluster *cluster)
{
    struct node_stats sum = {0};
    for (size_t i = 0; i < cluster->count; i++)
        add_stats(cluster, i, &sum);
    return sum;
}

/* Behind all that arrive no later. */
