#include "http_feed.h"

#include "fuzz.h"

#define REQUEST_ID "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOP"

enum { CUTS_MAX = 300 /* more cuts than that are made in steps */ };

void http_story_init(struct http_story *story)
{
    *story = (struct http_story){.count = 0};
    writer_init(&story->requests, 0);
    writer_init(&story->output, 0);
    writer_init(&story->body, 0);
}

void http_story_deinit(struct http_story *story)
{
    writer_deinit(&story->requests);
    writer_deinit(&story->output);
    writer_deinit(&story->body);
}

static void note_request(struct http_story *story, const struct http_request *request)
{
    struct writer *to = &story->requests;
    writer_put_sized(to, request->method);
    writer_put_sized(to, request->path);
    writer_put_sized(to, request->query);
    for (size_t i = 0; i < request->headers_count; i++) {
        writer_put_sized(to, request->headers[i].name);
        writer_put_sized(to, request->headers[i].value);
    }
    writer_put_sized(to, request->body);
    writer_put_u8(to, (uint8_t)request->body_coding);
    writer_put_u8(to, request->keep_alive);
    writer_reset(&story->body);
    writer_put_slice(&story->body, request->body);
    story->count++;
}

static unsigned count_headers(const struct http_request *request, struct slice name)
{
    unsigned count = 0;
    for (size_t i = 0; i < request->headers_count; i++)
        count += slice_equal(request->headers[i].name, name);
    return count;
}

static void check_request(const struct http_request *request)
{
    ensure(request->headers_count <= HTTP_HEADERS_MAX);
    ensure(request->body.size <= HTTP_BODY_SIZE_MAX);
    ensure(request->path.size <= HTTP_HEAD_SIZE_MAX);
    ensure(request->body_coding != HTTP_CODING_UNKNOWN);
    /* Who else reads this request must see its end where it was seen here, and the same host. */
    ensure(count_headers(request, SLICE_LITERAL("transfer-encoding")) +
               count_headers(request, SLICE_LITERAL("content-length")) <=
           1);
    ensure(count_headers(request, SLICE_LITERAL("host")) <= 1);
    for (size_t i = 0; i < request->headers_count; i++)
        for (size_t j = 0; j < request->headers[i].value.size; j++)
            ensure(request->headers[i].value.data[j] != '\r' &&
                   request->headers[i].value.data[j] != '\n' &&
                   request->headers[i].value.data[j] != '\0');
}

/* Whether the client is asked for its body depends on whether that has come already. */
static void forget_continue(struct writer *output)
{
    struct slice interim = SLICE_LITERAL("HTTP/1.1 100 Continue\r\n\r\n");
    struct slice written = writer_slice(output);
    if (written.size >= interim.size &&
        memcmp(written.data + written.size - interim.size, interim.data, interim.size) == 0)
        output->size -= interim.size;
}

static void feed(struct http_story *story, struct http_connection *connection, struct slice bytes)
{
    enum http_event event;
    do {
        size_t consumed;
        event = http_connection_feed(connection, bytes, &consumed, &story->output);
        forget_continue(&story->output);
        ensure(consumed <= bytes.size);
        ensure(event != HTTP_WANTS_BYTES || consumed == bytes.size);
        bytes = slice_of(bytes.data + consumed, bytes.size - consumed);
        story->broken |= event == HTTP_BROKEN;
        if (event != HTTP_REQUEST)
            continue;
        check_request(http_connection_request(connection));
        note_request(story, http_connection_request(connection));
        struct http_reply reply = {.status = 200, .body = SLICE_LITERAL("{}")};
        (void)!http_connection_reply(connection, &reply, 0, REQUEST_ID, &story->output);
    } while (event == HTTP_REQUEST);
}

void http_story_tell(struct http_story *story, struct slice bytes, size_t cut, bool bytewise)
{
    struct http_connection *connection = http_connection_new();
    if (bytewise) {
        for (size_t i = 0; i < bytes.size; i++)
            feed(story, connection, slice_of(bytes.data + i, 1));
    } else {
        feed(story, connection, slice_of(bytes.data, cut));
        feed(story, connection, slice_of(bytes.data + cut, bytes.size - cut));
    }
    story->halfway = http_connection_in_request(connection);
    http_connection_free(connection);
}

bool http_story_equal(const struct http_story *a, const struct http_story *b)
{
    return slice_equal(writer_slice(&a->requests), writer_slice(&b->requests)) &&
           slice_equal(writer_slice(&a->output), writer_slice(&b->output)) &&
           a->broken == b->broken && a->halfway == b->halfway;
}

static void check_cut(const struct http_story *whole, struct slice bytes, size_t cut, bool bytewise)
{
    struct http_story story;
    http_story_init(&story);
    http_story_tell(&story, bytes, cut, bytewise);
    ensure(http_story_equal(whole, &story));
    http_story_deinit(&story);
}

void http_story_check_cuts(const struct http_story *whole, struct slice bytes)
{
    size_t step = 1 + bytes.size / CUTS_MAX;
    for (size_t cut = 1; cut < bytes.size; cut += step)
        check_cut(whole, bytes, cut, false);
    check_cut(whole, bytes, 0, true);
}
