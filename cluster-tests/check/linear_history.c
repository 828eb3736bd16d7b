#include "linear_history.h"

#include <string.h>

#include "event.h"

/* Where the walk over the events is. */
struct walk {
    struct linear_history *history;
    uint32_t *active; /* entries pending now, by completion */
    uint32_t active_count;
    uint32_t free_slots[LINEAR_PENDING_MAX];
    uint32_t free_count;
    uint32_t unknown_count;
};

static bool is_useless(const struct linear_model *model, const struct linear_operation *operation,
                       bool marked)
{
    bool pure = model->pure != NULL && model->pure(model, operation);
    return linear_unknown(operation) && (marked || pure);
}

static int compare_kin(const struct linear_operation *a, const struct linear_operation *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->expected != b->expected)
        return a->expected < b->expected ? -1 : 1;
    if (a->argument != b->argument)
        return a->argument < b->argument ? -1 : 1;
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = compare_kin(&left->operation, &right->operation);
    if (order != 0)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

static void entries_fill(struct linear_history *history, const struct linear_model *model,
                         const struct linear_operation *operations, size_t count)
{
    struct linear_operation *copy = calloc(count + 1, sizeof(*copy));
    bool *useless = calloc(count + 1, sizeof(*useless));
    history->entries = calloc(count + 1, sizeof(*history->entries));
    ensure(copy != NULL);
    ensure(useless != NULL);
    ensure(history->entries != NULL);
    if (count > 0)
        memcpy(copy, operations, count * sizeof(*copy));
    if (model->simplify != NULL)
        model->simplify(model, copy, count, useless);
    for (size_t i = 0; i < count; i++) {
        ensure(copy[i].invoked <= copy[i].completed);
        if (is_useless(model, &copy[i], useless[i]))
            continue;
        history->entries[history->entries_count++] =
            (struct entry){.operation = copy[i],
                           .index = i,
                           .pure = model->pure != NULL && model->pure(model, &copy[i])};
    }
    free(useless);
    free(copy);
}

/* Sorts the entries and tells kin. */
static void entries_sort(struct linear_history *history)
{
    qsort(history->entries, history->entries_count, sizeof(*history->entries), compare_entries);
    for (size_t i = 1; i < history->entries_count; i++) {
        struct entry *entry = &history->entries[i];
        entry->kin = entry[-1].kin + (compare_kin(&entry[-1].operation, &entry->operation) != 0);
    }
}

static struct event *events_new(const struct linear_history *history, size_t *count)
{
    struct event *events = calloc(2 * history->entries_count + 1, sizeof(*events));
    ensure(events != NULL);
    *count = 0;
    for (uint32_t i = 0; i < history->entries_count; i++) {
        const struct linear_operation *operation = &history->entries[i].operation;
        events[(*count)++] = (struct event){operation->invoked, false, i};
        if (!linear_unknown(operation))
            events[(*count)++] = (struct event){operation->completed, true, i};
    }
    events_sort(events, *count);
    return events;
}

/* False if no slot is left. */
static bool slot_assign(struct walk *walk, struct entry *entry)
{
    if (linear_unknown(&entry->operation)) {
        entry->slot = walk->unknown_count++;
        return entry->slot < LINEAR_PENDING_MAX;
    }
    if (walk->free_count == 0)
        return false;
    entry->slot = walk->free_slots[--walk->free_count];
    return true;
}

/* Keeps `active` in the order of completions; equal ones by entry, as the events are. */
static void active_insert(struct walk *walk, uint32_t entry)
{
    const struct entry *entries = walk->history->entries;
    uint64_t completed = entries[entry].operation.completed;
    uint32_t at = walk->active_count++;
    for (; at > 0; at--) {
        uint32_t before = walk->active[at - 1];
        uint64_t other = entries[before].operation.completed;
        if (other < completed || (other == completed && before < entry))
            break;
        walk->active[at] = before;
    }
    walk->active[at] = entry;
}

static void level_add(struct walk *walk)
{
    struct linear_history *history = walk->history;
    size_t needed = history->pending_count + walk->active_count;
    if (needed > history->pending_capacity) {
        history->pending_capacity = 2 * needed;
        history->pending =
            realloc(history->pending, history->pending_capacity * sizeof(*history->pending));
        ensure(history->pending != NULL);
    }
    ensure(needed <= UINT32_MAX);
    memcpy(&history->pending[history->pending_count], walk->active,
           walk->active_count * sizeof(*walk->active));
    history->levels[history->levels_count++] =
        (struct level){(uint32_t)history->pending_count, walk->active_count};
    history->pending_count = needed;
}

static void on_completion(struct walk *walk, uint32_t entry)
{
    ensure(walk->active[0] == entry);
    level_add(walk);
    walk->active_count--;
    memmove(walk->active, walk->active + 1, walk->active_count * sizeof(*walk->active));
    walk->free_slots[walk->free_count++] = walk->history->entries[entry].slot;
}

static void levels_fill(struct linear_history *history)
{
    size_t count;
    struct event *events = events_new(history, &count);
    struct walk walk = {.history = history, .free_count = LINEAR_PENDING_MAX};
    walk.active = calloc(history->entries_count + 1, sizeof(*walk.active));
    history->levels = calloc(history->entries_count + 1, sizeof(*history->levels));
    ensure(walk.active != NULL);
    ensure(history->levels != NULL);
    for (uint32_t i = 0; i < LINEAR_PENDING_MAX; i++)
        walk.free_slots[i] = LINEAR_PENDING_MAX - 1 - i;
    for (size_t i = 0; i < count && !history->crowded; i++) {
        if (events[i].completion) {
            on_completion(&walk, events[i].operation);
            continue;
        }
        history->crowded = !slot_assign(&walk, &history->entries[events[i].operation]);
        active_insert(&walk, events[i].operation);
        if (history->crowded)
            level_add(&walk);
    }
    free(walk.active);
    free(events);
}

void linear_history_init(struct linear_history *history, const struct linear_model *model,
                         const struct linear_operation *operations, size_t count)
{
    ensure(count < UINT32_MAX / 2);
    *history = (struct linear_history){0};
    entries_fill(history, model, operations, count);
    entries_sort(history);
    levels_fill(history);
}

void linear_history_deinit(struct linear_history *history)
{
    free(history->entries);
    free(history->levels);
    free(history->pending);
}

const struct entry *linear_history_level(const struct linear_history *history, uint64_t level)
{
    uint64_t at = history->crowded ? history->levels_count - 1 : level;
    ensure(at < history->levels_count);
    return linear_history_pending(history, &history->levels[at], 0);
}
