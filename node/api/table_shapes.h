/* table_shapes: what the operations on tables take alike. */
#pragma once

#include "item_build.h"
#include "operation_call.h"

extern const struct shape shape_plain_table_name; /* of the operations on tables */
extern const struct shape shape_tags;
extern const struct shape shape_tag_keys;

/* Fails the call: catalogue_lookup() has found no table. */
void table_fail_not_found(struct operation_call *call);
/* Adds the request's Tags to a map of strings, in place of those with the same keys. NULL, or the
 * ValidationException's message. */
const char *must_check tags_add(struct arena *arena, struct value_node *tags, yyjson_val *list);
