/* http_coding: content codings (RFC 9110 section 8.4): which one a body came in, whether a reply may
 * be compressed, and the compressing itself. */
#pragma once

#include "bytes.h"
#include "http_failure.h"
#include "http_request.h"

/* Whether `size` more bytes of memory may be taken, which are then charged to whoever asks. */
typedef bool (*http_charge)(void *context, size_t size);

/* The coding that a Content-Encoding names; HTTP_CODING_UNKNOWN for any other, and for several. */
enum http_coding http_coding_of(struct slice name);
/* Whether the client wants replies in gzip rather than as they are: what its Accept-Encoding
 * headers say, weights and all. */
bool http_coding_accepts_gzip(const struct http_request *request);
/* Appends the plain form of `packed` to `plain`, which is empty. NULL, or why not: it is not exactly
 * one whole stream, inflates to more than HTTP_BODY_SIZE_MAX, or `charge` refused the memory. All
 * memory is charged before it is taken; no more than the limit ever is. */
const struct http_failure *must_check http_coding_inflate(enum http_coding coding,
                                                          struct slice packed, http_charge charge,
                                                          void *context, struct writer *plain);
/* Writes `plain` as a gzip stream to `packed`, which is empty; false, and nothing is written, if it
 * would not get smaller. */
bool must_check http_coding_gzip(struct slice plain, struct writer *packed);
