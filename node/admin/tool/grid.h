/* grid: aligned columns on standard output. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ensure.h"

enum { GRID_COLUMNS_MAX = 10 };

struct grid {
    size_t columns;
    const char *right; /* per column: 'r' aligns right, anything else left */
    char **cells;      /* row by row */
    size_t cells_count;
    size_t cells_max;
};

/* `alignment` has one character per column, as "lrr"; borrowed. */
void grid_init(struct grid *grid, const char *alignment);
void grid_deinit(struct grid *grid);
/* The next cell, row by row. Control characters become '?': names come from the network. */
void grid_add(struct grid *grid, const char *format, ...) printf_like(2, 3);
/* Every row is complete. */
void grid_print(const struct grid *grid, FILE *out);
