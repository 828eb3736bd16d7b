/* Nodes join, leave, and are replaced while the cluster runs: steps of the ring, which some node
 * proposes; what follows is the nodes' affair. (Mutants: removed-returns, and those of the ring.) */
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "ring_proposer.h"

enum {
    LOOK_US = 50000,   /* how often it is looked who is a member by now */
    BACK_US = 2000000, /* who was away until it was removed comes back */
    AWAY_PER_MILLION = 400000
};

/* One step that is proposed. It is never used again: who proposed it may die on the way. */
struct sim_proposal {
    struct ring_proposal proposal;
    struct ring_step step;
};

static const char *make(struct ring_proposal *proposal, const struct ring_state *ring,
                        struct ring_step *step)
{
    (void)ring;
    *step = container_of(proposal, struct sim_proposal, proposal)->step;
    return NULL;
}

static void on_done(struct ring_proposal *proposal, const char *problem)
{
    (void)proposal;
    (void)problem;
}

static void propose(struct world *world, uint16_t by, const struct ring_step *step)
{
    if (world->proposals_count == SIM_PROPOSALS_MAX)
        return;
    struct sim_proposal *proposal = calloc(1, sizeof(*proposal));
    ensure(proposal != NULL);
    world->proposals[world->proposals_count++] = proposal;
    proposal->proposal = (struct ring_proposal){.make = make, .done = on_done};
    proposal->step = *step;
    node_change_ring(world->nodes[by].shard[0], world_clock(world, by), &proposal->proposal);
    world_door_closed(world, by, 0);
}

void members_deinit_all(struct world *world)
{
    for (size_t i = 0; i < world->proposals_count; i++)
        free(world->proposals[i]);
}

static const struct ring_state *ring_of(const struct world *world, uint16_t index)
{
    return &node_membership(world->nodes[index].shard[0])->ring;
}

/* Any that is up and takes part; false if there is none. */
static bool draw_proposer(struct world *world, uint16_t *by)
{
    *by = fault_draw_node(world);
    const struct sim_node *node = &world->nodes[*by];
    return node->up && !node->paused && !node->removed;
}

/* Somebody who is gone for good, and is not replaced yet. */
static uint16_t draw_lost(struct world *world, const struct ring_state *ring)
{
    for (uint16_t i = 0; i < world->nodes_count && i < ring->members_count; i++) {
        if (world->nodes[i].lost && ring_member_present(&ring->members[i]))
            return i;
    }
    return RING_NOBODY;
}

void members_join(struct world *world)
{
    uint16_t by, index = world->nodes_count;
    if (index == world->options.nodes + SIM_ADDED_MAX || !draw_proposer(world, &by))
        return;
    struct sim_node *node = &world->nodes[index];
    if (node->disk == NULL) {
        world_make_node(world, index);
        network_add(world, index);
        node->id = (node_id)(index + 1) << 16;
    }
    struct ring_step step = {.kind = RING_ADD,
                             .member = draw_lost(world, ring_of(world, by)),
                             .config = world->members[index],
                             .id = node->id};
    world_trace(world, "%s is to join, proposed by %s", node->name, world->nodes[by].name);
    propose(world, by, &step);
}

void members_remove_one(struct world *world)
{
    uint16_t by, index = fault_draw_node(world);
    if (!draw_proposer(world, &by) || world->nodes[index].lost || world->nodes[index].removed)
        return;
    if (ring_members_wanted(ring_of(world, by)) <= world->options.quorum.n)
        return;
    struct ring_step step = {.kind = RING_LEAVE, .member = index};
    world_trace(world, "%s is to leave, proposed by %s", world->nodes[index].name,
                world->nodes[by].name);
    propose(world, by, &step);
    /* It may be down until all is over, and come back with what it knew. */
    if (index != by && world->nodes[index].up && prng_chance(&world->prng, AWAY_PER_MILLION)) {
        node_crash(world, index);
        world->nodes[index].away = true;
    }
}

/* A step that adds it is in force somewhere: it starts, knowing that ring. */
static void come(struct world *world, const struct ring_state *ring)
{
    uint16_t index = world->nodes_count++;
    struct sim_node *node = &world->nodes[index];
    struct store_commit commit;
    struct writer bytes;
    ensure(node->disk != NULL);
    writer_init(&bytes, 0);
    ring_encode(ring, &bytes);
    store_commit_init(&commit, (store_done)abort);
    boot_join(node->id, node->name, &world->cluster, writer_slice(&bytes), &commit.batch);
    writer_deinit(&bytes);
    node_commit_now(node, &commit);
    world_trace(world, "%s joins", node->name);
    node_boot(world, index);
}

static void come_back(struct world *world, uint16_t index)
{
    struct event restart = {.kind = EVENT_RESTART, .node = index};
    if (world->nodes[index].away)
        world_schedule(world, world_draw_us(world, BACK_US), restart);
    world->nodes[index].away = false;
}

static void note_removed(struct world *world, const struct ring_state *ring)
{
    for (uint16_t i = 0; i < world->nodes_count && i < ring->members_count; i++) {
        if (!ring_member_present(&ring->members[i]) && !world->nodes[i].removed) {
            world_trace(world, "%s is removed", world->nodes[i].name);
            world->nodes[i].removed = true;
            come_back(world, i);
        }
    }
}

/* As a daemon's handshake asks. */
static bool is_member(const struct world *world, uint16_t by, uint16_t other)
{
    const struct membership *members = node_membership(world->nodes[by].shard[0]);
    return other < membership_count(members) &&
           !membership_was_removed(members, world->nodes[other].id);
}

bool members_may_link(const struct world *world, uint16_t one, uint16_t other)
{
    return world->nodes[one].up && world->nodes[other].up && is_member(world, one, other) &&
           is_member(world, other, one);
}

/* Who has learnt of somebody dials. */
static void link_new(struct world *world, uint16_t index)
{
    for (uint16_t other = 0; other < index; other++) {
        uint64_t lives = world->nodes[index].life << 32 | (world->nodes[other].life + 1);
        if (!members_may_link(world, index, other) || world->dialled[index][other] == lives)
            continue;
        world->dialled[index][other] = lives;
        node_link_schedule(world, index, other, EVENT_PEER_UP);
    }
}

static void look(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (!world->nodes[i].up)
            continue;
        const struct ring_state *ring = ring_of(world, i);
        note_removed(world, ring);
        if (ring->members_count > world->nodes_count)
            come(world, ring);
        if (world->nodes[i].up)
            link_new(world, i);
    }
}

void members_on_event(struct world *world)
{
    look(world);
    world_schedule(world, LOOK_US, (struct event){.kind = EVENT_MEMBERS});
}

/* Whoever was removed and was not told is switched off by its operator. */
void members_heal(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].up && world->nodes[i].removed)
            node_crash(world, i);
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
    if (view->ring.epoch != ring_of(world, index)->epoch)
        world_fail(world, "%s/%u knows another ring than its sibling", node->name, shard);
}

void members_check(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        for (uint16_t shard = 0; shard < node->shards && node->up && !node->removed; shard++)
            check_view(world, i, shard);
    }
}
