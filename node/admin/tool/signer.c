#include "signer.h"

#include <string.h>
#include <time.h>

#include "crypto.h"
#include "sigv4.h"

static uint64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void add_header(struct http_request *request, const char *name, const char *value)
{
    ensure(request->headers_count < HTTP_HEADERS_MAX);
    struct http_header *header = &request->headers[request->headers_count++];
    header->name = slice_of_string(name);
    header->value = slice_of_string(value);
}

static void put_header(struct writer *headers, struct slice name, struct slice value)
{
    writer_put_slice(headers, name);
    writer_put(headers, ": ", 2);
    writer_put_slice(headers, value);
    writer_put(headers, "\r\n", 2);
}

static void put_authorization(const struct tool *tool, const struct http_request *request,
                              struct writer *headers)
{
    struct credentials credentials = {tool->access_key, tool->secret_key};
    struct arena arena;
    arena_init(&arena);
    put_header(headers, SLICE_LITERAL("authorization"),
               sigv4_sign(crypto_openssl(), &credentials, tool->region, request, &arena));
    arena_deinit(&arena);
}

void signer_put_headers(const struct tool *tool, const struct http_exchange *exchange,
                        const char *target, struct writer *headers)
{
    struct http_request request = {.method = slice_of_string(exchange->method),
                                   .path = slice_of_string(exchange->path),
                                   .body = exchange->body};
    char date[SIGV4_DATE_SIZE + 1];
    sigv4_date(wall_us(), date);
    add_header(&request, "host", tool->endpoint.authority);
    add_header(&request, "x-amz-date", date);
    if (target != NULL) {
        add_header(&request, "content-type", "application/x-amz-json-1.0");
        add_header(&request, "x-amz-target", target);
    }
    /* The first one, Host, is the HTTP client's to send. */
    for (size_t index = 1; index < request.headers_count; index++)
        put_header(headers, request.headers[index].name, request.headers[index].value);
    if (tool->access_key != NULL)
        put_authorization(tool, &request, headers);
}
