/* replay_guard: takes each request of a peer at most once. A network may repeat a frame; a repeated
 * FORWARD would be a second write. Ids of one sender rise, so a window behind the highest one seen
 * is enough: what is older than the window counts as seen. */
#pragma once

#include "bytes.h"
#include "version.h"

enum { REPLAY_WINDOW = 16384 /* ids; a frame overtaken by more is late beyond any deadline */ };

struct replay_sender;

struct replay_guard {
    struct replay_sender *senders; /* one per shard heard from */
    size_t count;
};

void replay_guard_init(struct replay_guard *guard);
void replay_guard_deinit(struct replay_guard *guard);
/* True the first time this id comes from that shard (node id with shard); false ever after. */
bool must_check replay_guard_admit(struct replay_guard *guard, node_id sender, uint64_t request_id);
