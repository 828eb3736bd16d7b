#include "linear.h"

#include <stdio.h>
#include <string.h>

#include "linear_text.h"
#include "test_main.h"

enum { OPERATIONS_MAX = 16 };

struct story {
    const char *history;
    const char *reason;
};

static const struct story good[] = {
    {"", "nothing happened"},
    {"r0@0-1", "a register starts empty"},
    {"w1@0-1 r1@2-3", "a read sees the write before it"},
    {"w1@0-9 r0@1-2 r1@3-4", "a write may take effect between two reads during it"},
    {"w1@0-9 r1@1-2", "a write may take effect before it is answered"},
    {"w1@0-9 w2@0-9 r2@10-11 r2@12-13", "concurrent writes come in either order"},
    {"w1@0-9 w2@0-9 r1@10-11", "... and in the other one"},
    {"w1@0-2 r0@2-3", "what touches at one instant is concurrent"},
    {"w1@0-1 w2@2-9 r1@3-8 r2@4-7", "two reads during a write may differ, in either order"},
    {"w1@0-? r0@1-2", "a write of unknown outcome may never happen"},
    {"w1@0-? r1@1-2", "... or happen at once"},
    {"w1@0-? r0@1-2 r1@50-51", "... or much later"},
    {"w1@0-? w2@3-4 r2@5-6 r1@7-8", "... even after a newer write"},
    {"w1@0-1 w0@2-3 r0@4-5", "a delete leaves nothing"},
    {"w1@0-1 w0@2-? r1@4-5 r0@6-7 r0@8-9", "an unknown delete takes effect late"},
    {"w1@0-1 c1>2@2-3 r2@4-5", "a compare and set that succeeds writes"},
    {"w1@0-1 c2!@2-3 r1@4-5", "one that fails does not"},
    {"w1@0-1 c2!1@2-3", "... and tells what is there"},
    {"w1@0-9 c1>2@0-9 r2@10-11", "it may come after the concurrent write it expects"},
    {"c0>1@0-9 c0!@0-9 r1@10-11", "of two that create, one fails"},
    {"c0>1@0-? c0>2@2-3 r2@4-5", "an unknown one loses and never happens"},
    {"c0>1@0-? c1>2@2-3 r2@4-5", "an unknown one must have happened, or the next had failed"},
    {"w5@0-1 w7@2-? c5!@3-4 r5@6-7 w5@5-8", "an unknown write nobody read made a condition fail"},
    {"w1@0-1 s2=1@2-3 r2@4-5", "a swap tells what was there"},
    {"s1=0@0-9 s2=1@0-9 s3=2@0-9", "three swaps have one order"},
    {"s1=2@0-9 s2=0@0-9 r1@10-11", "swaps in the other order"},
    {"s1=0@0-? s2=1@2-3", "an unknown swap was seen by the next"},
    {"a1=1@0-9 a1=2@0-9 a1=3@0-9", "additions have one order"},
    {"a1=1@0-1 a5=6@2-3 r6@4-5", "sums grow"},
    {"a1@0-? a1@0-? a1=2@2-3 r3@4-5", "of two unknown additions one came before and one after"},
    {"a1@0-1 a2@2-3 r3@4-5", "additions whose sums nobody told"},
    {"w3@0-1 w3@0-? r3@2-3 w4@4-5 r3@6-7", "a value may return by an unknown write of it"},
    {"w1@0-1 w2@2-3 w1@4-5 r1@6-7", "a value may be written twice"},
    {"1:w1@0-1 2:r0@2-3 1:r1@2-3", "items know nothing of each other"},
    {"w1@0-20 w2@0-20 r1@1-2 r2@3-4 r2@5-6", "reads order the writes"},
    {"w1@0-9 w2@5-15 r2@6-7 r1@8-9", "the older write may take effect last while it runs"},
    {"r7@0-? w1@0-1 r1@2-3", "an unknown read says nothing"},
};

