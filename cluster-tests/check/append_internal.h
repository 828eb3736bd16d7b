/* append_internal: the parts of append.c, in the order of their use. */
#pragma once

#include "append_lists.h"
#include "graph.h"

/* Why a transaction must come before another. */
enum append_demand {
    DEMAND_WW = 1,  /* its element stands just before the other's */
    DEMAND_WR = 2,  /* the other read its element */
    DEMAND_RW = 4,  /* it did not read the other's element */
    DEMAND_TIME = 8 /* it completed before the other began */
};

struct append_history {
    const struct append_transaction *transactions;
    size_t count;
    struct append_lists lists;
    bool *happened; /* by transaction */
    struct append_result result;
};

/* Counts a finding; true if it is the first one, whose details the caller fills in. */
bool append_found(struct append_history *history, enum append_anomaly anomaly);
/* The anomalies that show without a graph. */
void append_check_readings(struct append_history *history);
/* Adds all demands; its nodes are the transactions. */
void append_demands(const struct append_history *history, bool realtime, struct graph *graph);
/* Names the circles of a finished graph. */
void append_check_circles(struct append_history *history, const struct graph *graph);
