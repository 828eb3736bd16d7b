#include "append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append_text.h"
#include "test_main.h"

struct story {
    /* "[a1.5 r2(6,7)]@0-1": appends 5 to list 1 and reads 6, 7 from list 2; "![...]" was aborted. */
    const char *history;
    const char *reason;
    const char *anomalies; /* names of the expected ones, see `short_names` */
};

static const char *const short_names[APPEND_ANOMALIES] = {
    [APPEND_DUPLICATE] = "duplicate",
    [APPEND_UNEXPECTED] = "unexpected",
    [APPEND_INCOMPATIBLE] = "incompatible",
    [APPEND_INTERNAL] = "internal",
    [APPEND_G1A] = "G1a",
    [APPEND_G1B] = "G1b",
    [APPEND_LOST_UPDATE] = "lost-update",
    [APPEND_G0] = "G0",
    [APPEND_G1C] = "G1c",
    [APPEND_G_SINGLE] = "G-single",
    [APPEND_G2] = "G2",
    [APPEND_REALTIME] = "realtime",
};

static const struct story stories[] = {
    {"[r1()]@0-1", "lists start empty", ""},
    {"[a1.1]@0-1 [a1.2]@2-3 [r1(1,2)]@4-5", "appends in the order of time", ""},
    {"[a1.1]@0-9 [a1.2]@0-9 [r1(2,1)]@10-11", "concurrent ones in either order", ""},
    {"[a1.1]@0-? [r1()]@2-3 [r1(1)]@4-5", "an unknown one comes late", ""},
    {"[a1.1]@0-? [r1()]@2-3 [r1()]@4-5", "... or never", ""},
    {"[a1.1 a2.1]@0-9 [r1(1)]@1-8 [r2(1)]@2-7", "a transaction seen from two sides", ""},
    {"[r1() a1.1]@0-9 [r1(1) a1.2]@0-9 [r1(1,2)]@10-11", "reads and appends in turn", ""},
    {"[a1.1 r1(1) a1.2 r1(1,2)]@0-1", "a transaction sees its own appends", ""},
    {"[r1() r2()]@0-9 [a1.1 a2.1]@0-9 [r1(1) r2(1)]@0-9", "all of it or nothing", ""},
    {"![a1.1]@0-1 [r1()]@2-3", "an aborted one left nothing", ""},
    {"[a1.1]@0-1 [r1(1)]@2-3 [a1.2]@2-9 [r1(1)]@4-5 [r1(1,2)]@6-7", "a list grows", ""},
    {"[a1.1]@0-2 [r1()]@2-3", "what touches at one instant is concurrent", ""},
    {"[r1(9)]@0-? [a1.1]@0-1", "an unknown read says nothing", ""},
    {"[a1.1]@0-1 [r1(1,1)]@2-3", "an element twice", "duplicate"},
    {"[r1(7)]@0-1", "nobody appended it", "unexpected"},
    {"[a2.7]@0-1 [r1(7)]@2-3", "appended to another list", "unexpected"},
    {"[a1.1]@0-9 [a1.2]@0-9 [r1(1,2)]@0-9 [r1(2,1)]@0-9", "two orders of one list", "incompatible"},
    {"[a1.1]@0-9 [a1.2]@0-9 [r1(1)]@0-9 [r1(2)]@0-9", "none begins with the other", "incompatible"},
    {"[a1.1 r1()]@0-1", "a transaction misses its own append", "internal"},
    {"[r1() r1(1)]@0-9 [a1.1]@0-9", "a list changes within a transaction", "internal G-single"},
    {"[a1.1 r1(1) a1.2 r1(2,1)]@0-1", "its own appends in the wrong order",
     "incompatible internal"},
    {"[r1(1) a1.1]@0-1", "a read saw what was only to come", "internal"},
    {"![a1.1]@0-1 [r1(1)]@2-3", "an aborted append was read", "G1a"},
    {"![a1.1]@0-1 [a1.2]@2-3 [r1(1,2)]@4-5", "... with another one on top of it", "G1a"},
    {"[a1.1 a1.2]@0-9 [r1(1)]@0-9", "the middle of a transaction was read", "G1b G-single"},
    {"[r1() a1.1]@0-9 [r1() a1.2]@0-9 [r1(1,2)]@10-11", "the second did not see the first",
     "lost-update G-single"},
    {"[r1() a1.1]@0-9 [r1() a1.2]@0-9", "... and nobody looked", "lost-update G2"},
    {"[a1.1 a2.1]@0-9 [a1.2 a2.2]@0-9 [r1(1,2)]@10-11 [r2(2,1)]@10-11",
     "two lists, two orders of writing", "G0"},
    {"[a1.1 a2.1]@0-9 [a1.2 a2.2]@0-9 [r1(1)]@0-9 [r2(2,1)]@10-11",
     "an append that nobody saw came after those that were", "G0"},
    {"[a1.1 a1.3]@0-9 [a1.2]@0-9 [r1(1,2,3)]@10-11", "another append in the middle", "G0"},
    {"[a1.1 r2(1)]@0-9 [a2.1 r1(1)]@0-9", "each saw the other", "G1c"},
    {"[a1.1 a2.1]@0-9 [r1(1) r2()]@0-9", "half of a transaction", "G-single"},
    {"[r1() a2.1]@0-9 [r2() a1.1]@0-9 [r1(1) r2(1)]@10-11", "write skew", "G2"},
    {"[a1.1]@0-9 [a2.1]@0-9 [r1(1) r2()]@0-9 [r2(1) r1()]@0-9", "a long fork", "G2"},
    {"[a1.1]@0-1 [r1()]@2-3", "an acknowledged append is not there", "realtime"},
    {"[a1.1]@0-1 [a1.2]@2-3 [r1(2,1)]@4-5", "the order is not that of time", "realtime"},
    {"[r1(1)]@0-1 [a1.1]@2-3", "read before it was appended", "realtime"},
    {"[a1.1]@0-9 [r1(1)]@1-2 [r1()]@3-4", "a read went back", "realtime"},
    {"[a1.1 a2.1]@0-? [r1(1)]@2-3 [r2()]@4-5", "an unknown one half seen took place", "realtime"},
    {"[a1.1]@0-1 [a1.2]@2-3 [r1(1)]@4-5 [r1(1,2)]@6-7", "a stale read", "realtime"},
};

