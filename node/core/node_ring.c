/* The ring in a node: what it was when the node last ran, what members and frames make of it. */
#include <string.h>

#include "node_internal.h"
#include "probe.h"

/* Members that came after the birth, and those that went. */
static void add_members(struct membership *members, const struct ring_state *ring)
{
    for (size_t i = 0; i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        if (i < membership_count(members))
            continue;
        size_t number = members_add_present(members, &member->config, ring_member_present(member));
        ensure(number == i);
        bool bound = !ring_member_present(member) ||
                     members_bind(members, slice_of_string(member->config.name), member->id);
        ensure(bound);
    }
}

void node_load_ring(struct membership *members, struct slice bytes)
{
    struct ring_state ring;
    bool good = ring_decode(bytes, &ring);
    ensure(good);
    for (size_t i = 0; i < membership_count(members); i++) {
        if (!ring_member_present(&ring.members[i]))
            members_remove(members, i);
    }
    add_members(members, &ring);
    for (size_t i = 0; i < ring.members_count; i++) {
        if (members->entries[i].member.id == NODE_ID_NONE)
            members->entries[i].member.id = ring.members[i].id;
    }
    members_take_ring(members, &ring);
}

static bool same_config(const struct member_config *a, const struct member_config *b)
{
    return a->weight == b->weight && strcmp(a->zone, b->zone) == 0 &&
           strcmp(a->address, b->address) == 0;
}

/* Members are what the ring says they are. First those that go: who comes may have their names. */
static void follow_members(struct node *node)
{
    const struct ring_state *ring = &node->members.ring;
    struct instant now = node->outbox.now;
    for (size_t i = 0; i < membership_count(&node->members) && i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        if (!ring_member_present(member))
            node_remove_member(node, now, i);
        else if (!same_config(&member->config, membership_at(&node->members, i)->config))
            node_change_member(node, now, i, member->config.zone, member->config.weight,
                               member->config.address);
    }
    for (size_t i = membership_count(&node->members); i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        size_t number = node_add_member(node, now, &member->config, member->id);
        ensure(number == i);
        if (!ring_member_present(member))
            node_remove_member(node, now, i);
    }
}

/* Partitions that have come need the entries of their expiring items to be complete. */
static void look_after_expiry(struct node *node)
{
    size_t cursor = 0;
    uint64_t table_id;
    const struct table_schema *schema;
    while ((schema = map_each_id(&node->replica.schemas, &cursor, &table_id)) != NULL) {
        if (schema->expiry.size > 0)
            expiry_index_look(&node->expiry_index, table_id);
    }
}

static void on_ring(struct ring_register *ring)
{
    struct node *node = container_of(ring, struct node, ring);
    PROBE("the ring is another one");
    follow_members(node);
    replica_on_ring(&node->replica);
    ring_cleanup_on_ring(&node->cleanup);
    ring_transfer_on_ring(&node->transfer);
    look_after_expiry(node);
    if (node->config.shard != 0)
        return;
    ring_proposer_on_ring(&node->proposer);
    ring_driver_on_ring(&node->driver);
}

void node_init_ring(struct node *node, const struct boot *boot)
{
    struct slice vote = boot->ring_vote == NULL ? SLICE_EMPTY : buffer_slice(boot->ring_vote);
    ring_register_init(&node->ring, &node->members, &node->outbox, node->ports.store, &node->timers,
                       node->ports.log, node->config.shards, on_ring);
    ring_acceptor_init(&node->acceptor, &node->members, &node->outbox, node->ports.store,
                       &node->replica.votes, &node->replica.recovering, vote);
    ring_proposer_init(&node->proposer, &node->ring, &node->coordinator);
    ring_driver_init(&node->driver, &node->ring, &node->proposer, &node->timers);
    ring_cleanup_init(&node->cleanup, &node->replica, &node->timers);
    ring_transfer_init(&node->transfer, &node->coordinator, &node->caller, &node->exchange,
                       &node->timers);
}

void node_deinit_ring(struct node *node)
{
    ring_transfer_deinit(&node->transfer);
    ring_cleanup_deinit(&node->cleanup);
    ring_driver_deinit(&node->driver);
    ring_proposer_deinit(&node->proposer);
    ring_acceptor_deinit(&node->acceptor);
    ring_register_deinit(&node->ring);
}

void node_start_ring(struct node *node)
{
    ring_cleanup_start(&node->cleanup);
    ring_transfer_start(&node->transfer);
    if (node->config.shard == 0)
        ring_driver_start(&node->driver);
}

bool node_on_ring_frame(struct node *node, const struct frame *frame)
{
    const ProtobufCMessage *body = frame_decode_body(frame, &node->arena);
    if (body == NULL || (node->config.shard != 0 && frame->header.type != FRAME_RING_NEWS))
        return false;
    switch (frame->header.type) {
    case FRAME_RING_PREPARE:
    case FRAME_RING_ACCEPT:
        return ring_acceptor_on_ask(&node->acceptor, frame, (const Cartwheel__RingAsk *)body);
    case FRAME_RING_VOTE:
        return ring_proposer_on_vote(&node->proposer, frame, (const Cartwheel__RingVote *)body);
    case FRAME_RING_FETCH:
        return ring_register_on_fetch(&node->ring, frame, (const Cartwheel__RingFetch *)body);
    case FRAME_RING_NEWS:
        return ring_register_on_news(&node->ring, frame, (const Cartwheel__RingNews *)body);
    default:
        return ring_driver_on_report(&node->driver, frame, (const Cartwheel__RingReport *)body);
    }
}

void node_change_ring(struct node *node, struct instant now, struct ring_proposal *proposal)
{
    ensure(node->config.shard == 0);
    node_door_open(node, now);
    ring_propose(&node->proposer, proposal);
    node_door_close(node);
}

bool node_ring_quiet(const struct node *node)
{
    return !ring_changes(&node->members.ring) && ring_transfer_idle(&node->transfer) &&
           ring_cleanup_idle(&node->cleanup);
}
