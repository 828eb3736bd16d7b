/* Times as text, against known dates and there and back through four centuries. */
#include "calendar.h"

#include <string.h>

#include "test_main.h"

struct date {
    uint64_t seconds;
    const char *http;
    const char *iso;
};

static const struct date DATES[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 GMT", "19700101T000000Z"},
    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT", "19941106T084937Z"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT", "20000229T000000Z"},
    {1440938160, "Sun, 30 Aug 2015 12:36:00 GMT", "20150830T123600Z"},
    {1709251198, "Thu, 29 Feb 2024 23:59:58 GMT", "20240229T235958Z"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT", "21000301T000000Z"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT", "99991231T235959Z"},
};

static const char *const REFUSED[] = {
    "",
    "20150830T123600",
    "20150830T123600ZZ",
    "20150830t123600Z",
    "20150830T123600z",
    "20150229T000000Z",
    "20151301T000000Z",
    "20150001T000000Z",
    "20150100T000000Z",
    "20150830T240000Z",
    "20150830T236000Z",
    "20150830T235960Z",
    "19691231T235959Z",
    "2015083 T123600Z",
    "Sun, 31 Aug 2015 12:36:00 GMT",
    "Sun, 30 aug 2015 12:36:00 GMT",
    "Sun, 30 Aug 2015 12:36:00 UTC",
    "Sun, 30 Aug 2015 25:36:00 GMT",
    "Sun, 00 Aug 2015 12:36:00 GMT",
};

START_TEST(known_dates)
{
    for (size_t i = 0; i < array_size(DATES); i++) {
        char http[CALENDAR_HTTP_SIZE + 1];
        char iso[CALENDAR_ISO_SIZE + 1];
        uint64_t seconds;
        calendar_format_http(DATES[i].seconds, http);
        calendar_format_iso(DATES[i].seconds, iso);
        ck_assert_str_eq(http, DATES[i].http);
        ck_assert_str_eq(iso, DATES[i].iso);
        ck_assert(calendar_parse_http(slice_of_string(http), &seconds));
        ck_assert_uint_eq(seconds, DATES[i].seconds);
        ck_assert(calendar_parse_iso(slice_of_string(iso), &seconds));
        ck_assert_uint_eq(seconds, DATES[i].seconds);
    }
}
END_TEST

START_TEST(there_and_back)
{
    /* Every day of four centuries, a second earlier each. */
    char before[CALENDAR_ISO_SIZE + 1] = "";
    for (uint64_t seconds = 0; seconds < 12622780800; seconds += 86399) {
        char iso[CALENDAR_ISO_SIZE + 1];
        uint64_t again;
        calendar_format_iso(seconds, iso);
        ck_assert_int_gt(strcmp(iso, before), 0);
        ck_assert(calendar_parse_iso(slice_of_string(iso), &again));
        ck_assert_uint_eq(again, seconds);
        memcpy(before, iso, sizeof(before));
    }
}
END_TEST

START_TEST(far_future_is_cut)
{
    char iso[CALENDAR_ISO_SIZE + 1];
    calendar_format_iso(UINT64_MAX, iso);
    ck_assert_str_eq(iso, "99991231T235959Z");
}
END_TEST

START_TEST(other_texts_are_refused)
{
    for (size_t i = 0; i < array_size(REFUSED); i++) {
        uint64_t seconds;
        ck_assert_msg(!calendar_parse_iso(slice_of_string(REFUSED[i]), &seconds), "%s", REFUSED[i]);
        ck_assert_msg(!calendar_parse_http(slice_of_string(REFUSED[i]), &seconds), "%s",
                      REFUSED[i]);
    }
}
END_TEST

TEST_MAIN("calendar", known_dates, there_and_back, far_future_is_cut, other_texts_are_refused)
