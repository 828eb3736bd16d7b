#include "http_routes.h"

#include "admin.h"
#include "admin_change.h"
#include "messages.h"
#include "shard.h"

#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/x-amz-json-1.0"

static void serve_operation(struct client *client, const struct http_request *request);
static void serve_get(struct client *client, const struct http_request *request);
static void serve_repair(struct client *client, const struct http_request *request);
static void serve_change(struct client *client, const struct http_request *request);
static void on_call_done(struct api_call *call);

static bool is(struct slice text, const char *expected)
{
    return slice_equal(text, slice_of_string(expected));
}

static void reply_with(struct client *client, int status, const char *content_type,
                       struct slice body)
{
    struct http_reply reply = {
        .status = status,
        .content_type = content_type,
        .body = body,
    };
    client_reply(client, &reply);
}

static void reply_not_found(struct client *client)
{
    reply_with(client, 404, "text/plain", SLICE_LITERAL("<UnknownOperationException/>\n"));
}

/* Names and commas, nothing that could be taken for anything else when it is repeated. */
static bool is_list_of_names(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && (byte == '\0' || strchr("-_., ", byte) == NULL))
            return false;
    }
    return text.size > 0;
}

/* Browsers ask before they post from another origin; nothing here rests on cookies. All headers
 * they name are allowed, as "*" would not cover Authorization. */
static void serve_options(struct client *client, const struct http_request *request)
{
    struct slice asked =
        http_request_header(request, SLICE_LITERAL("access-control-request-headers"));
    struct writer headers;
    writer_init(&headers, 256);
    writer_put_slice(&headers, SLICE_LITERAL("Allow: GET, HEAD, POST, OPTIONS\r\n"));
    if (request->cross_origin)
        writer_put_slice(&headers, SLICE_LITERAL("Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
                                                 "Access-Control-Max-Age: 172800\r\n"));
    if (request->cross_origin && is_list_of_names(asked)) {
        writer_put_slice(&headers, SLICE_LITERAL("Access-Control-Allow-Headers: "));
        writer_put_slice(&headers, asked);
        writer_put_slice(&headers, SLICE_LITERAL("\r\n"));
    }
    struct http_reply reply = {.status = 200, .extra_headers = writer_slice(&headers)};
    client_reply(client, &reply);
    writer_deinit(&headers);
}

/* With parameters or without. */
static bool content_type_fits(const struct http_request *request)
{
    static const char *const types[] = {JSON_TYPE, "application/x-amz-json-1.1",
                                        "application/json"};
    struct slice type = http_request_header(request, SLICE_LITERAL("content-type"));
    for (size_t i = 0; i < array_size(types); i++) {
        size_t size = strlen(types[i]);
        if (type.size >= size && strncasecmp((const char *)type.data, types[i], size) == 0 &&
            (type.size == size || type.data[size] == ';' || type.data[size] == ' '))
            return true;
    }
    return false;
}

void http_routes_serve(struct client *client, const struct http_request *request)
{
    if (is(request->method, "POST") && is(request->path, "/") && content_type_fits(request))
        serve_operation(client, request);
    else if (is(request->method, "POST") && is(request->path, "/-/repair"))
        serve_repair(client, request);
    else if (is(request->method, "POST") && is(request->path, "/-/ring"))
        serve_change(client, request);
    else if (is(request->method, "GET") || is(request->method, "HEAD"))
        serve_get(client, request);
    else if (is(request->method, "OPTIONS"))
        serve_options(client, request);
    else
        reply_not_found(client);
}

static void serve_health(struct client *client, const struct http_request *request)
{
    struct slice host = http_request_header(request, SLICE_LITERAL("host"));
    char *text =
        arena_printf(&client->arena, "healthy: %.*s ", (int)host.size, (const char *)host.data);
    reply_with(client, 200, "text/plain", slice_of_string(text));
}

/* Load-balancing clients of DynamoDB-compatible databases poll this list. */
static void serve_localnodes(struct client *client)
{
    const struct membership *membership = node_membership(client->shard->node);
    struct writer body;
    bool first = true;
    writer_init(&body, 256);
    writer_put_u8(&body, '[');
    for (size_t i = 0; i < membership_count(membership); i++) {
        const struct member *member = membership_at(membership, i);
        if (!member_usable(member))
            continue;
        char *host = config_host_of(member->config->address);
        writer_put_slice(&body, first ? SLICE_LITERAL("\"") : SLICE_LITERAL(",\""));
        writer_put_slice(&body, slice_of_string(host));
        writer_put_u8(&body, '"');
        first = false;
        free(host);
    }
    writer_put_u8(&body, ']');
    reply_with(client, 200, "application/json", writer_slice(&body));
    writer_deinit(&body);
}

static void reply_error(struct client *client, const char *type, const char *message)
{
    struct writer body;
    writer_init(&body, 256);
    int status = api_error(&body, type, message);
    reply_with(client, status, JSON_TYPE, writer_slice(&body));
    writer_deinit(&body);
}

static void reply_unsigned(struct client *client, const struct sigv4_verdict *verdict)
{
    static const char *const types[] = {
        [SIGV4_MISSING] = "MissingAuthenticationTokenException",
        [SIGV4_INCOMPLETE] = "IncompleteSignatureException",
        [SIGV4_UNKNOWN_KEY] = "UnrecognizedClientException",
        [SIGV4_MISMATCH] = "InvalidSignatureException",
        [SIGV4_EXPIRED] = "InvalidSignatureException",
    };
    reply_error(client, types[verdict->result], verdict->message);
}

