/* update_value: the value that one action of an update gives to its path. */
#pragma once

#include "arena.h"
#include "expression.h"
#include "item_view.h"

/* `value` is encoded, in the arena or borrowed; empty: nothing is to stand there. Returns NULL, or
 * the ValidationException's message. */
const char *must_check update_value_of(struct arena *arena, const struct update_action *action,
                                       struct item_view *item, struct slice *value);
