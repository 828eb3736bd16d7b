#include "ring_change.h"

#include <stdlib.h>
#include <string.h>

const char ring_change_made_before[] = "it has been made before";

const char ring_change_leaves[] =
    "the node is on its way out of the cluster, and cannot join before it is gone";

static const char no_member[] = "there is no member of that name";

/* The same node has asked before. */
static const char *judge_earlier_join(const struct ring_change *change,
                                      const struct ring_member *member)
{
    if (!ring_member_present(member))
        return ring_change_leaves;
    if (strcmp(member->config.name, change->config.name) != 0 ||
        strcmp(member->config.address, change->config.address) != 0)
        return "the node has joined under another name or address";
    return ring_change_made_before;
}

static const char *make_join(const struct ring_change *change, const struct ring_state *ring,
                             struct ring_step *step)
{
    unsigned before = ring_find_id(ring, change->id);
    if (before != RING_NOBODY && ring->members[before].state != RING_REMOVED)
        return judge_earlier_join(change, &ring->members[before]);
    unsigned replaced = RING_NOBODY;
    if (change->replaces != NULL) {
        replaced = ring_find_name(ring, slice_of_string(change->replaces));
        if (replaced == RING_NOBODY)
            return "who is to be replaced is no member";
    }
    *step = (struct ring_step){
        .kind = RING_ADD, .member = (uint16_t)replaced, .config = change->config, .id = change->id};
    return NULL;
}

static const char *make_leave(const struct ring_state *ring, unsigned member,
                              struct ring_step *step)
{
    if (ring->members[member].state == RING_LEAVING)
        return ring_change_made_before;
    *step = (struct ring_step){.kind = RING_LEAVE, .member = (uint16_t)member};
    return NULL;
}

static const char *make_set(const struct ring_change *change, const struct ring_state *ring,
                            unsigned member, struct ring_step *step)
{
    const struct member_config *now = &ring->members[member].config;
    struct member_config wanted = *now;
    if (change->kind == RING_CHANGE_WEIGHT)
        wanted.weight = change->config.weight;
    else if (change->kind == RING_CHANGE_ZONE)
        wanted.zone = change->config.zone;
    else
        wanted.address = change->config.address;
    if (wanted.weight == now->weight && strcmp(wanted.zone, now->zone) == 0 &&
        strcmp(wanted.address, now->address) == 0)
        return ring_change_made_before;
    *step = (struct ring_step){.kind = RING_SET, .member = (uint16_t)member, .config = wanted};
    return NULL;
}

static const char *make(struct ring_proposal *proposal, const struct ring_state *ring,
                        struct ring_step *step)
{
    const struct ring_change *change = container_of(proposal, struct ring_change, proposal);
    if (change->kind == RING_CHANGE_JOIN)
        return make_join(change, ring, step);
    if (change->kind == RING_CHANGE_CANCEL) {
        *step = (struct ring_step){.kind = RING_CANCEL, .member = RING_NOBODY};
        return NULL;
    }
    unsigned member = ring_find_name(ring, slice_of_string(change->config.name));
    if (member == RING_NOBODY)
        return no_member;
    if (change->kind == RING_CHANGE_DECOMMISSION)
        return make_leave(ring, member, step);
    return make_set(change, ring, member, step);
}

void ring_change_init(struct ring_change *change, enum ring_change_kind kind,
                      void (*done)(struct ring_proposal *proposal, const char *problem))
{
    *change = (struct ring_change){.proposal = {.make = make, .done = done}, .kind = kind};
}

void ring_change_deinit(struct ring_change *change)
{
    member_config_deinit(&change->config);
    free(change->replaces);
    change->replaces = NULL;
}
