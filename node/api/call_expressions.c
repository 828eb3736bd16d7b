#include "call_expressions.h"

#include "api_state.h"

const char *call_expressions_init(struct expression_context *context, struct operation_call *call,
                                  yyjson_val *names, yyjson_val *values)
{
    const char *problem = expression_context_init(context, call->arena, names, values);
    context->cache = &call->api->expressions;
    return problem;
}
