#include "gossip_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cartwheel.pb-c.h"
#include "test_main.h"

static const char *const names[NET_NODES_MAX] = {"n0", "n1", "n2", "n3", "n4", "n5", "n6"};

node_id net_id(size_t index)
{
    return (node_id)(index + 1) << 16;
}

static void send_frame(struct transport *transport, struct address to, struct buffer *frame)
{
    struct net_node *from = container_of(transport, struct net_node, transport);
    struct gossip_net *net = from->net;
    size_t index = (size_t)(to.node >> 16) - 1;
    net->frames_sent++;
    if (from->dead || index >= net->count || net->nodes[index].dead) {
        buffer_unref(frame);
        return;
    }
    ck_assert_uint_lt(net->frames_count, NET_FRAMES_MAX);
    uint64_t at_us = net->now_us + NET_LATENCY_US + net->nodes[index].delay_us;
    net->frames[net->frames_count++] = (struct net_frame){at_us, index, frame};
}

static void cluster_fill(struct cluster_config *cluster, struct member_config *configs,
                         char (*addresses)[40], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.%zu:7000", i + 1);
        configs[i] = (struct member_config){(char *)(uintptr_t)names[i], addresses[i],
                                            (char *)(uintptr_t) "", 100};
    }
    *cluster = (struct cluster_config){(char *)(uintptr_t) "test", 8, configs, count};
}

/* Numbers are the order in which members came. */
static void members_fill(struct net_node *node, const struct cluster_config *cluster, size_t born)
{
    struct cluster_config birth = *cluster;
    birth.members_count = born;
    members_init(&node->members, &birth);
    for (size_t i = born; i < cluster->members_count; i++)
        ck_assert_uint_eq(members_add(&node->members, &cluster->members[i]), i);
}

static void node_init(struct net_node *node, const struct cluster_config *cluster, uint64_t seed)
{
    struct peer_identity self = {net_id(node->index), names[node->index], 1,
                                 UINT64_C(1) << INCARNATION_START_SHIFT};
    struct gossip_config config;
    gossip_config_defaults(&config);
    members_fill(node, cluster, node->net->born);
    members_set_self(&node->members, &self);
    timers_init(&node->timers);
    prng_init(&node->prng, seed);
    hlc_init(&node->hlc, 0);
    node->transport.send = send_frame;
    node->outbox = (struct outbox){.transport = &node->transport,
                                   .hlc = &node->hlc,
                                   .self = net_id(node->index),
                                   .epoch = 1,
                                   .now = {node->net->now_us, node->net->now_us}};
    gossip_init(&node->gossip, &config, &node->members, &node->outbox, &node->timers, &node->prng,
                NULL);
}

void net_init(struct gossip_net *net, size_t count, uint64_t seed)
{
    struct cluster_config cluster;
    struct member_config configs[NET_NODES_MAX];
    char addresses[NET_NODES_MAX][40];
    memset(net, 0, sizeof(*net));
    net->count = net->born = count;
    net->now_us = 1000000;
    cluster_fill(&cluster, configs, addresses, count);
    for (size_t i = 0; i < count; i++) {
        net->nodes[i].net = net;
        net->nodes[i].index = i;
        node_init(&net->nodes[i], &cluster, seed * 100 + i);
    }
}

size_t net_add(struct gossip_net *net)
{
    struct cluster_config cluster;
    struct member_config configs[NET_NODES_MAX];
    char addresses[NET_NODES_MAX][40];
    size_t index = net->count++;
    cluster_fill(&cluster, configs, addresses, net->count);
    for (size_t i = 0; i < index; i++)
        ck_assert_uint_eq(members_add(&net->nodes[i].members, &configs[index]), index);
    net->nodes[index].net = net;
    net->nodes[index].index = index;
    node_init(&net->nodes[index], &cluster, index);
    net_start(net, index);
    return index;
}

void net_remove(struct gossip_net *net, size_t by, size_t of)
{
    struct net_node *node = &net->nodes[by];
    node->outbox.now.monotonic_us = net->now_us;
    members_remove(&node->members, of);
    gossip_on_removal(&node->gossip, of);
}

void net_deinit(struct gossip_net *net)
{
    for (size_t i = 0; i < net->frames_count; i++)
        buffer_unref(net->frames[i].frame);
    for (size_t i = 0; i < net->count; i++) {
        gossip_deinit(&net->nodes[i].gossip);
        timers_deinit(&net->nodes[i].timers);
        members_deinit(&net->nodes[i].members);
    }
}

/* One side of a handshake. */
static void link_up(struct net_node *node, size_t peer)
{
    bool bound = members_bind(&node->members, slice_of_string(names[peer]), net_id(peer));
    ck_assert(bound);
    node->outbox.now.monotonic_us = node->net->now_us;
    members_set_shards(&node->members, peer, 1);
    members_set_linked(&node->members, peer, true);
    gossip_on_link(&node->gossip, peer, UINT64_C(1) << INCARNATION_START_SHIFT);
}

void net_meet(struct gossip_net *net, size_t one, size_t other)
{
    link_up(&net->nodes[one], other);
    link_up(&net->nodes[other], one);
}

void net_start(struct gossip_net *net, size_t index)
{
    net->nodes[index].outbox.now.monotonic_us = net->now_us;
    net->nodes[index].started = true;
    gossip_start(&net->nodes[index].gossip);
}

