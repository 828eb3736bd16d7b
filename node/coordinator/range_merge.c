#include "range_merge.h"

#include <stdlib.h>
#include <string.h>

#include "coordinator.h"
#include "item.h"
#include "key.h"
#include "probe.h"
#include "row.h"

/* Where the walk stands in one page. */
struct page_cursor {
    struct reader reader;
    bool at_row; /* the fields below hold a row not yet merged */
    bool bad;
    bool applied;
    struct slice key; /* NULL before the first row */
    struct slice row;
    struct row decoded;
};

struct merge_walk {
    const struct range_sources *sources;
    struct page_cursor cursor[HOMES_MAX];
    size_t settled; /* sources->settled before it were passed */
    bool bad;       /* a settled row is malformed */
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

static bool row_usable(struct slice bytes, struct row *row)
{
    return row_decode(bytes, row) && (row->tombstone || item_valid(row->value));
}

static void cursor_next(struct page_cursor *cursor, const struct range_sources *sources)
{
    struct slice before = cursor->key;
    cursor->at_row = reader_left(&cursor->reader) > 0;
    if (!cursor->at_row)
        return;
    cursor->key = reader_get_sized(&cursor->reader);
    uint8_t applied = reader_get_u8(&cursor->reader);
    cursor->row = reader_get_sized(&cursor->reader);
    cursor->applied = applied == 1;
    bool ordered =
        before.data == NULL || key_walk_compare(sources->reverse, before, cursor->key) < 0;
    bool good = !cursor->reader.failed && ordered && applied <= 1 &&
                row_usable(cursor->row, &cursor->decoded);
    cursor->bad |= !good;
    cursor->at_row = good;
}

static bool cursor_at(const struct page_cursor *cursor, struct slice key)
{
    return cursor->at_row && slice_equal(cursor->key, key);
}

/* The first key of all cursors; false at the end of all pages. */
static bool walk_key(const struct merge_walk *walk, struct slice *key)
{
    bool found = false;
    for (size_t i = 0; i < walk->sources->pages_count; i++) {
        const struct page_cursor *cursor = &walk->cursor[i];
        if (cursor->at_row &&
            (!found || key_walk_compare(walk->sources->reverse, cursor->key, *key) < 0)) {
            *key = cursor->key;
            found = true;
        }
    }
    return found;
}

static const struct page_cursor *walk_newest(const struct merge_walk *walk, struct slice key)
{
    const struct page_cursor *newest = NULL;
    for (size_t i = 0; i < walk->sources->pages_count; i++) {
        const struct page_cursor *cursor = &walk->cursor[i];
        if (cursor_at(cursor, key) &&
            (newest == NULL || version_compare(cursor->decoded.ballot, newest->decoded.ballot) > 0))
            newest = cursor;
    }
    return newest;
}

/* What was settled of the key; NULL: nothing. Keys are asked for in the order of the walk. */
static const struct range_settled *walk_settled(struct merge_walk *walk, struct slice key)
{
    const struct range_sources *sources = walk->sources;
    while (walk->settled < sources->settled_count &&
           key_walk_compare(sources->reverse, sources->settled[walk->settled].key, key) < 0)
        walk->settled++;
    bool found = walk->settled < sources->settled_count &&
                 slice_equal(sources->settled[walk->settled].key, key);
    return found ? &sources->settled[walk->settled] : NULL;
}

static void note_lacking(struct range_merge *merge, const struct range_lacking *lacking)
{
    if (merge->lacking_count == merge->lacking_capacity) {
        merge->lacking_capacity = merge->lacking_capacity == 0 ? 16 : 2 * merge->lacking_capacity;
        merge->lacking = realloc(merge->lacking, merge->lacking_capacity * sizeof(*merge->lacking));
        ensure(merge->lacking != NULL);
    }
    merge->lacking[merge->lacking_count++] = *lacking;
}

static bool cursor_holds(const struct page_cursor *cursor, const struct page_cursor *newest)
{
    return cursor_at(cursor, newest->key) &&
           version_equal(cursor->decoded.ballot, newest->decoded.ballot);
}

static void merge_differences(struct range_merge *merge, const struct merge_walk *walk,
                              const struct page_cursor *newest)
{
    struct range_lacking lacking = {.key = newest->key, .row = newest->row};
    for (size_t i = 0; i < walk->sources->pages_count; i++) {
        bool holds = cursor_holds(&walk->cursor[i], newest);
        lacking.holders |= holds ? 1u << i : 0;
        lacking.applied |= holds && walk->cursor[i].applied;
    }
    for (lacking.page = 0; lacking.page < walk->sources->pages_count; lacking.page++) {
        if (walk->sources->pages[lacking.page].present &&
            !cursor_holds(&walk->cursor[lacking.page], newest))
            note_lacking(merge, &lacking);
    }
}

static void merge_show(struct range_merge *merge, struct slice key, const struct row *row)
{
    if (row->tombstone)
        return;
    writer_put_sized(&merge->rows, key);
    writer_put_sized(&merge->rows, row->value);
    merge->count++;
}

static void merge_settled(struct range_merge *merge, struct merge_walk *walk,
                          const struct range_settled *settled, const struct page_cursor *newest)
{
    struct row row = {.tombstone = true};
    if (settled->row.size > 0 && !row_usable(settled->row, &row)) {
        walk->bad = true;
        return;
    }
    if (row.tombstone && !newest->decoded.tombstone)
        PROBE("a row of a range was settled and is not there any more");
    merge_show(merge, settled->key, &row);
}

static void merge_key(struct range_merge *merge, struct merge_walk *walk, struct slice key)
{
    const struct page_cursor *newest = walk_newest(walk, key);
    const struct range_settled *settled = walk_settled(walk, key);
    if (settled != NULL) {
        merge_settled(merge, walk, settled, newest);
    } else {
        merge_differences(merge, walk, newest);
        merge_show(merge, key, &newest->decoded);
    }
    writer_reset(&merge->covered);
    writer_put_slice(&merge->covered, key);
}

/* Moves every cursor that stands on `key`. (It borrows from a page, not from a cursor.) */
static void walk_advance(struct merge_walk *walk, struct slice key)
{
    for (size_t i = 0; i < walk->sources->pages_count; i++) {
        if (cursor_at(&walk->cursor[i], key))
            cursor_next(&walk->cursor[i], walk->sources);
    }
}

/* The smallest `covered` of the pages that end early; false if none does. */
static bool walk_cut(const struct range_sources *sources, struct slice *cut)
{
    bool found = false;
    for (size_t i = 0; i < sources->pages_count; i++) {
        const struct range_page *page = &sources->pages[i];
        if (page->present && page->more &&
            (!found || key_walk_compare(sources->reverse, page->covered, *cut) < 0)) {
            *cut = page->covered;
            found = true;
        }
    }
    return found;
}

static bool walk_bad(const struct merge_walk *walk)
{
    bool bad = walk->bad;
    for (size_t i = 0; i < walk->sources->pages_count; i++)
        bad |= walk->cursor[i].bad;
    return bad;
}

static void walk_start(struct merge_walk *walk, const struct range_sources *sources)
{
    ensure(sources->pages_count <= HOMES_MAX);
    *walk = (struct merge_walk){.sources = sources};
    for (size_t i = 0; i < sources->pages_count; i++) {
        const struct range_page *page = &sources->pages[i];
        walk->cursor[i].reader = reader_of(page->present ? page->rows : SLICE_EMPTY);
        cursor_next(&walk->cursor[i], sources);
    }
}

bool range_merge_run(struct range_merge *merge, const struct range_sources *sources)
{
    struct merge_walk walk;
    struct slice key, cut = SLICE_EMPTY;
    bool cut_early = walk_cut(sources, &cut);
    bool full = false;
    walk_start(&walk, sources);
    while (!full && walk_key(&walk, &key)) {
        if (cut_early && key_walk_compare(sources->reverse, key, cut) > 0)
            break;
        merge_key(merge, &walk, key);
        walk_advance(&walk, key);
        full = merge->count >= sources->rows_max || merge->rows.size >= sources->bytes_max;
    }
    merge->more = cut_early || walk_key(&walk, &key);
    if (cut_early && !full) {
        writer_reset(&merge->covered);
        writer_put_slice(&merge->covered, cut);
    }
    return !walk_bad(&walk);
}
