/* http_parser: bytes in, one request at a time out; llhttp in its strict mode does the syntax.
 * Private to http_connection, and the only file that sees llhttp. */
#pragma once

#include "http_failure.h"
#include "http_request.h"

struct http_parser;

enum http_parser_state { HTTP_PARSER_WANTS_BYTES, HTTP_PARSER_COMPLETE, HTTP_PARSER_FAILED };

struct http_parser *http_parser_new(void);
void http_parser_free(struct http_parser *parser);
/* Forgets the request, whatever its state, and is ready for the next. */
void http_parser_reset(struct http_parser *parser);
/* Takes bytes up to the end of one request, and sets `consumed` to how many these were. May not be
 * called between the end of a request, or a failure, and the reset. */
enum http_parser_state http_parser_feed(struct http_parser *parser, struct slice bytes,
                                        size_t *consumed);
/* The complete request; valid until the reset. */
const struct http_request *http_parser_request(const struct http_parser *parser);
/* Why it failed. */
const struct http_failure *http_parser_failure(const struct http_parser *parser);
/* Whether an Origin was received with it so far. */
bool http_parser_is_cross_origin(const struct http_parser *parser);
/* Whether the request is of HTTP/1.0. */
bool http_parser_is_version_0(const struct http_parser *parser);
/* Whether some but not all of a request was received. */
bool http_parser_is_halfway(const struct http_parser *parser);
/* Whether the client waits for 100 Continue: true at most once per request. */
bool http_parser_take_continue(struct http_parser *parser);
