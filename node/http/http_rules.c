#include "http_rules.h"

#include <string.h>

static const struct http_failure BAD_HOST =
    HTTP_FAILURE_MALFORMED(400, "The request must have exactly one Host header.");
static const struct http_failure BAD_LENGTH =
    HTTP_FAILURE_MALFORMED(400, "The request has no single decimal Content-Length.");
static const struct http_failure BAD_TRANSFER_ENCODING =
    HTTP_FAILURE_MALFORMED(400, "The only Transfer-Encoding that is understood is chunked, without "
                                "a Content-Length, in HTTP/1.1.");
static const struct http_failure BAD_CONTENT_ENCODING =
    HTTP_FAILURE_MALFORMED(415, "The Content-Encoding of the request is not supported.");
static const struct http_failure BAD_EXPECTATION =
    HTTP_FAILURE_MALFORMED(417, "The only expectation that can be met is 100-continue.");

/* How often the headers that frame a request occur. */
struct framing {
    unsigned hosts;
    unsigned lengths;
    unsigned transfer_encodings;
};

static const struct http_failure *check_header(struct framing *framing,
                                               const struct http_header *header);
static bool is_decimal(struct slice text);

bool http_rules_split_target(struct slice target, struct http_request *request)
{
    request->query = SLICE_EMPTY;
    if (target.size == 0 || memchr(target.data, '#', target.size) != NULL)
        return false;
    if (target.data[0] != '/' && !slice_equal(target, SLICE_LITERAL("*"))) {
        const uint8_t *scheme_end = memmem(target.data, target.size, "://", 3);
        if (scheme_end == NULL)
            return false;
        const uint8_t *end = target.data + target.size;
        const uint8_t *at = scheme_end + 3;
        while (at < end && *at != '/' && *at != '?')
            at++;
        target = slice_of(at, (size_t)(end - at));
    }
    const uint8_t *mark = target.size == 0 ? NULL : memchr(target.data, '?', target.size);
    size_t path_size = mark == NULL ? target.size : (size_t)(mark - target.data);
    request->path = path_size == 0 ? SLICE_LITERAL("/") : slice_of(target.data, path_size);
    if (mark != NULL)
        request->query = slice_of(mark + 1, target.size - path_size - 1);
    return true;
}

const struct http_failure *http_rules_check(const struct http_request *request, int minor)
{
    struct framing framing = {0, 0, 0};
    for (size_t i = 0; i < request->headers_count; i++) {
        const struct http_failure *failure = check_header(&framing, &request->headers[i]);
        if (failure != NULL)
            return failure;
    }
    if (framing.hosts > 1 || (framing.hosts == 0 && minor > 0))
        return &BAD_HOST;
    if (framing.lengths > 1)
        return &BAD_LENGTH;
    /* RFC 9112 section 6.1: both framings at once, or chunked from a client of HTTP/1.0, is how
     * requests are smuggled. */
    if (framing.transfer_encodings > 1 ||
        (framing.transfer_encodings == 1 && (framing.lengths > 0 || minor == 0)))
        return &BAD_TRANSFER_ENCODING;
    return NULL;
}

bool http_rules_expects_continue(const struct http_request *request, int minor)
{
    return minor > 0 && http_request_has_header(request, SLICE_LITERAL("expect"));
}

static const struct http_failure *check_header(struct framing *framing,
                                               const struct http_header *header)
{
    if (slice_equal(header->name, SLICE_LITERAL("host"))) {
        framing->hosts++;
    } else if (slice_equal(header->name, SLICE_LITERAL("content-length"))) {
        framing->lengths++;
        return is_decimal(header->value) ? NULL : &BAD_LENGTH;
    } else if (slice_equal(header->name, SLICE_LITERAL("transfer-encoding"))) {
        framing->transfer_encodings++;
        bool chunked = http_text_equal(header->value, SLICE_LITERAL("chunked"));
        return chunked ? NULL : &BAD_TRANSFER_ENCODING;
    } else if (slice_equal(header->name, SLICE_LITERAL("content-encoding"))) {
        bool plain =
            header->value.size == 0 || http_text_equal(header->value, SLICE_LITERAL("identity"));
        return plain ? NULL : &BAD_CONTENT_ENCODING;
    } else if (slice_equal(header->name, SLICE_LITERAL("expect"))) {
        bool known = http_text_equal(header->value, SLICE_LITERAL("100-continue"));
        return known ? NULL : &BAD_EXPECTATION;
    }
    return NULL;
}

static bool is_decimal(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.size > 0;
}