/* False if the request was refused: it must be signed, if keys are configured. */
static bool check_signature(struct client *client, const struct http_request *request,
                            struct instant now)
{
    struct sigv4_verdict verdict =
        sigv4_verify(&client->shard->sigv4, request, now.wall_us, &client->arena);
    if (verdict.result != SIGV4_OK)
        reply_unsigned(client, &verdict);
    return verdict.result == SIGV4_OK;
}

/* What the admin tool shows is nobody's business without a key. */
static void serve_admin(struct client *client, const struct http_request *request)
{
    if (!check_signature(client, request, client->shard->now))
        return;
    struct writer body;
    writer_init(&body, 4096);
    struct node_stats stats;
    struct admin_load load;
    shard_stats_of_all(client->shard, &stats);
    host_get_load(client->shard->host, &load);
    int status =
        admin_handle(client->shard->node, &stats, &load, request->path, request->query, &body);
    reply_with(client, status, "application/json", writer_slice(&body));
    writer_deinit(&body);
}

/* What becomes of it stands in the status. */
static void serve_repair(struct client *client, const struct http_request *request)
{
    const struct host *host = client->shard->host;
    if (!check_signature(client, request, client->shard->now))
        return;
    for (uint16_t i = 0; i < host->shards_count; i++)
        shard_post_repair(host->shards[i]);
    reply_with(client, 200, "application/json", SLICE_LITERAL("{}"));
}

static void serve_get(struct client *client, const struct http_request *request)
{
    if (is(request->path, "/"))
        serve_health(client, request);
    else if (is(request->path, "/localnodes"))
        serve_localnodes(client);
    else if (slice_starts_with(request->path, SLICE_LITERAL("/-/")))
        serve_admin(client, request);
    else
        reply_not_found(client);
}

/* For what a body is inflated to: as if it had been received. */
static bool charge_inflated(void *context, size_t size)
{
    return client_charge(context, size);
}

/* The body that the operation reads; false if the request was refused. */
static bool take_body(struct client *client, const struct http_request *request, struct slice *body)
{
    *body = request->body;
    if (request->body_coding == HTTP_CODING_IDENTITY)
        return true;
    const struct http_failure *failure =
        http_connection_inflate(client->http, charge_inflated, client, body);
    if (failure != NULL)
        reply_with(client, failure->status, JSON_TYPE, slice_of_string(failure->body));
    return failure == NULL;
}

/* Until end_wait() the client is not freed, and none of its requests is taken. */
static void begin_wait(struct client *client)
{
    client->call_open = true;
    client->shard->calls_open++;
}

static void end_wait(struct client *client)
{
    client->call_open = false;
    ensure(client->shard->calls_open > 0);
    client->shard->calls_open--;
}

static void resume_later(struct client *client)
{
    if (client->phase == CLIENT_IDLE && !list_linked(&client->resumed_link))
        clients_resumed_push(&client->shard->resumed, client);
}

static void serve_operation(struct client *client, const struct http_request *request)
{
    struct shard *shard = client->shard;
    struct instant now = shard->now;
    if (!check_signature(client, request, now))
        return;
    if (node_failure(shard->node) != NULL) {
        /* A client that knows other nodes asks one of them. */
        reply_error(client, "InternalServerError", MESSAGE_REMOVED);
        return;
    }
    struct slice body;
    if (!take_body(client, request, &body))
        return;
    client->call = (struct api_call){
        .target = http_request_header(request, SLICE_LITERAL("x-amz-target")),
        .body = body,
        .host = http_request_header(request, SLICE_LITERAL("host")),
        .arena = &client->arena,
        .done = on_call_done,
    };
    begin_wait(client);
    api_call_start(shard->api, now, &client->call);
}

static void on_changed(struct ring_call *call)
{
    struct client *client = call->context;
    struct writer body;
    end_wait(client);
    writer_init(&body, 128);
    int status = admin_answer_change(call->problem, call->epoch, &body);
    if (client->phase != CLIENT_DEAD)
        reply_with(client, status, "application/json", writer_slice(&body));
    writer_deinit(&body);
    resume_later(client);
}

/* It is answered once the change is in force; what it sets going takes longer. */
static void serve_change(struct client *client, const struct http_request *request)
{
    struct slice body;
    enum ring_change_kind kind = RING_CHANGE_CANCEL;
    struct member_config wanted;
    if (!check_signature(client, request, client->shard->now) || !take_body(client, request, &body))
        return;
    const char *wrong = admin_read_change(body, &kind, &wanted);
    if (wrong != NULL) {
        struct writer answer;
        writer_init(&answer, 128);
        (void)admin_answer_change(wrong, 0, &answer);
        reply_with(client, 400, "application/json", writer_slice(&answer));
        writer_deinit(&answer);
        member_config_deinit(&wanted);
        return;
    }
    struct ring_call *call = ring_call_new(client->shard, kind, on_changed);
    call->change.config = wanted;
    call->context = client;
    begin_wait(client);
    ring_call_post(call);
}

static void on_call_done(struct api_call *call)
{
    struct client *client = container_of(call, struct client, call);
    end_wait(client);
    if (client->phase != CLIENT_DEAD) {
        struct http_reply reply = {
            .status = call->status,
            .content_type = JSON_TYPE,
            .body = writer_slice(&call->reply),
            .extra_headers =
                call->sloppy ? SLICE_LITERAL("x-cartwheel-sloppy: 1\r\n") : SLICE_EMPTY,
        };
        client_reply(client, &reply);
    }
    writer_deinit(&call->reply);
    /* Not here: the API must not be entered from its own callback. */
    resume_later(client);
}
