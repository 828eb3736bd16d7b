/* legacy_keys: KeyConditions, as terms of a key condition. */
#pragma once

#include <yyjson.h>

#include "key_condition.h"

/* The JSON has the right types; the terms stand in the arena and borrow from it. Returns NULL, or
 * the ValidationException's message. */
const char *must_check legacy_keys_read(struct arena *arena, yyjson_val *json,
                                        struct key_condition *condition);
