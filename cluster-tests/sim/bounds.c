/* What must hold of the nodes' queues and tables: none is ever fuller than it may be, and once all is
 * quiet nothing is left in them. (Mutants: unbounded, commit-leak.) */
#include "node_gauges.h"
#include "world.h"

void bounds_check(struct world *world, uint16_t index, uint16_t shard)
{
    const struct sim_node *node = &world->nodes[index];
    struct node_gauge gauges[NODE_GAUGES_MAX];
    size_t count = node_gauges(node->shard[shard], gauges);
    for (size_t i = 0; i < count; i++) {
        if (gauges[i].used > gauges[i].limit)
            world_fail(world, "%s/%u: %llu %s, but at most %llu are allowed", node->name, shard,
                       (unsigned long long)gauges[i].used, gauges[i].name,
                       (unsigned long long)gauges[i].limit);
    }
}

static void check_rest(struct world *world, uint16_t index, uint16_t shard)
{
    const struct sim_node *node = &world->nodes[index];
    struct node_gauge gauges[NODE_GAUGES_MAX];
    size_t count = node_gauges(node->shard[shard], gauges);
    for (size_t i = 0; i < count; i++) {
        if (gauges[i].used > gauges[i].rest)
            world_fail(world, "%s/%u: %llu %s are left although all is quiet", node->name, shard,
                       (unsigned long long)gauges[i].used, gauges[i].name);
    }
}

void bounds_check_rest(struct world *world)
{
    /* Hints for a node that is out for good wait for ever. */
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].lost)
            return;
    }
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        for (uint16_t shard = 0; shard < world->nodes[i].shards && !world->nodes[i].removed;
             shard++)
            check_rest(world, i, shard);
    }
}
