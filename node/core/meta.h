/* meta: keys of the meta family, the node's own facts. */
#pragma once

#include "bytes.h"

enum { SHARDS_MAX = 64 /* per daemon: more than any machine this is meant for has cores */ };

#define META_IDENTITY       SLICE_LITERAL("identity")
#define META_STARTS         SLICE_LITERAL("starts")
#define META_DROPPED_PREFIX SLICE_LITERAL("dropped/")
#define META_DROPPED_END    SLICE_LITERAL("dropped0") /* '0' follows '/' */

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
