#include "log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_SIZE_MAX = 1024 /* longer lines are cut: a log is for transitions, not for data */ };

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return names[level];
}

void log_event(struct log_sink *sink, enum log_level level, const char *event, const char *fields,
               ...)
{
    if (sink == NULL || level < sink->level_min)
        return;
    char line[LINE_SIZE_MAX];
    int used = snprintf(line, sizeof(line), "level=%s event=%s ", log_level_name(level), event);
    ensure(used > 0);
    ensure((size_t)used < sizeof(line));
    va_list args;
    va_start(args, fields);
    vsnprintf(line + used, sizeof(line) - (size_t)used, fields, args);
    va_end(args);
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    sink->write(sink, level, line);
}
