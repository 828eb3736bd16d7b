/* legacy_mix: a request has expressions, or the parameters that were there before them. */
#pragma once

#include "arena.h"
#include "shape.h"

/* `json` has the members of `shape`: whether one of them is an expression. */
bool legacy_mix_has_expression(const struct shape *shape, yyjson_val *json);
/* Of one that has an expression. Returns NULL, or the ValidationException's message. */
const char *must_check legacy_mix_check(struct arena *arena, const struct shape *shape,
                                        yyjson_val *json);
