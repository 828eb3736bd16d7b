/* start_key: ExclusiveStartKey of Query and Scan, which differ in what they say of wrong ones. */
#pragma once

#include <yyjson.h>

#include "query_source.h"

enum start_key_use { START_OF_QUERY, START_OF_SCAN };

/* Both return NULL, or the ValidationException's message. First: reads the parameter of `input`;
 * `start` is NULL if it is absent. */
const char *must_check start_key_read(struct arena *arena, yyjson_val *input,
                                      struct value_node **start);
/* Then, when the source is known: the key of the item that `start` names, which then has an index key
 * as well if the source has; it borrows. */
const char *must_check start_key_find(struct arena *arena, const struct query_source *source,
                                      const struct value_node *start, uint32_t partitions,
                                      enum start_key_use use, struct item_key *key);
