/* gossip_net: up to seven gossips in virtual time, for tests. Frames between them take a while, and
 * can be held up or lost. */
#pragma once

#include "gossip.h"

enum { NET_NODES_MAX = 7, NET_FRAMES_MAX = 4096, NET_LATENCY_US = 1000 };

struct gossip_net;

struct net_node {
    struct transport transport;
    struct gossip_net *net;
    size_t index;
    struct membership members;
    struct outbox outbox;
    struct timers timers;
    struct prng prng;
    struct hlc hlc;
    struct gossip gossip;
    bool started;
    bool dead;         /* hears, says and does nothing */
    uint64_t delay_us; /* of each frame to it, besides the network's */
};

struct net_frame {
    uint64_t at_us;
    size_t to;
    struct buffer *frame;
};

struct gossip_net {
    size_t count;
    size_t born; /* how many of them were there from the start */
    uint64_t now_us;
    struct net_node nodes[NET_NODES_MAX];
    struct net_frame frames[NET_FRAMES_MAX];
    size_t frames_count;
    uint64_t frames_sent;
    bool dialing; /* who learns of a member is linked with it, as the daemon would */
};

/* `count` gossips with the default configuration that know nobody yet. */
void net_init(struct gossip_net *net, size_t count, uint64_t seed);
void net_deinit(struct gossip_net *net);
/* Two nodes shake hands: each learns the other's id. */
void net_meet(struct gossip_net *net, size_t one, size_t other);
/* All meet all, and all start. */
void net_start_all(struct gossip_net *net);
void net_start(struct gossip_net *net, size_t index);
void net_run_for(struct gossip_net *net, uint64_t length_us);
/* One more member, which every node learns of at once, and the node itself, which is started; it has
 * met nobody. Returns its index. */
size_t net_add(struct gossip_net *net);
/* Node `by` learns that node `of` was removed. */
void net_remove(struct gossip_net *net, size_t by, size_t of);
/* How node `by` sees node `of`. */
const struct member *net_view(const struct gossip_net *net, size_t by, size_t of);
/* True if every living node but `of` sees `of` so. */
bool net_all_see(const struct gossip_net *net, size_t of, enum member_status status);
/* One rumour about node `of`, told to node `to` in a GOSSIP frame of node `by`. False if it was
 * refused as malformed. */
bool net_tell(struct gossip_net *net, size_t to, size_t by, size_t of, uint32_t status,
              uint64_t incarnation);
/* The same with id and name at will. */
bool net_tell_of(struct gossip_net *net, size_t to, size_t by, node_id id, const char *name,
                 uint32_t status, uint64_t incarnation);
node_id net_id(size_t index);
