/* range_bench: a replica over a memory store whose snapshots are counted, for tests of ranges. */
#pragma once

#include "arena.h"
#include "memory_store.h"
#include "replica.h"

struct range_bench {
    struct memory_store *memory;
    struct store *inner;
    struct store store; /* `inner`, with its snapshots counted */
    unsigned snapshots;
    struct membership members;
    struct hlc hlc;
    struct hints hints;
    struct outbox outbox;
    struct arena arena;
    struct replica replica;
    struct transport transport;
    struct buffer *answer; /* the last frame sent; NULL: none since the last look */
};

/* One for each process: the ports have no room for more. */
extern struct range_bench range_bench;

/* So many reads of a million have to go to the disk. */
void range_bench_init(uint32_t miss_per_million);
void range_bench_deinit(void);
/* Commits what stands in the batch, and empties it. */
void range_bench_commit(struct store_commit *commit);
/* Asks the replica. */
void range_bench_ask(const Cartwheel__Range *body);
/* All reads that are out come back. */
void range_bench_finish_reads(void);
/* The reply, which the caller unrefs, decoded. */
struct buffer *range_bench_reply(struct frame *frame, const Cartwheel__RangeReply **reply);