START_TEST(histories_get_their_verdicts)
{
    static struct append_text parsed;
    for (size_t i = 0; i < array_size(stories); i++) {
        append_text_parse(stories[i].history, &parsed);
        struct append_result result = append_check(parsed.transactions, parsed.count, true);
        char found[200] = "";
        for (size_t j = 0; j < APPEND_ANOMALIES; j++) {
            if (result.findings[j].count == 0)
                continue;
            strcat(found, found[0] == '\0' ? "" : " ");
            strcat(found, short_names[j]);
        }
        ck_assert_msg(strcmp(found, stories[i].anomalies) == 0, "found \"%s\" in %s (%s)", found,
                      stories[i].history, stories[i].reason);
        ck_assert(result.good == (found[0] == '\0'));
    }
}
END_TEST

START_TEST(time_counts_only_if_asked_for)
{
    static struct append_text parsed;
    append_text_parse("[a1.1]@0-1 [r1()]@2-3", &parsed);
    ck_assert(append_check(parsed.transactions, parsed.count, false).good);
    ck_assert(!append_check(parsed.transactions, parsed.count, true).good);
}
END_TEST

START_TEST(explanations_show_the_circle)
{
    static struct append_text parsed;
    append_text_parse("[a3.1]@0-1 [a1.1 a2.1]@0-9 [r1(1) r2()]@0-8", &parsed);
    struct append_result result = append_check(parsed.transactions, parsed.count, true);
    struct writer text;
    writer_init(&text, 100);
    append_explain(parsed.transactions, &result, &text);
    writer_put_u8(&text, 0);
    ck_assert_str_eq((const char *)writer_slice(&text).data,
                     "single anti-dependency cycle (G-single): 1, first\n"
                     "  process 2 [0, 8]: read 1 (1) read 2 ()\n"
                     "  process 1 [0, 9]: append 1.1 append 2.1\n");
    writer_deinit(&text);
}
END_TEST

TEST_MAIN("append", histories_get_their_verdicts, time_counts_only_if_asked_for,
          explanations_show_the_circle)
