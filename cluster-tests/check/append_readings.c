/* What reads show by themselves: see append_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "append_internal.h"

static void note(struct append_history *history, enum append_anomaly anomaly,
                 const struct reading *reading, uint64_t element, uint32_t other)
{
    struct append_finding *finding = &history->result.findings[anomaly];
    if (!append_found(history, anomaly))
        return;
    finding->item = reading->item;
    finding->element = element;
    finding->involved[0] = reading->transaction;
    finding->involved[1] = other;
    finding->involved_count = other == reading->transaction ? 1 : 2;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

static void check_duplicates(struct append_history *history, const struct reading *reading)
{
    size_t count = reading->operation->elements_count;
    uint64_t *sorted = calloc(count + 1, sizeof(*sorted));
    ensure(sorted != NULL);
    if (count > 0)
        memcpy(sorted, reading->operation->elements, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_numbers);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i - 1] == sorted[i])
            note(history, APPEND_DUPLICATE, reading, sorted[i], reading->transaction);
    }
    free(sorted);
}

/* Where the elements of a list come from. */
static void check_elements(struct append_history *history, const struct reading *reading)
{
    for (size_t i = 0; i < reading->operation->elements_count; i++) {
        uint64_t element = reading->operation->elements[i];
        const struct appended *appended =
            append_lists_find(&history->lists, reading->item, element);
        if (appended == NULL)
            note(history, APPEND_UNEXPECTED, reading, element, reading->transaction);
        else if (history->transactions[appended->transaction].outcome == APPEND_ABORTED)
            note(history, APPEND_G1A, reading, element, appended->transaction);
    }
}

static void check_intermediate(struct append_history *history, const struct reading *reading)
{
    size_t count = reading->operation->elements_count;
    if (count == 0)
        return;
    uint64_t element = reading->operation->elements[count - 1];
    const struct appended *appended = append_lists_find(&history->lists, reading->item, element);
    if (appended != NULL && !appended->last && appended->transaction != reading->transaction)
        note(history, APPEND_G1B, reading, element, appended->transaction);
}

/* Is it the element that stands so many before the last one of what was read? */
static bool matches_from_end(const struct append_operation *read, size_t from_end, uint64_t element)
{
    return from_end < read->elements_count &&
           read->elements[read->elements_count - 1 - from_end] == element;
}

/* Does a read show what its own transaction appended only after it? */
static bool foresees(const struct append_transaction *transaction,
                     const struct append_operation *read)
{
    const struct append_operation *end = transaction->operations + transaction->operations_count;
    for (const struct append_operation *at = read + 1; at < end; at++) {
        bool later = !at->read && at->item == read->item;
        for (size_t i = 0; later && i < read->elements_count; i++) {
            if (read->elements[i] == at->element)
                return true;
        }
    }
    return false;
}

/* A read must show what its transaction read before and appended since. */
static bool agrees(const struct append_transaction *transaction,
                   const struct append_operation *read)
{
    size_t own = 0;
    for (const struct append_operation *at = read; at-- > transaction->operations;) {
        if (at->item != read->item)
            continue;
        if (at->read)
            return read->elements_count == at->elements_count + own &&
                   (at->elements_count == 0 ||
                    memcmp(read->elements, at->elements,
                           at->elements_count * sizeof(*at->elements)) == 0);
        if (!matches_from_end(read, own++, at->element))
            return false;
    }
    return true;
}

static bool also_appends(const struct append_history *history, const struct reading *reading)
{
    const struct append_transaction *transaction = &history->transactions[reading->transaction];
    for (size_t i = 0; i < transaction->operations_count; i++) {
        if (!transaction->operations[i].read && transaction->operations[i].item == reading->item)
            return true;
    }
    return false;
}

/* Of the readings of one item in readings[first .. end), those of one length are equal and stand
 * side by side, by transaction. */
static void check_lost_updates(struct append_history *history, size_t first, size_t end)
{
    const struct reading *previous = NULL;
    for (size_t i = first; i < end; i++) {
        const struct reading *reading = &history->lists.readings[i];
        if (reading->broken || !reading->external || !also_appends(history, reading))
            continue;
        bool same = previous != NULL && previous->transaction != reading->transaction &&
                    previous->operation->elements_count == reading->operation->elements_count;
        if (same)
            note(history, APPEND_LOST_UPDATE, reading, 0, previous->transaction);
        previous = reading;
    }
}

void append_check_readings(struct append_history *history)
{
    const struct append_lists *lists = &history->lists;
    const struct reading *longest = NULL;
    for (size_t i = 0; i < lists->readings_count; i++) {
        const struct reading *reading = &lists->readings[i];
        if (reading->longest) {
            longest = reading;
            check_lost_updates(history, i, append_lists_readings_end(lists, i));
        }
        if (reading->broken)
            note(history, APPEND_INCOMPATIBLE, reading, 0, longest->transaction);
        if (reading->longest || reading->broken) {
            check_duplicates(history, reading);
            check_elements(history, reading);
        }
        check_intermediate(history, reading);
        const struct append_transaction *own = &history->transactions[reading->transaction];
        if (!agrees(own, reading->operation) || foresees(own, reading->operation))
            note(history, APPEND_INTERNAL, reading, 0, reading->transaction);
    }
}
