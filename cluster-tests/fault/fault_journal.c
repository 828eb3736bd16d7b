#include "fault_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    RECORD_BYTES = 2 * PATH_MAX + 64,
    KEPT_PATH_BYTES = PATH_MAX + 32,
    KEPT_MAX = 1024 /* files kept at once that are dropped again when their names are durable */
};

/* A removed file that is kept until the directory it was in is synced. */
struct kept {
    _Atomic uint64_t sequence;  /* 0: not set yet */
    _Atomic uint64_t directory; /* hash of its path; 0: free */
};

static int journal = -1;
static char kept_directory[PATH_MAX];
static _Atomic uint64_t sequence_last;
static struct kept kept[KEPT_MAX];

static void append(const char *record, int size)
{
    if (size <= 0 || size >= RECORD_BYTES || syscall(SYS_write, journal, record, size) != size)
        abort();
}

/* Sequence numbers go on where the journal ends. */
static uint64_t count_lines(void)
{
    char bytes[4096];
    uint64_t lines = 0;
    ssize_t size;
    while ((size = syscall(SYS_read, journal, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < size; i++)
            lines += bytes[i] == '\n';
    return lines;
}

void fault_journal_open(void)
{
    const char *path = getenv("CARTWHEEL_FAULT_JOURNAL");
    if (path == NULL)
        return;
    journal =
        (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int size = snprintf(kept_directory, sizeof(kept_directory), "%s.kept", path);
    if (journal < 0 || size >= (int)sizeof(kept_directory))
        abort();
    if (syscall(SYS_mkdir, kept_directory, 0700) != 0 && errno != EEXIST)
        abort();
    sequence_last = count_lines();
}

bool fault_journal_on(void)
{
    return journal >= 0;
}

static uint64_t hash_of_directory(const char *path, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)path[i]) * 0x100000001b3;
    return hash;
}

static void kept_path(char path[KEPT_PATH_BYTES], uint64_t sequence)
{
    snprintf(path, KEPT_PATH_BYTES, "%s/%llu", kept_directory, (unsigned long long)sequence);
}

/* Gives a file that is about to lose its name another one. */
static void keep(const char *path, uint64_t sequence)
{
    char copy[KEPT_PATH_BYTES];
    kept_path(copy, sequence);
    if (syscall(SYS_link, path, copy) != 0)
        return; /* there is no such file, and nothing to keep */
    uint64_t directory = hash_of_directory(path, (size_t)(strrchr(path, '/') - path));
    for (size_t i = 0; i < KEPT_MAX; i++) {
        uint64_t unused = 0;
        if (atomic_compare_exchange_strong(&kept[i].directory, &unused, directory)) {
            kept[i].sequence = sequence;
            return;
        }
    }
}

static void drop_kept(const char *directory, uint64_t sequence)
{
    uint64_t hash = hash_of_directory(directory, strlen(directory));
    char path[KEPT_PATH_BYTES];
    for (size_t i = 0; i < KEPT_MAX; i++) {
        uint64_t found = kept[i].sequence;
        if (found == 0 || found > sequence || kept[i].directory != hash)
            continue;
        kept_path(path, found);
        syscall(SYS_unlink, path);
        kept[i].sequence = 0;
        kept[i].directory = 0;
    }
}

static uint64_t note_name(const char *what, const char *from, const char *to)
{
    char record[RECORD_BYTES];
    uint64_t sequence = ++sequence_last;
    append(record, snprintf(record, sizeof(record), "%s %llu %s%s%s\n", what,
                            (unsigned long long)sequence, from, to[0] == '\0' ? "" : "\t", to));
    return sequence;
}

void fault_journal_create(const char *path)
{
    if (fault_journal_on() && syscall(SYS_access, path, F_OK) != 0)
        note_name("create", path, "");
}

void fault_journal_rename(const char *from, const char *to)
{
    if (fault_journal_on())
        keep(to, note_name("rename", from, to));
}

void fault_journal_link(const char *from, const char *to)
{
    if (fault_journal_on())
        note_name("link", from, to);
}

void fault_journal_unlink(const char *path)
{
    if (fault_journal_on())
        keep(path, note_name("unlink", path, ""));
}

static void note_file(const char *what, uint64_t inode, uint64_t bytes)
{
    char record[64];
    append(record, snprintf(record, sizeof(record), "%s %llu %llu\n", what,
                            (unsigned long long)inode, (unsigned long long)bytes));
}

struct fault_sync fault_journal_sync_begin(int fd)
{
    struct fault_sync sync = {false, 0, 0, sequence_last};
    struct stat status;
    if (fault_journal_on() && fstat(fd, &status) == 0) {
        sync.directory = S_ISDIR(status.st_mode);
        sync.inode = (uint64_t)status.st_ino;
        sync.bytes = (uint64_t)status.st_size;
    }
    return sync;
}

void fault_journal_sync_end(int fd, const struct fault_sync *sync)
{
    if (!fault_journal_on() || sync->inode == 0)
        return;
    if (!sync->directory) {
        note_file("synced", sync->inode, sync->bytes);
        return;
    }
    char link[64], directory[PATH_MAX], record[RECORD_BYTES];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    long size = syscall(SYS_readlink, link, directory, sizeof(directory) - 1);
    if (size <= 0)
        abort();
    directory[size] = '\0';
    append(record, snprintf(record, sizeof(record), "names %llu %s\n",
                            (unsigned long long)sync->sequence, directory));
    drop_kept(directory, sync->sequence);
}

static void note_descriptor(const char *what, int fd, uint64_t bytes)
{
    struct stat status;
    if (fault_journal_on() && fstat(fd, &status) == 0)
        note_file(what, (uint64_t)status.st_ino, bytes);
}

void fault_journal_sync_failed(int fd)
{
    note_descriptor("failed", fd, 0);
}

void fault_journal_born(int fd)
{
    note_descriptor("born", fd, 0);
}

void fault_journal_cut(int fd, uint64_t bytes)
{
    note_descriptor("cut", fd, bytes);
}
