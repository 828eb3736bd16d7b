#include "http_parser.h"

#include <llhttp.h>
#include <stdlib.h>

#include "http_rules.h"

enum {
    RAW_HEAD_SIZE_MAX = 2 * HTTP_HEAD_SIZE_MAX, /* request line and headers, padding included */
    HEAD_SIZE_USUAL = 1024,                     /* what an SDK's head takes */
    BODY_GROWTH = 64 * 1024,                    /* what a Content-Length is believed */
    FIELD_OVERHEAD = 4,                         /* ": " and the line end count against the limit */
    CHUNK_OVERHEAD = 16 /* of each chunk: 8 hexadecimal digits, two line ends, some slack */
};

/* Where a header ends in the head's bytes, which move as they grow; it begins where the one before
 * it ends, the first one after the target. */
struct field {
    size_t name_end;
    size_t value_end;
};

/* How far the request line is: llhttp is lenient about the white space in it. */
struct request_line {
    unsigned empty; /* bytes of the empty line before it: RFC 9112 section 2.2 asks to ignore one */
    unsigned spaces; /* there are two */
    bool begun;
    bool ended;
};

struct http_parser {
    llhttp_t llhttp;
    struct request_line line;
    struct writer head; /* the target, then names in lower case and values */
    size_t target_size; /* bytes of the target */
    size_t fields_size; /* bytes of names, values and their overhead; of trailers too */
    struct field fields[HTTP_HEADERS_MAX];
    size_t fields_count; /* headers begun */
    struct writer body;  /* what came of the body */
    size_t received;     /* raw bytes of this request */
    size_t chunks_count; /* chunks begun */
    bool started;        /* more than empty lines was received */
    bool head_complete;
    bool complete;                      /* the whole request is here */
    bool expects_continue;              /* and nothing of the body, or of an answer, was seen */
    const struct http_failure *failure; /* NULL if all is well */
    struct http_request request; /* valid once complete, but for the headers once head_complete */
};

static const struct http_failure MALFORMED =
    HTTP_FAILURE_MALFORMED(400, "The request is not well-formed HTTP.");
static const struct http_failure TARGET_TOO_LONG =
    HTTP_FAILURE_MALFORMED(400, "The request line is larger than 16 KB.");
static const struct http_failure HEAD_TOO_LARGE =
    HTTP_FAILURE_MALFORMED(400, "The headers of the request are larger than 16 KB.");
static const struct http_failure TOO_MANY_HEADERS =
    HTTP_FAILURE_MALFORMED(400, "The request has more than 64 headers.");
static const struct http_failure CHUNKS_TOO_LARGE =
    HTTP_FAILURE_MALFORMED(400, "The chunks of the request carry more framing than data.");
static const struct http_failure BAD_VERSION =
    HTTP_FAILURE_MALFORMED(505, "The only versions of HTTP that are spoken are 1.0 and 1.1.");
static const struct http_failure BAD_METHOD =
    HTTP_FAILURE_MALFORMED(400, "The method CONNECT is not supported.");
static const struct http_failure BODY_TOO_LARGE = {
    413, HTTP_FAILURE_BODY("RequestEntityTooLargeException", "The request is larger than 16 MB.")};

static void parser_advance(struct http_parser *parser, struct slice bytes, size_t *consumed);
static size_t line_advance(struct request_line *line, struct slice bytes);
static const struct http_failure *parser_syntax_failure(const struct http_parser *parser,
                                                        llhttp_errno_t error);
static void parser_check_overhead(struct http_parser *parser);
static int on_message_begin(llhttp_t *llhttp);
static int on_url(llhttp_t *llhttp, const char *at, size_t size);
static int on_header_field(llhttp_t *llhttp, const char *at, size_t size);
static int on_header_field_complete(llhttp_t *llhttp);
static int on_header_value(llhttp_t *llhttp, const char *at, size_t size);
static int on_header_value_complete(llhttp_t *llhttp);
static int on_headers_complete(llhttp_t *llhttp);
static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t size);
static int on_chunk_header(llhttp_t *llhttp);
static int on_body(llhttp_t *llhttp, const char *at, size_t size);
static int on_message_complete(llhttp_t *llhttp);

