/* gate: whether a shard takes a new request. It does not while requests wait too long for their
 * turn, while the store is too far behind, or while memory is short; what is under way goes on, and
 * so do peers, gossip and repair. */
#pragma once

#include "admission.h"
#include "host.h"

enum gate_verdict {
    GATE_OPEN,
    GATE_SLOW,         /* requests have to wait too long */
    GATE_SLOW_COMMITS, /* what is to be written has to; nothing else */
    GATE_FULL          /* memory is short */
};

struct gate {
    struct host *host;
    uint64_t store_look_us; /* when the store is looked at again */
    uint64_t turn_us;       /* when a client had its turn last */
    uint64_t interval_us;
    struct admission turns;   /* requests wait until the shard reads them */
    struct admission commits; /* until they are written */
    struct admission reads;   /* until a reader of the disk is free */
};

void gate_init(struct gate *gate, struct host *host);
/* A client's bytes are about to be read, which could have been read since `ready_us`. */
void gate_on_turn(struct gate *gate, uint64_t now_us, uint64_t ready_us);
/* The loop has turned. `waiting`: clients are in line. A shard whose clients have gone must not refuse
 * what others forward to it for what it was like when they were there. */
void gate_on_turn_end(struct gate *gate, uint64_t now_us, bool waiting);
/* Whether a request of a client that was charged `own` bytes may be served. */
enum gate_verdict gate_judge(const struct gate *gate, size_t own);
/* Whether a write of another node's client may not. */
bool gate_refuses_writes(const struct gate *gate);
