/* log_file: the daemon's log: lines with a UTC timestamp to standard error or a file that can be
 * opened anew after it was moved away. Any thread may write. */
#pragma once

#include "log.h"

#include <pthread.h>
#include <stdbool.h>

struct log_file {
    struct log_sink sink;
    pthread_mutex_t lock;
    const char *path; /* borrowed; "": standard error */
    int fd;
};

/* False: the file cannot be opened (errno). */
bool must_check log_file_open(struct log_file *log, const char *path, enum log_level level_min);
/* Opens the path again; keeps the old file if that fails. */
void log_file_reopen(struct log_file *log);
void log_file_close(struct log_file *log);
