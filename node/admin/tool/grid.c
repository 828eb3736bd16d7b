#include "grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void grid_init(struct grid *grid, const char *alignment)
{
    *grid = (struct grid){.columns = strlen(alignment), .right = alignment};
    ensure(grid->columns >= 1);
    ensure(grid->columns <= GRID_COLUMNS_MAX);
}

void grid_deinit(struct grid *grid)
{
    for (size_t at = 0; at < grid->cells_count; at++)
        free(grid->cells[at]);
    free(grid->cells);
}

void grid_add(struct grid *grid, const char *format, ...)
{
    if (grid->cells_count == grid->cells_max) {
        grid->cells_max = grid->cells_max == 0 ? 64 : grid->cells_max * 2;
        grid->cells = reallocarray(grid->cells, grid->cells_max, sizeof(*grid->cells));
        ensure(grid->cells != NULL);
    }
    char *text;
    va_list args;
    va_start(args, format);
    ensure(vasprintf(&text, format, args) >= 0);
    va_end(args);
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    grid->cells[grid->cells_count++] = text;
}

static void measure(const struct grid *grid, int *widths)
{
    for (size_t at = 0; at < grid->cells_count; at++) {
        int width = (int)strlen(grid->cells[at]);
        if (width > widths[at % grid->columns])
            widths[at % grid->columns] = width;
    }
}

void grid_print(const struct grid *grid, FILE *out)
{
    ensure(grid->cells_count % grid->columns == 0);
    int widths[GRID_COLUMNS_MAX] = {0};
    measure(grid, widths);
    for (size_t at = 0; at < grid->cells_count; at++) {
        size_t column = at % grid->columns;
        bool last = column + 1 == grid->columns;
        if (grid->right[column] == 'r')
            fprintf(out, "%*s", widths[column], grid->cells[at]);
        else if (last)
            fputs(grid->cells[at], out);
        else
            fprintf(out, "%-*s", widths[column], grid->cells[at]);
        fputs(last ? "\n" : "  ", out);
    }
}
