/* What gossip says and believes. */
#include "gossip_internal.h"
#include "probe.h"

#include <math.h>
#include <string.h>

enum {
    RUMOURS_PER_MESSAGE = 32, /* news travels in several messages; a frame stays below 4 KiB */
    TRANSMIT_FACTOR =
        4, /* each rumour is passed on factor * log10(members + 1) times (memberlist's value) */
    MEMBER_STATUS_HIGHEST = MEMBER_LEFT
};

/* Whoever raised a suspicion is named to all who hear of it: passing it on confirms nothing
 * (Lifeguard counts independent suspicions). With several, each is named in turn. */
static node_id accuser(const struct gossip *gossip, size_t index)
{
    const struct gossip_peer *peer = gossip->peers[index];
    if (peer == NULL || peer->confirmations == 0)
        return gossip->outbox->self;
    return peer->confirmers[peer->transmits_left % peer->confirmations];
}

static void rumour_fill(const struct gossip *gossip, size_t index, Cartwheel__Rumour *rumour)
{
    const struct member *member = &gossip->members->entries[index].member;
    cartwheel__rumour__init(rumour);
    rumour->id = member->id;
    rumour->name = member->config->name;
    rumour->status = (uint32_t)member->status;
    rumour->incarnation = member->incarnation;
    rumour->shards = member->shards;
    rumour->from = accuser(gossip, index);
}

struct selection {
    size_t indexes[MEMBERS_MAX];
    size_t count;
    bool taken[MEMBERS_MAX]; /* by member index */
};

static void select_member(const struct gossip *gossip, struct selection *selection, size_t index)
{
    /* Of a member not met in this life there is nothing to tell. */
    const struct member *member = &gossip->members->entries[index].member;
    if (member->id == NODE_ID_NONE || member->shards == 0 || member->status == MEMBER_REMOVED ||
        selection->taken[index])
        return;
    selection->taken[index] = true;
    selection->indexes[selection->count++] = index;
}

/* Selects news of a member as one of the times that it is passed on. */
static void select_rumour(struct gossip *gossip, struct selection *selection, size_t index)
{
    if (gossip_transmits_left(gossip, index) > 0)
        gossip->peers[index]->transmits_left--;
    select_member(gossip, selection, index);
}

/* The rumour passed on least often so far that is not selected yet, or MEMBERS_MAX. */
static size_t freshest(const struct gossip *gossip, const struct selection *selection)
{
    size_t best = MEMBERS_MAX;
    uint32_t most = 0;
    for (size_t i = 0; i < membership_count(gossip->members); i++) {
        uint32_t left = gossip_transmits_left(gossip, i);
        if (left <= most || selection->taken[i])
            continue;
        most = left;
        best = i;
    }
    return best;
}

static void select_news(struct gossip *gossip, struct selection *selection, size_t to,
                        bool everything)
{
    memset(selection, 0, sizeof(*selection));
    if (everything) {
        for (size_t i = 0; i < membership_count(gossip->members); i++)
            select_member(gossip, selection, i);
        return;
    }
    if (to < MEMBERS_MAX && gossip->members->entries[to].member.status != MEMBER_ALIVE)
        select_rumour(gossip, selection, to);
    select_rumour(gossip, selection, gossip->members->self);
    for (size_t next; selection->count < RUMOURS_PER_MESSAGE &&
                      (next = freshest(gossip, selection)) != MEMBERS_MAX;)
        select_rumour(gossip, selection, next);
}

static void news_send(struct gossip *gossip, struct address address, size_t to,
                      enum frame_type type, uint64_t request_id, bool everything)
{
    struct selection selection;
    select_news(gossip, &selection, to, everything);
    Cartwheel__Rumour rumours[MEMBERS_MAX];
    Cartwheel__Rumour *pointers[MEMBERS_MAX];
    for (size_t i = 0; i < selection.count; i++) {
        rumour_fill(gossip, selection.indexes[i], &rumours[i]);
        pointers[i] = &rumours[i];
    }
    Cartwheel__News news = CARTWHEEL__NEWS__INIT;
    news.rumours = pointers;
    news.n_rumours = selection.count;
    news.schema_version = gossip->schema_version;
    outbox_send(gossip->outbox, address, type, request_id, &news.base, SLICE_EMPTY);
}

