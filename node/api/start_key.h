/* start_key: ExclusiveStartKey of Query and Scan, which differ in what they say of wrong ones. */
#pragma once

#include <yyjson.h>

#include "table.h"

enum start_key_use { START_OF_QUERY, START_OF_SCAN };

/* Both return NULL, or the ValidationException's message. First: reads the parameter of `input`;
 * `start` is NULL if it is absent. */
const char *must_check start_key_read(struct arena *arena, yyjson_val *input,
                                      struct value_node **start);
/* Then, when the table is known: the key that `start` is; it borrows. */
const char *must_check start_key_find(struct arena *arena, const struct table *table,
                                      const struct value_node *start, uint32_t partitions,
                                      enum start_key_use use, struct item_key *key);
