#include "test_main.h"
#include <stdlib.h>
#include <string.h>

#include "grid.h"

static char *printed(const struct grid *grid)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    grid_print(grid, out);
    fclose(out);
    return text;
}

START_TEST(test_aligns)
{
    struct grid grid;
    grid_init(&grid, "lrl");
    static const char *const cells[] = {"NAME", "SIZE",      "ZONE",  "a", "1",
                                        "x",    "long-name", "12345", ""};
    for (size_t at = 0; at < array_size(cells); at++)
        grid_add(&grid, "%s", cells[at]);
    char *text = printed(&grid);
    ck_assert_str_eq(text, "NAME        SIZE  ZONE\n"
                           "a              1  x\n"
                           "long-name  12345  \n");
    free(text);
    grid_deinit(&grid);
}
END_TEST

START_TEST(test_control_characters)
{
    struct grid grid;
    grid_init(&grid, "l");
    grid_add(&grid, "a\x1b[31m\n\x7f");
    char *text = printed(&grid);
    ck_assert_str_eq(text, "a?[31m??\n");
    free(text);
    grid_deinit(&grid);
}
END_TEST

START_TEST(test_many_cells)
{
    struct grid grid;
    grid_init(&grid, "rr");
    for (int at = 0; at < 1000; at++)
        grid_add(&grid, "%d", at % 10);
    char *text = printed(&grid);
    ck_assert_uint_eq(strlen(text), 500 * strlen("0  1\n"));
    free(text);
    grid_deinit(&grid);
}
END_TEST

TEST_MAIN("grid", test_aligns, test_control_characters, test_many_cells)
