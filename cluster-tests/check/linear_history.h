/* linear_history: a history made ready for the search of linear.c. */
#pragma once

#include <stdlib.h>

#include "linear.h"

struct entry {
    struct linear_operation operation;
    size_t index;  /* in the caller's array */
    uint32_t slot; /* bit while it is pending, among the answered or the unknown ones */
    uint32_t kin;  /* equal for operations of equal kind, expected and argument */
    bool pure;
};

/* The time just before a completion. */
struct level {
    uint32_t first; /* in `pending` */
    uint32_t count; /* > 0 */
};

struct linear_history {
    struct entry *entries; /* without those that are useless; by kind, expected, argument, index */
    size_t entries_count;
    struct level *levels; /* one for each answered operation, by completion */
    uint32_t levels_count;
    /* Entries, level after level: those invoked and not completed before it, by completion; its own
     * is the first. */
    uint32_t *pending;
    size_t pending_count;
    size_t pending_capacity;
    bool crowded; /* more than LINEAR_PENDING_MAX are pending at a time: the last level is where */
};

void linear_history_init(struct linear_history *history, const struct linear_model *model,
                         const struct linear_operation *operations, size_t count);
void linear_history_deinit(struct linear_history *history);
/* The entry that completes at a level; the last one of a crowded history if there is none such. */
const struct entry *linear_history_level(const struct linear_history *history, uint64_t level);

static inline const struct entry *linear_history_pending(const struct linear_history *history,
                                                         const struct level *level, uint32_t index)
{
    return &history->entries[history->pending[level->first + index]];
}
