/* shard: one thread with one event loop around one node: its sockets, timers and mailbox.
 *
 * The loop turns: all events that are ready are handled, each through a door of the node; then the
 * turn is finished: frames to itself are delivered, finished calls answered, peers' output sent,
 * and one timer armed. So one wake-up serves everything that has queued up, and nothing is freed
 * under the callback that ends it. */
#pragma once

#include "api.h"
#include "client.h"
#include "gate.h"
#include "host.h"
#include "listener.h"
#include "mailbox.h"
#include "node.h"
#include "peer_inbound.h"
#include "peer_link.h"
#include "prng.h"
#include "ring_call.h"
#include "timers.h"
#include <event2/event.h>
#include <event2/event_struct.h>

enum {
    SHARD_READ_SIZE = 256 * 1024 /* bytes taken from one socket at a time */
};

struct frame_queue {
    struct buffer **frames; /* owned references */
    size_t count;
    size_t capacity;
    size_t bytes; /* of the frames */
};

struct shard {
    struct host *host;
    uint16_t index;
    pthread_t thread;
    struct event_base *base;
    struct store *store;
    struct node *node;
    struct api *api;
    struct transport transport;
    struct log_sink *log;
    struct prng prng; /* back-off jitter and request ids */
    struct handshake_identity identity;
    struct sigv4_config sigv4;
    struct sigv4_cache sigv4_cache;

    struct instant now; /* as of the start of what is being handled: shard_tick() */

    struct mailbox mailbox;
    struct event mailbox_event;
    struct event timer_event;
    uint64_t timer_armed_us; /* what timer_event is set to; DEADLINE_NEVER: not set */
    struct timers timers;    /* of sockets */
    struct timer sweep;      /* cuts off slow clients */
    struct timer drain;      /* ends a stop that takes too long */
    struct timer farewell;   /* this node was removed: until it stops */

    pthread_mutex_t stats_lock;
    struct node_stats stats; /* as of stats_at_us, for other shards to read */
    uint64_t stats_at_us;

    struct gate gate;
    size_t results;           /* of the API, as charged to the memory of requests */
    uint64_t results_refused; /* of the API, as counted by the host */
    struct frame_queue local; /* frames from this shard to itself */
    struct clients clients;
    struct clients_resumed resumed; /* answered: their next request may be read */
    struct clients_ready ready;     /* have bytes in their socket: their turns come in that order */
    struct clients_dead dead_clients;
    struct peer_links *links;
    bool members_followed;    /* peers and links know the members, */
    uint64_t members_version; /* up to this version */
    struct peer_inbounds inbounds;
    bool link_broke;                  /* at the end of this turn: finish another one at once */
    struct listener *client_listener; /* NULL unless this shard accepts for all */
    struct listener *peer_listener;
    size_t calls_open;
    struct ring_calls ring_calls; /* shard 0: being decided */
    uint64_t inbounds_made;

    uint8_t *read_bytes;           /* scratch of SHARD_READ_SIZE for reads */
    struct writer output;          /* scratch for replies */
    bool draining;                 /* the process stops: no new connections, close after replies */
    bool finished;                 /* leave the loop */
    uint64_t inbound_log_after_us; /* refused peers are logged once per interval */
};

struct shard *shard_new(struct host *host, uint16_t index);
/* The thread must have ended, and the store been closed. */
void shard_free(struct shard *shard);
/* Before shard_start(): what the node runs on. */
void shard_attach(struct shard *shard, struct store *store, const struct node_config *config,
                  const struct api_config *api_config);
/* Before shard_start(), one shard only: it accepts for all of them. -1: none. */
void shard_listen(struct shard *shard, int client_fd, int peer_fd);
void shard_start(struct shard *shard);
void shard_join(struct shard *shard);

/* Any thread. */
void shard_post_frame(struct shard *shard, node_id from, struct buffer *frame);
void shard_post_completions(void *shard, struct store_ops *done);
/* Any thread; the shard owns the socket from now on. */
void shard_post_client(struct shard *shard, int fd, address_id address);
void shard_post_peer(struct shard *shard, int fd);
/* Any thread: compare everything with the other members. */
void shard_post_repair(struct shard *shard);
/* Any thread: tell the cluster, finish what is open within the configured time, end the thread. */
void shard_post_stop(struct shard *shard);

/* For the sockets of this shard, on its thread. The clocks are read once for each event that is
 * handled, or once for a batch of frames: at 100,000 requests a second, reading them is dear. */
struct instant shard_tick(struct shard *shard);
/* Brings up to date what the API's results take of the memory of requests. */
void shard_charge_results(struct shard *shard);
/* A socket whose bytes are served before those of clients. Its event must not be active. */
void shard_prefer(struct event *event);
/* A frame from a peer, whole and checked, for the shard that its header names. */
void shard_take_frame(struct shard *shard, node_id from, struct slice frame);

/* Figures of all shards of the process: this one's as they are, the others' as of a moment ago. */
void shard_stats_of_all(const struct shard *shard, struct node_stats *stats);