static const llhttp_settings_t SETTINGS = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_chunk_header = on_chunk_header,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

struct http_parser *http_parser_new(void)
{
    struct http_parser *parser = calloc(1, sizeof(*parser));
    ensure(parser != NULL);
    writer_init(&parser->head, HEAD_SIZE_USUAL);
    writer_init(&parser->body, 0);
    http_parser_reset(parser);
    return parser;
}

void http_parser_free(struct http_parser *parser)
{
    if (parser == NULL)
        return;
    writer_deinit(&parser->head);
    writer_deinit(&parser->body);
    free(parser);
}

void http_parser_reset(struct http_parser *parser)
{
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &SETTINGS);
    parser->llhttp.data = parser;
    writer_reset(&parser->head);
    if (parser->body.capacity > BODY_GROWTH)
        writer_deinit(&parser->body);
    else
        writer_reset(&parser->body);
    parser->target_size = parser->fields_size = parser->fields_count = 0;
    parser->received = parser->chunks_count = 0;
    parser->line = (struct request_line){.begun = false};
    parser->started = parser->head_complete = parser->complete = parser->expects_continue = false;
    parser->failure = NULL;
    parser->request.headers_count = 0;
}

enum http_parser_state http_parser_feed(struct http_parser *parser, struct slice bytes,
                                        size_t *consumed)
{
    ensure(!parser->complete);
    ensure(parser->failure == NULL);
    *consumed = 0;
    while (*consumed < bytes.size && !parser->complete && parser->failure == NULL)
        parser_advance(parser, slice_of(bytes.data + *consumed, bytes.size - *consumed), consumed);
    if (parser->failure != NULL)
        return HTTP_PARSER_FAILED;
    return parser->complete ? HTTP_PARSER_COMPLETE : HTTP_PARSER_WANTS_BYTES;
}

const struct http_request *http_parser_request(const struct http_parser *parser)
{
    ensure(parser->complete);
    return &parser->request;
}

const struct http_failure *http_parser_failure(const struct http_parser *parser)
{
    ensure(parser->failure != NULL);
    return parser->failure;
}

bool http_parser_is_cross_origin(const struct http_parser *parser)
{
    size_t at = parser->target_size;
    for (size_t i = 0; i < parser->fields_count; i++) {
        const uint8_t *name = writer_slice(&parser->head).data + at;
        if (slice_equal(slice_of(name, parser->fields[i].name_end - at), SLICE_LITERAL("origin")))
            return true;
        at = parser->fields[i].value_end;
    }
    return false;
}

bool http_parser_is_version_0(const struct http_parser *parser)
{
    return parser->llhttp.http_minor == 0;
}

bool http_parser_is_halfway(const struct http_parser *parser)
{
    return parser->started && !parser->complete && parser->failure == NULL;
}

bool http_parser_take_continue(struct http_parser *parser)
{
    bool wanted = parser->expects_continue;
    parser->expects_continue = false;
    return wanted;
}

/* Before the head is complete llhttp gets no more than the head may be long, since what it skips
 * (padding, empty lines) reaches no callback that could count it. */
