/* fault_journal: what a power cut would leave of the data directory (records: libfault.h). Does
 * nothing unless CARTWHEEL_FAULT_JOURNAL is set. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void fault_journal_open(void);
bool fault_journal_on(void);
/* Names: all of these before the call itself. */
void fault_journal_create(const char *path);
void fault_journal_rename(const char *from, const char *to);
void fault_journal_link(const char *from, const char *to);
void fault_journal_unlink(const char *path);
/* Before a file is synced: what the sync will have made durable. */
struct fault_sync {
    bool directory;
    uint64_t inode;
    uint64_t bytes;    /* of a file */
    uint64_t sequence; /* of a directory: the newest record of a name */
};
struct fault_sync fault_journal_sync_begin(int fd);
/* After it succeeded. */
void fault_journal_sync_end(int fd, const struct fault_sync *sync);
/* A sync failed: what the file holds beyond what is durable may never be. */
void fault_journal_sync_failed(int fd);
/* A file was created, or truncated as it was opened. */
void fault_journal_born(int fd);
void fault_journal_cut(int fd, uint64_t bytes);
