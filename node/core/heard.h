/* heard: the highest number of votes (replica/votes.h) that each shard of each peer has announced to
 * this shard, in each of its last lives, kept across restarts: peers are a node's witnesses when it
 * may have lost the end of its durable state. What rose is written at most every HEARD_FLUSH_US;
 * until then a witness knows it only while it lives. */
#pragma once

#include "log.h"
#include "map.h"
#include "outbox.h"
#include "store.h"
#include "timers.h"

enum {
    HEARD_FLUSH_US = 100000,
    HEARD_LIVES_MAX = 4 /* told apart; frames of earlier ones may be late, but do not matter much */
};

struct heard {
    struct outbox *outbox;
    struct timers *timers;
    struct store *store;
    struct log_sink *log;
    struct map numbers; /* node id with shard -> struct heard_number */
    struct timer flush;
    struct store_commit commit;
    bool committing;
    bool rose; /* something is not written yet */
    struct store_range load;
    bool loading;
    bool loaded;
};

/* Borrows everything. */
void heard_init(struct heard *heard, struct outbox *outbox, struct timers *timers,
                struct store *store, struct log_sink *log);
/* The store must have stopped. */
void heard_deinit(struct heard *heard);
/* Starts to read what earlier lives of this node have heard, on all of its shards. Nothing if that
 * is under way or done: may be repeated, and must be, since the disk may fail. */
void heard_load(struct heard *heard);
/* A frame came from a member. */
void heard_note(struct heard *heard, const struct frame_header *header);
/* The peer was removed: nobody will ask for it any more. */
void heard_forget(struct heard *heard, node_id peer);
/* The highest number heard of that shard of the peer, not counting the life with that start; 0:
 * none. Only once `loaded`. */
uint64_t heard_before(const struct heard *heard, node_id peer, uint16_t shard, uint64_t start);
