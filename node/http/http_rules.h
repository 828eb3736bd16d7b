/* http_rules: what RFC 9110 and RFC 9112 demand of a request's head beyond its syntax. Private to
 * http_parser. */
#pragma once

#include "http_failure.h"
#include "http_request.h"

/* Splits `target` (origin-form, absolute-form or asterisk-form) into the request's path and query.
 * False if it is none of these. */
bool must_check http_rules_split_target(struct slice target, struct http_request *request);
/* NULL, or why a request with these headers is refused. `minor` is that of HTTP/1.`minor`. */
const struct http_failure *http_rules_check(const struct http_request *request, int minor);
/* Whether the client waits for 100 Continue before it sends the body. */
bool http_rules_expects_continue(const struct http_request *request, int minor);