void rumours_send(struct gossip *gossip, size_t to, enum frame_type type, uint64_t request_id,
                  bool everything)
{
    news_send(gossip, gossip_address(gossip, to), to, type, request_id, everything);
}

void rumours_reply(struct gossip *gossip, const struct frame_header *header, enum frame_type type,
                   bool everything)
{
    size_t to = members_index(gossip->members, header->from);
    struct address address = {header->from, header->from_shard, 0};
    news_send(gossip, address, to, type, header->request_id, everything);
}

void rumours_share(struct gossip *gossip, uint16_t shard)
{
    struct address sibling = {gossip->outbox->self, shard, 0};
    news_send(gossip, sibling, gossip->members->self, FRAME_MEMBERS, 0, true);
}

static double log_of_members(const struct gossip *gossip)
{
    return fmax(1.0, log10((double)membership_size(gossip->members) + 1.0));
}

void rumours_spread(struct gossip *gossip, size_t index)
{
    gossip_peer(gossip, index)->transmits_left =
        (uint32_t)ceil(TRANSMIT_FACTOR * log_of_members(gossip));
}

/* Lifeguard's dynamic suspicion: starts long, and shrinks with each independent confirmation. */
static uint64_t suspicion_length_us(const struct gossip *gossip, uint32_t confirmations)
{
    double least = gossip->config.suspicion_factor * log_of_members(gossip) *
                   (double)gossip->config.probe_interval_us;
    size_t members = membership_size(gossip->members);
    uint32_t expected = members < 3 ? 0 : (uint32_t)(members - 2);
    if (expected > CONFIRMATIONS_MAX)
        expected = CONFIRMATIONS_MAX;
    if (expected == 0)
        return (uint64_t)least;
    double most = least * gossip->config.suspicion_max_factor;
    double shrunk = log(confirmations + 1.0) / log(expected + 1.0);
    return (uint64_t)fmax(least, most - (most - least) * shrunk);
}

static void suspicion_confirm(struct gossip *gossip, size_t index, node_id from)
{
    struct gossip_peer *peer = gossip_peer(gossip, index);
    for (uint32_t i = 0; i < peer->confirmations; i++) {
        if (peer->confirmers[i] == from)
            return;
    }
    if (peer->confirmations > CONFIRMATIONS_MAX)
        return;
    peer->confirmers[peer->confirmations++] = from;
    /* The first one started the suspicion; only further ones confirm it. */
    uint64_t length_us = suspicion_length_us(gossip, peer->confirmations - 1);
    timers_arm(gossip->timers, &peer->suspicion, peer->suspected_us + length_us);
    rumours_spread(gossip, index);
}

static void status_change(struct gossip *gossip, size_t index, enum member_status status,
                          uint64_t incarnation)
{
    struct gossip_peer *peer = gossip_peer(gossip, index);
    const struct member *member = &gossip->members->entries[index].member;
    if (member->status != status)
        log_event(gossip->log, LOG_INFO, "member_status",
                  "member=%s from=%s to=%s incarnation=%llu", member->config->name,
                  member_status_name(member->status), member_status_name(status),
                  (unsigned long long)incarnation);
    if (member->status == MEMBER_DEAD && status == MEMBER_ALIVE)
        PROBE("a dead member lives");
    if (status == MEMBER_LEFT)
        PROBE("a member has left");
    timers_disarm(gossip->timers, &peer->suspicion);
    peer->confirmations = 0;
    members_set_status(gossip->members, index, status, incarnation);
    rumours_spread(gossip, index);
}

