#include "gossip.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "gossip_internal.h"
#include "probe.h"

void gossip_config_defaults(struct gossip_config *config)
{
    /* memberlist's values for a local network, as measured in the Lifeguard paper. */
    *config = (struct gossip_config){
        .probe_interval_us = 1000000,
        .probe_timeout_us = 500000,
        .indirect_probes = 3,
        .suspicion_factor = 4,
        .suspicion_max_factor = 6,
        .gossip_interval_us = 200000,
        .gossip_fanout = 3,
        .push_pull_interval_us = 30000000,
        .awareness_max = 8,
    };
}

static size_t member_total(const struct gossip *gossip)
{
    return membership_count(gossip->members);
}

/* Lifeguard: a node that is slow itself gives others more time. */
static uint64_t stretched_us(const struct gossip *gossip, uint64_t length_us)
{
    return length_us * (1 + gossip->awareness);
}

static void on_probe_tick(struct timer *timer, uint64_t now_us);
static void on_probe_timeout(struct timer *timer, uint64_t now_us);
static void on_gossip_tick(struct timer *timer, uint64_t now_us);
/* A sibling that learnt of a new member later than this shard could not know whom the news of it was
 * about. */
static void share_once_more(struct gossip *gossip)
{
    uint64_t version = membership_version(gossip->members);
    gossip->members->changed |= version != gossip->version_shared;
    gossip->version_shared = version;
}

static void on_sync_tick(struct timer *timer, uint64_t now_us);
static void on_relay_timeout(struct timer *timer, uint64_t now_us);

void gossip_init(struct gossip *gossip, const struct gossip_config *config,
                 struct membership *members, struct outbox *outbox, struct timers *timers,
                 struct prng *prng, struct log_sink *log)
{
    memset(gossip, 0, sizeof(*gossip));
    gossip->members = members;
    gossip->outbox = outbox;
    gossip->timers = timers;
    gossip->prng = prng;
    gossip->log = log;
    gossip->config = *config;
    gossip->shards = members->entries[members->self].member.shards;
    gossip->peers = calloc(MEMBERS_MAX, sizeof(struct gossip_peer *));
    gossip->order = calloc(MEMBERS_MAX, sizeof(*gossip->order));
    ensure(gossip->peers != NULL);
    ensure(gossip->order != NULL);
    gossip->order_count = gossip->order_next = member_total(gossip);
    gossip->probed = MEMBERS_MAX;
    for (size_t i = 0; i < gossip->order_count; i++)
        gossip->order[i] = (uint16_t)i;
    for (size_t i = 0; i < GOSSIP_RELAYS_MAX; i++) {
        gossip->relays[i].gossip = gossip;
        timer_init(&gossip->relays[i].timeout, on_relay_timeout);
    }
    timer_init(&gossip->probe_tick, on_probe_tick);
    timer_init(&gossip->probe_timeout, on_probe_timeout);
    timer_init(&gossip->gossip_tick, on_gossip_tick);
    timer_init(&gossip->sync_tick, on_sync_tick);
}

void gossip_deinit(struct gossip *gossip)
{
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        if (gossip->peers[i] != NULL)
            timers_disarm(gossip->timers, &gossip->peers[i]->suspicion);
        free(gossip->peers[i]);
    }
    for (size_t i = 0; i < GOSSIP_RELAYS_MAX; i++)
        timers_disarm(gossip->timers, &gossip->relays[i].timeout);
    timers_disarm(gossip->timers, &gossip->probe_tick);
    timers_disarm(gossip->timers, &gossip->probe_timeout);
    timers_disarm(gossip->timers, &gossip->gossip_tick);
    timers_disarm(gossip->timers, &gossip->sync_tick);
    free(gossip->peers);
    free(gossip->order);
}

/* Arms a periodic timer with a random first phase, so that nodes started together do not act
 * together. */
static void arm_with_phase(struct gossip *gossip, struct timer *timer, uint64_t interval_us)
{
    timers_arm(gossip->timers, timer,
               gossip_now_us(gossip) + prng_between(gossip->prng, 1, interval_us));
}

void gossip_start(struct gossip *gossip)
{
    arm_with_phase(gossip, &gossip->probe_tick, gossip->config.probe_interval_us);
    arm_with_phase(gossip, &gossip->gossip_tick, gossip->config.gossip_interval_us);
    arm_with_phase(gossip, &gossip->sync_tick, gossip->config.push_pull_interval_us);
    rumours_spread(gossip, gossip->members->self);
}

