/* call_expressions: what the expressions of a call may refer to, and its api's cache of expressions. */
#pragma once

#include "expression_substitutes.h"
#include "operation_call.h"

/* expression_context_init() in the call's arena; parsing goes through the api's cache. */
const char *must_check call_expressions_init(struct expression_context *context,
                                             struct operation_call *call, yyjson_val *names,
                                             yyjson_val *values);
