/* Circles of demands, and their names: see append_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "append_internal.h"

/* A circle of transactions, each of which must come before the next. */
struct circle {
    uint32_t way[APPEND_INVOLVED_MAX];
    size_t length; /* 0: none */
};

/* The nodes of one strong component. */
struct component {
    const struct graph *graph;
    const uint32_t *nodes;
    size_t count;
};

/* A circle is named by the first of these that it fits. */
struct shape {
    enum append_anomaly anomaly;
    uint32_t kinds; /* of all its demands */
    uint32_t first; /* of one of them */
    uint32_t back;  /* of the others */
};

#define DEMAND_WRITES (DEMAND_WW | DEMAND_WR)
#define DEMAND_DATA   (DEMAND_WRITES | DEMAND_RW)
#define DEMAND_ALL    (DEMAND_DATA | DEMAND_TIME)

static const struct shape shapes[] = {
    {APPEND_G0, DEMAND_WW, DEMAND_WW, DEMAND_WW},
    {APPEND_G1C, DEMAND_WRITES, DEMAND_WR, DEMAND_WRITES},
    {APPEND_G_SINGLE, DEMAND_DATA, DEMAND_RW, DEMAND_WRITES},
    {APPEND_G2, DEMAND_DATA, DEMAND_RW, DEMAND_DATA},
    {APPEND_REALTIME, DEMAND_ALL, DEMAND_TIME, DEMAND_ALL},
};

/* Demands tried as the first of a circle, in search of the shortest one. That there is a circle
 * shows without them; only G-single may be taken for G2 when a component is bigger. */
enum { TRIES_MAX = 2000 };

/* The component's demands of these kinds alone. */
static void part_init(struct graph *part, const struct component *component, uint32_t kinds)
{
    const struct graph *graph = component->graph;
    graph_init(part, graph->nodes_count);
    for (size_t i = 0; i < component->count; i++) {
        uint32_t node = component->nodes[i];
        for (size_t j = graph->first[node]; j < graph->first[node + 1]; j++) {
            const struct graph_edge *edge = &graph->edges[j];
            if (graph->components[edge->to] == graph->components[node] && (edge->kind & kinds) != 0)
                graph_add(part, edge->from, edge->to, edge->kind);
        }
    }
    graph_finish(part);
}

/* A circle of this shape; false if there is none. */
static bool circle_of(const struct component *component, const struct shape *shape,
                      struct circle *circle)
{
    struct graph part;
    size_t tries = 0;
    circle->length = 0;
    part_init(&part, component, shape->kinds);
    for (size_t i = 0; i < part.edges_count && tries < TRIES_MAX && circle->length != 2; i++) {
        const struct graph_edge *edge = &part.edges[i];
        struct circle other = {.way = {edge->from}};
        if ((edge->kind & shape->first) == 0 ||
            part.components[edge->from] != part.components[edge->to])
            continue;
        tries++;
        size_t back = graph_way(&part, edge->to, edge->from, shape->back, other.way + 1,
                                APPEND_INVOLVED_MAX - 1);
        other.length = back + 1;
        if (back > 0 && (circle->length == 0 || other.length < circle->length))
            *circle = other;
    }
    graph_deinit(&part);
    return circle->length > 0;
}

/* Every component has a circle of some shape: if none has only demands of the first kinds, one has
 * a demand of the next. */
static enum append_anomaly circle_name(const struct component *component, struct circle *circle)
{
    for (size_t i = 0; i < array_size(shapes) - 1; i++) {
        if (circle_of(component, &shapes[i], circle))
            return shapes[i].anomaly;
    }
    bool any = circle_of(component, &shapes[array_size(shapes) - 1], circle);
    ensure(any);
    return APPEND_REALTIME;
}

static void check_component(struct append_history *history, const struct component *component)
{
    struct circle circle;
    enum append_anomaly anomaly = circle_name(component, &circle);
    struct append_finding *finding = &history->result.findings[anomaly];
    if (!append_found(history, anomaly))
        return;
    finding->involved_count = circle.length;
    for (size_t i = 0; i < circle.length && i < APPEND_INVOLVED_MAX; i++)
        finding->involved[i] = circle.way[i];
}

/* The nodes by component; starts[c] .. starts[c + 1] are those of c. */
static uint32_t *nodes_by_component(const struct graph *graph, size_t *starts)
{
    uint32_t *nodes = calloc((size_t)graph->nodes_count + 1, sizeof(*nodes));
    ensure(nodes != NULL);
    for (uint32_t i = 0; i < graph->nodes_count; i++)
        starts[graph->components[i] + 2]++;
    for (uint32_t i = 0; i < graph->components_count; i++)
        starts[i + 2] += starts[i + 1];
    for (uint32_t i = 0; i < graph->nodes_count; i++)
        nodes[starts[graph->components[i] + 1]++] = i;
    return nodes;
}

void append_check_circles(struct append_history *history, const struct graph *graph)
{
    size_t *starts = calloc((size_t)graph->components_count + 2, sizeof(*starts));
    ensure(starts != NULL);
    uint32_t *nodes = nodes_by_component(graph, starts);
    for (uint32_t i = 0; i < graph->components_count; i++) {
        struct component component = {graph, &nodes[starts[i]], starts[i + 1] - starts[i]};
        if (component.count > 1)
            check_component(history, &component);
    }
    free(nodes);
    free(starts);
}