struct gossip_peer *gossip_peer(struct gossip *gossip, size_t index)
{
    struct gossip_peer *peer = gossip->peers[index];
    if (peer != NULL)
        return peer;
    peer = calloc(1, sizeof(*peer));
    ensure(peer != NULL);
    peer->gossip = gossip;
    peer->index = index;
    timer_init(&peer->suspicion, rumours_on_suspicion_timeout);
    gossip->peers[index] = peer;
    return peer;
}

uint32_t gossip_transmits_left(const struct gossip *gossip, size_t index)
{
    return gossip->peers[index] == NULL ? 0 : gossip->peers[index]->transmits_left;
}

static bool probeable(const struct gossip *gossip, size_t index)
{
    const struct member *member = &gossip->members->entries[index].member;
    return index != gossip->members->self && member->id != NODE_ID_NONE &&
           member->status != MEMBER_LEFT && member->status != MEMBER_REMOVED;
}

static void swap_in_order(struct gossip *gossip, size_t one, size_t other)
{
    uint16_t swapped = gossip->order[one];
    gossip->order[one] = gossip->order[other];
    gossip->order[other] = swapped;
}

/* Who was added has a turn in this round already, at any place of what is left of it. */
static void order_grow(struct gossip *gossip)
{
    while (gossip->order_count < member_total(gossip)) {
        size_t last = gossip->order_count++;
        gossip->order[last] = (uint16_t)last;
        swap_in_order(gossip, last, (size_t)prng_between(gossip->prng, gossip->order_next, last));
    }
}

/* SWIM's round-robin: each member once a round, in an order shuffled anew, so detection time is
 * bounded. The dead are probed too: that is how they are met again. */
static size_t next_to_probe(struct gossip *gossip)
{
    order_grow(gossip);
    for (size_t tried = 0; tried < 2 * member_total(gossip); tried++) {
        if (gossip->order_next >= member_total(gossip)) {
            gossip->order_next = 0;
            for (size_t i = member_total(gossip) - 1; i > 0; i--)
                swap_in_order(gossip, i, (size_t)prng_below(gossip->prng, i + 1));
        }
        size_t candidate = gossip->order[gossip->order_next++];
        if (probeable(gossip, candidate))
            return candidate;
    }
    return MEMBERS_MAX;
}

static void probe(struct gossip *gossip, size_t index)
{
    gossip->probed = index;
    gossip->probe_answered = false;
    gossip->nacks_missing = 0;
    gossip->probe_id = outbox_request_id(gossip->outbox);
    rumours_send(gossip, index, FRAME_PING, gossip->probe_id, false);
    uint64_t timeout_us = stretched_us(gossip, gossip->config.probe_timeout_us);
    timers_arm(gossip->timers, &gossip->probe_timeout, gossip_now_us(gossip) + timeout_us);
}

/* The probe under way got no answer, neither directly nor through others. */
static void probe_fail(struct gossip *gossip)
{
    const struct member *member = &gossip->members->entries[gossip->probed].member;
    if (gossip->nacks_missing > 0 && gossip->awareness < gossip->config.awareness_max) {
        PROBE("helpers say nothing: this node may be the slow one");
        gossip->awareness++;
    }
    if (member->status != MEMBER_DEAD)
        rumours_suspect(gossip, gossip->probed);
}

static void on_probe_tick(struct timer *timer, uint64_t now_us)
{
    struct gossip *gossip = container_of(timer, struct gossip, probe_tick);
    if (gossip->probed != MEMBERS_MAX && !gossip->probe_answered)
        probe_fail(gossip);
    gossip->probed = MEMBERS_MAX;
    size_t next = next_to_probe(gossip);
    if (next != MEMBERS_MAX)
        probe(gossip, next);
    timers_arm(gossip->timers, timer,
               now_us + stretched_us(gossip, gossip->config.probe_interval_us));
}

/* No direct answer in time: others try (SWIM's ping-req). */
static void on_probe_timeout(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    struct gossip *gossip = container_of(timer, struct gossip, probe_timeout);
    if (gossip->probed == MEMBERS_MAX || gossip->probe_answered)
        return;
    PROBE("a probe is late: others are asked to try");
    Cartwheel__PingRequest request = CARTWHEEL__PING_REQUEST__INIT;
    request.target = gossip->members->entries[gossip->probed].member.id;
    size_t start = (size_t)prng_below(gossip->prng, member_total(gossip));
    for (size_t i = 0;
         i < member_total(gossip) && gossip->nacks_missing < gossip->config.indirect_probes; i++) {
        size_t helper = (start + i) % member_total(gossip);
        bool useful = helper != gossip->members->self && helper != gossip->probed &&
                      members_usable(gossip->members, helper);
        if (!useful)
            continue;
        gossip->nacks_missing++;
        outbox_send(gossip->outbox, gossip_address(gossip, helper), FRAME_PING_REQUEST,
                    gossip->probe_id, &request.base, SLICE_EMPTY);
    }
}

