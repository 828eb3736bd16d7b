/* fault_page: the page, and what it says about a call. */
#pragma once

#include "libfault.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a hook is to do with a call. */
struct fault {
    bool fails; /* with `error` */
    int error;
    size_t bytes; /* of a read or write: how much to do before that */
};

enum { FAULT_NO_CLASS = -1 };

/* Maps the page and reads the environment. Called before any hook that may find a file. */
void fault_page_open(void);
/* The class of a path if it is below the data directory, else FAULT_NO_CLASS. */
int fault_path_class(const char *path);
/* Counts a call, delays it, decides. `bytes`: what a read or write asks for, else 0. */
struct fault fault_decide(enum fault_kind kind, int file_class, size_t bytes);
int64_t fault_clock_us(void);
uint64_t fault_free_bytes_less(void);
