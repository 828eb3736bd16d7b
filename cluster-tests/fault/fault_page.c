#include "fault_page.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_US = 1000, PATH_BYTES = 4096 };

/* Until a page is mapped, this one says that nothing is wrong. */
static _Atomic uint64_t nothing[FAULT_PAGE_BYTES / sizeof(uint64_t)];
static _Atomic uint64_t *page = nothing;
static char data_directory[PATH_BYTES];
static pthread_mutex_t deciding = PTHREAD_MUTEX_INITIALIZER;

static void stop(const char *why)
{
    static const char name[] = "libfault: ";
    (void)!syscall(SYS_write, STDERR_FILENO, name, sizeof(name) - 1);
    (void)!syscall(SYS_write, STDERR_FILENO, why, strlen(why));
    (void)!syscall(SYS_write, STDERR_FILENO, "\n", (size_t)1);
    _exit(127);
}

void fault_page_open(void)
{
    const char *path = getenv("CARTWHEEL_FAULT_PAGE");
    const char *data = getenv("CARTWHEEL_FAULT_DATA");
    if (path == NULL)
        return;
    if (data == NULL || data[0] != '/' || strlen(data) >= sizeof(data_directory))
        stop("CARTWHEEL_FAULT_DATA must be an absolute path");
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        stop("cannot open CARTWHEEL_FAULT_PAGE");
    void *mapped = mmap(NULL, FAULT_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (mapped == MAP_FAILED)
        stop("cannot map CARTWHEEL_FAULT_PAGE");
    page = mapped;
    if (page[FAULT_WORD_VERSION] != FAULT_VERSION)
        stop("the page has another version");
    strcpy(data_directory, data);
    page[FAULT_WORD_READY] = (uint64_t)getpid();
}

static bool ends_with(const char *name, const char *end)
{
    size_t name_size = strlen(name), end_size = strlen(end);
    return name_size >= end_size && strcmp(name + name_size - end_size, end) == 0;
}

int fault_path_class(const char *path)
{
    size_t size = strlen(data_directory);
    if (size == 0 || strncmp(path, data_directory, size) != 0)
        return FAULT_NO_CLASS;
    if (path[size] != '/' && path[size] != '\0')
        return FAULT_NO_CLASS;
    const char *slash = strrchr(path, '/');
    const char *name = slash + 1;
    if (strncmp(name, "LOG", 3) == 0)
        return FAULT_NO_CLASS;
    if (ends_with(name, ".log"))
        return FAULT_WAL;
    if (ends_with(name, ".sst"))
        return FAULT_SST;
    return strncmp(name, "MANIFEST-", 9) == 0 ? FAULT_MANIFEST : FAULT_OTHER;
}

static uint64_t monotonic_us(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void wait_for(uint64_t us)
{
    struct timespec slice = {0, (long)(us < SLICE_US ? us : SLICE_US) * 1000};
    nanosleep(&slice, NULL);
}

/* Looks at the page again and again, so that a delay can be ended from outside. */
static void delay(enum fault_kind kind)
{
    const _Atomic uint64_t *word = kind == FAULT_SYNC    ? &page[FAULT_WORD_SYNC_DELAY_US]
                                   : kind == FAULT_WRITE ? &page[FAULT_WORD_WRITE_DELAY_US]
                                   : kind == FAULT_READ  ? &page[FAULT_WORD_READ_DELAY_US]
                                                         : NULL;
    if (word == NULL || (*word == 0 && page[FAULT_WORD_HANG] == 0))
        return;
    uint64_t started_us = monotonic_us(), wanted_us, waited_us;
    while (wanted_us = *word, waited_us = monotonic_us() - started_us,
           waited_us < wanted_us || page[FAULT_WORD_HANG] != 0)
        wait_for(waited_us < wanted_us ? wanted_us - waited_us : SLICE_US);
}

/* Whether this call is one of those that fail. */
static bool count_down(_Atomic uint64_t *cell)
{
    if (cell[FAULT_CELL_COUNTDOWN] == 0)
        return false;
    bool fails = false;
    pthread_mutex_lock(&deciding);
    uint64_t countdown = cell[FAULT_CELL_COUNTDOWN], length = cell[FAULT_CELL_LENGTH];
    if (countdown == 1) {
        fails = true;
        cell[FAULT_CELL_FAILED]++;
        if (length <= 1)
            cell[FAULT_CELL_COUNTDOWN] = 0;
        else if (length != UINT64_MAX)
            cell[FAULT_CELL_LENGTH] = length - 1;
    } else if (countdown > 1) {
        cell[FAULT_CELL_COUNTDOWN] = countdown - 1;
    }
    pthread_mutex_unlock(&deciding);
    return fails;
}

struct fault fault_decide(enum fault_kind kind, int file_class, size_t bytes)
{
    struct fault fault = {false, 0, bytes};
    if (file_class == FAULT_NO_CLASS)
        return fault;
    _Atomic uint64_t *cell =
        &page[FAULT_CELLS + ((int)kind * FAULT_CLASSES + file_class) * FAULT_CELL_WORDS];
    cell[FAULT_CELL_CALLS]++;
    delay(kind);
    if (!count_down(cell))
        return fault;
    uint64_t action = cell[FAULT_CELL_ACTION], error = cell[FAULT_CELL_ERROR];
    fault.fails = action != FAULT_SHORT;
    fault.error = error == 0 ? EIO : (int)error;
    if (action == FAULT_FAILS)
        fault.bytes = 0;
    else if (bytes > 1)
        fault.bytes = bytes / 2;
    return fault;
}

int64_t fault_clock_us(void)
{
    return (int64_t)page[FAULT_WORD_CLOCK_US];
}

uint64_t fault_free_bytes_less(void)
{
    return page[FAULT_WORD_FREE_BYTES_LESS];
}
