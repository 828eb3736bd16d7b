/* hints: writes kept for home nodes that could not be reached (hinted handoff; the paper, 4.6).
 * Durable, in their own family, by target and time; deleted only when the target has it, or holds
 * something newer, or the table is gone. This is the book-keeping in memory: what there is, for
 * whom, how much. Only shard 0 of a node keeps hints. */
#pragma once

#include "bytes.h"
#include "map.h"
#include "membership.h"
#include "store.h"

/* Target id, ballot's HLC and node, hash of the item key. */
enum { HINT_KEY_SIZE = 8 + VERSION_SIZE + 8 };

struct hints_target {
    node_id target;
    uint64_t count;
    uint64_t bytes;
};

struct hints {
    struct store *store;
    struct hints_target *targets;
    size_t targets_count;
    struct map known; /* hash of a hint's key -> its size, so that a hint told twice counts once */
    uint64_t bytes;
    uint64_t bytes_max; /* beyond it hints are refused, never dropped */
    uint64_t refused;
    struct store_range loading; /* the rows that were there at start */
    struct writer load_from;
    bool load_failed; /* a page could not be read: call hints_load() again */
    bool loaded;      /* until then nothing is refused for size, and nothing counts as quiet */
};

void hints_init(struct hints *hints, struct store *store, uint64_t bytes_max);
void hints_deinit(struct hints *hints);
/* Counts what the store holds from earlier lives; goes on where it failed if called again. */
void hints_load(struct hints *hints);
void hint_key_write(uint8_t at[HINT_KEY_SIZE], node_id target, struct version ballot,
                    struct slice item_key);
/* The rows of one target: [from, to). */
void hint_key_range(node_id target, uint8_t from[8], uint8_t to[8]);
/* The value: sized item key, row. */
void hint_encode(struct writer *writer, struct slice item_key, struct slice row);
bool must_check hint_decode(struct slice value, struct slice *item_key, struct slice *row);
enum hints_added {
    HINTS_ADDED, /* counted now */
    HINTS_KNOWN, /* it was counted before: storing it again does no harm */
    HINTS_FULL   /* no room: refuse it */
};

/* Counts a hint that is about to be stored. */
enum hints_added must_check hints_add(struct hints *hints, node_id target, struct slice hint_key,
                                      size_t size);
/* Counts one again that could not be deleted. */
void hints_readd(struct hints *hints, struct slice hint_key, size_t size);
/* Stops counting one: it was delivered and deleted, or could not be stored. */
void hints_forget(struct hints *hints, struct slice hint_key);
uint64_t hints_pending(const struct hints *hints);
/* How many for one target. */
uint64_t hints_pending_for(const struct hints *hints, node_id target);
