/* http_feed: what one HTTP connection makes of bytes that come in pieces. */
#pragma once

#include "http_connection.h"

/* All that an owner of a connection can see: requests with their bodies, and all that is written. */
struct http_story {
    struct writer requests;
    struct writer output;
    struct writer body; /* of the last request */
    unsigned count;     /* of requests */
    bool broken;
    bool halfway; /* at the end a request is half received */
};

void http_story_init(struct http_story *story);
void http_story_deinit(struct http_story *story);
/* Feeds `bytes` to a fresh connection, cut at `cut`, or after each byte if `bytewise`. Each request
 * is answered with 200. */
void http_story_tell(struct http_story *story, struct slice bytes, size_t cut, bool bytewise);
bool http_story_equal(const struct http_story *a, const struct http_story *b);
/* Bytes in pieces must make the story that they make as a whole: cut everywhere, if there are not
 * too many, and after each byte. */
void http_story_check_cuts(const struct http_story *whole, struct slice bytes);
