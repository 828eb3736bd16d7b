/* condition: whether a parsed condition holds of an item: of ConditionExpression and
 * FilterExpression (Amazon DynamoDB Developer Guide, "Comparison operator and function
 * reference"). */
#pragma once

#include "arena.h"
#include "expression.h"

/* `item` is encoded, or empty if there is none. Operands of types that an operator does not take,
 * and missing ones, make it false; only <> holds of them. The arena is for work alone. */
bool condition_holds(struct arena *arena, const struct expression *condition, struct slice item);
