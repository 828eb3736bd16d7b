/* joining: how a node that has no data yet becomes a member of a running cluster. It shows one of the
 * members, its seed, that it holds the cluster's secret, says who it will be, and is told, once the ring
 * names it, the cluster and that ring. Blocking: for the start of the process alone.
 *
 *   new node                                  seed
 *   handshake (handshake.h, LINK_JOIN)  <-->
 *   JOIN name, address, zone, weight     ->
 *                                        <-   JOIN_REPLY cluster and ring, or why not */
#pragma once

#include "config.h"
#include "crypto.h"
#include "membership.h"

enum { JOINING_PROBLEM_SIZE = 320 };

enum joining_result {
    JOINING_DONE,
    JOINING_LATER,    /* the seed cannot be reached, or the cluster not decide now */
    JOINING_HOPELESS, /* nor would it be later: another secret, say */
    JOINING_REFUSED   /* this node is not to be a member, as the cluster sees it */
};

/* What the seed told; all owned. */
struct joined {
    struct cluster_config cluster; /* as it was born */
    struct buffer *ring;           /* encoded (ring_state.h) */
};

/* Asks one seed. `joined` is the caller's only if JOINING_DONE; else `problem` says why. */
enum joining_result joining_ask(const struct config *config, node_id id, const char *name,
                                const char *seed, struct joined *joined,
                                char problem[JOINING_PROBLEM_SIZE]);
void joined_deinit(struct joined *joined);
