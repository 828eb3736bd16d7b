/* fake_homes: home nodes for tests of the coordinator: the real acceptor rules over a few registers in
 * memory, behind the bench's transport. They remember who ever took what, so that a test can tell
 * what was decided. */
#pragma once

#include "bench.h"
#include "key.h"

enum { HOMES_KEYS_MAX = 6, HOMES_TAKEN_MAX = 4096 };

enum mood { MOOD_WELL, MOOD_MUTE, MOODS };

/* One register on one home node. */
struct held {
    struct buffer *item; /* rows; NULL: none */
    struct buffer *accepted;
    struct version promised;
};

/* A row that some home node took at some time. */
struct taken {
    unsigned key;
    struct version ballot;
    struct version origin;
    bool tombstone;
    unsigned members; /* bits */
};

struct fake_homes {
    struct bench *bench;
    size_t n;
    unsigned keys;
    struct writer
        key[HOMES_KEYS_MAX + 1]; /* of one partition, in order; the last: past all others */
    struct held held[BENCH_MEMBERS_MAX][HOMES_KEYS_MAX]; /* by member */
    enum mood mood[BENCH_MEMBERS_MAX];
    struct taken taken[HOMES_TAKEN_MAX];
    size_t taken_count;
};

/* All registers are empty, all home nodes well. The bench is set up, with `n` members. */
void fake_homes_init(struct fake_homes *homes, struct bench *bench, size_t n, unsigned keys);
void fake_homes_deinit(struct fake_homes *homes);
/* An item that tells its origin's time; and back. */
void fake_homes_put_value(struct writer *writer, uint64_t hlc);
uint64_t fake_homes_value(struct slice item);
/* Puts a row into the item's place or next to it, as it is. */
void fake_homes_hold(struct fake_homes *homes, size_t member, unsigned key, const struct row *row,
                     bool applied);
/* Offers a plain write's row under the acceptor's rules. */
void fake_homes_offer(struct fake_homes *homes, size_t member, unsigned key, const struct row *row);
/* Highest ballot held. */
struct version fake_homes_top(const struct fake_homes *homes, size_t member, unsigned key);
/* Answers one frame that the coordinator sent, unless its home node is mute or it is answered. */
bool fake_homes_answer(struct fake_homes *homes, struct bench_frame *asked);
/* A row of that origin (VERSION_NONE: any tombstone) was taken under one ballot, not below `least`,
 * by a majority of the home nodes. */
bool fake_homes_decided(const struct fake_homes *homes, unsigned key, struct version origin,
                        bool tombstone, struct version least);
