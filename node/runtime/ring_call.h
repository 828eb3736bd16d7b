/* ring_call: a change of the ring on its way from any shard to shard 0, which has it decided, and back. */
#pragma once

#include "mailbox.h"
#include "ring_change.h"

struct shard;

struct ring_call {
    struct letter letter;  /* while it is on its way */
    struct list_link link; /* of shard 0's calls, while it is being decided */
    struct ring_change change;
    struct shard *asker;
    const char *problem;   /* as ring_proposal's `done` is told; NULL too if it was made before */
    uint64_t epoch;        /* of shard 0's ring when it was done */
    struct buffer *answer; /* a join: the cluster (sized) and the ring; else NULL */
    /* On the asker's thread, between doors. The call is freed behind it. */
    void (*done)(struct ring_call *call);
    void *context;   /* the asker's */
    uint64_t serial; /* the asker's */
};

LIST_DEFINE(ring_calls, struct ring_call, link)

/* The caller fills in the change, and what is the asker's. */
struct ring_call *ring_call_new(struct shard *asker, enum ring_change_kind kind,
                                void (*done)(struct ring_call *call));
void ring_call_free(struct ring_call *call);
/* Takes the call. If the process ends first, `done` is never called. */
void ring_call_post(struct ring_call *call);
