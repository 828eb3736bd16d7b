#include "libfault.h"

#include "fault_journal.h"
#include "fault_page.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Hooks make system calls themselves where they can: that needs no library beneath, allocates
 * nothing and sets errno as the caller expects it. */

enum { FILES_MAX = 1 << 16, NSEC = 1000 * 1000 * 1000 };

/* Per descriptor: its class + 1; 0: none of ours. */
static _Atomic uint8_t classes[FILES_MAX];

__attribute__((constructor)) static void start(void)
{
    fault_page_open();
    fault_journal_open();
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static int class_of(int fd)
{
    return fd >= 0 && fd < FILES_MAX ? classes[fd] - 1 : FAULT_NO_CLASS;
}

static int fault_error(enum fault_kind kind, int file_class)
{
    struct fault fault = fault_decide(kind, file_class, 0);
    return fault.fails ? fault.error : 0;
}

/* Files ------------------------------------------------------------------------------------- */

static int open_file(const char *path, int flags, mode_t mode)
{
    int file_class = fault_path_class(path);
    if (file_class == FAULT_NO_CLASS)
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        file_class = FAULT_DIRECTORY;
    bool created = (flags & O_CREAT) != 0 && syscall(SYS_access, path, F_OK) != 0;
    int error = fault_error(created ? FAULT_CREATE : FAULT_OPEN, file_class);
    if (error != 0)
        return fail(error);
    if (created)
        fault_journal_create(path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd < 0 || fd >= FILES_MAX)
        return fd;
    if (created || (flags & O_TRUNC) != 0)
        fault_journal_born(fd);
    classes[fd] = (uint8_t)(file_class + 1);
    return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_file(path, flags, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FILES_MAX)
        classes[fd] = 0;
    return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct fault fault = fault_decide(FAULT_WRITE, class_of(fd), size);
    long done = fault.bytes == 0 && fault.fails ? 0 : syscall(SYS_write, fd, bytes, fault.bytes);
    return fault.fails ? fail(fault.error) : done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    struct fault fault = fault_decide(FAULT_WRITE, class_of(fd), size);
    long done =
        fault.bytes == 0 && fault.fails ? 0 : syscall(SYS_pwrite64, fd, bytes, fault.bytes, offset);
    return fault.fails ? fail(fault.error) : done;
}

ssize_t read(int fd, void *bytes, size_t size)
{
    struct fault fault = fault_decide(FAULT_READ, class_of(fd), size);
    return fault.fails ? fail(fault.error) : syscall(SYS_read, fd, bytes, fault.bytes);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    struct fault fault = fault_decide(FAULT_READ, class_of(fd), size);
    return fault.fails ? fail(fault.error) : syscall(SYS_pread64, fd, bytes, fault.bytes, offset);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset)
{
    return pread(fd, bytes, size, offset);
}

static int sync_file(int fd, long call)
{
    if (class_of(fd) == FAULT_NO_CLASS)
        return (int)syscall(call, fd);
    int error = fault_error(FAULT_SYNC, class_of(fd));
    if (error != 0) {
        fault_journal_sync_failed(fd);
        return fail(error);
    }
    struct fault_sync sync = fault_journal_sync_begin(fd);
    int result = (int)syscall(call, fd);
    if (result == 0)
        fault_journal_sync_end(fd, &sync);
    return result;
}

int fsync(int fd)
{
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, SYS_fdatasync);
}

int sync_file_range(int fd, off64_t offset, off64_t size, unsigned int flags)
{
    int error = fault_error(FAULT_RANGE_SYNC, class_of(fd));
    return error != 0 ? fail(error) : (int)syscall(SYS_sync_file_range, fd, offset, size, flags);
}

int ftruncate(int fd, off_t size)
{
    int error = fault_error(FAULT_TRUNCATE, class_of(fd));
    if (error != 0)
        return fail(error);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0 && class_of(fd) != FAULT_NO_CLASS)
        fault_journal_cut(fd, (uint64_t)size);
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    int error = fault_error(FAULT_ALLOCATE, class_of(fd));
    return error != 0 ? fail(error) : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

/* Names ------------------------------------------------------------------------------------- */

int mkdir(const char *path, mode_t mode)
{
    int file_class = fault_path_class(path);
    int error =
        fault_error(FAULT_CREATE, file_class == FAULT_NO_CLASS ? file_class : FAULT_DIRECTORY);
    if (error != 0)
        return fail(error);
    if (file_class != FAULT_NO_CLASS)
        fault_journal_create(path);
    return (int)syscall(SYS_mkdir, path, mode);
}

