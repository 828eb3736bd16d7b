/* condition: whether a parsed condition holds of an item: of ConditionExpression and
 * FilterExpression (Amazon DynamoDB Developer Guide, "Comparison operator and function
 * reference"). Looks only at the attributes that it names, and allocates nothing. */
#pragma once

#include "decimal.h"
#include "expression.h"

/* The value of an operand; must stay where it is while `value` is used. */
struct operand {
    struct slice value;                     /* encoded; empty: there is none */
    uint8_t computed[2 + DECIMAL_SIZE_MAX]; /* what `value` borrows from, if it was computed */
};

/* A path, a value or size(). */
void operand_init(struct operand *operand, const struct expression *expression, struct slice item);
/* `item` is encoded, or empty if there is none. Operands of types that an operator does not take,
 * and missing ones, make it false; only <> holds of them. */
bool condition_holds(const struct expression *condition, struct slice item);
