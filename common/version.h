/* version: the 16-byte, totally ordered stamp of a write (docs/protocol.md: ballots and origins
 * alike). */
#pragma once

#include "bytes.h"

/* 48 random bits, shifted left by 16; the low 16 bits are 0 in a node id and the shard in a stamp.
 */
typedef uint64_t node_id;

#define NODE_ID_NONE   ((node_id)0)
#define NODE_SHARD_MAX 0xffff

static inline node_id node_id_with_shard(node_id node, uint16_t shard)
{
    return node | shard;
}

static inline node_id node_id_of(node_id with_shard)
{
    return with_shard & ~(node_id)NODE_SHARD_MAX;
}

struct version {
    uint64_t hlc;  /* 48-bit milliseconds since 1970, 16-bit counter */
    uint64_t node; /* node id with the shard that stamped it */
};

enum { VERSION_SIZE = 16 };

#define VERSION_NONE ((struct version){0, 0})

static inline bool version_is_none(struct version version)
{
    return version.hlc == 0 && version.node == 0;
}

static inline int version_compare(struct version a, struct version b)
{
    if (a.hlc != b.hlc)
        return a.hlc < b.hlc ? -1 : 1;
    return (a.node > b.node) - (a.node < b.node);
}

static inline bool version_equal(struct version a, struct version b)
{
    return a.hlc == b.hlc && a.node == b.node;
}

static inline struct version version_max(struct version a, struct version b)
{
    return version_compare(a, b) >= 0 ? a : b;
}

/* Big-endian, so that bytes sort as versions do. */
void writer_put_version(struct writer *writer, struct version version);
struct version reader_get_version(struct reader *reader);
