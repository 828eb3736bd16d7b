#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "api_state.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"

/* Which namespace a code belongs to; all others are the service's own. */
static const struct {
    const char *type;
    const char *namespace;
    int status;
} error_kinds[] = {
    {"ValidationException", "com.amazon.coral.validate", 400},
    {"SerializationException", "com.amazon.coral.service", 400},
    {"UnknownOperationException", "com.amazon.coral.service", 400},
    {"MissingAuthenticationTokenException", "com.amazon.coral.service", 400},
    {"IncompleteSignatureException", "com.amazon.coral.service", 400},
    {"InvalidSignatureException", "com.amazon.coral.service", 400},
    {"UnrecognizedClientException", "com.amazon.coral.service", 400},
    {"AccessDeniedException", "com.amazon.coral.service", 400},
    {"InternalFailure", "com.amazon.coral.service", 500},
    {"ServiceUnavailable", "com.amazon.coral.availability", 503},
    {"InternalServerError", "com.amazonaws.dynamodb.v20120810", 500},
};

int api_error(struct writer *reply, const char *type, const char *message)
{
    const char *namespace = "com.amazonaws.dynamodb.v20120810";
    int status = 400;
    for (size_t i = 0; i < array_size(error_kinds); i++)
        if (strcmp(type, error_kinds[i].type) == 0) {
            namespace = error_kinds[i].namespace;
            status = error_kinds[i].status;
        }
    writer_reset(reply);
    json_put_raw(reply, "{\"__type\":\"");
    json_put_raw(reply, namespace);
    json_put_raw(reply, "#");
    json_put_raw(reply, type);
    json_put_raw(reply, "\"");
    if (message != NULL) {
        json_put_name(reply, "message");
        json_put_string(reply, slice_of_string(message));
    }
    json_put_raw(reply, "}");
    return status;
}

struct api *api_new(const struct api_config *config, struct node *node)
{
    struct api *api = calloc(1, sizeof(*api));
    ensure(api != NULL);
    api->region = slice_to_string(slice_of_string(config->region));
    api->account = slice_to_string(slice_of_string(config->account));
    api->default_quorum = config->default_quorum;
    api->node = node;
    api->results_max = SIZE_MAX;
    api_calls_init(&api->ready);
    api_calls_init(&api->finished);
    catalogue_init(&api->catalogue);
    statistics_init(&api->statistics);
    expression_cache_init(&api->expressions);
    return api;
}

void api_free(struct api *api)
{
    struct api_call *call;
    while ((call = api_calls_pop(&api->ready)) != NULL)
        operation_abandon(call->operation);
    while (api_calls_pop(&api->finished) != NULL)
        continue;
    expression_cache_deinit(&api->expressions);
    catalogue_deinit(&api->catalogue);
    statistics_deinit(&api->statistics);
    free(api->account);
    free(api->region);
    free(api);
}

static void refuse(struct api *api, struct api_call *call, const char *type, const char *message)
{
    call->status = api_error(&call->reply, type, message);
    api_calls_push(&api->finished, call);
}

static struct slice operation_name(struct slice target)
{
    static const char service[] = "DynamoDB_20120810.";
    struct slice prefix = slice_of_string(service);
    if (!slice_starts_with(target, prefix))
        return SLICE_EMPTY;
    return slice_of(target.data + prefix.size, target.size - prefix.size);
}

/* NULL if it is no JSON, or text that is no UTF-8. */
static yyjson_val *parse_body(struct api_call *call)
{
    if (call->body.size == 0)
        return NULL;
    yyjson_alc allocator = json_arena_allocator(call->arena);
    yyjson_doc *document = yyjson_read_opts((char *)(uintptr_t)call->body.data, call->body.size,
                                            YYJSON_READ_NOFLAG, &allocator, NULL);
    return yyjson_doc_get_root(document);
}

/* What the service can do and Cartwheel cannot is said by name. */
static void refuse_unknown(struct api *api, struct api_call *call)
{
    const char *missing = operation_find_missing(call->target);
    refuse(api, call, "UnknownOperationException",
           missing == NULL ? NULL : arena_printf(call->arena, MESSAGE_NO_OPERATION, missing));
}

void api_call_start(struct api *api, struct instant now, struct api_call *call)
{
    api->now = now;
    yyjson_val *input = parse_body(call);
    if (call->body.size > 0 && input == NULL) {
        refuse(api, call, "SerializationException", NULL);
        return;
    }
    const struct operation *operation = operation_find(operation_name(call->target));
    if (operation == NULL) {
        refuse_unknown(api, call);
        return;
    }
    if (!yyjson_is_obj(input)) {
        refuse(api, call, "SerializationException", NULL);
        return;
    }
    const char *problem = shape_check_types(call->arena, operation->input, input);
    if (problem != NULL) {
        refuse(api, call, "SerializationException", problem);
        return;
    }
    problem = shape_check_constraints(call->arena, operation->input, input);
    if (problem != NULL) {
        refuse(api, call, "ValidationException", problem);
        return;
    }
    operation_start(api, call, operation, input);
}

void api_run(struct api *api, struct instant now)
{
    api->now = now;
    catalogue_run(api);
    statistics_run(api);
    struct api_call *call;
    /* Each goes out before the next is made: replies may be large. */
    do {
        while ((call = api_calls_pop(&api->finished)) != NULL)
            call->done(call);
        if ((call = api_calls_pop(&api->ready)) != NULL)
            operation_run(call->operation);
    } while (call != NULL || !api_calls_empty(&api->finished));
}

uint64_t api_next_us(const struct api *api)
{
    return statistics_next_us(&api->statistics);
}

size_t api_results(const struct api *api)
{
    return api->results;
}

void api_limit_results(struct api *api, size_t bytes_max)
{
    api->results_max = bytes_max;
}

uint64_t api_results_refused(const struct api *api)
{
    return api->results_refused;
}
