#include "test_main.h"

#include "bench_options.h"

#include <stdio.h>
#include <string.h>

/* What is wrong with the words, which blanks part; NULL if nothing is. */
static const char *parse(struct bench_options *options, const char *line)
{
    static char problem[128];
    static char words[256];
    char *arguments[32];
    size_t count = 0;
    snprintf(words, sizeof(words), "%s", line);
    char *rest = words;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (*word != '\0')
            arguments[count++] = word;
    }
    return bench_options_parse(options, count, arguments, problem, sizeof(problem));
}

START_TEST(test_wrong)
{
    static const char *const lines[] = {
        "",
        "nonsense",
        "get --nonsense",
        "get --rate",
        "get --rate x",
        "get --rate -1",
        "get --rate 0",
        "get --rate 1x",
        "get --connections 0",
        "get --connections 99999999999999999999",
        "get --connections 2 --threads 3",
        "get --distribution normal",
        "get --tag x",
        "query --collection 1",
        "batch-write --batch 26",
        "batch-get --batch 101",
        "batch-get --batch 10 --keys 9",
        "http --path x",
    };
    for (size_t i = 0; i < array_size(lines); i++) {
        struct bench_options options;
        ck_assert_msg(parse(&options, lines[i]) != NULL, "%s", lines[i]);
    }
}
END_TEST

START_TEST(test_right)
{
    struct bench_options options;
    ck_assert_ptr_null(parse(&options, "d --rate 500 --keys 7 --load --tag a=b --tag c=d"));
    ck_assert_uint_eq(options.rate, 500);
    ck_assert_uint_eq(options.keys, 7);
    ck_assert(options.load);
    ck_assert(!options.keep);
    ck_assert_uint_eq(options.tags_count, 2);
    ck_assert_str_eq(options.tags[1], "c=d");
    ck_assert_int_eq(options.distribution, BENCH_LATEST);
    ck_assert_uint_eq(options.collection, 1);
    ck_assert_ptr_null(parse(&options, "e --distribution uniform"));
    ck_assert_int_eq(options.distribution, BENCH_UNIFORM);
    ck_assert_uint_gt(options.collection, 1);
}
END_TEST

/* What is drawn comes in the workload's proportions. */
START_TEST(test_mixes)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "get", "scan"};
    enum { DRAWS = 20000 };
    struct prng prng;
    prng_init(&prng, 3);
    for (size_t i = 0; i < array_size(names); i++) {
        const struct bench_workload *workload = bench_workload_find(names[i]);
        int drawn[BENCH_OPERATIONS] = {0};
        for (int j = 0; j < DRAWS; j++)
            drawn[bench_workload_draw(workload, &prng)]++;
        for (size_t j = 0; j < BENCH_OPERATIONS; j++)
            ck_assert_int_le(abs(drawn[j] - workload->percent[j] * DRAWS / 100), DRAWS / 50);
    }
}
END_TEST

TEST_MAIN("bench-options", test_wrong, test_right, test_mixes)
