/* caller: calls of background work to replicas, found again by id; shared by hint delivery and
 * exchanges. */
#pragma once

#include "map.h"
#include "members.h"
#include "outbox.h"
#include "undecided.h"

struct call;
/* The call was answered, or, with a NULL frame, never will be. `body` and `frame` are borrowed. The
 * call is no longer out; it may be made again, or freed. */
typedef void (*call_done)(struct call *call, const struct frame *frame,
                          const ProtobufCMessage *body);

/* Embedded in its owner. */
struct call {
    call_done done;
    uint64_t id; /* while out; else 0 */
    size_t member;
    enum frame_type expects;
};

struct caller {
    struct membership *members;
    struct outbox *outbox;
    struct undecided *undecided; /* where repairs that a promise stopped are noted */
    struct map calls;            /* id -> struct call */
};

void caller_init(struct caller *caller, struct membership *members, struct outbox *outbox,
                 struct undecided *undecided);
/* No call may be out. */
void caller_deinit(struct caller *caller);
/* Asks the shard of a member that serves the partition. `call` is not out. */
void caller_send(struct caller *caller, struct call *call, size_t member, uint32_t partition,
                 enum frame_type type, enum frame_type expects, const ProtobufCMessage *body,
                 struct slice payload);
/* The same of that shard of it. */
void caller_send_to(struct caller *caller, struct call *call, size_t member, uint16_t shard,
                    uint32_t partition, enum frame_type type, enum frame_type expects,
                    const ProtobufCMessage *body, struct slice payload);
/* A later answer will be stale; `done` is not called. Does nothing if the call is not out. */
void caller_forget(struct caller *caller, struct call *call);
/* True if the frame answered a call made here. */
bool caller_on_reply(struct caller *caller, const struct frame *frame,
                     const ProtobufCMessage *body);
/* A row that was sent to a home node was refused because of a promise: only a round gets past it. */
void caller_note_promise(struct caller *caller, struct slice key);
/* The same for a hint. */
void caller_note_hint(struct caller *caller, struct slice key, struct slice row);
/* The link to a member broke. */
void caller_on_peer_down(struct caller *caller, size_t member);