static const struct story bad[] = {
    {"r1@0-1", "a value from nowhere"},
    {"w1@0-1 r0@2-3", "a stale read after an acknowledged write"},
    {"w1@0-1 r2@2-3", "another value than was written"},
    {"r1@0-1 w1@2-3", "a value read before it was written"},
    {"w1@0-9 r1@1-2 r0@3-4", "a read went back in time"},
    {"w1@0-1 w2@2-3 r1@4-5", "an older value read after a newer write"},
    {"w1@0-9 w2@0-9 r1@10-11 r2@12-13 r1@14-15", "two writes cannot alternate three times"},
    {"w1@0-9 w2@0-9 r1@10-11 r2@12-13", "nobody is left to change it between the reads"},
    {"w1@0-20 w2@0-20 r1@1-2 r2@3-4 r1@5-6", "the value came back without a write"},
    {"w1@0-? r1@1-2 r0@3-4", "an unknown write that was seen did happen"},
    {"w1@5-? r1@1-2", "an unknown write takes no effect before it is asked for"},
    {"w1@0-1 w0@2-3 r1@4-5", "a deleted value is back"},
    {"w1@0-1 w0@2-? r0@4-5 r1@6-7", "a delete of unknown outcome was seen, and undone"},
    {"w1@0-? w2@3-4 r1@5-6 r2@7-8 r1@9-10", "an unknown write happens only once"},
    {"w1@0-1 c1>2@2-3 r1@4-5", "a compare and set that succeeded left no trace"},
    {"w1@0-1 c2>3@2-3", "one succeeded on what was not there"},
    {"w1@0-1 c1!@2-3", "one failed although the register held what it expected"},
    {"w1@0-1 c2!3@2-3", "a failure told what was not there"},
    {"w1@0-1 c1!1@2-3", "a failure told just what was expected"},
    {"w1@0-1 c2!1@2-3 r2@4-5", "one that failed wrote all the same"},
    {"c0>1@0-9 c0>2@0-9", "two created the same item"},
    {"c0>1@0-1 c0!@2-3 r0@4-5", "nobody deleted it after the condition failed"},
    {"w5@0-1 w7@6-? c5!@3-4 r5@6-7", "the unknown write began after the condition failed"},
    {"w1@0-1 c1>2@2-? c1>3@4-5 r2@6-7", "the unknown one succeeds before or after, never both"},
    {"s1=0@0-1 s2=0@2-3", "a swap missed the one before"},
    {"s1=2@0-9 s2=1@0-9", "two swaps each saw the other"},
    {"s1=0@0-9 s2=0@0-9", "two swaps replaced the same value"},
    {"a1=1@0-9 a1=1@0-9", "one of two additions is lost"},
    {"a1=1@0-1 a1=3@2-3", "an addition happened twice"},
    {"a1@0-1 a2@2-3 r2@4-5", "an acknowledged addition is lost"},
    {"a1@0-? a1=3@2-3", "an unknown addition happened twice"},
    {"w3@0-1 w3@0-? w4@4-5 r3@6-7 w4@8-9 r3@10-11", "one unknown write gave two returns"},
    {"1:w1@0-1 2:r1@2-3", "a value of another item"},
    {"1:w1@0-1 2:w2@0-1 1:r1@2-3 2:r0@4-5", "one item of two is wrong"},
    {"w1@0-9 w2@0-1 r2@2-3 r1@4-5 r2@6-7", "a late write cannot be taken back"},
    {"w1@0-1 w2@2-? w3@4-? r3@5-6 r1@7-8", "unknown writes explain no return to an old value"},
    {"w1@0-3 w2@1-4 r2@5-6 r1@5-6 r2@7-8", "reads after both writes must agree"},
};

static struct linear_result run(const char *history)
{
    struct linear_operation operations[OPERATIONS_MAX];
    size_t count = linear_text_parse(history, operations, OPERATIONS_MAX);
    return linear_check_items(&linear_register, operations, count, 0);
}

static void expect(const struct story *story, enum linear_verdict verdict)
{
    enum linear_verdict found = run(story->history).verdict;
    ck_assert_msg(found == verdict, "%s: \"%s\" (%s)", linear_verdict_name(found), story->history,
                  story->reason);
}

START_TEST(good_histories_are_accepted)
{
    for (size_t i = 0; i < array_size(good); i++)
        expect(&good[i], LINEAR_OK);
}
END_TEST

START_TEST(bad_histories_are_rejected)
{
    for (size_t i = 0; i < array_size(bad); i++)
        expect(&bad[i], LINEAR_VIOLATION);
}
END_TEST

