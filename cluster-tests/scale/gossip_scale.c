/* gossip_scale: many gossips in virtual time, with nothing else around them, for docs/scale.md: how
 * long all take to learn of a death and of a newcomer, and what gossip costs.
 *
 * Usage: gossip_scale MEMBERS */
#include "gossip.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_US = 1000 /* time goes in such steps; a frame takes one */, LIMIT_S = 300 };

struct net;

struct node {
    struct transport transport;
    struct net *net;
    struct membership members;
    struct outbox outbox;
    struct timers timers;
    struct prng prng;
    struct hlc hlc;
    struct gossip gossip;
    bool silent; /* dead, or not born yet */
};

struct arrival {
    size_t to;
    struct buffer *frame;
};

struct net {
    struct node *nodes;
    size_t count;
    uint64_t now_us;
    struct arrival *frames;
    size_t frames_count;
    size_t frames_max;
    uint64_t bytes;
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    ensure(memory != NULL);
    return memory;
}

static node_id id_of(size_t index)
{
    return (node_id)(index + 1) << 16;
}

static void send_frame(struct transport *transport, struct address to, struct buffer *frame)
{
    struct net *net = container_of(transport, struct node, transport)->net;
    if (net->frames_count == net->frames_max) {
        net->frames_max = net->frames_max == 0 ? 1024 : 2 * net->frames_max;
        net->frames = realloc(net->frames, net->frames_max * sizeof(*net->frames));
        ensure(net->frames != NULL);
    }
    net->bytes += buffer_slice(frame).size;
    net->frames[net->frames_count++] = (struct arrival){(size_t)(to.node >> 16) - 1, frame};
}

static void cluster_fill(struct cluster_config *cluster, size_t count)
{
    static char name[] = "scale";
    static char zone[] = "";
    *cluster = (struct cluster_config){name, 8, allocate(count, sizeof(*cluster->members)), count};
    for (size_t i = 0; i < count; i++) {
        char *text = allocate(2, 32);
        snprintf(text, 32, "n%zu", i);
        snprintf(text + 32, 32, "host%zu:7000", i);
        cluster->members[i] = (struct member_config){text, text + 32, zone, 100};
    }
}

static void cluster_free(struct cluster_config *cluster)
{
    for (size_t i = 0; i < cluster->members_count; i++)
        free(cluster->members[i].name);
    free(cluster->members);
}

/* All know each other as after long acquaintance, but for the last, whom nobody has met. */
static void acquaint(struct node *node, size_t self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct member *member = &node->members.entries[i].member;
        if (i == self || (i == count - 1) || self == count - 1)
            continue;
        member->id = id_of(i);
        member->shards = 1;
        member->status = MEMBER_ALIVE;
        member->incarnation = UINT64_C(1) << INCARNATION_START_SHIFT;
        member->linked = true;
    }
}

static void node_init(struct net *net, size_t index, const struct cluster_config *cluster)
{
    struct node *node = &net->nodes[index];
    struct peer_identity self = {id_of(index), cluster->members[index].name, 1,
                                 UINT64_C(1) << INCARNATION_START_SHIFT};
    struct gossip_config config;
    gossip_config_defaults(&config);
    node->net = net;
    members_init(&node->members, cluster);
    members_set_self(&node->members, &self);
    acquaint(node, index, net->count);
    timers_init(&node->timers);
    prng_init(&node->prng, index);
    hlc_init(&node->hlc, 0);
    node->transport.send = send_frame;
    node->outbox = (struct outbox){.transport = &node->transport,
                                   .hlc = &node->hlc,
                                   .self = id_of(index),
                                   .epoch = 1,
                                   .now = {net->now_us, net->now_us}};
    gossip_init(&node->gossip, &config, &node->members, &node->outbox, &node->timers, &node->prng,
                NULL);
    gossip_start(&node->gossip);
}

static void receive(struct net *net, const struct arrival *arrival)
{
    struct node *node = &net->nodes[arrival->to];
    struct frame frame;
    struct arena arena;
    bool whole = frame_decode(buffer_slice(arrival->frame), &frame) == FRAME_OK;
    ensure(whole);
    if (!node->silent) {
        arena_init(&arena);
        node->outbox.now.monotonic_us = net->now_us;
        bool good = gossip_on_frame(&node->gossip, &frame, &arena);
        ensure(good);
        arena_deinit(&arena);
    }
    buffer_unref(arrival->frame);
}

