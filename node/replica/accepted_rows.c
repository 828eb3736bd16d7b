#include "accepted_rows.h"

#include <stdlib.h>

void accepted_rows_init(struct accepted_rows *rows)
{
    *rows = (struct accepted_rows){.count = 0};
    arena_init(&rows->arena);
}

void accepted_rows_deinit(struct accepted_rows *rows)
{
    free(rows->candidates);
    free(rows->all);
    arena_deinit(&rows->arena);
}

void accepted_rows_add(struct accepted_rows *rows, const struct accepted_row *row)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity == 0 ? 16 : 2 * rows->capacity;
        rows->all = realloc(rows->all, rows->capacity * sizeof(*rows->all));
        ensure(rows->all != NULL);
    }
    rows->all[rows->count++] = (struct accepted_row){
        arena_copy(&rows->arena, row->key), arena_copy(&rows->arena, row->entry),
        arena_copy(&rows->arena, row->row), row->ballot};
    rows->bytes += row->key.size + row->row.size;
}

static int compare_entries(const void *a, const void *b)
{
    const struct accepted_row *const *first = a, *const *second = b;
    return slice_compare((*first)->entry, (*second)->entry);
}

void accepted_rows_order(struct accepted_rows *rows)
{
    rows->candidates = calloc(rows->count + 1, sizeof(*rows->candidates));
    ensure(rows->candidates != NULL);
    for (size_t i = 0; i < rows->count; i++)
        if (rows->all[i].entry.size > 0)
            rows->candidates[rows->candidates_count++] = &rows->all[i];
    qsort(rows->candidates, rows->candidates_count, sizeof(*rows->candidates), compare_entries);
}

const struct accepted_row *accepted_rows_next(const struct accepted_rows *rows, bool reverse)
{
    size_t left = rows->candidates_count - rows->candidates_taken;
    if (left == 0)
        return NULL;
    return rows->candidates[reverse ? left - 1 : rows->candidates_taken];
}

const struct accepted_row *accepted_rows_find(const struct accepted_rows *rows, struct slice key)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(rows->all[middle].key, key);
        if (order == 0)
            return &rows->all[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
