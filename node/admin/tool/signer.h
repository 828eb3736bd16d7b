/* signer: the headers of the tool's requests, signed with SigV4 if there are credentials. */
#pragma once

#include "tool.h"

/* Adds "Name: value\r\n" lines for `exchange`, whose method, path and body are set. `target` is the
 * X-Amz-Target of a DynamoDB operation, or NULL for an admin endpoint. */
void signer_put_headers(const struct tool *tool, const struct http_exchange *exchange,
                        const char *target, struct writer *headers);
