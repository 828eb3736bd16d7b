#include "counter.h"

#include <stdio.h>
#include <stdlib.h>

#include "history_text.h"
#include "prng.h"
#include "test_main.h"

enum { OPERATIONS_MAX = 16 };

struct story {
    const char *history; /* "+5@0-1" adds, "-5@0-1" takes, "+5=7@0-1" was told 7, "r7@0-1" read 7 */
    const char *reason;
    enum counter_verdict verdict;
};

static const struct story stories[] = {
    {"r0@0-1", "counters start at 0", COUNTER_OK},
    {"+1@0-1 +2@0-1 r3@2-3", "a sum of what was acknowledged", COUNTER_OK},
    {"+1@0-1 +2@0-? r1@2-3", "what is unknown may be missing", COUNTER_OK},
    {"+1@0-1 +2@0-? r3@2-3", "... or be there", COUNTER_OK},
    {"+1@0-1 +2@2-9 r3@3-4 r3@5-6", "what is under way may be there", COUNTER_OK},
    {"+1@0-1 +2@2-9 r1@3-4", "... or not yet", COUNTER_OK},
    {"+1@0-2 r0@2-3", "what touches at one instant is concurrent", COUNTER_OK},
    {"r1@0-2 +1@2-3", "... in either order", COUNTER_OK},
    {"+5@0-1 -2@2-3 r3@4-5", "what was taken is gone", COUNTER_OK},
    {"+5@0-1 -2@2-? r5@4-5 r3@6-7", "what may have been taken may be gone", COUNTER_OK},
    {"+1=1@0-1 +2=3@2-3", "each is told the sum after it", COUNTER_OK},
    {"+1=3@0-9 +2=2@0-9", "concurrent ones come in either order", COUNTER_OK},
    {"+5@0-1 -2=3@2-3", "the sum after something was taken", COUNTER_OK},
    {"1:+1@0-1 2:r0@2-3 1:r1@2-3", "counters know nothing of each other", COUNTER_OK},
    {"r9@0-? +1@0-1", "an unknown read says nothing", COUNTER_OK},
    {"r1@0-1", "nobody added it", COUNTER_TOO_HIGH},
    {"+1@0-1 +2@0-1 r2@2-3", "an acknowledged one is lost", COUNTER_TOO_LOW},
    {"+1@0-1 +2@0-? r2@2-3 r5@4-5", "the unknown one happened twice", COUNTER_TOO_HIGH},
    {"+1@0-1 r2@2-3", "one happened twice", COUNTER_TOO_HIGH},
    {"r1@0-1 +1@2-3", "read before it was added", COUNTER_TOO_HIGH},
    {"+1@0-9 r1@1-2 r0@3-4", "the sum went back", COUNTER_WENT_BACK},
    {"+1@0-? +2@0-? r3@1-2 r2@3-4", "... among unknown ones too", COUNTER_WENT_BACK},
    {"+5@0-1 -2@2-3 r5@4-5", "what was taken is still there", COUNTER_TOO_HIGH},
    {"+5@0-1 -2@2-? r2@4-5", "more was taken than asked for", COUNTER_TOO_LOW},
    {"+1=1@0-1 +2=2@2-3", "the second missed the first", COUNTER_TOO_LOW},
    {"+1=2@0-1", "its own addition counted twice", COUNTER_TOO_HIGH},
    {"+1=0@0-1", "its own addition is missing", COUNTER_TOO_LOW},
    {"+1@0-? r1@1-2 +1=1@3-4", "an addition missed what was read before", COUNTER_WENT_BACK},
    {"1:+1@0-1 2:r1@2-3", "another counter's", COUNTER_TOO_HIGH},
};

