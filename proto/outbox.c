#include "outbox.h"

uint64_t outbox_request_id(struct outbox *outbox)
{
    return ++outbox->next_request_id;
}

void outbox_send_at(struct outbox *outbox, struct address to, enum frame_type type,
                    uint64_t request_id, uint64_t epoch, const ProtobufCMessage *body,
                    struct slice payload)
{
    if (outbox->closed)
        return;
    struct frame_header header = {
        .type = type,
        .to_shard = to.shard,
        .to_life = to.life,
        .from_shard = outbox->shard,
        .request_id = request_id,
        .from = outbox->self,
        .wall_us = outbox->now.wall_us,
        .hlc = hlc_current(outbox->hlc, outbox->now.wall_us),
        .epoch = epoch,
        .votes = outbox->votes == NULL ? 0 : *outbox->votes,
        .start = outbox->start,
    };
    outbox->transport->send(outbox->transport, to, frame_encode(&header, body, payload));
}

void outbox_send(struct outbox *outbox, struct address to, enum frame_type type,
                 uint64_t request_id, const ProtobufCMessage *body, struct slice payload)
{
    outbox_send_at(outbox, to, type, request_id, outbox->epoch, body, payload);
}

void outbox_reply(struct outbox *outbox, const struct frame_header *header, enum frame_type type,
                  const ProtobufCMessage *body, struct slice payload)
{
    struct address to = {header->from, header->from_shard, 0};
    outbox_send(outbox, to, type, header->request_id, body, payload);
}