static void step(struct net *net)
{
    struct arrival *arrived = net->frames;
    size_t arrived_count = net->frames_count;
    net->frames = NULL;
    net->frames_count = net->frames_max = 0;
    net->now_us += STEP_US;
    for (size_t i = 0; i < arrived_count; i++)
        receive(net, &arrived[i]);
    free(arrived);
    for (size_t i = 0; i < net->count; i++) {
        struct node *node = &net->nodes[i];
        if (node->silent || timers_next(&node->timers) > net->now_us)
            continue;
        node->outbox.now.monotonic_us = net->now_us;
        timers_run(&node->timers, net->now_us);
    }
}

static bool all_see(const struct net *net, size_t of, enum member_status status)
{
    for (size_t i = 0; i < net->count; i++) {
        if (i != of && !net->nodes[i].silent &&
            net->nodes[i].members.entries[of].member.status != status)
            return false;
    }
    return true;
}

/* Seconds until all see it so, and what was sent meanwhile, in bytes per node and second. */
static void measure(struct net *net, const char *what, size_t of, enum member_status status)
{
    uint64_t start_us = net->now_us;
    net->bytes = 0;
    while (!all_see(net, of, status) && net->now_us < start_us + LIMIT_S * UINT64_C(1000000))
        step(net);
    double seconds = (double)(net->now_us - start_us) / 1e6;
    printf("%s: %s after %.1f s, %.0f bytes/s of each node meanwhile\n", what,
           all_see(net, of, status) ? "known to all" : "not known to all", seconds,
           (double)net->bytes / seconds / (double)net->count);
}

static void run_quietly(struct net *net, unsigned seconds)
{
    net->bytes = 0;
    for (unsigned i = 0; i < seconds * 1000; i++)
        step(net);
    printf("quiet: %.0f bytes/s of each node\n", (double)net->bytes / seconds / (double)net->count);
}

/* A link between the newcomer and one other, made by a handshake. */
static void meet(struct net *net, size_t by, size_t of)
{
    struct node *node = &net->nodes[by];
    struct member *member = &node->members.entries[of].member;
    member->id = id_of(of);
    node->outbox.now.monotonic_us = net->now_us;
    members_set_shards(&node->members, of, 1);
    members_set_linked(&node->members, of, true);
    gossip_on_link(&node->gossip, of, UINT64_C(1) << INCARNATION_START_SHIFT);
}

int main(int count, char **arguments)
{
    size_t members = count == 2 ? strtoul(arguments[1], NULL, 10) : 0;
    if (members < 3 || members > MEMBERS_MAX) {
        fprintf(stderr, "Usage: gossip_scale MEMBERS   (3 to %d)\n", MEMBERS_MAX);
        return 2;
    }
    struct cluster_config cluster;
    struct net net = {.count = members, .now_us = 1000000};
    net.nodes = allocate(members, sizeof(*net.nodes));
    cluster_fill(&cluster, members);
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < members; i++)
        node_init(&net, i, &cluster);
    printf("%zu members, %zu KiB for each node\n", members,
           (mallinfo2().uordblks - before) / members / 1024);
    net.nodes[members - 1].silent = true;
    for (unsigned i = 0; i < 5000; i++)
        step(&net);
    run_quietly(&net, 30);
    net.nodes[0].silent = true;
    measure(&net, "a death", 0, MEMBER_DEAD);
    net.nodes[members - 1].silent = false;
    meet(&net, 1, members - 1);
    meet(&net, members - 1, 1);
    measure(&net, "a newcomer", members - 1, MEMBER_ALIVE);
    for (size_t i = 0; i < net.frames_count; i++)
        buffer_unref(net.frames[i].frame);
    free(net.frames);
    for (size_t i = 0; i < members; i++) {
        gossip_deinit(&net.nodes[i].gossip);
        timers_deinit(&net.nodes[i].timers);
        members_deinit(&net.nodes[i].members);
    }
    free(net.nodes);
    cluster_free(&cluster);
    return 0;
}
