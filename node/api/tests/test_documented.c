/* docs/api.md lists every operation and parameter: held against what the code takes and refuses. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_state.h"

enum { OPERATIONS = 66, LINES_MAX = 2000 };

static char *text;
static char *lines[LINES_MAX];
static size_t lines_count;

static void setup(void)
{
    FILE *file = fopen(API_PAGE, "rb");
    ck_assert_ptr_nonnull(file);
    text = calloc(1, 1 << 20);
    ck_assert_uint_gt(fread(text, 1, (1 << 20) - 1, file), 0);
    fclose(file);
    lines_count = 0;
    char *rest = text;
    while (rest != NULL && lines_count < LINES_MAX)
        lines[lines_count++] = strsep(&rest, "\n");
    ck_assert_ptr_null(rest);
}

static void teardown(void)
{
    free(text);
}

/* The first line after `heading`, up to which the next heading comes: [*from, *to). */
static void find_section(const char *heading, size_t *from, size_t *to)
{
    *from = 0;
    while (*from < lines_count && strcmp(lines[*from], heading) != 0)
        ++*from;
    ck_assert_msg(*from < lines_count, "the page has no \"%s\"", heading);
    *to = ++*from;
    while (*to < lines_count && strncmp(lines[*to], "##", 2) != 0)
        ++*to;
}

/* A row "| [name](#anchor) | here | remark |", or with `name` or name alone, as its first two
 * cells. False if the line is none. */
static bool read_row(const char *line, char name[64], char here[64])
{
    if (sscanf(line, "| %63[^|]| %63[^ |]", name, here) != 2 || name[0] == '-')
        return false;
    size_t start = strspn(name, "[`");
    memmove(name, name + start, strlen(name) - start + 1);
    name[strcspn(name, "]` ")] = '\0';
    return strcmp(here, "here") != 0 && strcmp(here, "parameters") != 0;
}

static const struct operation *find(const char *name)
{
    return operation_find(slice_of_string(name));
}

static bool is_missing(const char *name)
{
    char tables[128], streams[128];
    snprintf(tables, sizeof(tables), "DynamoDB_20120810.%s", name);
    snprintf(streams, sizeof(streams), "DynamoDBStreams_20120810.%s", name);
    return operation_find_missing(slice_of_string(tables)) != NULL ||
           operation_find_missing(slice_of_string(streams)) != NULL;
}

START_TEST(operations_are_there_or_not_as_the_page_says)
{
    size_t from, to, count = 0;
    char name[64], here[64];
    find_section("## Operations", &from, &to);
    for (size_t i = from; i < to; i++) {
        if (!read_row(lines[i], name, here))
            continue;
        count++;
        bool listed = strcmp(here, "no") != 0;
        ck_assert_msg((find(name) != NULL) == listed, "the page says of %s: %s", name, here);
        ck_assert_msg(is_missing(name) == !listed, "%s is unknown", name);
    }
    ck_assert_uint_eq(count, OPERATIONS);
}
END_TEST

/* The row of the parameter in [from, to), or NULL. */
static const char *find_here(size_t from, size_t to, const char *parameter, char here[64])
{
    char name[64];
    for (size_t i = from; i < to; i++)
        if (read_row(lines[i], name, here) && strcmp(name, parameter) == 0)
            return here;
    return NULL;
}

static void check_members(const struct operation *operation, size_t from, size_t to)
{
    for (size_t i = 0; i < operation->input->members_count; i++) {
        const struct shape_member *member = &operation->input->members[i];
        char buffer[64];
        const char *here = find_here(from, to, member->name, buffer);
        ck_assert_msg(here != NULL, "%s: the page lacks %s", operation->name, member->name);
        ck_assert_msg((strcmp(here, "no") == 0) == member->refused,
                      "%s: the page says of %s: %s; the code %s it", operation->name, member->name,
                      here, member->refused ? "refuses" : "takes");
    }
}

/* What the code does not know it would ignore. */
static void check_rows(const struct operation *operation, size_t from, size_t to)
{
    char name[64], here[64];
    for (size_t row = from; row < to; row++) {
        if (!read_row(lines[row], name, here))
            continue;
        bool found = false;
        for (size_t i = 0; i < operation->input->members_count; i++)
            found = found || strcmp(operation->input->members[i].name, name) == 0;
        ck_assert_msg(found, "%s: the code ignores %s", operation->name, name);
    }
}

START_TEST(parameters_are_taken_or_refused_as_the_page_says)
{
    size_t from, to, section_from, section_to;
    char name[64], here[64], heading[80];
    find_section("## Operations", &from, &to);
    for (size_t i = from; i < to; i++) {
        if (!read_row(lines[i], name, here) || strcmp(here, "no") == 0)
            continue;
        snprintf(heading, sizeof(heading), "### %s", name);
        find_section(heading, &section_from, &section_to);
        ck_assert_ptr_nonnull(find(name));
        check_members(find(name), section_from, section_to);
        check_rows(find(name), section_from, section_to);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("documented");
    TCase *cases = tcase_create("documented");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, operations_are_there_or_not_as_the_page_says);
    tcase_add_test(cases, parameters_are_taken_or_refused_as_the_page_says);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
