/* transport: the port to other shards and nodes. */
#pragma once

#include "bytes.h"
#include "version.h"

struct address {
    node_id node; /* without shard */
    uint16_t shard;
    uint16_t life; /* which start of the node is meant (low bits of its count); 0: any */
};

/* Carries one frame (frame.h) to a shard of a member, this node's own shards included. Takes one
 * reference. The frame may be lost, delayed, repeated or reordered. Never fails, never calls back
 * into the node. */
struct transport {
    void (*send)(struct transport *self, struct address to, struct buffer *frame);
};
