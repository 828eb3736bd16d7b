/* range_merge: pages of the same range from several replicas become one, and the list of what each
 * lacks. Pure. */
#pragma once

#include "bytes.h"
#include "version.h"

/* One replica's page: sized key, u8 applied (0: only accepted), sized row, repeated, in the order of
 * the walk. */
struct range_page {
    struct buffer *held; /* owns the slices */
    bool present;        /* this replica has answered */
    struct slice rows;
    struct slice covered; /* with `more`: last key examined */
    bool more;
    uint32_t count;
};

/* The state of a key that was brought onto a majority after the pages were made. It counts, whatever
 * they tell. */
struct range_settled {
    struct slice key; /* one that the pages tell */
    struct slice row; /* empty: nothing was ever written */
};

/* Page `page` has an older row, or none, for this key, which is not settled. Borrows from the pages.
 * Entries come in the order of the walk, those of one key together. */
struct range_lacking {
    unsigned page;
    uint32_t holders; /* pages that tell the newest row: bit i is page i */
    bool applied;     /* in one of them it stands in the item's place */
    struct slice key;
    struct slice row; /* the newest */
};

struct range_sources {
    const struct range_page *pages;
    size_t pages_count;
    const struct range_settled *settled; /* in the order of the walk */
    size_t settled_count;
    bool reverse;
    uint32_t rows_max;
    size_t bytes_max;
};

struct range_merge {
    struct writer rows; /* sized key, sized value of live rows */
    uint32_t count;
    bool more;
    struct writer covered; /* last key examined */
    struct range_lacking *lacking;
    size_t lacking_count;
    size_t lacking_capacity;
};

void range_merge_init(struct range_merge *merge);
/* Leaves it as after init. */
void range_merge_deinit(struct range_merge *merge);
/* Merges the pages that are present: of each key the newest row. Stops after rows_max live rows, or
 * once bytes_max bytes of them are gathered, and at the last key that all pages cover. False if a
 * page is malformed. `merge` is as after init. */
bool must_check range_merge_run(struct range_merge *merge, const struct range_sources *sources);
