/* index_rows: the rows of a merged range of a local index, each where it belongs. While pages are
 * merged, rows keep the places where they were first told of; what was settled since may stand
 * elsewhere in the index by now, or nowhere. Pure. */
#pragma once

#include "bytes.h"
#include "table_schema.h"

struct index_rows_range {
    const struct table_schema *schema;
    uint8_t index;
    struct slice from; /* of the range */
    struct slice to;   /* empty: to the end */
    bool reverse;
    bool more;
    struct slice covered; /* with `more`: the last place examined */
};

/* Appends `rows` (sized key of an entry, sized item) to `out` again, in the order of the walk. Rows that
 * do not stand at their place, and those of `beside` (sized key of an item, sized item), which have
 * none, come if their own place is in the range, and covered. An item comes once. Returns how many
 * there are. */
uint32_t index_rows_place(const struct index_rows_range *range, struct slice rows,
                          struct slice beside, struct writer *out);