static void parser_advance(struct http_parser *parser, struct slice bytes, size_t *consumed)
{
    size_t size = bytes.size;
    if (!parser->head_complete && size > RAW_HEAD_SIZE_MAX - parser->received)
        size = RAW_HEAD_SIZE_MAX - parser->received;
    size_t sound =
        parser->line.ended ? size : line_advance(&parser->line, slice_of(bytes.data, size));
    const char *data = (const char *)bytes.data;
    llhttp_errno_t error = llhttp_execute(&parser->llhttp, data, sound);
    size_t used = error == HPE_OK ? sound : (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
    *consumed += used;
    parser->received += used;
    if (error != HPE_OK && error != HPE_PAUSED && parser->failure == NULL)
        parser->failure = parser_syntax_failure(parser, error);
    if (parser->failure == NULL && sound < size)
        parser->failure = &MALFORMED;
    if (parser->failure == NULL)
        parser_check_overhead(parser);
}

/* How many of the bytes may be what they are: all, or those before the first that may not. */
static size_t line_advance(struct request_line *line, struct slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (!line->begun && (byte == '\r' || byte == '\n' || line->empty == 1)) {
            bool fits = line->empty < 2 && byte == (line->empty == 0 ? '\r' : '\n');
            if (!fits)
                return i;
            line->empty++;
            continue;
        }
        line->begun = true;
        line->ended = byte == '\r' || byte == '\n';
        if (line->ended)
            return line->spaces == 2 ? bytes.size : i; /* HTTP/0.9 has one, and no more lines */
        line->spaces += byte == ' ';
        if (line->spaces > 2)
            return i;
    }
    return bytes.size;
}

/* llhttp says "invalid version" as well of what merely follows a good one. */
static const struct http_failure *parser_syntax_failure(const struct http_parser *parser,
                                                        llhttp_errno_t error)
{
    bool good = parser->llhttp.http_major == 1 && parser->llhttp.http_minor <= 1;
    return error == HPE_INVALID_VERSION && !good ? &BAD_VERSION : &MALFORMED;
}

static void parser_check_overhead(struct http_parser *parser)
{
    if (!parser->head_complete) {
        if (parser->received >= RAW_HEAD_SIZE_MAX)
            parser->failure = &HEAD_TOO_LARGE;
        return;
    }
    /* A body's framing: sizes padded with zeros, extensions, trailers padded with spaces. */
    size_t framing = parser->received - parser->body.size;
    if (framing > RAW_HEAD_SIZE_MAX + HTTP_HEAD_SIZE_MAX + parser->chunks_count * CHUNK_OVERHEAD)
        parser->failure = &CHUNKS_TOO_LARGE;
}

static int parser_fail(struct http_parser *parser, const struct http_failure *failure)
{
    parser->failure = failure;
    return HPE_USER;
}

static int on_message_begin(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    parser->started = true;
    return HPE_OK;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = llhttp->data;
    if (size > HTTP_HEAD_SIZE_MAX - parser->target_size)
        return parser_fail(parser, &TARGET_TOO_LONG);
    parser->target_size += size;
    writer_put(&parser->head, at, size);
    return HPE_OK;
}

/* Trailers and chunk extensions are counted as headers are, and ignored. */
static bool count_field_bytes(struct http_parser *parser, size_t size)
{
    if (size > HTTP_HEAD_SIZE_MAX - parser->fields_size)
        return false;
    parser->fields_size += size;
    return true;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = llhttp->data;
    if (!count_field_bytes(parser, size))
        return parser_fail(parser, &HEAD_TOO_LARGE);
    if (parser->head_complete)
        return HPE_OK;
    if (parser->fields_count == HTTP_HEADERS_MAX)
        return parser_fail(parser, &TOO_MANY_HEADERS);
    uint8_t *name = writer_extend(&parser->head, size);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)at[i];
        name[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
    }
    return HPE_OK;
}

static int on_header_field_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    if (!parser->head_complete)
        parser->fields[parser->fields_count].name_end = parser->head.size;
    return HPE_OK;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = llhttp->data;
    if (!count_field_bytes(parser, size))
        return parser_fail(parser, &HEAD_TOO_LARGE);
    if (!parser->head_complete)
        writer_put(&parser->head, at, size);
    return HPE_OK;
}

