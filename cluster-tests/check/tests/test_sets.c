#include "sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history_text.h"
#include "prng.h"
#include "test_main.h"

enum { OPERATIONS_MAX = 16, ELEMENTS_MAX = 64 };

/* What is expected: letters of the anomalies, in their order. */
struct story {
    const char *history; /* "a5@0-1" adds, "x5@0-1" was refused, "r(5,6)@2-3" reads */
    const char *reason;
    const char *anomalies; /* of "lsud": lost, stale, unexpected, duplicate */
};

static const struct story stories[] = {
    {"r()@0-1", "sets start empty", ""},
    {"a1@0-1 a2@0-1 r(2,1)@2-3", "what was acknowledged is there, in any order", ""},
    {"a1@0-? r()@2-3 r()@4-5", "what is unknown may be missing", ""},
    {"a1@0-? r(1)@2-3", "... or be there", ""},
    {"a1@0-? r()@2-3 r(1)@4-5", "... or come late", ""},
    {"a1@0-9 r()@1-2 r(1)@3-4", "what is under way may appear at any time", ""},
    {"a1@0-9 r(1)@1-4 r()@2-3", "reads that overlap may differ", ""},
    {"a1@0-2 r()@2-3", "what touches at one instant is concurrent", ""},
    {"r(1)@0-2 a1@2-3", "... in either order", ""},
    {"x1@0-1 r()@2-3", "what was refused is not there", ""},
    {"x1@0-1 a1@2-3 r(1)@4-5", "what was refused may be added again", ""},
    {"1:a1@0-1 2:a1@0-1 1:r(1)@2-3 2:r(1)@2-3", "sets know nothing of each other", ""},
    {"a1@0-1 r(7)@2-?", "an unknown read says nothing", ""},
    {"a1@0-1 r()@2-3", "an acknowledged element is lost", "l"},
    {"a1@0-1 a2@0-1 r(1)@2-3", "one of two is lost", "l"},
    {"a1@0-1 r(1)@2-3 r()@4-5", "it was there, and is lost", "l"},
    {"a1@0-? r(1)@2-3 r()@4-5", "an unknown one was there, and is lost", "l"},
    {"a1@0-1 r()@2-3 r(1)@4-5", "a read missed it, a later one did not", "s"},
    {"a1@0-? r(1)@2-3 r()@4-5 r(1)@6-7", "it vanished and came back", "s"},
    {"r(1)@0-1", "nobody ever added it", "u"},
    {"x1@0-1 r(1)@2-3", "it was refused, and is there", "u"},
    {"r(1)@0-1 a1@2-3", "it was read before it was added", "u"},
    {"1:a1@0-1 1:r(1)@2-3 2:r(1)@2-3", "another set's", "u"},
    {"a1@0-1 r(1,1)@2-3", "it is there twice", "d"},
    {"a1@0-1 a2@0-1 r(2,7,2)@2-3 r(1,2)@4-5", "three things are wrong with one read", "sud"},
};

static size_t parse(const char *string, struct sets_operation *operations, uint64_t *elements)
{
    struct text text = {string};
    size_t count = 0;
    size_t used = 0;
    while (!text_end(&text)) {
        ensure(count < OPERATIONS_MAX);
        struct sets_operation *operation = &operations[count];
        *operation = (struct sets_operation){.process = (uint32_t)count};
        if (*text.at >= '0' && *text.at <= '9') {
            operation->item = (uint32_t)text_number(&text);
            bool colon = text_take(&text, ':');
            ensure(colon);
        }
        char kind = *text.at++;
        operation->kind = kind == 'a' ? SETS_ADD : kind == 'x' ? SETS_REFUSE : SETS_READ;
        if (kind == 'r') {
            bool open = text_take(&text, '(');
            ensure(open);
            operation->elements = &elements[used];
            operation->elements_count = text_numbers(&text, &elements[used], ELEMENTS_MAX - used);
            used += operation->elements_count;
        } else {
            operation->element = text_number(&text);
        }
        text_interval(&text, &operation->invoked, &operation->completed);
        count++;
    }
    return count;
}

START_TEST(histories_get_their_verdicts)
{
    static const char letters[SETS_ANOMALIES + 1] = "lsud";
    struct sets_operation operations[OPERATIONS_MAX];
    uint64_t elements[ELEMENTS_MAX];
    for (size_t i = 0; i < array_size(stories); i++) {
        size_t count = parse(stories[i].history, operations, elements);
        struct sets_result result = sets_check(operations, count);
        char found[SETS_ANOMALIES + 1] = "";
        size_t length = 0;
        for (size_t j = 0; j < SETS_ANOMALIES; j++) {
            if (result.findings[j].count > 0)
                found[length++] = letters[j];
        }
        ck_assert_msg(strcmp(found, stories[i].anomalies) == 0, "\"%s\": %s (%s)", found,
                      stories[i].history, stories[i].reason);
        ck_assert(result.good == (length == 0));
    }
}
END_TEST

START_TEST(results_name_read_and_element)
{
    struct sets_operation operations[OPERATIONS_MAX];
    uint64_t elements[ELEMENTS_MAX];
    size_t count = parse("a1@0-1 a2@0-1 a3@0-1 r(1,2,3)@2-3 r(1)@4-5", operations, elements);
    struct sets_result result = sets_check(operations, count);
    struct writer text;
    writer_init(&text, 100);
    sets_explain(operations, &result, &text);
    writer_put_u8(&text, 0);
    ck_assert_str_eq(
        (const char *)writer_slice(&text).data,
        "lost elements: 2, first element 2 in the read by process 4 of item 0 [4, 5]\n");
    writer_deinit(&text);
}
END_TEST

/* Element i is added at instant 10 * i, and its addition is under way around it; reads between. */
START_TEST(what_a_set_does_is_good)
{
    enum { COUNT = 1000 };
    static struct sets_operation operations[COUNT];
    static uint64_t elements[COUNT];
    struct prng prng;
    prng_init(&prng, 1);
    size_t added = 0;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t at = 100 + 10 * i;
        operations[i] = (struct sets_operation){.kind = i % 20 == 19 ? SETS_READ : SETS_ADD,
                                                .invoked = at - prng_below(&prng, 100),
                                                .completed = at + prng_below(&prng, 100),
                                                .element = i,
                                                .elements = elements,
                                                .elements_count = added};
        bool unknown = operations[i].kind == SETS_ADD && prng_chance(&prng, 100000);
        if (unknown)
            operations[i].completed = UINT64_MAX;
        if (operations[i].kind == SETS_ADD && !(unknown && prng_chance(&prng, 500000)))
            elements[added++] = i;
    }
    ck_assert(sets_check(operations, COUNT).good);
    operations[COUNT - 1].elements_count -= 50;
    struct sets_result result = sets_check(operations, COUNT);
    ck_assert_uint_ge(result.findings[SETS_LOST].count, 25);
    ck_assert_uint_eq(result.findings[SETS_LOST].operation, COUNT - 1);
}
END_TEST

TEST_MAIN("sets", histories_get_their_verdicts, results_name_read_and_element,
          what_a_set_does_is_good)
