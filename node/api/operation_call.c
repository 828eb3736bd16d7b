#include "operation_call.h"

#include <string.h>

#include "api_state.h"
#include "messages.h"

static void make_ready(struct operation_call *call)
{
    if (!list_linked(&call->call->link))
        api_calls_push(&call->api->ready, call->call);
}

/* What was read is charged as it comes. Without room for it, it is as if it had been refused. */
static void charge_result(struct api *api, struct operation_request *answered)
{
    struct request *request = &answered->request;
    bool read = request->kind == REQUEST_READ || request->kind == REQUEST_RANGE;
    size_t size = request->rows.size + (request->held == NULL ? 0 : request->held->size);
    if (read && size > 0 && api->results + size > api->results_max) {
        api->results_refused++;
        operation_release(answered);
        request->found = false;
        request->outcome = OUTCOME_OVERLOADED;
        return;
    }
    answered->charged = size;
    api->results += size;
}

static void on_answer(struct request *request)
{
    struct operation_request *answered = container_of(request, struct operation_request, request);
    struct operation_call *call = answered->owner;
    ensure(call->pending > 0);
    ensure(!answered->answered);
    answered->answered = true;
    charge_result(call->api, answered);
    call->pending--;
    if (call->pending == 0 || (call->each && !call->ended))
        make_ready(call);
}

void operation_start(struct api *api, struct api_call *call, const struct operation *operation,
                     yyjson_val *input)
{
    struct operation_call *state = arena_zalloc(call->arena, operation->state_size);
    call->operation = state;
    state->api = api;
    state->call = call;
    state->operation = operation;
    state->arena = call->arena;
    state->input = input;
    operation->start(state);
}

struct operation_request *operation_request_new(struct operation_call *call, enum request_kind kind)
{
    struct operation_request *request = arena_zalloc(call->arena, sizeof(*request));
    request_init(&request->request, kind, on_answer);
    request->owner = call;
    request->next = call->requests;
    call->requests = request;
    return request;
}

void operation_send(struct operation_call *call, struct operation_request *request)
{
    ensure(!call->ended);
    call->pending++;
    node_on_request(call->api->node, call->api->now, &request->request);
}

void operation_release(struct operation_request *request)
{
    if (request->released)
        return;
    request->released = true;
    request->owner->api->results -= request->charged;
    request_release(&request->request);
}

void operation_wait(struct operation_call *call, operation_step step)
{
    call->step = step;
    call->each = false;
}

void operation_wait_each(struct operation_call *call, operation_step step)
{
    call->step = step;
    call->each = true;
}

struct writer *operation_writer_new(struct operation_call *call, size_t expected_size)
{
    struct operation_writer *owned = arena_alloc(call->arena, sizeof(*owned));
    writer_init(&owned->writer, expected_size);
    owned->next = call->writers;
    call->writers = owned;
    return &owned->writer;
}

void operation_use_table(struct operation_call *call, struct table *table)
{
    struct table_use *use = arena_alloc(call->arena, sizeof(*use));
    use->table = table_ref(table);
    use->next = call->tables;
    call->tables = use;
}

struct slice key_successor(struct arena *arena, struct slice key)
{
    uint8_t *bytes = arena_alloc(arena, key.size + 1);
    memcpy(bytes, key.data, key.size);
    bytes[key.size] = 0;
    return slice_of(bytes, key.size + 1);
}

struct writer *operation_reply(struct operation_call *call)
{
    return &call->call->reply;
}

static void release_all(struct operation_call *call)
{
    for (struct operation_request *at = call->requests; at != NULL; at = at->next)
        operation_release(at);
    for (struct operation_writer *at = call->writers; at != NULL; at = at->next)
        writer_deinit(&at->writer);
    for (struct table_use *at = call->tables; at != NULL; at = at->next)
        table_unref(at->table);
}

void operation_abandon(struct operation_call *call)
{
    ensure(call->pending == 0);
    release_all(call);
}

static void end(struct operation_call *call, int status)
{
    ensure(!call->ended);
    call->ended = true;
    call->call->status = status;
    if (call->pending == 0)
        make_ready(call);
}

void operation_run(struct operation_call *call)
{
    /* A request that was answered at once made it ready before the next was sent. */
    if (call->pending > 0 && !call->each)
        return;
    if (!call->ended)
        call->step(call);
    if (!call->ended || call->pending > 0)
        return;
    if (list_linked(&call->call->link))
        api_calls_remove(&call->api->ready, call->call);
    release_all(call);
    api_calls_push(&call->api->finished, call->call);
}

void operation_finish(struct operation_call *call)
{
    end(call, 200);
}

void operation_fail(struct operation_call *call, const char *type, const char *message)
{
    end(call, api_error(operation_reply(call), type, message));
}

void operation_refuse(struct operation_call *call, const char *message)
{
    operation_fail(call, "ValidationException", message);
}

static const char *outcome_message(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_UNAVAILABLE:
        return MESSAGE_UNAVAILABLE;
    case OUTCOME_UNKNOWN:
        return MESSAGE_WRITE_UNKNOWN;
    case OUTCOME_NO_SPACE:
        return MESSAGE_NO_SPACE;
    case OUTCOME_TIMEOUT:
        return MESSAGE_READ_TIMEOUT;
    default:
        return MESSAGE_READ_FAILED;
    }
}

void operation_fail_outcome(struct operation_call *call, enum outcome outcome)
{
    ensure(outcome != OUTCOME_OK);
    if (outcome == OUTCOME_OVERLOADED) {
        operation_fail(call, "ThrottlingException", MESSAGE_RATE);
        return;
    }
    api_error(operation_reply(call), "InternalServerError", outcome_message(outcome));
    end(call, outcome == OUTCOME_UNAVAILABLE ? 503 : 500);
}