static void on_gossip_tick(struct timer *timer, uint64_t now_us)
{
    struct gossip *gossip = container_of(timer, struct gossip, gossip_tick);
    size_t start = (size_t)prng_below(gossip->prng, member_total(gossip));
    uint32_t sent = 0;
    bool news = false;
    for (size_t i = 0; i < member_total(gossip); i++)
        news |= gossip_transmits_left(gossip, i) > 0;
    for (size_t i = 0; news && i < member_total(gossip) && sent < gossip->config.gossip_fanout;
         i++) {
        size_t to = (start + i) % member_total(gossip);
        if (!probeable(gossip, to))
            continue;
        rumours_send(gossip, to, FRAME_GOSSIP, 0, false);
        sent++;
    }
    timers_arm(gossip->timers, timer, now_us + gossip->config.gossip_interval_us);
}

static void on_sync_tick(struct timer *timer, uint64_t now_us)
{
    struct gossip *gossip = container_of(timer, struct gossip, sync_tick);
    size_t start = (size_t)prng_below(gossip->prng, member_total(gossip));
    for (size_t i = 0; i < member_total(gossip); i++) {
        size_t with = (start + i) % member_total(gossip);
        if (!probeable(gossip, with) || !gossip->members->entries[with].member.linked)
            continue;
        rumours_send(gossip, with, FRAME_SYNC, outbox_request_id(gossip->outbox), true);
        break;
    }
    share_once_more(gossip);
    timers_arm(gossip->timers, timer, now_us + gossip->config.push_pull_interval_us);
}

static void probe_void(struct gossip *gossip)
{
    gossip->probed = MEMBERS_MAX;
    timers_disarm(gossip->timers, &gossip->probe_timeout);
}

void gossip_on_removal(struct gossip *gossip, size_t index)
{
    struct gossip_peer *peer = gossip->peers[index];
    if (gossip->probed == index) {
        PROBE("a member is removed under a probe");
        probe_void(gossip);
    }
    if (peer == NULL)
        return;
    timers_disarm(gossip->timers, &peer->suspicion);
    free(peer);
    gossip->peers[index] = NULL;
}

void gossip_on_link(struct gossip *gossip, size_t index, uint64_t incarnation)
{
    rumours_met(gossip, index, incarnation);
    bool started = timer_armed(&gossip->probe_tick);
    if (!started || !probeable(gossip, index))
        return;
    if (gossip->probed == index) {
        PROBE("a link comes up under a probe");
        probe_void(gossip);
    }
    rumours_send(gossip, index, FRAME_SYNC, outbox_request_id(gossip->outbox), true);
}

static struct gossip_relay *relay_find(struct gossip *gossip, uint64_t ping_id)
{
    for (size_t i = 0; i < GOSSIP_RELAYS_MAX; i++) {
        if (gossip->relays[i].ping_id == ping_id)
            return &gossip->relays[i];
    }
    return NULL;
}

static void relay_answer(struct gossip *gossip, const struct frame_header *asker, node_id target,
                         bool reached)
{
    Cartwheel__PingRequestReply reply = CARTWHEEL__PING_REQUEST_REPLY__INIT;
    reply.target = target;
    reply.reached = reached;
    outbox_reply(gossip->outbox, asker, FRAME_PING_REQUEST_REPLY, &reply.base, SLICE_EMPTY);
}

static void relay_finish(struct gossip_relay *relay, bool reached)
{
    timers_disarm(relay->gossip->timers, &relay->timeout);
    relay->ping_id = 0;
    relay_answer(relay->gossip, &relay->asker, relay->target, reached);
}

static void on_relay_timeout(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    PROBE("a probe for another gets no answer");
    relay_finish(container_of(timer, struct gossip_relay, timeout), false);
}

static void on_ping_request(struct gossip *gossip, const struct frame *frame,
                            const Cartwheel__PingRequest *request)
{
    size_t target = members_index(gossip->members, request->target);
    struct gossip_relay *relay = relay_find(gossip, 0);
    if (target == MEMBERS_MAX || target == gossip->members->self || relay == NULL) {
        relay_answer(gossip, &frame->header, request->target, false);
        return;
    }
    relay->ping_id = outbox_request_id(gossip->outbox);
    relay->asker = frame->header;
    relay->target = request->target;
    rumours_send(gossip, target, FRAME_PING, relay->ping_id, false);
    /* Lifeguard's nack comes before the asker gives up: it has probe_interval - probe_timeout left.
     */
    timers_arm(gossip->timers, &relay->timeout,
               gossip_now_us(gossip) + gossip->config.probe_timeout_us * 4 / 5);
}

