/* http_rules: what RFC 9110 and RFC 9112 demand of a request's head beyond its syntax. Private to
 * http_parser. */
#pragma once

#include "http_failure.h"
#include "http_request.h"

/* What a head says that a request does not show. */
struct http_head {
    int minor;              /* of HTTP/1.minor */
    struct slice authority; /* of an absolute target, else without data */
    bool chunked;           /* the body comes in chunks */
    bool expects_continue;  /* the client waits for 100 Continue before it sends the body */
};

/* Splits `target` (origin-form, absolute-form or asterisk-form) into the request's path and query
 * and the head's authority. False if it is none of these. */
bool must_check http_rules_split_target(struct slice target, struct http_request *request,
                                        struct http_head *head);
/* NULL, or why a request with these headers is refused. Fills in what the headers say of the
 * request's body and origin, and the rest of `head`. */
const struct http_failure *http_rules_check(struct http_request *request, struct http_head *head);
