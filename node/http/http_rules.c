#include "http_rules.h"

#include <string.h>
#include <strings.h>

#include "http_coding.h"
#include "http_host.h"

static const struct http_failure BAD_HOST = HTTP_FAILURE_MALFORMED(
    400, "The request must have exactly one valid Host header, that of its target.");
static const struct http_failure BAD_LENGTH =
    HTTP_FAILURE_MALFORMED(400, "The request has no single decimal Content-Length.");
static const struct http_failure BAD_TRANSFER_ENCODING =
    HTTP_FAILURE_MALFORMED(400, "The only Transfer-Encoding that is understood is chunked, without "
                                "a Content-Length, in HTTP/1.1.");
static const struct http_failure BAD_CONTENT_ENCODING = HTTP_FAILURE_MALFORMED(
    415, "The only Content-Encodings that are understood are gzip, deflate and identity.");
static const struct http_failure BAD_EXPECTATION =
    HTTP_FAILURE_MALFORMED(417, "The only expectation that can be met is 100-continue.");

/* What was seen of the headers that frame a request. */
struct framing {
    struct slice host;
    unsigned hosts;
    unsigned lengths;
    unsigned transfer_encodings;
    unsigned content_encodings;
    bool expects;
};

static const struct http_failure *check_header(struct framing *framing,
                                               struct http_request *request,
                                               const struct http_header *header);
static const struct http_failure *check_framing(const struct framing *framing,
                                                const struct http_head *head);
static bool is_decimal(struct slice text);
static bool host_fits(const struct framing *framing, const struct http_head *head);

/* Of "http://authority/path" what begins with the path, which may be empty; false if it is not
 * such a target. */
static bool cut_authority(struct slice *target, struct slice *authority)
{
    static const char scheme[] = "http://";
    size_t scheme_size = sizeof(scheme) - 1;
    if (target->size < scheme_size ||
        strncasecmp((const char *)target->data, scheme, scheme_size) != 0)
        return false;
    const uint8_t *end = target->data + target->size;
    const uint8_t *begin = target->data + scheme_size;
    const uint8_t *at = begin;
    while (at < end && *at != '/' && *at != '?')
        at++;
    *authority = slice_of(begin, (size_t)(at - begin));
    *target = slice_of(at, (size_t)(end - at));
    return true;
}

bool http_rules_split_target(struct slice target, struct http_request *request,
                             struct http_head *head)
{
    request->query = SLICE_EMPTY;
    head->authority = SLICE_EMPTY;
    if (target.size == 0 || memchr(target.data, '#', target.size) != NULL)
        return false;
    if (target.data[0] != '/' && !slice_equal(target, SLICE_LITERAL("*")) &&
        !cut_authority(&target, &head->authority))
        return false;
    const uint8_t *mark = target.size == 0 ? NULL : memchr(target.data, '?', target.size);
    size_t path_size = mark == NULL ? target.size : (size_t)(mark - target.data);
    request->path = path_size == 0 ? SLICE_LITERAL("/") : slice_of(target.data, path_size);
    if (mark != NULL)
        request->query = slice_of(mark + 1, target.size - path_size - 1);
    return true;
}

const struct http_failure *http_rules_check(struct http_request *request, struct http_head *head)
{
    struct framing framing = {.hosts = 0};
    request->body_coding = HTTP_CODING_IDENTITY;
    request->cross_origin = false;
    for (size_t i = 0; i < request->headers_count; i++) {
        const struct http_failure *failure = check_header(&framing, request, &request->headers[i]);
        if (failure != NULL)
            return failure;
    }
    head->chunked = framing.transfer_encodings > 0;
    /* RFC 9110 section 10.1.1: of HTTP/1.0 it is to be ignored. */
    head->expects_continue = framing.expects && head->minor > 0;
    return check_framing(&framing, head);
}

/* By length first: no request has many headers of these. */
static const struct http_failure *check_header(struct framing *framing,
                                               struct http_request *request,
                                               const struct http_header *header)
{
    const struct slice name = header->name;
    if (name.size == 4 && slice_equal(name, SLICE_LITERAL("host"))) {
        framing->hosts++;
        framing->host = header->value;
    } else if (name.size == 14 && slice_equal(name, SLICE_LITERAL("content-length"))) {
        framing->lengths++;
        return is_decimal(header->value) ? NULL : &BAD_LENGTH;
    } else if (name.size == 17 && slice_equal(name, SLICE_LITERAL("transfer-encoding"))) {
        framing->transfer_encodings++;
        bool chunked = http_text_equal(header->value, SLICE_LITERAL("chunked"));
        return chunked ? NULL : &BAD_TRANSFER_ENCODING;
    } else if (name.size == 16 && slice_equal(name, SLICE_LITERAL("content-encoding"))) {
        framing->content_encodings++;
        request->body_coding = http_coding_of(header->value);
        bool known = request->body_coding != HTTP_CODING_UNKNOWN && framing->content_encodings == 1;
        return known ? NULL : &BAD_CONTENT_ENCODING;
    } else if (name.size == 6 && slice_equal(name, SLICE_LITERAL("expect"))) {
        framing->expects = true;
        bool known = http_text_equal(header->value, SLICE_LITERAL("100-continue"));
        return known ? NULL : &BAD_EXPECTATION;
    } else if (name.size == 6 && slice_equal(name, SLICE_LITERAL("origin"))) {
        request->cross_origin = header->value.size > 0;
    }
    return NULL;
}

static const struct http_failure *check_framing(const struct framing *framing,
                                                const struct http_head *head)
{
    if (!host_fits(framing, head))
        return &BAD_HOST;
    if (framing->lengths > 1)
        return &BAD_LENGTH;
    /* RFC 9112 section 6.1: both framings at once, or chunked from a client of HTTP/1.0, is how
     * requests are smuggled. */
    if (framing->transfer_encodings > 1 ||
        (framing->transfer_encodings == 1 && (framing->lengths > 0 || head->minor == 0)))
        return &BAD_TRANSFER_ENCODING;
    return NULL;
}

/* A target with an authority of its own would have to be believed over the Host header (RFC 9112
 * section 3.2.2): two that differ are refused, so that nobody on the way can have believed the
 * other. */
static bool host_fits(const struct framing *framing, const struct http_head *head)
{
    if (framing->hosts > 1 || (framing->hosts == 0 && head->minor > 0))
        return false;
    if (!http_host_is_valid(framing->host))
        return false;
    struct slice authority = head->authority;
    if (authority.data == NULL)
        return true;
    if (framing->hosts == 0)
        return authority.size > 0 && http_host_is_valid(authority);
    return authority.size > 0 && authority.size == framing->host.size &&
           strncasecmp((const char *)authority.data, (const char *)framing->host.data,
                       authority.size) == 0;
}

static bool is_decimal(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.size > 0;
}
