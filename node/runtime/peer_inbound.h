/* peer_inbound: the accepting end of other members' links: a handshake, then their frames; and of those
 * who ask to become members (peer_joiner.h). */
#pragma once

#include "frame_stream.h"
#include "handshake.h"
#include "list.h"
#include "timers.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

struct shard;

struct peer_inbound {
    struct list_link link;
    struct shard *shard;
    int fd;
    struct event read_event;
    struct timer timer; /* ends a handshake that takes too long */
    uint64_t serial;    /* tells the connections of this shard apart */
    bool proven; /* frames flow; `identity` is claimed in the host's peers, unless it joins */
    bool joins;  /* no member, but wants to become one */
    struct handshake handshake;
    struct handshake_identity identity;
    struct frame_stream stream;
    struct evbuffer *answer; /* joins: what the socket did not take yet; NULL: nothing was asked */
    struct event write_event;
};

LIST_DEFINE(peer_inbounds, struct peer_inbound, link)

/* Takes over an accepted socket. */
void peer_inbound_new(struct shard *shard, int fd);
/* Closes and frees it. */
void peer_inbound_free(struct peer_inbound *inbound);
