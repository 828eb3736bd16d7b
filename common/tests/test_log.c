#include "log.h"

#include <stdio.h>
#include <string.h>

#include "test_main.h"

struct memory_sink {
    struct log_sink sink;
    int lines;
    enum log_level level;
    char line[4096];
};

static void remember(struct log_sink *self, enum log_level level, const char *line)
{
    struct memory_sink *memory = container_of(self, struct memory_sink, sink);
    memory->lines++;
    memory->level = level;
    snprintf(memory->line, sizeof(memory->line), "%s", line);
}

START_TEST(lines_have_level_event_and_fields)
{
    struct memory_sink memory = {{remember, LOG_INFO}, 0, LOG_DEBUG, ""};
    log_event(&memory.sink, LOG_WARN, "peer_lost", "peer=%s wait_us=%u", "a", 5u);
    ck_assert_int_eq(memory.lines, 1);
    ck_assert_int_eq(memory.level, LOG_WARN);
    ck_assert_str_eq(memory.line, "level=warn event=peer_lost peer=a wait_us=5");
    log_event(&memory.sink, LOG_DEBUG, "noise", "n=%d", 1);
    ck_assert_int_eq(memory.lines, 1);
    log_event(NULL, LOG_ERROR, "nowhere", "n=%d", 1);
}
END_TEST

START_TEST(no_client_can_forge_a_line)
{
    struct memory_sink memory = {{remember, LOG_DEBUG}, 0, LOG_DEBUG, ""};
    log_event(&memory.sink, LOG_INFO, "named", "name=%s", "a\nlevel=error\x1b\x7f\tb");
    ck_assert_str_eq(memory.line, "level=info event=named name=a?level=error???b");
}
END_TEST

START_TEST(long_lines_are_cut)
{
    struct memory_sink memory = {{remember, LOG_DEBUG}, 0, LOG_DEBUG, ""};
    log_event(&memory.sink, LOG_INFO, "wide", "number=%5000d", 1);
    ck_assert_int_eq(memory.lines, 1);
    ck_assert_uint_lt(strlen(memory.line), 1024);
}
END_TEST

START_TEST(levels_have_names)
{
    ck_assert_str_eq(log_level_name(LOG_DEBUG), "debug");
    ck_assert_str_eq(log_level_name(LOG_INFO), "info");
    ck_assert_str_eq(log_level_name(LOG_WARN), "warn");
    ck_assert_str_eq(log_level_name(LOG_ERROR), "error");
}
END_TEST

TEST_MAIN("log", lines_have_level_event_and_fields, no_client_can_forge_a_line, long_lines_are_cut,
          levels_have_names)
