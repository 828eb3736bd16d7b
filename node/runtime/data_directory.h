/* data_directory: where a node keeps everything: made if missing, held by one process at a time. */
#pragma once

#include "ensure.h"

#include <stdbool.h>

enum { DATA_ERROR_SIZE = 512 };

struct data_directory {
    char *path; /* owned */
    int lock_fd;
    bool temporary; /* removed when it is closed */
};

/* False: `error` is for the operator. `temporary`: a fresh directory, and `path` is not read. */
bool must_check data_directory_open(struct data_directory *directory, const char *path,
                                    bool temporary, char error[DATA_ERROR_SIZE]);
/* Makes the directory's own name, and those in it, outlive a power cut. False: `error` says why. */
bool must_check data_directory_sync(const struct data_directory *directory,
                                    char error[DATA_ERROR_SIZE]);
void data_directory_close(struct data_directory *directory);
