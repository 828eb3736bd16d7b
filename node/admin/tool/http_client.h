/* http_client: one blocking HTTP/1.1 request over a connection of its own, with time limits. */
#pragma once

#include "bytes.h"
#include "endpoint.h"

enum {
    HTTP_CLIENT_TIMEOUT_MS = 15000,               /* a node answers within its 10 s, or says so */
    HTTP_CLIENT_REPLY_SIZE_MAX = 64 * 1024 * 1024 /* the ring of 65,536 partitions is far below */
};

struct http_exchange {
    const char *method;
    const char *path;     /* without query */
    struct slice headers; /* ready "Name: value\r\n" lines besides Host and Content-Length */
    struct slice body;

    /* The result. */
    int status;          /* HTTP status; 0: no answer */
    struct writer reply; /* body; the caller deinits it */
    char problem[256];   /* why there is no answer */
};

/* Sends the request and waits for the answer. Returns false, with `problem` set, if there was none.
 */
bool must_check http_client_exchange(const struct endpoint *endpoint,
                                     struct http_exchange *exchange);
