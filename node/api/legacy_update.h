/* legacy_update: AttributeUpdates as the actions of an update expression, so that one evaluator
 * (update.h) serves both. */
#pragma once

#include <yyjson.h>

#include "arena.h"
#include "expression.h"
#include "item_build.h"

/* The JSON has the right types, or is NULL for none; the actions stand in the arena and borrow from
 * it. Returns NULL, or the ValidationException's message. */
const char *must_check legacy_update_read(struct arena *arena, yyjson_val *json,
                                          struct update_expression *update);
/* The values named, as a map; of containers the type alone. */
struct value_node *legacy_update_values(struct arena *arena,
                                        const struct update_expression *update);
/* It only takes away: of an item that is not there it makes none. */
bool legacy_update_deletes(const struct update_expression *update);
