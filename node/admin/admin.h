/* admin: what the admin endpoints (GET /-/status, /-/ring, /-/hints) answer: a node's own view of
 * the cluster, as JSON. Pure: it only reads the node. The fields are described in
 * docs/operations.md. */
#pragma once

#include "node.h"

/* Replicas per partition that /-/ring and the ownership figures count, unless the query says n=:
 * the default N of tables. */
enum { ADMIN_REPLICAS_DEFAULT = 3, ADMIN_REPLICAS_MAX = 7 };

/* What the node's sockets, memory and disks have to do, for /-/status; what stands in `stats` of a
 * shard is not repeated. */
struct admin_load {
    uint64_t connections;             /* of clients, now */
    uint64_t connections_refused;     /* over a limit of connections */
    uint64_t clients_cut_off;         /* too slow, or idle for too long */
    uint64_t replies_cut_off;         /* no memory for what the socket did not take */
    uint64_t request_memory;          /* bytes now */
    uint64_t request_memory_max;      /* bytes */
    uint64_t requests_refused_delay;  /* a queue was too slow */
    uint64_t requests_refused_memory; /* or memory short */
    uint64_t frames_dropped;          /* a link to a peer was full */
    uint64_t commits_queued;          /* now */
    uint64_t commits_behind_us;       /* what the next one waits for its turn */
    uint64_t reads_queued;            /* now; from disk */
    uint64_t reads_behind_us;         /* what the next one waits for its turn */
};

/* Answers one GET request for `path`, with the part after '?' in `query` (both as sent). Writes a
 * JSON document to `reply`, which the caller has initialized, and returns the HTTP status: 200; 400
 * for a query it does not understand; 404 for an unknown path. `stats` are those of all shards of
 * the node. Borrows everything for the call. */
int admin_handle(const struct node *node, const struct node_stats *stats,
                 const struct admin_load *load, struct slice path, struct slice query,
                 struct writer *reply);
