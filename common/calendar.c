#include "calendar.h"

#include <string.h>

enum {
    DAY_SECONDS = 86400,
    ERA_DAYS = 146097, /* 400 years */
    ERA_YEARS = 400,
    EPOCH_DAYS = 719468 /* from 1 March of year 0 to 1 January 1970 */
};

static const uint64_t SECONDS_MAX = 253402300799; /* 9999-12-31 23:59:59 */
static const char WEEKDAYS[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil {
    unsigned year;
    unsigned month; /* from 1 */
    unsigned day;   /* from 1 */
    unsigned hour;
    unsigned minute;
    unsigned second;
    unsigned weekday; /* 0 is Sunday */
};

static struct civil civil_of(uint64_t seconds);
static uint64_t civil_seconds(const struct civil *civil);
static void put_digits(char *at, unsigned value, unsigned count);
static bool get_digits(const uint8_t *at, unsigned count, unsigned *value);
static bool get_month(const uint8_t *at, unsigned *month);

void calendar_format_http(uint64_t seconds, char text[CALENDAR_HTTP_SIZE + 1])
{
    struct civil civil = civil_of(seconds);
    memcpy(text, "Day, 00 Mon 0000 00:00:00 GMT", CALENDAR_HTTP_SIZE + 1);
    memcpy(text, WEEKDAYS[civil.weekday], 3);
    put_digits(text + 5, civil.day, 2);
    memcpy(text + 8, MONTHS[civil.month - 1], 3);
    put_digits(text + 12, civil.year, 4);
    put_digits(text + 17, civil.hour, 2);
    put_digits(text + 20, civil.minute, 2);
    put_digits(text + 23, civil.second, 2);
}

void calendar_format_iso(uint64_t seconds, char text[CALENDAR_ISO_SIZE + 1])
{
    struct civil civil = civil_of(seconds);
    memcpy(text, "00000000T000000Z", CALENDAR_ISO_SIZE + 1);
    put_digits(text, civil.year, 4);
    put_digits(text + 4, civil.month, 2);
    put_digits(text + 6, civil.day, 2);
    put_digits(text + 9, civil.hour, 2);
    put_digits(text + 11, civil.minute, 2);
    put_digits(text + 13, civil.second, 2);
}

bool calendar_parse_http(struct slice text, uint64_t *seconds)
{
    *seconds = 0;
    if (text.size != CALENDAR_HTTP_SIZE)
        return false;
    struct civil civil = {0};
    bool read =
        get_digits(text.data + 5, 2, &civil.day) && get_month(text.data + 8, &civil.month) &&
        get_digits(text.data + 12, 4, &civil.year) && get_digits(text.data + 17, 2, &civil.hour) &&
        get_digits(text.data + 20, 2, &civil.minute) &&
        get_digits(text.data + 23, 2, &civil.second);
    if (!read || civil.year < 1970)
        return false;
    /* Writing it again checks the ranges, the weekday and the punctuation at once. */
    char again[CALENDAR_HTTP_SIZE + 1];
    *seconds = civil_seconds(&civil);
    calendar_format_http(*seconds, again);
    return memcmp(again, text.data, CALENDAR_HTTP_SIZE) == 0;
}

bool calendar_parse_iso(struct slice text, uint64_t *seconds)
{
    *seconds = 0;
    if (text.size != CALENDAR_ISO_SIZE)
        return false;
    struct civil civil = {0};
    bool read =
        get_digits(text.data, 4, &civil.year) && get_digits(text.data + 4, 2, &civil.month) &&
        get_digits(text.data + 6, 2, &civil.day) && get_digits(text.data + 9, 2, &civil.hour) &&
        get_digits(text.data + 11, 2, &civil.minute) &&
        get_digits(text.data + 13, 2, &civil.second);
    if (!read || civil.year < 1970 || civil.month < 1 || civil.month > 12)
        return false;
    char again[CALENDAR_ISO_SIZE + 1];
    *seconds = civil_seconds(&civil);
    calendar_format_iso(*seconds, again);
    return memcmp(again, text.data, CALENDAR_ISO_SIZE) == 0;
}

/* Years are counted from 1 March, so that the leap day is the last of its year. */
static struct civil civil_of(uint64_t seconds)
{
    if (seconds > SECONDS_MAX)
        seconds = SECONDS_MAX;
    unsigned of_day = (unsigned)(seconds % DAY_SECONDS);
    unsigned days = (unsigned)(seconds / DAY_SECONDS);
    unsigned shifted = days + EPOCH_DAYS;
    unsigned era = shifted / ERA_DAYS;
    unsigned of_era = shifted % ERA_DAYS;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned march_month = (5 * of_year + 2) / 153;
    unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct civil){
        .year = year + era * ERA_YEARS + (month <= 2),
        .month = month,
        .day = of_year - (153 * march_month + 2) / 5 + 1,
        .hour = of_day / 3600,
        .minute = of_day / 60 % 60,
        .second = of_day % 60,
        .weekday = (days + 4) % 7,
    };
}

static uint64_t civil_seconds(const struct civil *civil)
{
    unsigned year = civil->year - (civil->month <= 2);
    unsigned era = year / ERA_YEARS;
    unsigned of_era = year % ERA_YEARS;
    unsigned march_month = civil->month > 2 ? civil->month - 3 : civil->month + 9;
    unsigned of_year = (153 * march_month + 2) / 5 + civil->day - 1;
    uint64_t shifted =
        (uint64_t)era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (shifted - EPOCH_DAYS) * DAY_SECONDS + civil->hour * 3600 + civil->minute * 60 +
           civil->second;
}

static void put_digits(char *at, unsigned value, unsigned count)
{
    for (unsigned i = count; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

static bool get_digits(const uint8_t *at, unsigned count, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *value = *value * 10 + (unsigned)(at[i] - '0');
    }
    return true;
}

static bool get_month(const uint8_t *at, unsigned *month)
{
    for (unsigned i = 0; i < array_size(MONTHS); i++) {
        if (memcmp(at, MONTHS[i], 3) == 0) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}
