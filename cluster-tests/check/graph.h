/* graph: a directed graph with kinds of edges, its strong components (Tarjan, 1972) and shortest
 * cycles. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct graph_edge {
    uint32_t from;
    uint32_t to;
    uint32_t kind; /* one bit */
};

struct graph {
    uint32_t nodes_count;
    struct graph_edge *edges; /* after graph_finish: by `from` */
    size_t edges_count;
    size_t edges_capacity;
    size_t *first;        /* of each node: its first edge; one more for the end */
    uint32_t *components; /* of each node: 0 .. components_count - 1 */
    uint32_t components_count;
};

void graph_init(struct graph *graph, uint32_t nodes_count);
void graph_deinit(struct graph *graph);
/* An edge from a node to itself is left out. */
void graph_add(struct graph *graph, uint32_t from, uint32_t to, uint32_t kind);
/* After the last edge: finds the strong components. */
void graph_finish(struct graph *graph);
/* A shortest way from `from` to `to`, of at least one edge, by edges of the kinds in `kinds` within
 * their common component. Its nodes but for `to` go to way[0 .. way_max); returns how many there
 * are, 0 if there is no way. */
size_t graph_way(const struct graph *graph, uint32_t from, uint32_t to, uint32_t kinds,
                 uint32_t *way, size_t way_max);
