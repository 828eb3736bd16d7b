#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE_MAX = 1200 /* log.c's lines, and the timestamp */ };

static void write_line(struct log_sink *self, enum log_level level, const char *line);

static int open_path(const char *path)
{
    if (path[0] == '\0')
        return STDERR_FILENO;
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

bool log_file_open(struct log_file *log, const char *path, enum log_level level_min)
{
    log->sink.write = write_line;
    log->sink.level_min = level_min;
    log->path = path;
    log->fd = open_path(path);
    ensure(pthread_mutex_init(&log->lock, NULL) == 0);
    return log->fd >= 0;
}

void log_file_reopen(struct log_file *log)
{
    if (log->path[0] == '\0')
        return;
    int fd = open_path(log->path);
    if (fd < 0) {
        log_event(&log->sink, LOG_ERROR, "log_reopen_failed", "errno=%d", errno);
        return;
    }
    pthread_mutex_lock(&log->lock);
    close(log->fd);
    log->fd = fd;
    pthread_mutex_unlock(&log->lock);
}

void log_file_close(struct log_file *log)
{
    if (log->fd >= 0 && log->fd != STDERR_FILENO)
        close(log->fd);
    pthread_mutex_destroy(&log->lock);
}

static void write_line(struct log_sink *self, enum log_level level, const char *line)
{
    struct log_file *log = container_of(self, struct log_file, sink);
    char text[LINE_SIZE_MAX];
    struct timespec now;
    struct tm utc;
    (void)level;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(text, sizeof(text), "time=%Y-%m-%dT%H:%M:%S", &utc);
    int rest =
        snprintf(text + used, sizeof(text) - used, ".%03ldZ %s\n", now.tv_nsec / 1000000, line);
    ensure(rest > 0);
    size_t size = used + (size_t)rest;
    if (size >= sizeof(text)) {
        size = sizeof(text) - 1;
        text[size - 1] = '\n';
    }
    pthread_mutex_lock(&log->lock);
    /* A log that cannot be written must not stop the node. */
    ssize_t written = write(log->fd, text, size);
    (void)written;
    pthread_mutex_unlock(&log->lock);
}
