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
/* All reads that are out come back. */
void range_bench_finish_reads(void);
/* The reply, which the caller unrefs, decoded. */
struct buffer *range_bench_reply(struct frame *frame, const Cartwheel__RangeReply **reply);

/* What is stored, as a test knows it: places, numbered in the order of their keys. */
struct range_world {
    unsigned places;
    bool index; /* keys are those of entries */
    /* The key of a place; of number `places`, one behind them all. */
    void (*put_key)(struct writer *writer, unsigned place);
    /* Appends what a page must tell of a place, with whole rows or values; true if it tells anything. */
    bool (*expect)(struct writer *page, unsigned place, bool rows);
    /* Appends what a page of whole rows that covers the places [first, behind) must tell beside them;
     * NULL: nothing. */
    void (*expect_beside)(struct writer *beside, unsigned first, unsigned behind);
};

/* What is still wanted of a range: places [from, to). */
struct range_wanted {
    unsigned from;
    unsigned to;
    bool reverse;
    bool rows;
    uint32_t rows_max;
    uint32_t bytes_max;
};

/* Asks the replica. */
void range_bench_ask(const struct range_world *world, const struct range_wanted *wanted);
/* Compares the page that came with what stands between the start of `wanted` and what it covers, and
 * moves the start. False at the end of the range. */
bool range_bench_check_page(const struct range_world *world, struct range_wanted *wanted);
/* Asks for a page that is refused. */
void range_bench_check_refused(const struct range_world *world, const struct range_wanted *wanted,
                               enum verdict verdict);
/* All pages of the whole range; how many there were. */
unsigned range_bench_check_range(const struct range_world *world, bool reverse, bool rows,
                                 uint32_t rows_max, uint32_t bytes_max);
/* The same in both directions, with rows and with values. */
void range_bench_check_forms(const struct range_world *world, uint32_t rows_max,
                             uint32_t bytes_max);
