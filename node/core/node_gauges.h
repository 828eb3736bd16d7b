/* node_gauges: how full a node's queues and tables are, and how full they may be; for checkers. */
#pragma once

#include "node.h"

/* "As much as there is": what bounds it stands elsewhere. */
#define GAUGE_UNBOUNDED UINT64_MAX

struct node_gauge {
    const char *name; /* static */
    uint64_t used;
    uint64_t limit; /* at the end of every door */
    uint64_t rest;  /* once the node is quiet */
};

enum { NODE_GAUGES_MAX = 32 };

/* Fills in all of them, between two doors; returns how many there are. */
size_t node_gauges(const struct node *node, struct node_gauge gauges[NODE_GAUGES_MAX]);
