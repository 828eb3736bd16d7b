#include "data_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *make_temporary(void)
{
    const char *parent = getenv("TMPDIR");
    char *path;
    ensure(asprintf(&path, "%s/cartwheel-XXXXXX", parent == NULL ? "/tmp" : parent) > 0);
    if (mkdtemp(path) != NULL)
        return path;
    free(path);
    return NULL;
}

static bool lock(struct data_directory *directory, char error[DATA_ERROR_SIZE])
{
    char *file;
    ensure(asprintf(&file, "%s/LOCK", directory->path) > 0);
    directory->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(file);
    if (directory->lock_fd < 0) {
        snprintf(error, DATA_ERROR_SIZE, "data: cannot write in %s: %s", directory->path,
                 strerror(errno));
        return false;
    }
    if (flock(directory->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    snprintf(error, DATA_ERROR_SIZE, "data: another cartwheeld uses %s", directory->path);
    return false;
}

bool data_directory_open(struct data_directory *directory, const char *path, bool temporary,
                         char error[DATA_ERROR_SIZE])
{
    *directory = (struct data_directory){.lock_fd = -1};
    directory->path = temporary ? make_temporary() : strdup(path);
    directory->temporary = temporary && directory->path != NULL;
    if (directory->path == NULL || (!temporary && mkdir(path, 0700) != 0 && errno != EEXIST)) {
        snprintf(error, DATA_ERROR_SIZE, "data: cannot make %s: %s",
                 temporary ? "a temporary directory" : path, strerror(errno));
        return false;
    }
    return lock(directory, error);
}

static bool sync_names(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return synced;
}

bool data_directory_sync(const struct data_directory *directory, char error[DATA_ERROR_SIZE])
{
    char *path = strdup(directory->path);
    ensure(path != NULL);
    bool synced = sync_names(directory->path) && sync_names(dirname(path));
    free(path);
    if (!synced)
        snprintf(error, DATA_ERROR_SIZE, "data: cannot sync %s or where it stands: %s",
                 directory->path, strerror(errno));
    return synced;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void data_directory_close(struct data_directory *directory)
{
    enum { DESCRIPTORS = 16 };
    if (directory->temporary)
        nftw(directory->path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
    if (directory->lock_fd >= 0)
        close(directory->lock_fd);
    free(directory->path);
    *directory = (struct data_directory){.lock_fd = -1};
}
