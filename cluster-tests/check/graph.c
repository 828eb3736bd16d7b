#include "graph.h"

#include <stdlib.h>

#include "ensure.h"

#define NONE UINT32_MAX

void graph_init(struct graph *graph, uint32_t nodes_count)
{
    *graph = (struct graph){.nodes_count = nodes_count};
}

void graph_deinit(struct graph *graph)
{
    free(graph->edges);
    free(graph->first);
    free(graph->components);
}

void graph_add(struct graph *graph, uint32_t from, uint32_t to, uint32_t kind)
{
    ensure(from < graph->nodes_count);
    ensure(to < graph->nodes_count);
    if (from == to)
        return;
    if (graph->edges_count == graph->edges_capacity) {
        graph->edges_capacity = graph->edges_capacity == 0 ? 256 : 2 * graph->edges_capacity;
        graph->edges = realloc(graph->edges, graph->edges_capacity * sizeof(*graph->edges));
        ensure(graph->edges != NULL);
    }
    graph->edges[graph->edges_count++] = (struct graph_edge){from, to, kind};
}

static int compare_edges(const void *a, const void *b)
{
    const struct graph_edge *left = a;
    const struct graph_edge *right = b;
    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    if (left->to != right->to)
        return left->to < right->to ? -1 : 1;
    return left->kind < right->kind ? -1 : left->kind > right->kind;
}

/* What Tarjan's algorithm knows of a node. */
struct visit {
    uint32_t number; /* order of first visits, from 1; 0: not yet */
    uint32_t lowest; /* least number of a node that can be reached and has no component yet */
    size_t edge;     /* the next one to follow */
};

struct tarjan {
    struct graph *graph;
    struct visit *visits;
    uint32_t *path; /* from the root to where the walk is */
    uint32_t depth;
    uint32_t *stack; /* visited, without a component */
    uint32_t height;
    uint32_t number;
};

static void tarjan_enter(struct tarjan *tarjan, uint32_t node)
{
    tarjan->number++;
    tarjan->visits[node] =
        (struct visit){tarjan->number, tarjan->number, tarjan->graph->first[node]};
    tarjan->path[tarjan->depth++] = node;
    tarjan->stack[tarjan->height++] = node;
}

static void tarjan_leave(struct tarjan *tarjan)
{
    struct graph *graph = tarjan->graph;
    uint32_t node = tarjan->path[--tarjan->depth];
    const struct visit *visit = &tarjan->visits[node];
    if (tarjan->depth > 0) {
        struct visit *parent = &tarjan->visits[tarjan->path[tarjan->depth - 1]];
        if (visit->lowest < parent->lowest)
            parent->lowest = visit->lowest;
    }
    if (visit->lowest != visit->number)
        return;
    uint32_t member;
    do {
        member = tarjan->stack[--tarjan->height];
        graph->components[member] = graph->components_count;
    } while (member != node);
    graph->components_count++;
}

/* Not recursive: histories are longer than the stack is deep. */
static void tarjan_walk(struct tarjan *tarjan, uint32_t root)
{
    const struct graph *graph = tarjan->graph;
    tarjan_enter(tarjan, root);
    while (tarjan->depth > 0) {
        uint32_t node = tarjan->path[tarjan->depth - 1];
        struct visit *visit = &tarjan->visits[node];
        if (visit->edge == graph->first[node + 1]) {
            tarjan_leave(tarjan);
            continue;
        }
        uint32_t to = graph->edges[visit->edge++].to;
        if (tarjan->visits[to].number == 0)
            tarjan_enter(tarjan, to);
        else if (graph->components[to] == NONE && tarjan->visits[to].number < visit->lowest)
            visit->lowest = tarjan->visits[to].number;
    }
}

static void find_components(struct graph *graph)
{
    size_t count = graph->nodes_count;
    struct tarjan tarjan = {.graph = graph,
                            .visits = calloc(count + 1, sizeof(*tarjan.visits)),
                            .path = calloc(count + 1, sizeof(*tarjan.path)),
                            .stack = calloc(count + 1, sizeof(*tarjan.stack))};
    graph->components = calloc(count + 1, sizeof(*graph->components));
    ensure(tarjan.visits != NULL);
    ensure(tarjan.path != NULL);
    ensure(tarjan.stack != NULL);
    ensure(graph->components != NULL);
    for (uint32_t node = 0; node < count; node++)
        graph->components[node] = NONE;
    for (uint32_t node = 0; node < count; node++) {
        if (tarjan.visits[node].number == 0)
            tarjan_walk(&tarjan, node);
    }
    free(tarjan.visits);
    free(tarjan.path);
    free(tarjan.stack);
}

void graph_finish(struct graph *graph)
{
    if (graph->edges_count > 0)
        qsort(graph->edges, graph->edges_count, sizeof(*graph->edges), compare_edges);
    graph->first = calloc((size_t)graph->nodes_count + 1, sizeof(*graph->first));
    ensure(graph->first != NULL);
    size_t edge = 0;
    for (uint32_t node = 0; node < graph->nodes_count; node++) {
        graph->first[node] = edge;
        while (edge < graph->edges_count && graph->edges[edge].from == node)
            edge++;
    }
    graph->first[graph->nodes_count] = edge;
    find_components(graph);
}

/* Follows `before` back from `from`'s last stop to `from`. */
static size_t way_read(const uint32_t *before, uint32_t from, uint32_t last, uint32_t *way,
                       size_t way_max)
{
    size_t length = 1;
    for (uint32_t node = last; node != from; node = before[node])
        length++;
    size_t at = length;
    for (uint32_t node = last;; node = before[node]) {
        if (--at < way_max)
            way[at] = node;
        if (node == from)
            return length;
    }
}

size_t graph_way(const struct graph *graph, uint32_t from, uint32_t to, uint32_t kinds,
                 uint32_t *way, size_t way_max)
{
    size_t count = graph->nodes_count;
    uint32_t *before = malloc(count * sizeof(*before));
    uint32_t *queue = malloc(count * sizeof(*queue));
    ensure(before != NULL);
    ensure(queue != NULL);
    for (size_t i = 0; i < count; i++)
        before[i] = NONE;
    size_t head = 0, tail = 0, length = 0;
    queue[tail++] = from;
    while (head < tail && length == 0) {
        uint32_t node = queue[head++];
        for (size_t i = graph->first[node]; i < graph->first[node + 1] && length == 0; i++) {
            const struct graph_edge *edge = &graph->edges[i];
            bool inside = graph->components[edge->to] == graph->components[from];
            if ((edge->kind & kinds) == 0 || !inside)
                continue;
            if (edge->to == to) {
                length = way_read(before, from, node, way, way_max);
            } else if (edge->to != from && before[edge->to] == NONE) {
                before[edge->to] = node;
                queue[tail++] = edge->to;
            }
        }
    }
    free(before);
    free(queue);
    return length;
}
