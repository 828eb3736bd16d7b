/* log: key=value lines to an injected sink. Transitions, one line each; never per key. `error`
 * means that someone must act, and fails a simulation run. */
#pragma once

#include <stddef.h>

#include "ensure.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Takes one line, without newline, already escaped. Borrowed for the call. */
struct log_sink {
    void (*write)(struct log_sink *self, enum log_level level, const char *line);
    enum log_level level_min; /* lines below it are not even formatted */
};

/* Formats `level=<level> event=<event> <fields>` and hands it on. `fields` is printf-like, as
 * "peer=%s wait_us=%u"; control characters in the result become '?', so that no client can forge a
 * line. NULL sink: nothing happens. */
void log_event(struct log_sink *sink, enum log_level level, const char *event, const char *fields,
               ...) printf_like(4, 5);
const char *log_level_name(enum log_level level);
