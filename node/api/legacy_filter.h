/* legacy_filter: Expected, QueryFilter and ScanFilter as trees of expressions, so that one evaluator
 * (condition.h) serves both. */
#pragma once

#include <yyjson.h>

#include "arena.h"
#include "expression.h"

/* Read a parameter of the request, and how its conditions are joined. The JSON has the right types;
 * the tree stands in the arena and borrows from it; NULL: there is no condition. They return NULL,
 * or the ValidationException's message. */
const char *must_check legacy_filter_read_expected(struct arena *arena, yyjson_val *input,
                                                   struct expression **tree);
/* `parameter` is "QueryFilter" or "ScanFilter". */
const char *must_check legacy_filter_read(struct arena *arena, yyjson_val *input,
                                          const char *parameter, struct expression **tree);
/* True of an item that has the attribute, and of which `also` holds, if it is not NULL. */
struct expression *legacy_filter_if_there(struct arena *arena, struct slice name,
                                          struct expression *also);
/* A ConditionalOperator must have something to join. `parameter` as above, or "Expected". */
const char *must_check legacy_filter_check_operator(yyjson_val *input, const char *parameter);
