#include "tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signer.h"

enum tool_exit tool_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("cartwheel: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\nTry `cartwheel help`.\n", stderr);
    va_end(args);
    return TOOL_USAGE;
}

const char *field_string(yyjson_val *object, const char *key)
{
    const char *value = yyjson_get_str(yyjson_obj_get(object, key));
    return value == NULL ? "" : value;
}

uint64_t field_uint(yyjson_val *object, const char *key)
{
    return yyjson_get_uint(yyjson_obj_get(object, key));
}

double field_real(yyjson_val *object, const char *key)
{
    return yyjson_get_num(yyjson_obj_get(object, key));
}

bool field_bool(yyjson_val *object, const char *key)
{
    return yyjson_get_bool(yyjson_obj_get(object, key));
}

yyjson_mut_doc *tool_request(const char *key, const char *value)
{
    yyjson_mut_doc *request = yyjson_mut_doc_new(NULL);
    ensure(request != NULL);
    yyjson_mut_val *root = yyjson_mut_obj(request);
    yyjson_mut_doc_set_root(request, root);
    if (key != NULL)
        yyjson_mut_obj_add_str(request, root, key, value);
    return request;
}

void document_free(struct document *document)
{
    yyjson_doc_free(document->json);
    writer_deinit(&document->text);
}

void document_print(const struct document *document)
{
    struct slice text = writer_slice(&document->text);
    fwrite(text.data, 1, text.size, stdout);
    putchar('\n');
}

/* DynamoDB's errors carry __type and message; the admin endpoints' message alone. */
static void explain_refusal(struct document *document, int status)
{
    const char *type = field_string(document->root, "__type");
    const char *hash = strrchr(type, '#');
    const char *message = field_string(document->root, "message");
    if (*message == '\0')
        message = field_string(document->root, "Message");
    fprintf(stderr, "cartwheel: %s%s%s (HTTP %d)\n", hash == NULL ? type : hash + 1,
            *type == '\0' || *message == '\0' ? "" : ": ", message, status);
}

static enum tool_exit judge(const struct tool *tool, bool answered, struct http_exchange *exchange,
                            struct document *document)
{
    if (!answered) {
        writer_deinit(&exchange->reply);
        fprintf(stderr, "cartwheel: %s: %s\n", tool->url, exchange->problem);
        return TOOL_UNREACHABLE;
    }
    if (exchange->reply.size == 0)
        writer_put(&exchange->reply, "{}", 2);
    document->text = exchange->reply;
    struct slice text = writer_slice(&document->text);
    document->json = yyjson_read((const char *)text.data, text.size, 0);
    document->root = yyjson_doc_get_root(document->json);
    if (exchange->status == 200 && yyjson_is_obj(document->root))
        return TOOL_OK;
    if (exchange->status == 200 || !yyjson_is_obj(document->root))
        fprintf(stderr, "cartwheel: %s: the answer (HTTP %d) is not one of a Cartwheel node\n",
                tool->url, exchange->status);
    else
        explain_refusal(document, exchange->status);
    document_free(document);
    return TOOL_REFUSED;
}

static bool exchange_signed(const struct tool *tool, const char *target,
                            struct http_exchange *exchange)
{
    struct writer headers;
    writer_init(&headers, 512);
    signer_put_headers(tool, exchange, target, &headers);
    exchange->headers = writer_slice(&headers);
    bool answered = http_client_exchange(&tool->endpoint, exchange);
    writer_deinit(&headers);
    return answered;
}

enum tool_exit tool_get(struct tool *tool, const char *path, struct document *document)
{
    struct http_exchange exchange = {.method = "GET", .path = path};
    bool answered = exchange_signed(tool, NULL, &exchange);
    return judge(tool, answered, &exchange, document);
}

/* The caller frees it. Frees the request. */
static char *text_of(yyjson_mut_doc *request, size_t *size)
{
    char *text = yyjson_mut_write(request, 0, size);
    yyjson_mut_doc_free(request);
    ensure(text != NULL);
    return text;
}

enum tool_exit tool_post(struct tool *tool, const char *path, yyjson_mut_doc *request,
                         struct document *document)
{
    struct http_exchange exchange = {.method = "POST", .path = path};
    size_t size = 0;
    char *body = request == NULL ? NULL : text_of(request, &size);
    exchange.body = slice_of(body, size);
    bool answered = exchange_signed(tool, NULL, &exchange);
    free(body);
    return judge(tool, answered, &exchange, document);
}

bool tool_ask(const struct tool *tool, const char *operation, yyjson_mut_doc *request,
              struct http_exchange *exchange)
{
    size_t size;
    char *body = text_of(request, &size);
    char target[128];
    snprintf(target, sizeof(target), "DynamoDB_20120810.%s", operation);
    *exchange = (struct http_exchange){.method = "POST", .path = "/", .body = slice_of(body, size)};
    bool answered = exchange_signed(tool, target, exchange);
    free(body);
    return answered;
}

enum tool_exit tool_call(struct tool *tool, const char *operation, yyjson_mut_doc *request,
                         struct document *document)
{
    struct http_exchange exchange;
    bool answered = tool_ask(tool, operation, request, &exchange);
    return judge(tool, answered, &exchange, document);
}
