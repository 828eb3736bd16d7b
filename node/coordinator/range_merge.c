#include "range_merge.h"

#include <stdlib.h>
#include <string.h>

#include "coordinator.h"
#include "item.h"
#include "row.h"

/* Where the walk stands in one page. */
struct page_cursor {
    struct reader reader;
    bool at_row; /* key, row and decoded hold a row not yet merged */
    bool bad;
    struct slice key;
    struct slice row;
    struct row decoded;
};

struct merge_walk {
    struct page_cursor cursor[REPLICAS_MAX];
    const struct range_page *pages;
    size_t count;
    bool reverse;
};

void range_merge_init(struct range_merge *merge)
{
    memset(merge, 0, sizeof(*merge));
    writer_init(&merge->rows, 0);
    writer_init(&merge->covered, 0);
}

void range_merge_deinit(struct range_merge *merge)
{
    writer_deinit(&merge->rows);
    writer_deinit(&merge->covered);
    free(merge->lacking);
    range_merge_init(merge);
}

static void cursor_next(struct page_cursor *cursor)
{
    cursor->at_row = reader_left(&cursor->reader) > 0;
    if (!cursor->at_row)
        return;
    cursor->key = reader_get_sized(&cursor->reader);
    cursor->row = reader_get_sized(&cursor->reader);
    bool good = !cursor->reader.failed && row_decode(cursor->row, &cursor->decoded) &&
                (cursor->decoded.tombstone || item_valid(cursor->decoded.value));
    cursor->bad |= !good;
    cursor->at_row = good;
}

/* <0 if `a` comes first in the walk. */
static int walk_compare(const struct merge_walk *walk, struct slice a, struct slice b)
{
    int order = slice_compare(a, b);
    return walk->reverse ? -order : order;
}

/* The first key of all cursors; false at the end of all pages. */
static bool walk_key(const struct merge_walk *walk, struct slice *key)
{
    bool found = false;
    for (size_t i = 0; i < walk->count; i++) {
        const struct page_cursor *cursor = &walk->cursor[i];
        if (cursor->at_row && (!found || walk_compare(walk, cursor->key, *key) < 0)) {
            *key = cursor->key;
            found = true;
        }
    }
    return found;
}

static const struct page_cursor *walk_newest(const struct merge_walk *walk, struct slice key)
{
    const struct page_cursor *newest = NULL;
    for (size_t i = 0; i < walk->count; i++) {
        const struct page_cursor *cursor = &walk->cursor[i];
        bool here = cursor->at_row && slice_equal(cursor->key, key);
        if (here &&
            (newest == NULL || version_compare(cursor->decoded.ballot, newest->decoded.ballot) > 0))
            newest = cursor;
    }
    return newest;
}

static void note_lacking(struct range_merge *merge, size_t page, struct slice key, struct slice row)
{
    if (merge->lacking_count == merge->lacking_capacity) {
        merge->lacking_capacity = merge->lacking_capacity == 0 ? 16 : 2 * merge->lacking_capacity;
        merge->lacking = realloc(merge->lacking, merge->lacking_capacity * sizeof(*merge->lacking));
        ensure(merge->lacking != NULL);
    }
    merge->lacking[merge->lacking_count++] = (struct range_lacking){page, key, row};
}

static void merge_row(struct range_merge *merge, const struct merge_walk *walk,
                      const struct page_cursor *newest)
{
    for (size_t i = 0; i < walk->count; i++) {
        const struct page_cursor *cursor = &walk->cursor[i];
        bool holds = cursor->at_row && slice_equal(cursor->key, newest->key) &&
                     version_equal(cursor->decoded.ballot, newest->decoded.ballot);
        if (walk->pages[i].present && !holds)
            note_lacking(merge, i, newest->key, newest->row);
    }
    if (!newest->decoded.tombstone) {
        writer_put_sized(&merge->rows, newest->key);
        writer_put_sized(&merge->rows, newest->decoded.value);
        merge->count++;
    }
    writer_reset(&merge->covered);
    writer_put_slice(&merge->covered, newest->key);
}

/* Moves every cursor that stands on `key`, which may be borrowed from one of them, so it is copied
 * out before. */
static void walk_advance(struct merge_walk *walk, struct slice key)
{
    for (size_t i = 0; i < walk->count; i++) {
        struct page_cursor *cursor = &walk->cursor[i];
        if (cursor->at_row && slice_equal(cursor->key, key))
            cursor_next(cursor);
    }
}

/* The smallest `covered` of the pages that end early; false if none does. */
static bool walk_cut(const struct merge_walk *walk, struct slice *cut)
{
    bool found = false;
    for (size_t i = 0; i < walk->count; i++) {
        const struct range_page *page = &walk->pages[i];
        if (page->present && page->more &&
            (!found || walk_compare(walk, page->covered, *cut) < 0)) {
            *cut = page->covered;
            found = true;
        }
    }
    return found;
}

static bool walk_bad(const struct merge_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->cursor[i].bad)
            return true;
    }
    return false;
}

bool range_merge_run(struct range_merge *merge, const struct range_page *pages, size_t count,
                     bool reverse, uint32_t rows_max, size_t bytes_max)
{
    struct merge_walk walk = {.pages = pages, .count = count, .reverse = reverse};
    ensure(count <= REPLICAS_MAX);
    for (size_t i = 0; i < count; i++) {
        walk.cursor[i].reader = reader_of(pages[i].present ? pages[i].rows : SLICE_EMPTY);
        cursor_next(&walk.cursor[i]);
    }
    struct slice key, cut = SLICE_EMPTY;
    bool cut_early = walk_cut(&walk, &cut);
    bool full = false;
    while (!full && walk_key(&walk, &key)) {
        if (cut_early && walk_compare(&walk, key, cut) > 0)
            break;
        merge_row(merge, &walk, walk_newest(&walk, key));
        walk_advance(&walk, key);
        full = merge->count >= rows_max || merge->rows.size >= bytes_max;
    }
    merge->more = cut_early || walk_key(&walk, &key);
    if (cut_early && !full) {
        writer_reset(&merge->covered);
        writer_put_slice(&merge->covered, cut);
    }
    return !walk_bad(&walk);
}
