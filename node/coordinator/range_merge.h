/* range_merge: pages of the same range from several replicas become one, and the list of what each
 * lacks. Pure. */
#pragma once

#include "bytes.h"
#include "version.h"

/* One replica's page: sized key, sized row, repeated, in the order of the walk. */
struct range_page {
    struct buffer *held; /* owns the slices */
    bool present;        /* this replica has answered */
    struct slice rows;
    struct slice covered; /* with `more`: last key examined */
    bool more;
    uint32_t count;
};

/* Page `page` has an older row, or none, for this key. Borrows from the pages. */
struct range_lacking {
    size_t page;
    struct slice key;
    struct slice row; /* the newest */
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
/* Merges the pages that are present. Stops after rows_max live rows, or once bytes_max bytes of
 * them are gathered, and at the last key that all pages cover. False if a page is malformed. */
bool must_check range_merge_run(struct range_merge *merge, const struct range_page *pages,
                                size_t count, bool reverse, uint32_t rows_max, size_t bytes_max);
