#include "transcript.h"

#include "test_main.h"

static const char *parse(struct transcript *transcript, enum transcript_model model,
                         const char *text)
{
    return transcript_parse(transcript, model, slice_of_string(text));
}

START_TEST(a_line_is_read)
{
    struct transcript transcript;
    ck_assert_ptr_null(parse(&transcript, TRANSCRIPT_LINEAR,
                             "# a comment\n\n7 4294967295 10 12  cas 3 18446744073709551615\n"
                             " 7 2 11 - add -5\n7 3 13 13 read = 4"));
    ck_assert_uint_eq(transcript.count, 3);
    const struct transcript_line *line = transcript.lines;
    ck_assert_uint_eq(line->item, 7);
    ck_assert_uint_eq(line->process, UINT32_MAX);
    ck_assert_uint_eq(line->invoked, 10);
    ck_assert_uint_eq(line->completed, 12);
    ck_assert_uint_eq(line->kind, TRANSCRIPT_CAS);
    ck_assert_uint_eq(line->arguments[0], 3);
    ck_assert_uint_eq(line->arguments[1], UINT64_MAX);
    ck_assert(!line->told);
    ck_assert_uint_eq(line[1].completed, UINT64_MAX);
    ck_assert_uint_eq(line[1].arguments[0], (uint64_t)-5);
    ck_assert(line[2].told);
    ck_assert_uint_eq(transcript.results[line[2].results_first], 4);
    transcript_deinit(&transcript);
}
END_TEST

START_TEST(lists_of_results_are_read)
{
    struct transcript transcript;
    ck_assert_ptr_null(parse(&transcript, TRANSCRIPT_APPEND,
                             "1 1 0 1 append 5 = 4 5\n1 1 2 3 append 6\n1 2 4 5 read =\n"
                             "1 2 6 7 read = 4 5 6\n1 2 8 9 refused 7\n"));
    static const size_t counts[] = {2, 0, 0, 3, 0};
    static const bool told[] = {true, false, true, true, false};
    ck_assert_uint_eq(transcript.count, array_size(counts));
    for (size_t i = 0; i < transcript.count; i++) {
        ck_assert_uint_eq(transcript.lines[i].results_count, counts[i]);
        ck_assert_int_eq(transcript.lines[i].told, told[i]);
    }
    ck_assert_uint_eq(transcript.results[transcript.lines[3].results_first + 2], 6);
    transcript_deinit(&transcript);
}
END_TEST

struct mistake {
    enum transcript_model model;
    const char *text;
    const char *problem;
    size_t line;
};

static const struct mistake mistakes[] = {
    {TRANSCRIPT_LINEAR, "x 1 0 1 write 1", "bad item or process", 1},
    {TRANSCRIPT_LINEAR, "4294967296 1 0 1 write 1", "bad item or process", 1},
    {TRANSCRIPT_LINEAR, "1", "bad item or process", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 write 1\n\n1 -1 0 1 write 1", "bad item or process", 3},
    {TRANSCRIPT_LINEAR, "1 1 0", "bad times", 1},
    {TRANSCRIPT_LINEAR, "1 1 - 1 write 1", "bad times", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 18446744073709551615 write 1", "bad times", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 18446744073709551616 write 1", "bad times", 1},
    {TRANSCRIPT_LINEAR, "1 1 2 1 write 1", "it ends before it begins", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1", "unknown kind", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 append 1", "unknown kind", 1},
    {TRANSCRIPT_COUNTER, "1 1 0 1 write 1", "unknown kind", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 cas 1", "an argument is missing or no number", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 write 1x", "an argument is missing or no number", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 write 1\r\n", "an argument is missing or no number", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 write -9223372036854775808", "an argument is missing or no number",
     1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 write 1 2", "too many arguments", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 read = x", "a result is no number", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 read", "a result is missing or one too many", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 read =", "a result is missing or one too many", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 read = 1 2", "a result is missing or one too many", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 - read = 1", "a result is missing or one too many", 1},
    {TRANSCRIPT_LINEAR, "1 1 0 1 write 1 = 1", "a result is missing or one too many", 1},
    {TRANSCRIPT_APPEND, "1 1 0 1 append 3\n1 1 2 3 refused 3", "somewhere an element comes twice",
     2},
    {TRANSCRIPT_SETS, "1 1 0 1 add 3\n2 1 0 1 add 3\n1 1 2 3 add 3",
     "somewhere an element comes twice", 3},
};

START_TEST(mistakes_are_told)
{
    struct transcript transcript;
    for (size_t i = 0; i < array_size(mistakes); i++) {
        const char *problem = parse(&transcript, mistakes[i].model, mistakes[i].text);
        ck_assert_msg(problem != NULL, "%s", mistakes[i].text);
        ck_assert_str_eq(problem, mistakes[i].problem);
        ck_assert_uint_eq(transcript.bad_line, mistakes[i].line);
        transcript_deinit(&transcript);
    }
}
END_TEST

START_TEST(an_element_may_come_to_two_sets)
{
    struct transcript transcript;
    ck_assert_ptr_null(
        parse(&transcript, TRANSCRIPT_SETS, "1 1 0 1 refused 3\n1 1 2 3 add 3\n2 1 0 1 add 3\n"));
    ck_assert_uint_eq(transcript.count, 3);
    transcript_deinit(&transcript);
}
END_TEST

TEST_MAIN("transcript", a_line_is_read, lists_of_results_are_read, mistakes_are_told,
          an_element_may_come_to_two_sets)
