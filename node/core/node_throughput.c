/* What a node does for the throughput of tables: spends it for its clients, and keeps it for the
 * cluster. */
#include "node_internal.h"

bool node_admit(struct node *node, struct instant now, const struct throughput_limit *limit,
                uint64_t halves)
{
    node->outbox.now = now;
    return throughput_leases_admit(&node->leases, limit, halves);
}

void node_charge(struct node *node, struct instant now, const struct throughput_limit *limit,
                 int64_t halves)
{
    node->outbox.now = now;
    throughput_leases_charge(&node->leases, limit, halves);
}

bool node_on_lease(struct node *node, const struct frame *frame)
{
    const ProtobufCMessage *body = frame_decode_body(frame, &node->arena);
    if (body == NULL)
        return false;
    if (frame->header.type == FRAME_LEASE)
        return throughput_keeper_on_frame(&node->keeper, frame, (const Cartwheel__Lease *)body);
    throughput_leases_on_reply(&node->leases, frame, (const Cartwheel__LeaseReply *)body);
    return true;
}