int rename(const char *from, const char *to)
{
    int file_class = fault_path_class(to);
    int error = fault_error(FAULT_RENAME, file_class);
    if (error != 0)
        return fail(error);
    if (file_class != FAULT_NO_CLASS)
        fault_journal_rename(from, to);
    return (int)syscall(SYS_rename, from, to);
}

int link(const char *from, const char *to)
{
    int file_class = fault_path_class(to);
    int error = fault_error(FAULT_RENAME, file_class);
    if (error != 0)
        return fail(error);
    if (file_class != FAULT_NO_CLASS)
        fault_journal_link(from, to);
    return (int)syscall(SYS_link, from, to);
}

int unlink(const char *path)
{
    int file_class = fault_path_class(path);
    int error = fault_error(FAULT_UNLINK, file_class);
    if (error != 0)
        return fail(error);
    if (file_class != FAULT_NO_CLASS)
        fault_journal_unlink(path);
    return (int)syscall(SYS_unlink, path);
}

/* What only the library beneath can do -------------------------------------------------------- */

/* The function of this name that would have been called. */
static void beneath(void *function, const char *name, const char *version)
{
    void *found = version == NULL ? dlsym(RTLD_NEXT, name) : dlvsym(RTLD_NEXT, name, version);
    memcpy(function, &found, sizeof(found));
}

#undef fread_unlocked
size_t fread_unlocked(void *bytes, size_t size, size_t count, FILE *file)
{
    size_t (*call)(void *, size_t, size_t, FILE *);
    beneath(&call, "fread_unlocked", NULL);
    struct fault fault = fault_decide(FAULT_READ, class_of(fileno(file)), size * count);
    if (!fault.fails)
        return call(bytes, size, fault.bytes / (size == 0 ? 1 : size), file);
    file->_flags |= 0x20; /* _IO_ERR_SEEN: what ferror() looks at */
    errno = fault.error;
    return 0;
}

static void take_free_space(unsigned long *free_blocks, unsigned long *available_blocks,
                            unsigned long block_bytes)
{
    unsigned long less = (unsigned long)fault_free_bytes_less() / block_bytes;
    *free_blocks -= less < *free_blocks ? less : *free_blocks;
    *available_blocks -= less < *available_blocks ? less : *available_blocks;
}

int statvfs(const char *path, struct statvfs *status)
{
    int (*call)(const char *, struct statvfs *);
    beneath(&call, "statvfs", NULL);
    int result = call(path, status);
    if (result == 0 && fault_path_class(path) != FAULT_NO_CLASS)
        take_free_space(&status->f_bfree, &status->f_bavail, status->f_frsize);
    return result;
}

int statvfs64(const char *path, struct statvfs64 *status)
{
    int (*call)(const char *, struct statvfs64 *);
    beneath(&call, "statvfs64", NULL);
    int result = call(path, status);
    if (result == 0 && fault_path_class(path) != FAULT_NO_CLASS)
        take_free_space(&status->f_bfree, &status->f_bavail, status->f_frsize);
    return result;
}

/* Clocks ------------------------------------------------------------------------------------ */

static struct timespec shifted(struct timespec time, int64_t us)
{
    int64_t nsec = time.tv_nsec + us % 1000000 * 1000;
    int64_t carry = nsec >= NSEC ? 1 : nsec < 0 ? -1 : 0;
    return (struct timespec){time.tv_sec + us / 1000000 + carry, nsec - carry * NSEC};
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        *now = shifted(*now, fault_clock_us());
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now != NULL)
        *now = exact.tv_sec;
    return exact.tv_sec;
}

/* The kernel's clock is the true one, so deadlines by a shifted clock are shifted back. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline)
{
    enum { USES_MONOTONIC = 2 }; /* glibc's __COND_CLOCK_MONOTONIC_MASK */
    int (*call)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    beneath(&call, "pthread_cond_timedwait", "GLIBC_2.3.2");
    struct timespec exact = *deadline;
    if ((condition->__data.__wrefs & USES_MONOTONIC) == 0)
        exact = shifted(exact, -fault_clock_us());
    return call(condition, mutex, &exact);
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           clockid_t clock, const struct timespec *restrict deadline)
{
    int (*call)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    beneath(&call, "pthread_cond_clockwait", NULL);
    struct timespec exact = *deadline;
    if (clock == CLOCK_REALTIME)
        exact = shifted(exact, -fault_clock_us());
    return call(condition, mutex, clock, &exact);
}