void net_start_all(struct gossip_net *net)
{
    for (size_t i = 0; i < net->count; i++) {
        for (size_t j = 0; j < i; j++)
            net_meet(net, i, j);
    }
    for (size_t i = 0; i < net->count; i++)
        net_start(net, i);
}

static void dial(struct gossip_net *net, struct net_node *node)
{
    for (size_t i = 0; net->dialing && i < net->count; i++) {
        const struct member *member = &node->members.entries[i].member;
        if (member->id != NODE_ID_NONE && !member->linked && member->status != MEMBER_REMOVED)
            net_meet(net, node->index, i);
    }
}

static void receive(struct gossip_net *net, const struct net_frame *arrived)
{
    struct net_node *node = &net->nodes[arrived->to];
    struct frame frame;
    struct arena arena;
    ck_assert_int_eq(frame_decode(buffer_slice(arrived->frame), &frame), FRAME_OK);
    bool known = members_index(&node->members, frame.header.from) != MEMBERS_MAX;
    if (node->dead || !node->started || !known)
        return;
    arena_init(&arena);
    node->outbox.now.monotonic_us = net->now_us;
    members_answered(&node->members, frame.header.from, net->now_us);
    ck_assert(gossip_on_frame(&node->gossip, &frame, &arena));
    arena_deinit(&arena);
    dial(net, node);
}

static size_t first_frame(const struct gossip_net *net)
{
    size_t first = 0;
    for (size_t i = 1; i < net->frames_count; i++) {
        if (net->frames[i].at_us < net->frames[first].at_us)
            first = i;
    }
    return first;
}

static uint64_t first_timer(const struct gossip_net *net, size_t *index)
{
    uint64_t least = DEADLINE_NEVER;
    for (size_t i = 0; i < net->count; i++) {
        uint64_t next = net->nodes[i].dead ? DEADLINE_NEVER : timers_next(&net->nodes[i].timers);
        if (next < least) {
            least = next;
            *index = i;
        }
    }
    return least;
}

/* The next thing that happens by `until_us`; false if nothing does. */
static bool step(struct gossip_net *net, uint64_t until_us)
{
    size_t index = 0;
    uint64_t timer_us = first_timer(net, &index);
    size_t at = first_frame(net);
    uint64_t frame_us = net->frames_count == 0 ? DEADLINE_NEVER : net->frames[at].at_us;
    if (timer_us > until_us && frame_us > until_us)
        return false;
    if (frame_us <= timer_us) {
        struct net_frame arrived = net->frames[at];
        /* Those behind keep their order, so that runs repeat. */
        memmove(&net->frames[at], &net->frames[at + 1],
                (net->frames_count - at - 1) * sizeof(arrived));
        net->frames_count--;
        net->now_us = frame_us > net->now_us ? frame_us : net->now_us;
        receive(net, &arrived);
        buffer_unref(arrived.frame);
        return true;
    }
    net->now_us = timer_us > net->now_us ? timer_us : net->now_us;
    net->nodes[index].outbox.now.monotonic_us = net->now_us;
    timers_run(&net->nodes[index].timers, net->now_us);
    return true;
}

void net_run_for(struct gossip_net *net, uint64_t length_us)
{
    uint64_t until_us = net->now_us + length_us;
    while (step(net, until_us))
        continue;
    net->now_us = until_us;
}

const struct member *net_view(const struct gossip_net *net, size_t by, size_t of)
{
    return membership_at(&net->nodes[by].members, of);
}

bool net_all_see(const struct gossip_net *net, size_t of, enum member_status status)
{
    for (size_t i = 0; i < net->count; i++) {
        if (i != of && !net->nodes[i].dead && net_view(net, i, of)->status != status)
            return false;
    }
    return true;
}

bool net_tell(struct gossip_net *net, size_t to, size_t by, size_t of, uint32_t status,
              uint64_t incarnation)
{
    return net_tell_of(net, to, by, net_id(of), names[of], status, incarnation);
}

bool net_tell_of(struct gossip_net *net, size_t to, size_t by, node_id id, const char *name,
                 uint32_t status, uint64_t incarnation)
{
    Cartwheel__Rumour rumour;
    Cartwheel__Rumour *rumours[] = {&rumour};
    Cartwheel__News news = CARTWHEEL__NEWS__INIT;
    struct frame_header header = {.type = FRAME_GOSSIP, .from = net_id(by), .epoch = 1};
    struct frame frame;
    struct arena arena;
    cartwheel__rumour__init(&rumour);
    rumour.id = id;
    rumour.name = (char *)(uintptr_t)name;
    rumour.status = status;
    rumour.incarnation = incarnation;
    rumour.shards = 1;
    rumour.from = net_id(by);
    news.rumours = rumours;
    news.n_rumours = 1;
    struct buffer *encoded = frame_encode(&header, &news.base, SLICE_EMPTY);
    ck_assert_int_eq(frame_decode(buffer_slice(encoded), &frame), FRAME_OK);
    arena_init(&arena);
    net->nodes[to].outbox.now.monotonic_us = net->now_us;
    bool good = gossip_on_frame(&net->nodes[to].gossip, &frame, &arena);
    arena_deinit(&arena);
    buffer_unref(encoded);
    return good;
}
