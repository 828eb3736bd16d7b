/* accepted_rows: rows that are accepted and not known to be decided, among the items behind a range of
 * an index; and those of them that have an entry in it, in the order of the walk. */
#pragma once

#include "arena.h"
#include "bytes.h"
#include "version.h"

struct accepted_row {
    struct slice key;   /* the item's */
    struct slice entry; /* empty: it has none, or not in this range */
    struct slice row;
    struct version ballot;
};

struct accepted_rows {
    struct arena arena;       /* holds keys, entries and rows */
    struct accepted_row *all; /* in the order of their keys */
    size_t count;
    size_t capacity;
    size_t bytes;                           /* of keys and rows */
    const struct accepted_row **candidates; /* those with an entry */
    size_t candidates_count;
    size_t candidates_taken;
};

void accepted_rows_init(struct accepted_rows *rows);
void accepted_rows_deinit(struct accepted_rows *rows);
/* Copies. Keys come in ascending order. */
void accepted_rows_add(struct accepted_rows *rows, const struct accepted_row *row);
/* All have been added: what of it stands in the range? */
void accepted_rows_order(struct accepted_rows *rows);
/* The next entry of the walk, or NULL. It is taken by counting `candidates_taken` up. */
const struct accepted_row *accepted_rows_next(const struct accepted_rows *rows, bool reverse);
/* That of an item, or NULL. */
const struct accepted_row *accepted_rows_find(const struct accepted_rows *rows, struct slice key);