static void suspicion_start(struct gossip *gossip, size_t index, uint64_t incarnation, node_id from)
{
    status_change(gossip, index, MEMBER_SUSPECT, incarnation);
    gossip_peer(gossip, index)->suspected_us = gossip_now_us(gossip);
    suspicion_confirm(gossip, index, from);
}

void rumours_suspect(struct gossip *gossip, size_t index)
{
    const struct member *member = &gossip->members->entries[index].member;
    if (member->status == MEMBER_SUSPECT)
        suspicion_confirm(gossip, index, gossip->outbox->self);
    else if (member->status == MEMBER_ALIVE || member->status == MEMBER_UNKNOWN)
        suspicion_start(gossip, index, member->incarnation, gossip->outbox->self);
}

void rumours_on_suspicion_timeout(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    struct gossip_peer *peer = container_of(timer, struct gossip_peer, suspicion);
    const struct member *member = &peer->gossip->members->entries[peer->index].member;
    PROBE("a suspect is taken for dead");
    status_change(peer->gossip, peer->index, MEMBER_DEAD, member->incarnation);
}

/* SWIM's order of rumours about one member: a higher incarnation wins; within one, the worse news.
 */
static bool rumour_outranks(const struct member *held, enum member_status status,
                            uint64_t incarnation)
{
    if (held->status == MEMBER_UNKNOWN)
        return true;
    if (incarnation != held->incarnation)
        return incarnation > held->incarnation;
    return status > held->status;
}

void rumours_met(struct gossip *gossip, size_t index, uint64_t incarnation)
{
    if (rumour_outranks(&gossip->members->entries[index].member, MEMBER_ALIVE, incarnation))
        status_change(gossip, index, MEMBER_ALIVE, incarnation);
}

/* Somebody thinks ill of this node: only the node itself may raise its incarnation, and that
 * outranks it. */
static void refute(struct gossip *gossip, uint64_t incarnation)
{
    struct member *own = &gossip->members->entries[gossip->members->self].member;
    if (incarnation < own->incarnation || own->status == MEMBER_LEFT)
        return;
    PROBE("this node refutes that it is gone");
    members_set_status(gossip->members, gossip->members->self, MEMBER_ALIVE, incarnation + 1);
    rumours_spread(gossip, gossip->members->self);
    if (gossip->awareness < gossip->config.awareness_max)
        gossip->awareness++;
}

static bool rumour_apply(struct gossip *gossip, const Cartwheel__Rumour *rumour)
{
    if (rumour->status > MEMBER_STATUS_HIGHEST || rumour->shards == 0 ||
        rumour->shards > NODE_SHARD_MAX)
        return false;
    enum member_status status = (enum member_status)rumour->status;
    struct slice name = slice_of_string(rumour->name);
    /* Strangers, and a member's name under another id (a node that lost its data), are not
     * believed. */
    if (status == MEMBER_UNKNOWN || !members_bind(gossip->members, name, rumour->id))
        return true;
    size_t index = members_index(gossip->members, rumour->id);
    if (index == gossip->members->self) {
        if (status != MEMBER_ALIVE)
            refute(gossip, rumour->incarnation);
        return true;
    }
    const struct member *held = &gossip->members->entries[index].member;
    if (rumour_outranks(held, status, rumour->incarnation)) {
        members_set_shards(gossip->members, index, (uint16_t)rumour->shards);
        if (status == MEMBER_SUSPECT)
            suspicion_start(gossip, index, rumour->incarnation, rumour->from);
        else
            status_change(gossip, index, status, rumour->incarnation);
    } else if (status == MEMBER_SUSPECT && held->status == MEMBER_SUSPECT &&
               held->incarnation == rumour->incarnation) {
        PROBE("a suspicion is confirmed");
        suspicion_confirm(gossip, index, rumour->from);
    }
    return true;
}

bool rumours_apply(struct gossip *gossip, const Cartwheel__News *news)
{
    for (size_t i = 0; i < news->n_rumours; i++) {
        if (!rumour_apply(gossip, news->rumours[i]))
            return false;
    }
    gossip_raise_schema_version(gossip, news->schema_version);
    return true;
}
