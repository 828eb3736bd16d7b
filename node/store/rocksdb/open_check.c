#include "open_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_file.h"

static int is_wal(const struct dirent *entry)
{
    const char *point = strrchr(entry->d_name, '.');
    return point != NULL && strcmp(point, ".log") == 0;
}

/* Numbers with leading zeroes, and without once they are long. */
static int compare_numbers(const struct dirent **left, const struct dirent **right)
{
    unsigned long long a = strtoull((*left)->d_name, NULL, 10);
    unsigned long long b = strtoull((*right)->d_name, NULL, 10);
    return a < b ? -1 : a > b;
}

static bool fail(char **error, const char *what, const char *name, const char *why)
{
    ensure(asprintf(error, "%s %s: %s", what, name, why) >= 0);
    return false;
}

/* The whole file, the caller's to free. */
static uint8_t *read_file(int fd, size_t *size)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return NULL;
    uint8_t *bytes = malloc((size_t)status.st_size + 1);
    ensure(bytes != NULL);
    *size = 0;
    while (*size < (size_t)status.st_size) {
        ssize_t more = pread(fd, bytes + *size, (size_t)status.st_size - *size, (off_t)*size);
        if (more <= 0) {
            errno = more == 0 ? EIO : errno;
            free(bytes);
            return NULL;
        }
        *size += (size_t)more;
    }
    return bytes;
}

/* Cuts a torn end off, if there may be one. */
static bool check_bytes(const char *name, int fd, struct slice bytes, bool may_be_torn,
                        struct log_sink *log, char **error)
{
    struct record_file_damage damage;
    record_file_check(bytes, &damage);
    if (!damage.damaged)
        return true;
    unsigned long long kept = damage.offset;
    if (!may_be_torn || !damage.torn) {
        char where[64];
        snprintf(where, sizeof(where), "damaged at byte %llu", kept);
        return fail(error, "Corruption:", name, where);
    }
    log_event(log, LOG_WARN, "store_end_torn", "file=%s bytes=%zu kept=%llu", name, bytes.size,
              kept);
    if (ftruncate(fd, (off_t)kept) != 0 || fsync(fd) != 0)
        return fail(error, "cannot cut", name, strerror(errno));
    return true;
}

/* *size: how long the file was. What a process wrote and did not live to sync is made durable before
 * anything can be answered from it: after the next power cut it would be missed. */
static bool check_file(const char *directory, const char *name, bool may_be_torn,
                       struct log_sink *log, size_t *size, char **error)
{
    char *path;
    ensure(asprintf(&path, "%s/%s", directory, name) >= 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return fail(error, "cannot open", name, strerror(errno));
    uint8_t *bytes = read_file(fd, size);
    bool good = bytes == NULL
                    ? fail(error, "cannot read", name, strerror(errno))
                    : check_bytes(name, fd, slice_of(bytes, *size), may_be_torn, log, error);
    if (good && fdatasync(fd) != 0)
        good = fail(error, "cannot sync", name, strerror(errno));
    free(bytes);
    close(fd);
    return good;
}

static bool check_wals(const char *directory, struct log_sink *log, char **error)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_wal, compare_numbers);
    if (count < 0)
        return errno == ENOENT || fail(error, "cannot read", directory, strerror(errno));
    bool good = true, newest = true;
    for (int i = count - 1; i >= 0; i--) {
        size_t size = 0;
        if (good)
            good = check_file(directory, entries[i]->d_name, newest, log, &size, error);
        newest = newest && size == 0;
        free(entries[i]);
    }
    free(entries);
    return good;
}

/* The MANIFEST that CURRENT names. What is wrong with CURRENT is for RocksDB to say. */
static bool check_manifest(const char *directory, struct log_sink *log, char **error)
{
    char *path, name[32] = "";
    ensure(asprintf(&path, "%s/CURRENT", directory) >= 0);
    FILE *current = fopen(path, "re");
    free(path);
    if (current == NULL)
        return true;
    bool named = fgets(name, sizeof(name), current) != NULL;
    fclose(current);
    name[strcspn(name, "\n")] = '\0';
    size_t size;
    if (!named || strncmp(name, "MANIFEST-", 9) != 0 || strchr(name, '/') != NULL)
        return true;
    return check_file(directory, name, true, log, &size, error);
}

bool open_check(const char *path, struct log_sink *log, char **error)
{
    *error = NULL;
    return check_manifest(path, log, error) && check_wals(path, log, error);
}
