/* item_collection: how large the item collections of tables with local secondary indexes are (Amazon
 * DynamoDB Developer Guide, "Item collections in local secondary indexes"). What is known is what the
 * last count of the table found (statistics.h): collections that are large, and that others are not. */
#pragma once

#include "operation_call.h"

/* The table is written to: has it counted if that was not done for some minutes. */
void item_collection_watch(struct api *api, struct table *table);
/* The collection of the item with this encoded key may not grow: it held 10 GB or more. */
bool item_collection_full(const struct api *api, const struct table *table, struct slice key);
/* Ends the call because of that. */
void item_collection_refuse(struct operation_call *call);
/* The request asks for ItemCollectionMetrics, and the table has some. */
bool item_collection_wanted(const struct table *table, yyjson_val *input);
/* Writes the ItemCollectionMetrics object of the item with this encoded key. */
void item_collection_put(struct writer *writer, const struct api *api, const struct table *table,
                         struct slice key);
