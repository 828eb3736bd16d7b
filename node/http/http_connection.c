/*
 * IDLE ──bytes──▶ HALFWAY ──end of request──▶ OPEN ──reply──▶ IDLE
 *                    │                          │
 *                    └──malformed──▶ BROKEN     └──reply that closes──▶ CLOSING
 *
 * IDLE and HALFWAY differ only inside the parser. What comes while a request is open waits in
 * `pipeline`; nothing is ever parsed after BROKEN or CLOSING.
 */
#include "http_connection.h"

#include <stdlib.h>

#include "http_parser.h"
#include "http_reply.h"

enum connection_state {
    CONNECTION_READING,
    CONNECTION_OPEN,
    CONNECTION_BROKEN,
    CONNECTION_CLOSING
};

struct http_connection {
    enum connection_state state;
    struct http_parser *parser;
    struct writer pipeline; /* bytes that came while a request was open */
    size_t pipeline_at;     /* how many of them the parser had */
    struct writer plain;    /* the open request's body, if it came compressed */
    struct http_date date;
};

static enum http_event connection_parse(struct http_connection *connection, struct slice bytes,
                                        size_t *consumed, struct writer *output);
static enum http_event connection_parse_pipeline(struct http_connection *connection,
                                                 struct writer *output);
static size_t connection_keep(struct http_connection *connection, struct slice bytes);
static void reply_write(struct http_connection *connection, const struct http_reply *reply,
                        struct http_reply_manner manner, uint64_t wall_us, const char *request_id,
                        struct writer *output);

struct http_connection *http_connection_new(void)
{
    struct http_connection *connection = calloc(1, sizeof(*connection));
    ensure(connection != NULL);
    connection->state = CONNECTION_READING;
    connection->parser = http_parser_new();
    writer_init(&connection->pipeline, 0);
    writer_init(&connection->plain, 0);
    return connection;
}

void http_connection_free(struct http_connection *connection)
{
    if (connection == NULL)
        return;
    http_parser_free(connection->parser);
    writer_deinit(&connection->pipeline);
    writer_deinit(&connection->plain);
    free(connection);
}

enum http_event http_connection_feed(struct http_connection *connection, struct slice bytes,
                                     size_t *consumed, struct writer *output)
{
    *consumed = 0;
    enum http_event event = HTTP_WANTS_BYTES;
    if (connection->state == CONNECTION_READING && connection->pipeline.size > 0)
        event = connection_parse_pipeline(connection, output);
    switch (connection->state) {
    case CONNECTION_READING:
        return connection_parse(connection, bytes, consumed, output);
    case CONNECTION_OPEN:
        *consumed = connection_keep(connection, bytes);
        return event;
    case CONNECTION_BROKEN:
        *consumed = bytes.size;
        return HTTP_BROKEN;
    case CONNECTION_CLOSING:
        *consumed = bytes.size;
        return HTTP_WANTS_BYTES;
    }
    ensure(false);
    return HTTP_BROKEN;
}

const struct http_request *http_connection_request(const struct http_connection *connection)
{
    ensure(connection->state == CONNECTION_OPEN);
    return http_parser_request(connection->parser);
}

const struct http_failure *http_connection_inflate(struct http_connection *connection,
                                                   http_charge charge, void *context,
                                                   struct slice *body)
{
    const struct http_request *request = http_connection_request(connection);
    *body = SLICE_EMPTY;
    const struct http_failure *failure = http_coding_inflate(request->body_coding, request->body,
                                                             charge, context, &connection->plain);
    if (failure == NULL)
        *body = writer_slice(&connection->plain);
    return failure;
}

bool http_connection_reply(struct http_connection *connection, const struct http_reply *reply,
                           uint64_t wall_us, const char *request_id, struct writer *output)
{
    const struct http_request *request = http_connection_request(connection);
    struct http_reply_manner manner = {
        .without_body = slice_equal(request->method, SLICE_LITERAL("HEAD")),
        .keep_alive = request->keep_alive && !reply->close,
        .says_keep_alive = http_parser_is_version_0(connection->parser),
        .cross_origin = request->cross_origin,
    };
    reply_write(connection, reply, manner, wall_us, request_id, output);
    http_parser_reset(connection->parser);
    writer_deinit(&connection->plain);
    connection->state = manner.keep_alive ? CONNECTION_READING : CONNECTION_CLOSING;
    return manner.keep_alive;
}

void http_connection_refuse(struct http_connection *connection, const struct http_failure *failure,
                            struct writer *output)
{
    ensure(connection->state == CONNECTION_READING);
    http_reply_write_failure(failure, http_parser_is_cross_origin(connection->parser), output);
    connection->state = CONNECTION_BROKEN;
    http_parser_reset(connection->parser);
}

size_t http_connection_kept(const struct http_connection *connection)
{
    return connection->pipeline.size - connection->pipeline_at;
}

bool http_connection_in_request(const struct http_connection *connection)
{
    return connection->state == CONNECTION_READING && http_parser_is_halfway(connection->parser);
}

static enum http_event connection_parse(struct http_connection *connection, struct slice bytes,
                                        size_t *consumed, struct writer *output)
{
    switch (http_parser_feed(connection->parser, bytes, consumed)) {
    case HTTP_PARSER_WANTS_BYTES:
        if (http_parser_take_continue(connection->parser))
            http_reply_write_continue(output);
        return HTTP_WANTS_BYTES;
    case HTTP_PARSER_COMPLETE:
        connection->state = CONNECTION_OPEN;
        return HTTP_REQUEST;
    case HTTP_PARSER_FAILED:
        break;
    }
    http_connection_refuse(connection, http_parser_failure(connection->parser), output);
    *consumed = bytes.size;
    return HTTP_BROKEN;
}

static enum http_event connection_parse_pipeline(struct http_connection *connection,
                                                 struct writer *output)
{
    struct slice kept = writer_slice(&connection->pipeline);
    kept = slice_of(kept.data + connection->pipeline_at, kept.size - connection->pipeline_at);
    size_t used = 0;
    enum http_event event = connection_parse(connection, kept, &used, output);
    connection->pipeline_at += used;
    if (used == kept.size) {
        writer_deinit(&connection->pipeline);
        connection->pipeline_at = 0;
    }
    return event;
}

/* Takes what there is room for. */
static size_t connection_keep(struct http_connection *connection, struct slice bytes)
{
    size_t room = HTTP_PIPELINE_BYTES_MAX - connection->pipeline.size;
    size_t size = bytes.size < room ? bytes.size : room;
    writer_put(&connection->pipeline, bytes.data, size);
    return size;
}

static void reply_write(struct http_connection *connection, const struct http_reply *reply,
                        struct http_reply_manner manner, uint64_t wall_us, const char *request_id,
                        struct writer *output)
{
    size_t size = reply->body.size;
    manner.varies = size > HTTP_GZIP_SIZE_MIN && size <= HTTP_GZIP_SIZE_MAX && !manner.without_body;
    if (!manner.varies || !http_coding_accepts_gzip(http_parser_request(connection->parser))) {
        http_reply_write(reply, manner, &connection->date, wall_us, request_id, output);
        return;
    }
    struct http_reply packed = *reply;
    struct writer bytes;
    writer_init(&bytes, 0);
    manner.gzip = http_coding_gzip(reply->body, &bytes);
    if (manner.gzip)
        packed.body = writer_slice(&bytes);
    http_reply_write(&packed, manner, &connection->date, wall_us, request_id, output);
    writer_deinit(&bytes);
}
