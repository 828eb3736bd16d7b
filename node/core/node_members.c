/* Members come, go and change, as whoever knows the ring tells. */
#include "node_internal.h"
#include "probe.h"

/* True if a door had to be opened for it. */
static bool enter(struct node *node, struct instant now)
{
    bool opened = !node->in_door;
    if (opened)
        node_door_open(node, now);
    return opened;
}

static void leave(struct node *node, bool opened)
{
    if (opened)
        node_door_close(node);
}

size_t node_add_member(struct node *node, struct instant now, const struct member_config *config,
                       node_id id)
{
    bool opened = enter(node, now);
    size_t number = members_add(&node->members, config);
    /* Only an id that nobody else has, or had, can be bound. */
    bool bound = number < MEMBERS_MAX && id != NODE_ID_NONE &&
                 members_bind(&node->members, slice_of_string(config->name), id);
    log_event(node->ports.log, LOG_INFO, "member_added", "member=%s address=%s number=%zu bound=%d",
              config->name, config->address, number, bound);
    leave(node, opened);
    return number;
}

/* All that waits for the member ends as if its link had broken; what would be tried again is not. */
static void let_go(struct node *node, size_t number)
{
    node_id id = node->members.entries[number].member.id;
    coordinator_on_peer_down(&node->coordinator, number);
    caller_on_peer_down(&node->caller, number);
    exchange_on_removal(&node->exchange, number);
    gossip_on_removal(&node->gossip, number);
    census_on_removal(&node->census);
    node->usable[number] = false;
    if (id == NODE_ID_NONE)
        return;
    throughput_leases_on_peer_down(&node->leases, id);
    heard_forget(&node->heard, id);
}

void node_on_expelled(struct node *node)
{
    node->failure = node_removed;
}

void node_remove_member(struct node *node, struct instant now, size_t number)
{
    if (number == node->members.self) {
        node->failure = node_removed;
        return;
    }
    if (membership_at(&node->members, number)->status == MEMBER_REMOVED)
        return;
    bool opened = enter(node, now);
    PROBE("a member is removed");
    log_event(node->ports.log, LOG_INFO, "member_removed", "member=%s number=%zu",
              membership_at(&node->members, number)->config->name, number);
    members_remove(&node->members, number);
    let_go(node, number);
    leave(node, opened);
}

void node_change_member(struct node *node, struct instant now, size_t number, const char *zone,
                        uint32_t weight, const char *address)
{
    bool opened = enter(node, now);
    members_change(&node->members, number, zone, weight, address);
    log_event(node->ports.log, LOG_INFO, "member_changed", "member=%s address=%s zone=%s weight=%u",
              membership_at(&node->members, number)->config->name, address, zone, weight);
    leave(node, opened);
}
