/* legacy_condition: one condition on one attribute as it was said before there were expressions, by
 * a ComparisonOperator and values (Amazon DynamoDB Developer Guide, "Legacy conditional
 * parameters"). */
#pragma once

#include <yyjson.h>

#include "arena.h"
#include "expression.h"

/* A ComparisonOperator, and what it is in an expression. */
struct legacy_operator {
    const char *name;
    size_t values_min, values_max; /* that it takes */
    unsigned types;                /* of these values: 1 << VALUE_... */
    enum expression_kind kind;
    enum expression_function function; /* EXPRESSION_FUNCTION */
};

struct legacy_condition {
    struct slice name; /* of the attribute */
    const struct legacy_operator *comparison;
    struct slice *values; /* encoded; as many and of such types as the operator takes */
    size_t count;
};

/* The JSON has the right types (legacy_shapes.h); results stand in the arena and borrow from it.
 * Both return NULL, or the ValidationException's message. First: of KeyConditions, QueryFilter and
 * ScanFilter. */
const char *must_check legacy_condition_read(struct arena *arena, struct slice name,
                                             yyjson_val *json, struct legacy_condition *condition);
/* The same, of Expected. */
const char *must_check legacy_condition_read_expected(struct arena *arena, struct slice name,
                                                      yyjson_val *json,
                                                      struct legacy_condition *condition);
