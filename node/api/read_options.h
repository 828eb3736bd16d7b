/* read_options: what reading operations take alike: which parts of items to return. */
#pragma once

#include "operation_call.h"
#include "projection.h"
#include "expression_substitutes.h"

struct read_options {
    bool consistent;
    bool projected; /* else whole items */
    struct projection projection;
    struct projection_paths paths;
};

/* Reads ConsistentRead, ProjectionExpression and AttributesToGet of `input`; substitutes come from
 * `context`, which the caller checks for unused ones. Returns NULL, or the ValidationException's
 * message. */
const char *must_check read_options_init(struct read_options *options,
                                         struct expression_context *context, yyjson_val *input);
/* Refuses expression parameters mixed with those that came before them, and names without any
 * expression. `input` has the members of `shape`. */
const char *must_check read_options_check_mix(struct arena *arena, const struct shape *shape,
                                              yyjson_val *input);
/* Paths into key attributes select nothing: refused. */
const char *must_check read_options_check_table(const struct read_options *options,
                                                struct arena *arena, const struct table *table);
void read_options_put_item(struct writer *writer, const struct read_options *options,
                           struct slice item);
