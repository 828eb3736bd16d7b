/* expression_parser: from the text of an expression to its tree (expression.h).
 *
 * Grammar (Amazon DynamoDB Developer Guide, "Comparison operator and function reference"):
 *
 *   condition   = and { OR and }
 *   and         = not { AND not }
 *   not         = NOT not | primary
 *   primary     = ( condition ) | function
 *               | operand comparator operand | operand BETWEEN operand AND operand
 *               | operand IN ( operand {, operand} )
 *   operand     = path | :value | function | ( operand )
 *   function    = name ( operand {, operand} )
 *   path        = element { . element | [ number ] }        element = name | #name
 *   projection  = path {, path}
 *   update      = section { section }, each at most once
 *   section     = SET path = value {, path = value} | REMOVE path {, path}
 *               | ADD path :value {, path :value} | DELETE path :value {, path :value}
 *   value       = operand | operand + operand | operand - operand | ( value )
 *
 * A syntax error comes before all others, and of these the first of the gravest kind is reported,
 * as the service does. */
#pragma once

#include "expression.h"
#include "expression_substitutes.h"

/* All return NULL, or the message that belongs after "Invalid ConditionExpression: ", in the
 * arena. The results live in the arena, too, and borrow from `text` and the context. */
const char *must_check expression_parse_condition(struct expression_context *context,
                                                  struct slice text, struct expression **condition);
const char *must_check expression_parse_projection(struct expression_context *context,
                                                   struct slice text,
                                                   struct projection_paths *projection);
const char *must_check expression_parse_update(struct expression_context *context,
                                               struct slice text, struct update_expression *update);
