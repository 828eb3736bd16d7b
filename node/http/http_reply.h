/* http_reply: writes status lines, headers and bodies. Private to http_connection. */
#pragma once

#include "calendar.h"
#include "http_connection.h"
#include "http_failure.h"

/* The Date header's value, formatted anew once a second. */
struct http_date {
    uint64_t second; /* what `text` says; 0: nothing yet */
    char text[CALENDAR_HTTP_SIZE + 1];
};

/* How a reply is sent, beyond what it says. */
struct http_reply_manner {
    bool without_body;    /* the request was HEAD */
    bool keep_alive;      /* the connection stays open */
    bool says_keep_alive; /* and a client of HTTP/1.0 has to be told */
    bool cross_origin;    /* the request had an Origin */
    bool varies;          /* another Accept-Encoding would have got other bytes */
    bool gzip;            /* the body is compressed */
};

void http_reply_write(const struct http_reply *reply, struct http_reply_manner manner,
                      struct http_date *date, uint64_t wall_us, const char *request_id,
                      struct writer *output);
/* The reply to what is no proper request: it has neither Date, as no clock is at hand, nor id. */
void http_reply_write_failure(const struct http_failure *failure, bool cross_origin,
                              struct writer *output);
void http_reply_write_continue(struct writer *output);