static size_t parse(const char *string, struct counter_operation *operations)
{
    struct text text = {string};
    size_t count = 0;
    while (!text_end(&text)) {
        ensure(count < OPERATIONS_MAX);
        struct counter_operation *operation = &operations[count];
        *operation = (struct counter_operation){.process = (uint32_t)count};
        if (*text.at >= '0' && *text.at <= '9') {
            operation->item = (uint32_t)text_number(&text);
            bool colon = text_take(&text, ':');
            ensure(colon);
        }
        char sign = *text.at++;
        int64_t number = (int64_t)text_number(&text);
        bool told = text_take(&text, '=');
        operation->kind = sign == 'r' ? COUNTER_READ : told ? COUNTER_ADD_TOLD : COUNTER_ADD;
        operation->amount = sign == '-' ? -number : sign == '+' ? number : 0;
        operation->result = told ? (int64_t)text_number(&text) : number;
        text_interval(&text, &operation->invoked, &operation->completed);
        count++;
    }
    return count;
}

START_TEST(histories_get_their_verdicts)
{
    struct counter_operation operations[OPERATIONS_MAX];
    for (size_t i = 0; i < array_size(stories); i++) {
        size_t count = parse(stories[i].history, operations);
        struct counter_result result = counter_check(operations, count);
        ck_assert_msg(result.verdict == stories[i].verdict, "%d: %s (%s)", (int)result.verdict,
                      stories[i].history, stories[i].reason);
    }
}
END_TEST

START_TEST(results_tell_bounds)
{
    struct counter_operation operations[OPERATIONS_MAX];
    size_t count = parse("+1@0-1 +4@0-? r0@2-3 r6@4-5", operations);
    struct counter_result result = counter_check(operations, count);
    ck_assert_uint_eq(result.operation, 2);
    ck_assert_int_eq(result.low, 1);
    ck_assert_int_eq(result.high, 5);
    ck_assert_uint_eq(result.wrong, 2);
    struct writer text;
    writer_init(&text, 100);
    counter_explain(operations, &result, &text);
    writer_put_u8(&text, 0);
    ck_assert_str_eq(
        (const char *)writer_slice(&text).data,
        "item 0 process 2 [2, 3]: sum 0 is too low, it must be from 1 to 5 (2 sums are "
        "wrong)\n");
    writer_deinit(&text);
}
END_TEST

/* Operation i takes effect at instant 10 * i, and is under way around it. */
static void fill_genuine(struct prng *prng, struct counter_operation *operations, size_t count,
                         bool takes)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = 100 + 10 * i;
        operations[i] = (struct counter_operation){.process = (uint32_t)i,
                                                   .kind = (uint32_t)prng_below(prng, 3),
                                                   .invoked = at - prng_below(prng, 100),
                                                   .completed = at + prng_below(prng, 100)};
        operations[i].amount = (int64_t)prng_below(prng, 10) - (takes ? 5 : 0);
        if (prng_chance(prng, 100000))
            operations[i].completed = UINT64_MAX;
        bool never = operations[i].completed == UINT64_MAX && prng_chance(prng, 500000);
        if (operations[i].kind != COUNTER_READ && !never)
            sum += operations[i].amount;
        operations[i].result = sum;
    }
}

START_TEST(what_a_counter_does_is_good)
{
    enum { COUNT = 2000 };
    static struct counter_operation operations[COUNT];
    struct prng prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 20; round++) {
        fill_genuine(&prng, operations, COUNT, round % 2 == 1);
        ck_assert_int_eq(counter_check(operations, COUNT).verdict, COUNTER_OK);
        size_t wrong = COUNT / 2;
        while (operations[wrong].kind == COUNTER_ADD || operations[wrong].completed == UINT64_MAX)
            wrong++;
        operations[wrong].result += round % 4 < 2 ? 100000 : -100000;
        struct counter_result result = counter_check(operations, COUNT);
        ck_assert_int_ne(result.verdict, COUNTER_OK);
        ck_assert_uint_eq(result.operation, wrong);
    }
}
END_TEST

TEST_MAIN("counter", histories_get_their_verdicts, results_tell_bounds, what_a_counter_does_is_good)
