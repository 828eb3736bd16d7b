#include "append.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append_internal.h"

enum { ELEMENTS_SHOWN = 6 };

bool append_found(struct append_history *history, enum append_anomaly anomaly)
{
    history->result.good = false;
    return history->result.findings[anomaly].count++ == 0;
}

/* A transaction of unknown outcome took place if anything that it appended was seen. */
static void mark_happened(struct append_history *history)
{
    history->happened = calloc(history->count + 1, sizeof(*history->happened));
    ensure(history->happened != NULL);
    for (size_t i = 0; i < history->count; i++) {
        const struct append_transaction *transaction = &history->transactions[i];
        ensure(transaction->invoked <= transaction->completed);
        history->happened[i] = transaction->outcome == APPEND_COMMITTED;
    }
    for (size_t i = 0; i < history->lists.appended_count; i++) {
        const struct appended *appended = &history->lists.appended[i];
        if (appended->seen &&
            history->transactions[appended->transaction].outcome == APPEND_UNKNOWN)
            history->happened[appended->transaction] = true;
    }
}

struct append_result append_check(const struct append_transaction *transactions, size_t count,
                                  bool realtime)
{
    struct append_history history = {
        .transactions = transactions, .count = count, .result = {.good = true}};
    struct graph graph;
    append_lists_init(&history.lists, transactions, count);
    mark_happened(&history);
    append_check_readings(&history);
    graph_init(&graph, (uint32_t)count);
    append_demands(&history, realtime, &graph);
    graph_finish(&graph);
    append_check_circles(&history, &graph);
    graph_deinit(&graph);
    free(history.happened);
    append_lists_deinit(&history.lists);
    return history.result;
}

const char *append_anomaly_name(enum append_anomaly anomaly)
{
    static const char *const names[APPEND_ANOMALIES] = {
        [APPEND_DUPLICATE] = "duplicate element",
        [APPEND_UNEXPECTED] = "unexpected element",
        [APPEND_INCOMPATIBLE] = "incompatible orders",
        [APPEND_INTERNAL] = "internal inconsistency",
        [APPEND_G1A] = "aborted read (G1a)",
        [APPEND_G1B] = "intermediate read (G1b)",
        [APPEND_LOST_UPDATE] = "lost update",
        [APPEND_G0] = "write cycle (G0)",
        [APPEND_G1C] = "circular information flow (G1c)",
        [APPEND_G_SINGLE] = "single anti-dependency cycle (G-single)",
        [APPEND_G2] = "anti-dependency cycle (G2)",
        [APPEND_REALTIME] = "real-time violation",
    };
    ensure(anomaly < APPEND_ANOMALIES);
    return names[anomaly];
}

static void printf_like(2, 3) put_text(struct writer *text, const char *format, ...)
{
    char piece[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    writer_put(text, piece, strlen(piece));
}

static void put_operation(struct writer *text, const struct append_operation *operation)
{
    if (!operation->read) {
        put_text(text, " append %u.%llu", operation->item, (unsigned long long)operation->element);
        return;
    }
    size_t count = operation->elements_count;
    size_t first = count > ELEMENTS_SHOWN ? count - ELEMENTS_SHOWN : 0;
    put_text(text, " read %u (%s", operation->item, first > 0 ? "... " : "");
    for (size_t i = first; i < count; i++)
        put_text(text, i == first ? "%llu" : " %llu", (unsigned long long)operation->elements[i]);
    put_text(text, ")");
}

static void put_transaction(struct writer *text, const struct append_transaction *transaction)
{
    put_text(text, "  process %u [%llu, ", transaction->process,
             (unsigned long long)transaction->invoked);
    if (transaction->completed == UINT64_MAX)
        put_text(text, "?]:");
    else
        put_text(text, "%llu]:", (unsigned long long)transaction->completed);
    for (size_t i = 0; i < transaction->operations_count; i++)
        put_operation(text, &transaction->operations[i]);
    put_text(text, "\n");
}

void append_explain(const struct append_transaction *transactions,
                    const struct append_result *result, struct writer *text)
{
    for (unsigned i = 0; i < APPEND_ANOMALIES; i++) {
        const struct append_finding *finding = &result->findings[i];
        if (finding->count == 0)
            continue;
        put_text(text, "%s: %zu, first", append_anomaly_name((enum append_anomaly)i),
                 finding->count);
        if (i < APPEND_G0)
            put_text(text, " in list %u, element %llu", finding->item,
                     (unsigned long long)finding->element);
        put_text(text, "\n");
        for (size_t j = 0; j < finding->involved_count && j < APPEND_INVOLVED_MAX; j++)
            put_transaction(text, &transactions[finding->involved[j]]);
    }
}