START_TEST(a_violation_names_the_first_operation_without_explanation)
{
    static const struct {
        const char *history;
        size_t operation;
    } cases[] = {
        {"r1@0-1", 0},
        {"w1@0-1 r1@2-3 r0@4-5 r0@6-7", 2},
        {"w1@0-1 w2@2-3 r1@4-9 r0@5-6", 3},
        {"1:w1@0-1 2:w2@0-1 1:r1@2-3 2:r0@4-5", 3},
        {"2:r7@0-1 1:w1@0-1 1:r0@2-3", 2},
        {"s1=0@0-9 s2=0@0-8", 0},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct linear_result result = run(cases[i].history);
        ck_assert_int_eq(result.verdict, LINEAR_VIOLATION);
        ck_assert_msg(result.operation == cases[i].operation, "%s: %zu", cases[i].history,
                      result.operation);
    }
}
END_TEST

START_TEST(limits_are_reported)
{
    struct linear_operation operations[2 * LINEAR_PENDING_MAX];
    for (size_t i = 0; i < array_size(operations); i++)
        operations[i] = (struct linear_operation){
            .kind = LINEAR_WRITE, .argument = i, .invoked = 0, .completed = 1 + i};
    struct linear_result result =
        linear_check(&linear_register, operations, array_size(operations), 0);
    ck_assert_int_eq(result.verdict, LINEAR_GAVE_UP);
    ck_assert_uint_eq(result.given_up, 1);
    operations[15] = (struct linear_operation){
        .kind = LINEAR_READ, .invoked = 0, .completed = 100, .result = 77};
    ck_assert_int_eq(linear_check(&linear_register, operations, 16, 3).verdict, LINEAR_GAVE_UP);
    ck_assert_int_eq(linear_check(&linear_register, operations, 16, 0).verdict, LINEAR_VIOLATION);
}
END_TEST

/* A set of at most 64 numbers on one item, to try a model of one's own: kind 100 adds `argument`,
 * 101 reads all as bits. */
static bool set_step(const struct linear_model *model, uint64_t state,
                     const struct linear_operation *operation, uint64_t *next)
{
    (void)model;
    bool adds = operation->kind == LINEAR_KIND_OWN;
    *next = adds ? state | UINT64_C(1) << operation->argument : state;
    return adds || operation->result == state;
}

START_TEST(callers_may_bring_a_model)
{
    static const struct linear_model model = {.step = set_step};
    struct linear_operation operations[] = {
        {.kind = LINEAR_KIND_OWN, .argument = 1, .invoked = 0, .completed = 9},
        {.kind = LINEAR_KIND_OWN, .argument = 2, .invoked = 0, .completed = LINEAR_UNKNOWN},
        {.kind = LINEAR_KIND_OWN + 1, .result = 4, .invoked = 5, .completed = 9},
        {.kind = LINEAR_KIND_OWN + 1, .result = 6, .invoked = 11, .completed = 12},
    };
    ck_assert_int_eq(linear_check(&model, operations, 4, 0).verdict, LINEAR_OK);
    operations[3].result = 2;
    struct linear_result result = linear_check(&model, operations, 4, 0);
    ck_assert_int_eq(result.verdict, LINEAR_VIOLATION);
    ck_assert_uint_eq(result.operation, 3);
}
END_TEST

START_TEST(explanations_show_what_matters)
{
    struct linear_operation operations[OPERATIONS_MAX];
    size_t count = linear_text_parse("w1@0-1 2:w9@0-1 w2@2-3 c1!@4-5 w4@4-? r1@7-9", operations,
                                     OPERATIONS_MAX);
    struct linear_result result = linear_check_items(&linear_register, operations, count, 0);
    struct writer text;
    writer_init(&text, 256);
    linear_explain(operations, count, &result, &text);
    writer_put_u8(&text, 0);
    ck_assert_str_eq((const char *)writer_slice(&text).data,
                     "not linearizable\n"
                     "  no order explains item 0 process 5 [7, 9]: read 1\n"
                     "  at the same time  item 0 process 4 [4, ?]: write 4 (outcome unknown)\n"
                     "  before            item 0 process 3 [4, 5]: if 1: it is not\n"
                     "  before            item 0 process 2 [2, 3]: write 2\n"
                     "  before            item 0 process 0 [0, 1]: write 1\n");
    writer_deinit(&text);
}
END_TEST

TEST_MAIN("linear", good_histories_are_accepted, bad_histories_are_rejected,
          a_violation_names_the_first_operation_without_explanation, limits_are_reported,
          callers_may_bring_a_model, explanations_show_what_matters)