static void probe_succeed(struct gossip *gossip)
{
    if (!gossip->probe_answered && gossip->awareness > 0)
        gossip->awareness--;
    gossip->probe_answered = true;
    timers_disarm(gossip->timers, &gossip->probe_timeout);
}

static void on_ping_reply(struct gossip *gossip, const struct frame *frame)
{
    struct gossip_relay *relay = relay_find(gossip, frame->header.request_id);
    if (frame->header.request_id == 0 || BUGGIFY("a probe's answer is overheard"))
        return;
    if (frame->header.request_id == gossip->probe_id && gossip->probed != MEMBERS_MAX)
        probe_succeed(gossip);
    else if (relay != NULL) {
        PROBE("a probe for another reaches its target");
        relay_finish(relay, true);
    }
}

static void on_ping_request_reply(struct gossip *gossip, const struct frame *frame,
                                  const Cartwheel__PingRequestReply *reply)
{
    if (frame->header.request_id != gossip->probe_id || gossip->probed == MEMBERS_MAX)
        return;
    if (gossip->nacks_missing > 0)
        gossip->nacks_missing--;
    if (reply->reached) {
        PROBE("others reach whom this node cannot");
        probe_succeed(gossip);
    }
}

/* What shard 0 believes, taken over by a sibling shard, unless a handshake of its own has told it
 * of a later life. */
static bool take_over(struct gossip *gossip, const Cartwheel__News *news)
{
    for (size_t i = 0; i < news->n_rumours; i++) {
        const Cartwheel__Rumour *rumour = news->rumours[i];
        struct slice name = slice_of_string(rumour->name);
        if (rumour->status > MEMBER_LEFT || rumour->shards == 0 || rumour->shards > NODE_SHARD_MAX)
            return false;
        /* Shards of a node do not learn in the same moment who was added or removed. */
        if (!members_bind(gossip->members, name, rumour->id))
            continue;
        size_t index = members_index(gossip->members, rumour->id);
        if (rumour->incarnation < gossip->members->entries[index].member.incarnation)
            continue;
        members_set_shards(gossip->members, index, (uint16_t)rumour->shards);
        members_set_status(gossip->members, index, (enum member_status)rumour->status,
                           rumour->incarnation);
    }
    gossip_raise_schema_version(gossip, news->schema_version);
    return true;
}

bool gossip_on_frame(struct gossip *gossip, const struct frame *frame, struct arena *arena)
{
    ProtobufCMessage *body = frame_decode_body(frame, arena);
    if (body == NULL)
        return false;
    switch (frame->header.type) {
    case FRAME_PING_REQUEST:
        on_ping_request(gossip, frame, (const Cartwheel__PingRequest *)body);
        return true;
    case FRAME_PING_REQUEST_REPLY:
        on_ping_request_reply(gossip, frame, (const Cartwheel__PingRequestReply *)body);
        return true;
    case FRAME_MEMBERS:
        return frame->header.from == gossip->outbox->self &&
               take_over(gossip, (const Cartwheel__News *)body);
    default:
        break;
    }
    if (!rumours_apply(gossip, (const Cartwheel__News *)body))
        return false;
    if (frame->header.type == FRAME_PING)
        rumours_reply(gossip, &frame->header, FRAME_PING_REPLY, false);
    else if (frame->header.type == FRAME_SYNC)
        rumours_reply(gossip, &frame->header, FRAME_SYNC_REPLY, true);
    else if (frame->header.type == FRAME_PING_REPLY)
        on_ping_reply(gossip, frame);
    return true;
}

void gossip_leave(struct gossip *gossip)
{
    struct member *own = &gossip->members->entries[gossip->members->self].member;
    members_set_status(gossip->members, gossip->members->self, MEMBER_LEFT, own->incarnation);
    for (size_t i = 0; i < member_total(gossip); i++) {
        if (probeable(gossip, i))
            rumours_send(gossip, i, FRAME_GOSSIP, 0, false);
    }
}

void gossip_share(struct gossip *gossip)
{
    if (!gossip->members->changed)
        return;
    gossip->members->changed = false;
    for (uint16_t shard = 1; shard < gossip->shards; shard++)
        rumours_share(gossip, shard);
}

void gossip_raise_schema_version(struct gossip *gossip, uint64_t schema_version)
{
    if (schema_version <= gossip->schema_version)
        return;
    gossip->schema_version = schema_version;
    gossip->members->changed = true;
    rumours_spread(gossip, gossip->members->self);
}
