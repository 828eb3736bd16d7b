/* admin: what the admin endpoints (GET /-/status, /-/ring, /-/hints) answer: a node's own view of
 * the cluster, as JSON. Pure: it only reads the node. The fields are described in
 * docs/operations.md. */
#pragma once

#include "node.h"

/* Replicas per partition that /-/ring and the ownership figures count, unless the query says n=:
 * the default N of tables. */
enum { ADMIN_REPLICAS_DEFAULT = 3, ADMIN_REPLICAS_MAX = 7 };

/* Answers one GET request for `path`, with the part after '?' in `query` (both as sent). Writes a
 * JSON document to `reply`, which the caller has initialized, and returns the HTTP status: 200; 400
 * for a query it does not understand; 404 for an unknown path. `stats` are those of all shards of
 * the node. Borrows everything for the call. */
int admin_handle(const struct node *node, const struct node_stats *stats, struct slice path,
                 struct slice query, struct writer *reply);