static int on_header_value_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    if (!count_field_bytes(parser, FIELD_OVERHEAD))
        return parser_fail(parser, &HEAD_TOO_LARGE);
    if (!parser->head_complete)
        parser->fields[parser->fields_count++].value_end = parser->head.size;
    return HPE_OK;
}

static struct slice trimmed(struct slice text)
{
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_of(text.data + 1, text.size - 1);
    return text;
}

/* From here on the head's bytes stay where they are. */
static void parser_set_headers(struct http_parser *parser)
{
    const uint8_t *bytes = writer_slice(&parser->head).data;
    size_t at = parser->target_size;
    for (size_t i = 0; i < parser->fields_count; i++) {
        const struct field *field = &parser->fields[i];
        parser->request.headers[i] = (struct http_header){
            .name = slice_of(bytes + at, field->name_end - at),
            .value = trimmed(slice_of(bytes + field->name_end, field->value_end - field->name_end)),
        };
        at = field->value_end;
    }
    parser->request.headers_count = parser->fields_count;
}

static const struct http_failure *parser_check_head(struct http_parser *parser)
{
    llhttp_t *llhttp = &parser->llhttp;
    struct slice target = slice_of(writer_slice(&parser->head).data, parser->target_size);
    if (llhttp->http_major != 1 || llhttp->http_minor > 1)
        return &BAD_VERSION;
    if (llhttp->method == HTTP_CONNECT)
        return &BAD_METHOD;
    struct http_head head = {.minor = llhttp->http_minor};
    if (!http_rules_split_target(target, &parser->request, &head))
        return &MALFORMED;
    if (slice_equal(parser->request.path, SLICE_LITERAL("*")) && llhttp->method != HTTP_OPTIONS)
        return &MALFORMED;
    const struct http_failure *failure = http_rules_check(&parser->request, &head);
    if (failure != NULL)
        return failure;
    /* Two opinions on where a body ends are one too many. */
    if (head.chunked != ((llhttp->flags & F_CHUNKED) != 0))
        return &MALFORMED;
    parser->expects_continue = head.expects_continue;
    return llhttp->content_length > HTTP_BODY_SIZE_MAX ? &BODY_TOO_LARGE : NULL;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    parser->head_complete = true;
    parser_set_headers(parser);
    const struct http_failure *failure = parser_check_head(parser);
    if (failure != NULL)
        return parser_fail(parser, failure);
    /* Not later: llhttp would heed a Connection among the trailers. */
    parser->request.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    /* An offer to upgrade is declined by going on in HTTP/1.1 (RFC 9110 section 7.8). */
    llhttp->upgrade = 0;
    return HPE_OK;
}

static int on_chunk_extension(llhttp_t *llhttp, const char *at, size_t size)
{
    (void)at;
    struct http_parser *parser = llhttp->data;
    return count_field_bytes(parser, size) ? HPE_OK : parser_fail(parser, &CHUNKS_TOO_LARGE);
}

static int on_chunk_header(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    parser->chunks_count++;
    if (llhttp->content_length > HTTP_BODY_SIZE_MAX - parser->body.size)
        return parser_fail(parser, &BODY_TOO_LARGE);
    return HPE_OK;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *parser = llhttp->data;
    parser->expects_continue = false;
    if (size > HTTP_BODY_SIZE_MAX - parser->body.size)
        return parser_fail(parser, &BODY_TOO_LARGE);
    /* content_length is what is still to come after these bytes. */
    if (parser->body.size == 0) {
        uint64_t expected = llhttp->content_length + size;
        writer_reserve(&parser->body, expected < BODY_GROWTH ? (size_t)expected : BODY_GROWTH);
    }
    writer_put(&parser->body, at, size);
    return HPE_OK;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct http_parser *parser = llhttp->data;
    parser->complete = true;
    parser->expects_continue = false;
    parser->request.method = slice_of_string(llhttp_method_name((llhttp_method_t)llhttp->method));
    parser->request.body = writer_slice(&parser->body);
    return HPE_PAUSED;
}
