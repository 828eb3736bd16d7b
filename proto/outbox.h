/* outbox: stamps and sends frames for one shard. Every frame carries the sender's clocks and epoch.
 */
#pragma once

#include "frame.h"
#include "hlc.h"
#include "instant.h"
#include "transport.h"

struct outbox {
    struct transport *transport; /* borrowed */
    const struct hlc *hlc;       /* borrowed: the shard's clock */
    node_id self;
    uint16_t shard;
    uint64_t epoch;        /* of the ring, as this shard knows it */
    uint64_t start;        /* told in every frame */
    const uint64_t *votes; /* borrowed: the number told in every frame; NULL: 0 */
    struct instant now;    /* of the door that is open */
    uint64_t next_request_id;
    bool closed; /* the node is being freed: nothing is sent any more */
};

/* A new request id; never 0, never used twice by this shard in its life. */
uint64_t outbox_request_id(struct outbox *outbox);
/* Copies body and payload into one frame and sends it. It tells the epoch of the ring. */
void outbox_send(struct outbox *outbox, struct address to, enum frame_type type,
                 uint64_t request_id, const ProtobufCMessage *body, struct slice payload);
/* The same about items of a partition, which changed last in `epoch`. */
void outbox_send_at(struct outbox *outbox, struct address to, enum frame_type type,
                    uint64_t request_id, uint64_t epoch, const ProtobufCMessage *body,
                    struct slice payload);
/* Answers the sender of `header`. */
void outbox_reply(struct outbox *outbox, const struct frame_header *header, enum frame_type type,
                  const ProtobufCMessage *body, struct slice payload);
