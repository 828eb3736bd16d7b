/* open_check: looks through a database's MANIFEST and WALs before RocksDB opens it. RocksDB 7.8
 * refuses both if their last record has its full length but wrong bytes, as a power cut may leave
 * it (record_file.h); it takes a WAL that was cut short for whole even if others follow it; and it
 * does not always say which file it means. */
#pragma once

#include "log.h"

#include <stdbool.h>

/* A torn record at the end of the MANIFEST, or of the newest WAL that has any, was never reported:
 * it is cut off, which is logged. (If it was, and has decayed since: what a MANIFEST forgets shows
 * in files that are missing, and what a WAL does in votes that peers remember.) Any other damage is
 * an error. False: *error is a message that names the file; the caller frees it by free(). A
 * database that is not there yet is fine. */
bool must_check open_check(const char *path, struct log_sink *log, char **error);
