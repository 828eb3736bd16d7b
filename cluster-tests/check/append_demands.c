/* Which transaction must come before which: see append_internal.h. */
#include <stdlib.h>

#include "append_internal.h"
#include "event.h"

#define NOBODY UINT32_MAX

/* The writer of an element, if it took place; NOBODY otherwise. */
static uint32_t writer_of_element(const struct append_history *history, uint32_t item,
                                  uint64_t element)
{
    const struct appended *appended = append_lists_find(&history->lists, item, element);
    bool happened = appended != NULL && history->happened[appended->transaction];
    return happened ? appended->transaction : NOBODY;
}

static void demand(struct graph *graph, uint32_t from, uint32_t to, enum append_demand kind)
{
    if (from != NOBODY && to != NOBODY)
        graph_add(graph, from, to, kind);
}

/* Writers come in the order of their elements. Returns the last one. */
static uint32_t demand_order(const struct append_history *history, const struct reading *longest,
                             struct graph *graph)
{
    uint32_t last = NOBODY;
    for (size_t i = 0; i < longest->operation->elements_count; i++) {
        uint32_t writer =
            writer_of_element(history, longest->item, longest->operation->elements[i]);
        if (writer == NOBODY)
            continue;
        demand(graph, last, writer, DEMAND_WW);
        last = writer;
    }
    return last;
}

/* An append that took place and stands in no reading came after everything that stands in one:
 * lists only grow at the end, so a reading without it precedes it. */
static void demand_unseen(const struct append_history *history, uint32_t item, uint32_t before,
                          enum append_demand kind, struct graph *graph)
{
    const struct append_lists *lists = &history->lists;
    for (size_t i = append_lists_appended_first(lists, item);
         i < lists->appended_count && lists->appended[i].item == item; i++) {
        const struct appended *appended = &lists->appended[i];
        if (!appended->seen && history->happened[appended->transaction])
            demand(graph, before, appended->transaction, kind);
    }
}

static void demand_reading(const struct append_history *history, const struct reading *reading,
                           const struct reading *longest, struct graph *graph)
{
    const struct append_operation *read = reading->operation;
    const struct append_operation *all = longest->operation;
    size_t count = read->elements_count;
    if (count > 0)
        demand(graph, writer_of_element(history, reading->item, read->elements[count - 1]),
               reading->transaction, DEMAND_WR);
    if (reading->broken)
        return;
    if (count < all->elements_count)
        demand(graph, reading->transaction,
               writer_of_element(history, reading->item, all->elements[count]), DEMAND_RW);
    else
        demand_unseen(history, reading->item, reading->transaction, DEMAND_RW, graph);
}

static struct event *events_new(const struct append_history *history, size_t *count)
{
    struct event *events = calloc(2 * history->count + 1, sizeof(*events));
    ensure(events != NULL);
    *count = 0;
    for (uint32_t i = 0; i < history->count; i++) {
        const struct append_transaction *transaction = &history->transactions[i];
        if (!history->happened[i])
            continue;
        events[(*count)++] = (struct event){transaction->invoked, false, i};
        if (transaction->outcome == APPEND_COMMITTED)
            events[(*count)++] = (struct event){transaction->completed, true, i};
    }
    events_sort(events, *count);
    return events;
}

/* Replaces those in the frontier that completed before the transaction began by itself: who comes
 * after it comes after them. Returns the new length. */
static size_t frontier_advance(const struct append_history *history, uint32_t *frontier,
                               size_t length, uint32_t transaction)
{
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        if (history->transactions[frontier[i]].completed >=
            history->transactions[transaction].invoked)
            frontier[kept++] = frontier[i];
    }
    frontier[kept++] = transaction;
    return kept;
}

/* The fewest demands of which all others of real time follow. */
static void demand_time(const struct append_history *history, struct graph *graph)
{
    size_t count;
    size_t length = 0;
    struct event *events = events_new(history, &count);
    uint32_t *frontier = calloc(history->count + 1, sizeof(*frontier));
    ensure(frontier != NULL);
    for (size_t i = 0; i < count; i++) {
        if (events[i].completion) {
            length = frontier_advance(history, frontier, length, events[i].operation);
            continue;
        }
        for (size_t j = 0; j < length; j++)
            demand(graph, frontier[j], events[i].operation, DEMAND_TIME);
    }
    free(frontier);
    free(events);
}

void append_demands(const struct append_history *history, bool realtime, struct graph *graph)
{
    const struct append_lists *lists = &history->lists;
    const struct reading *longest = NULL;
    for (size_t i = 0; i < lists->readings_count; i++) {
        const struct reading *reading = &lists->readings[i];
        if (reading->longest) {
            longest = reading;
            uint32_t last = demand_order(history, longest, graph);
            demand_unseen(history, longest->item, last, DEMAND_WW, graph);
        }
        demand_reading(history, reading, longest, graph);
    }
    if (realtime)
        demand_time(history, graph);
}
