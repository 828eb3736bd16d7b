#include "bench_reply.h"

#include <stdio.h>
#include <string.h>

static int on_body(llhttp_t *parser, const char *bytes, size_t size)
{
    struct bench_reply *reply = parser->data;
    if (reply->body_size < BENCH_REPLY_BEGINNING) {
        size_t room = BENCH_REPLY_BEGINNING - reply->body_size;
        memcpy(reply->beginning + reply->body_size, bytes, size < room ? size : room);
    }
    reply->body_size += size;
    return 0;
}

/* A status of 1xx is an answer of its own, before the one that is waited for. */
static int on_message_complete(llhttp_t *parser)
{
    struct bench_reply *reply = parser->data;
    if (parser->status_code < 200)
        return 0;
    if (reply->complete)
        return -1;
    reply->complete = true;
    reply->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return 0;
}

static const llhttp_settings_t *settings(void)
{
    static const llhttp_settings_t all = {
        .on_body = on_body,
        .on_message_complete = on_message_complete,
    };
    return &all;
}

void bench_reply_init(struct bench_reply *reply)
{
    memset(reply, 0, sizeof(*reply));
    llhttp_init(&reply->parser, HTTP_RESPONSE, settings());
    reply->parser.data = reply;
}

void bench_reply_expect(struct bench_reply *reply)
{
    reply->body_size = 0;
    reply->complete = false;
}

bool bench_reply_feed(struct bench_reply *reply, const char *bytes, size_t size)
{
    llhttp_errno_t result =
        size > 0 ? llhttp_execute(&reply->parser, bytes, size) : llhttp_finish(&reply->parser);
    return result == HPE_OK;
}

unsigned bench_reply_status(const struct bench_reply *reply)
{
    return (unsigned)reply->parser.status_code;
}

struct slice bench_reply_beginning(const struct bench_reply *reply)
{
    size_t size = reply->body_size;
    return slice_of(reply->beginning, size < BENCH_REPLY_BEGINNING ? size : BENCH_REPLY_BEGINNING);
}

/* The end of the string that begins at `from`, or NULL. */
static const char *string_end(const char *from, const char *end)
{
    return memchr(from, '"', (size_t)(end - from));
}

void bench_reply_failure(const struct bench_reply *reply, char *name, size_t name_size)
{
    static const char key[] = "\"__type\":\"";
    struct slice body = bench_reply_beginning(reply);
    snprintf(name, name_size, "HTTP %u", bench_reply_status(reply));
    const char *at = body.size == 0 ? NULL : memmem(body.data, body.size, key, strlen(key));
    if (at == NULL)
        return;
    const char *end = string_end(at + strlen(key), (const char *)body.data + body.size);
    if (end == NULL)
        return;
    const char *begin = end;
    while (begin[-1] != '"' && begin[-1] != '#')
        begin--;
    snprintf(name, name_size, "%.*s", (int)(end - begin), begin);
}
