/* meta: keys of the meta family, the node's own facts. */
#pragma once

#include "bytes.h"
#include "version.h"

enum { SHARDS_MAX = 64 /* per daemon: more than any machine this is meant for has cores */ };

#define META_IDENTITY SLICE_LITERAL("identity")
#define META_STARTS   SLICE_LITERAL("starts")
/* What the kernel's boot id was (as a number) when this node was last known not to have lost the end
 * of its durable state. */
#define META_MACHINE SLICE_LITERAL("machine")
/* Who a node will be that is about to join a cluster, until it has: id and name (sized). */
#define META_JOINER SLICE_LITERAL("joiner")
/* There once this node was found to have lost it: it never starts again. */
#define META_AMNESIA        SLICE_LITERAL("amnesia")
#define META_HEARD_PREFIX   SLICE_LITERAL("heard/")
#define META_HEARD_END      SLICE_LITERAL("heard0")
#define META_DROPPED_PREFIX SLICE_LITERAL("dropped/")
#define META_DROPPED_END    SLICE_LITERAL("dropped0") /* '0' follows '/' */

/* The ring as this node knows it (ring_encode()), and its vote on the next step. */
#define META_RING      SLICE_LITERAL("ring")
#define META_RING_VOTE SLICE_LITERAL("ring/vote")
/* "looked/" and the partition: see meta_key_looked(). */
#define META_LOOKED_PREFIX SLICE_LITERAL("looked/")
#define META_LOOKED_END    SLICE_LITERAL("looked0")
#define META_EXPIRY_PREFIX SLICE_LITERAL("expiry/")
#define META_EXPIRY_END    SLICE_LITERAL("expiry0")

struct meta_key {
    uint8_t bytes[96];
};

/* "ceiling/" and the shard: the highest HLC value that shard may issue. Borrows from `key`, as do
 * the others. */
struct slice meta_key_ceiling(struct meta_key *key, uint16_t shard);
/* "peer/" and the name: the id that member was first met with. */
struct slice meta_key_peer(struct meta_key *key, const char *name);
/* "dropped/" and the table id: everything of that table was deleted here. */
struct slice meta_key_dropped(struct meta_key *key, uint64_t table_id);
/* "expiry/", the table id and the shard: that shard may have made entries of the table's expiring
 * items. The row is the id, and the attribute (sized). */
struct slice meta_key_expiry(struct meta_key *key, uint64_t table_id, uint16_t shard);
/* "looked/" and the partition, which this node copies: nothing older was left of it, as of that epoch.
 * The row is the partition (u32) and the epoch (u64). */
struct slice meta_key_looked(struct meta_key *key, uint32_t partition);
/* "heard/", this node's shard and the peer's id with its shard: the highest number of votes heard of
 * it there. */
struct slice meta_key_heard(struct meta_key *key, uint16_t shard, node_id peer);
