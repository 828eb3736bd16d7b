#include "caller.h"

#include <stdlib.h>

void caller_init(struct caller *caller, struct membership *members, struct outbox *outbox,
                 struct undecided *undecided)
{
    *caller = (struct caller){.members = members, .outbox = outbox, .undecided = undecided};
    map_init(&caller->calls);
}

void caller_deinit(struct caller *caller)
{
    ensure(caller->calls.count == 0);
    map_deinit(&caller->calls);
}

void caller_send(struct caller *caller, struct call *call, size_t member, uint32_t partition,
                 enum frame_type type, enum frame_type expects, const ProtobufCMessage *body,
                 struct slice payload)
{
    uint16_t shard = members_partition_shard(caller->members, member, partition);
    caller_send_to(caller, call, member, shard, partition, type, expects, body, payload);
}

void caller_send_to(struct caller *caller, struct call *call, size_t member, uint16_t shard,
                    uint32_t partition, enum frame_type type, enum frame_type expects,
                    const ProtobufCMessage *body, struct slice payload)
{
    ensure(call->id == 0);
    call->id = outbox_request_id(caller->outbox);
    call->member = member;
    call->expects = expects;
    map_put(&caller->calls, call->id, call);
    struct address to = members_address(caller->members, member, shard);
    uint64_t epoch = membership_partition_epoch(caller->members, partition);
    outbox_send_at(caller->outbox, to, type, call->id, epoch, body, payload);
}

void caller_forget(struct caller *caller, struct call *call)
{
    if (call->id == 0)
        return;
    (void)map_remove(&caller->calls, call->id);
    call->id = 0;
}

bool caller_on_reply(struct caller *caller, const struct frame *frame, const ProtobufCMessage *body)
{
    struct call *call = map_find(&caller->calls, frame->header.request_id);
    if (call == NULL)
        return false;
    bool genuine = call->expects == frame->header.type &&
                   caller->members->entries[call->member].member.id == frame->header.from;
    if (!genuine)
        return false;
    caller_forget(caller, call);
    call->done(call, frame, body);
    return true;
}

void caller_note_promise(struct caller *caller, struct slice key)
{
    undecided_add(caller->undecided, key, false, caller->outbox->now.monotonic_us);
}

void caller_note_hint(struct caller *caller, struct slice key, struct slice row)
{
    undecided_add_hint(caller->undecided, key, row, caller->outbox->now.monotonic_us);
}

void caller_on_peer_down(struct caller *caller, size_t member)
{
    uint64_t *ids = calloc(caller->calls.count + 1, sizeof(*ids));
    ensure(ids != NULL);
    size_t count = 0;
    size_t cursor = 0;
    struct call *call;
    while ((call = map_each(&caller->calls, &cursor)) != NULL) {
        if (call->member == member)
            ids[count++] = call->id;
    }
    for (size_t i = 0; i < count; i++) {
        call = map_find(&caller->calls, ids[i]);
        if (call == NULL)
            continue;
        caller_forget(caller, call);
        call->done(call, NULL, NULL);
    }
    free(ids);
}
