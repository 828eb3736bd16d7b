/* index_entries: the entries that an item has in the local secondary indexes of its table
 * (index_key.h). They change in the batch that changes the item. */
#pragma once

#include "index_key.h"
#include "store.h"
#include "table_schema.h"

/* Appends the key of the item's entry in index `index`. False, and nothing is appended, if it has none. */
bool index_entry(struct writer *writer, const struct table_schema *schema, uint8_t index,
                 const struct item_key *key, struct slice item);
/* Takes the entries of `before` out of the batch's store and puts in those of `after`, as far as they
 * differ. Either item may be empty: there is none. */
void index_entries_change(struct store_batch *batch, const struct table_schema *schema,
                          const struct item_key *key, struct slice before, struct slice after);
