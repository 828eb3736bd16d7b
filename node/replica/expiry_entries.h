/* expiry_entries: the entry by which an item of a table is found when it expires (expiry_key.h). It
 * changes in the batch that changes the item.
 *
 * An item says in its table's attribute when it expires: a number of seconds since 1970. What is no
 * number, negative, or of more than 18 digits before the point means never. */
#pragma once

#include "expiry_key.h"
#include "store.h"

/* The first whole second at which the item has expired, whatever year that is. False, and `seconds`
 * is 0, if it never does. The item may be empty: there is none. */
bool must_check expiry_of_item(struct slice attribute, struct slice item, uint64_t *seconds);
/* Takes the entry of `before` out of the batch's store and puts in that of `after`, if they
 * differ. Either item may be empty: there is none. */
void expiry_entries_change(struct store_batch *batch, struct slice attribute,
                           const struct item_key *key, struct slice before, struct slice after);
void expiry_entry_put(struct store_batch *batch, const struct item_key *key, uint64_t seconds);
void expiry_entry_delete(struct store_batch *batch, const struct item_key *key, uint64_t seconds);
/* Takes the head of a table's entries in a partition out: some may be missing from now on. */
void expiry_head_delete(struct store_batch *batch, uint32_t partition, uint64_t table_id);
