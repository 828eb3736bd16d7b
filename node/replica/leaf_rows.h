/* leaf_rows: what an item's row adds to its leaf (common/leaf.h). Its digest is of key and origin: two
 * replicas that hold the same operation's value are equal, whatever rounds it took there. Tombstones
 * count. */
#pragma once

#include "key.h"
#include "row.h"
#include "store.h"

/* `seed` keys the digests: the same on all nodes, for ever. */
struct leaf_sum leaf_of_row(struct slice key, const struct row *row, uint64_t seed);
/* The part of an item's batch that keeps its leaf right. NULL: there is no row; it goes. */
void leaf_rows_change(struct store_batch *batch, struct slice key, const struct row *before,
                      const struct row *after, uint64_t seed);
