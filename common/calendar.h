/* calendar: UTC times as HTTP, AWS signatures and messages write them, without locale, time zone or the lock
 * that the C library's calendar takes. Seconds count from 1970; years end at 9999. */
#pragma once

#include "bytes.h"

enum {
    CALENDAR_HTTP_SIZE = 29, /* "Sun, 06 Nov 1994 08:49:37 GMT" */
    CALENDAR_ISO_SIZE = 16   /* "19941106T084937Z", ISO 8601's basic format */
};

/* Both write a terminator too. */
void calendar_format_http(uint64_t seconds, char text[CALENDAR_HTTP_SIZE + 1]);
void calendar_format_iso(uint64_t seconds, char text[CALENDAR_ISO_SIZE + 1]);
/* False unless the text is exactly what the format would write for some second. */
bool must_check calendar_parse_http(struct slice text, uint64_t *seconds);
bool must_check calendar_parse_iso(struct slice text, uint64_t *seconds);
