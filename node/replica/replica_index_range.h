/* replica_index_range: ranges of a local secondary index. The index gives candidates, the items
 * decide: a page tells of each entry the item's row, as replica_range.c does of each key. In the form
 * for merging these are the highest rows held, and rows that are only accepted have entries too, as
 * if they were applied; so whatever a majority has taken stands in its pages where it will stand in
 * the index. A row may then be told at an entry that is not its own (any more): whoever shows it
 * compares. */
#pragma once

#include "operation.h"

/* The range's partition is served by this shard, and some rows of it are wanted. */
void replica_on_index_range(struct replica *replica, const struct frame *frame,
                            const Cartwheel__Range *range);
