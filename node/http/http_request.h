/* http_request: one received HTTP request, and the limits it was received under. */
#pragma once

#include "bytes.h"

enum {
    HTTP_BODY_SIZE_MAX = 16 * 1024 * 1024, /* DynamoDB's request limit: 413 above */
    HTTP_HEAD_SIZE_MAX = 16 * 1024,        /* request line, and all headers together: 400 above */
    HTTP_HEADERS_MAX = 64                  /* SDKs send some 15 */
};

struct http_header {
    struct slice name;  /* lower case */
    struct slice value; /* without the white space around it */
};

/* Content codings a request's body may come in. */
enum http_coding {
    HTTP_CODING_IDENTITY,
    HTTP_CODING_GZIP,
    HTTP_CODING_DEFLATE, /* the zlib format, as RFC 9110 has it */
    HTTP_CODING_UNKNOWN  /* of no request that is received: it is refused */
};

struct http_request {
    struct slice method;
    struct slice path;  /* as sent, before '?'; of an absolute target what follows the authority */
    struct slice query; /* as sent, after '?' */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t headers_count;
    struct slice body;            /* as received: this is what a signature covers */
    enum http_coding body_coding; /* what it must be inflated from */
    bool cross_origin;            /* it has an Origin: a browser wants to hear that it may read the
                                   * reply */
    bool keep_alive;
};

/* The value of the only header of that (lower case) name; empty if absent, and empty if repeated,
 * so that no two readers of a request can differ about which of the values counts. */
struct slice http_request_header(const struct http_request *request, struct slice name);
/* Whether there is at least one header of that name. */
bool http_request_has_header(const struct http_request *request, struct slice name);
/* Equality without regard to the case of ASCII letters; `lower` is lower case. */
bool http_text_equal(struct slice text, struct slice lower);
