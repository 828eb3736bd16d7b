/* http_connection: HTTP/1.1 of one client connection as a state machine without sockets. Bytes go
 * in, requests come out one at a time; replies are written into a buffer that the owner sends.
 * llhttp parses. */
#pragma once

#include "bytes.h"
#include "http_coding.h"
#include "http_failure.h"
#include "http_request.h"

enum {
    /* Replies of these sizes are compressed for those who ask: below, DynamoDB does not either;
     * above, it would hold up everybody else on the thread for too long (a page of Query or Scan
     * has 1 MB). */
    HTTP_GZIP_SIZE_MIN = 4 * 1024,
    HTTP_GZIP_SIZE_MAX = 2 * 1024 * 1024,
    HTTP_PIPELINE_BYTES_MAX =
        64 * 1024 /* unparsed bytes kept while one request is answered; then stop reading */
};

struct http_connection;

enum http_event {
    HTTP_WANTS_BYTES, /* feed more */
    HTTP_REQUEST, /* http_connection_request() is complete; reply before the next one is parsed */
    HTTP_BROKEN   /* a malformed request: an error reply is in the output; send it and close */
};

struct http_connection *http_connection_new(void);
void http_connection_free(struct http_connection *connection);
/* Consumes up to all of `bytes` (what it does not consume it asks for again; it consumes nothing
 * while a request is open and the pipeline buffer is full). `consumed` is set. Interim replies (100
 * Continue) and error replies go to `output`.
 *
 * HTTP_REQUEST is said once per request; what follows that request in `bytes` may be offered at
 * once, to be kept, or after the reply. While a request is open the answer is HTTP_WANTS_BYTES.
 * After HTTP_BROKEN, and after a reply that closes, all bytes are consumed and ignored: an owner
 * that closes at once while the client still sends would have its reply destroyed by the reset
 * (RFC 9112 section 9.6), so it should read on for a moment. */
enum http_event http_connection_feed(struct http_connection *connection, struct slice bytes,
                                     size_t *consumed, struct writer *output);
/* The open request: there must be one. */
const struct http_request *http_connection_request(const struct http_connection *connection);

/* The plain body of the open request, which is compressed (its body_coding); valid until the reply.
 * NULL, or why it cannot be had; then that is the reply. `charge` is asked before memory is taken.
 * At most once per request. */
const struct http_failure *must_check http_connection_inflate(struct http_connection *connection,
                                                              http_charge charge, void *context,
                                                              struct slice *body);

/* A reply. */
struct http_reply {
    int status;
    const char *content_type; /* NULL: none */
    struct slice body;
    struct slice extra_headers; /* ready "Name: value\r\n" lines, or empty */
    bool close;                 /* close after this reply whatever the client wants */
};

/* Writes head and body of the reply to the open request into `output`, with Content-Length, Date
 * (of `wall_us`), Server, x-amzn-RequestId (`request_id`: 52 characters), x-amz-crc32 of the body
 * as it is sent, and what a browser wants to see if another site's page asked. HEAD gets no body;
 * who accepts gzip gets large bodies compressed. Then the next pipelined request may come out of http_connection_feed()
 * (call it, with no bytes if need be). Returns whether the connection stays open. */
bool must_check http_connection_reply(struct http_connection *connection,
                                      const struct http_reply *reply, uint64_t wall_us,
                                      const char *request_id, struct writer *output);
/* Ends the connection with this reply to a request that is half received, as if it were malformed.
 */
void http_connection_refuse(struct http_connection *connection, const struct http_failure *failure,
                            struct writer *output);
/* Bytes kept of later requests while one is open, or until the next feed. */
size_t http_connection_kept(const struct http_connection *connection);
/* Bytes of a request that is half received (for slow-client limits): true if one is. */
bool http_connection_in_request(const struct http_connection *connection);
