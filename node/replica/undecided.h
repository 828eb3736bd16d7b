/* undecided: keys whose registers somebody should settle: rows accepted here whose commit has not
 * come, and repairs that a promise stopped. Usually the coordinator that proposed a row commits it
 * within milliseconds; what stays was left by one that died. Book-keeping in memory; the rows
 * themselves are in the promises family, and are found again there after a start. */
#pragma once

#include "list.h"
#include "map.h"
#include "store.h"

enum { UNDECIDED_HINTS_MAX = 64 /* rows kept in memory: a row may be 400 KB */ };

struct undecided_key {
    struct list_link link; /* undecided->keys, oldest first */
    uint64_t since_us;     /* monotonic; 0: found at the start, so that it is long due */
    bool accepted;         /* here; else a repair of another home node was stopped */
    struct buffer *row;    /* a hint that was stopped, a plain write's row; NULL: none */
    struct slice key;      /* behind this struct */
};

LIST_DEFINE(undecided_keys, struct undecided_key, link)

struct undecided {
    struct undecided_keys keys;
    struct map by_hash; /* hash of a key -> its struct undecided_key */
    struct store *store;
    uint16_t shard;
    uint16_t shards;
    struct store_range loading;
    struct writer load_from;
    bool loaded;
    bool load_failed; /* call undecided_load() again */
    bool incomplete;  /* two keys of one hash have met: one of them is not noted */
    size_t rows;      /* held */
};

/* Keeps the keys of the partitions p with p mod `shards` = `shard`; borrows the store. */
void undecided_init(struct undecided *undecided, struct store *store, uint16_t shard,
                    uint16_t shards);
/* The store has stopped. */
void undecided_deinit(struct undecided *undecided);
/* Finds what earlier lives left. */
void undecided_load(struct undecided *undecided);
/* Notes a key, once; what is accepted again begins to wait anew. (Two keys of one hash: only the first is noted. The other's turn comes with its
 * next read, write or start.) */
void undecided_add(struct undecided *undecided, struct slice key, bool accepted, uint64_t now_us);
/* Notes the key of a hint that a promise stopped: perhaps no home node holds its row, so that only
 * the row itself can be settled. Does nothing if enough of them are noted already: they come
 * again. */
void undecided_add_hint(struct undecided *undecided, struct slice key, struct slice row,
                        uint64_t now_us);
/* False only if nothing is accepted here for the key, for certain. */
bool undecided_may_hold(const struct undecided *undecided, struct slice key);
/* What was accepted here is decided. Does nothing if it was not noted. */
void undecided_remove(struct undecided *undecided, struct slice key);
/* Somebody settled the register: what was accepted here is still to hear of it. */
void undecided_settled(struct undecided *undecided, struct slice key);
/* Moves a key to the end of the list, with another time. */
void undecided_touch(struct undecided *undecided, struct undecided_key *key, uint64_t since_us);
