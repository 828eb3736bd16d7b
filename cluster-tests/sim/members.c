/* Nodes join and are removed while the cluster runs, as a ring would tell: every node learns of the
 * same changes in the same order, but not in the same moment, and keeps what it learnt across
 * restarts. Who joins owns nothing (placement stays that of the birth): it coordinates, and stands in.
 * (Mutant: removed-returns.) */
#include "faults.h"

enum {
    NEWS_US = 500000,         /* mean time until a node learns of a change */
    NEWS_AT_START_US = 50000, /* the same, if it was down meanwhile */
    UNTOLD_RESTART_US = 3000000
};

static void tell(struct world *world, uint16_t index, uint64_t mean_us)
{
    struct event news = {
        .kind = EVENT_MEMBERS, .node = index, .other = world->changes_count, .life = UINT64_MAX};
    world_schedule(world, world_draw_us(world, mean_us), news);
}

static void change(struct world *world, uint16_t node, bool removal)
{
    ensure(world->changes_count < 2 * SIM_ADDED_MAX);
    world->changes[world->changes_count++] = (struct sim_change){node, removal};
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (!world->nodes[i].removed && i != node)
            tell(world, i, NEWS_US);
    }
}

void members_join(struct world *world)
{
    uint16_t index = world->nodes_count;
    if (index == world->options.nodes + SIM_ADDED_MAX)
        return;
    world_make_node(world, index);
    network_add(world, index);
    world->nodes_count++;
    world_trace(world, "%s joins", world->nodes[index].name);
    change(world, index, false);
    world->nodes[index].changes_known = world->changes_count;
    node_boot(world, index);
}

void members_remove_one(struct world *world)
{
    uint16_t index = fault_draw_node(world);
    struct sim_node *node = &world->nodes[index];
    if (index < world->options.nodes || node->removed || node->lost)
        return;
    node->removed = true;
    world_trace(world, "%s is removed", node->name);
    change(world, index, true);
    /* It lives on, and is started anew. */
    struct event again = {.kind = EVENT_FAULT_PART, .node = index, .other = FAULT_REMOVE};
    world_schedule(world, world_draw_us(world, UNTOLD_RESTART_US), again);
}

/* The link that a node still has to one that it knows as removed breaks. */
static void cut_link(struct world *world, uint16_t index, uint16_t removed)
{
    struct event down = {.kind = EVENT_PEER_DOWN,
                         .node = removed,
                         .other = index,
                         .life = world->nodes[removed].life,
                         .peer_life = world->nodes[index].life,
                         .connection = world->links[removed][index].connection};
    if (world->nodes[removed].up)
        world_schedule(world, 1, down);
}

static void tell_shard(struct world *world, uint16_t index, uint16_t shard,
                       const struct sim_change *news)
{
    struct node *node = world->nodes[index].shard[shard];
    struct instant now = world_clock(world, index);
    if (news->removal) {
        node_remove_member(node, now, news->node);
    } else {
        size_t number = node_add_member(node, now, &world->members[news->node], NODE_ID_NONE);
        ensure(number == news->node);
    }
    world_door_closed(world, index, shard);
}

static void learn(struct world *world, uint16_t index, uint16_t changes)
{
    struct sim_node *node = &world->nodes[index];
    while (node->up && node->changes_known < changes) {
        const struct sim_change *news = &world->changes[node->changes_known++];
        for (uint16_t shard = 0; shard < node->shards && node->up; shard++)
            tell_shard(world, index, shard, news);
        if (news->removal)
            cut_link(world, index, news->node);
        else if (node->up && world->nodes[news->node].up)
            node_link_schedule(world, index, news->node, EVENT_PEER_UP);
    }
}

void members_on_event(struct world *world, const struct event *event)
{
    learn(world, event->node, event->other);
}

void members_fill_boot(const struct world *world, uint16_t index, struct boot *boot)
{
    for (uint16_t i = 0; i < world->nodes[index].changes_known; i++) {
        if (!world->changes[i].removal)
            boot_add_member(boot, &world->members[world->changes[i].node]);
    }
}

void members_after_boot(struct world *world, uint16_t index)
{
    struct sim_node *node = &world->nodes[index];
    for (uint16_t i = 0; i < node->changes_known; i++) {
        for (uint16_t shard = 0; world->changes[i].removal && shard < node->shards && node->up;
             shard++)
            tell_shard(world, index, shard, &world->changes[i]);
    }
    if (node->changes_known < world->changes_count && !node->removed)
        tell(world, index, NEWS_AT_START_US);
}

static bool knows(const struct world *world, uint16_t index, uint16_t other)
{
    bool known = other < world->options.nodes;
    for (uint16_t i = 0; i < world->nodes[index].changes_known; i++) {
        if (world->changes[i].node == other)
            known = !world->changes[i].removal;
    }
    return known;
}

bool members_may_link(const struct world *world, uint16_t one, uint16_t other)
{
    return knows(world, one, other) && knows(world, other, one);
}

void members_heal(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (!world->nodes[i].removed)
            learn(world, i, world->changes_count);
    }
}

static void check_view(struct world *world, uint16_t index, uint16_t shard)
{
    const struct sim_node *node = &world->nodes[index];
    const struct membership *view = node_membership(node->shard[shard]);
    if (membership_count(view) != world->nodes_count) {
        world_fail(world, "%s/%u knows %zu members of %u", node->name, shard,
                   membership_count(view), world->nodes_count);
        return;
    }
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        bool removed = membership_at(view, i)->status == MEMBER_REMOVED;
        if (removed != world->nodes[i].removed)
            world_fail(world, "%s/%u takes %s for %s", node->name, shard, world->nodes[i].name,
                       member_status_name(membership_at(view, i)->status));
    }
}

void members_check(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        for (uint16_t shard = 0; shard < node->shards && node->up && !node->removed; shard++)
            check_view(world, i, shard);
    }
}
