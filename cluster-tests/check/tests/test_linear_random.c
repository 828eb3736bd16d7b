/* Random histories: small ones against a checker that tries all orders, and big ones. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "linear.h"
#include "linear_random.h"
#include "test_main.h"

enum { SMALL_ROUNDS = 4000, SMALL_MAX = 7, BIG = 5000 };

/* --- the checker that tries all orders: knows nothing of the one under test --- */

struct orders {
    const struct linear_operation *operations;
    size_t count;
    uint64_t until; /* what completed later need not be placed */
    bool placed[SMALL_MAX];
};

/* Does `state` allow what the operation says it saw? Sets what it leaves. */
static bool allowed(const struct linear_operation *operation, uint64_t state, uint64_t *after)
{
    bool told = operation->completed != LINEAR_UNKNOWN;
    bool same = operation->result == state;
    *after = state;
    if (operation->kind == LINEAR_READ)
        return !told || same;
    if (operation->kind == LINEAR_CAS_FAILED)
        return !told || operation->expected != state;
    if (operation->kind == LINEAR_CAS_FAILED_SEEN)
        return !told || (same && operation->expected != state);
    if (operation->kind == LINEAR_CAS && operation->expected != state)
        return !told;
    bool adds = operation->kind == LINEAR_ADD || operation->kind == LINEAR_ADD_BLIND;
    *after = adds ? state + operation->argument : operation->argument;
    if (operation->kind == LINEAR_SWAP)
        return !told || same;
    if (operation->kind == LINEAR_ADD)
        return !told || operation->result == *after;
    return true;
}

/* Some operation that is still to be placed had completed before this one began. */
static bool too_early(const struct orders *orders, size_t index)
{
    for (size_t i = 0; i < orders->count; i++) {
        if (!orders->placed[i] &&
            orders->operations[i].completed < orders->operations[index].invoked)
            return true;
    }
    return false;
}

static bool all_due_placed(const struct orders *orders)
{
    for (size_t i = 0; i < orders->count; i++) {
        if (!orders->placed[i] && orders->operations[i].completed <= orders->until)
            return false;
    }
    return true;
}

static bool any_order(struct orders *orders, uint64_t state)
{
    if (all_due_placed(orders))
        return true;
    for (size_t i = 0; i < orders->count; i++) {
        uint64_t after;
        if (orders->placed[i] || too_early(orders, i) ||
            !allowed(&orders->operations[i], state, &after))
            continue;
        orders->placed[i] = true;
        bool found = any_order(orders, after);
        orders->placed[i] = false;
        if (found)
            return true;
    }
    return false;
}

static bool brute_force(const struct linear_operation *operations, size_t count, uint64_t until)
{
    struct orders orders = {.operations = operations, .count = count, .until = until};
    return any_order(&orders, 0);
}

/* --- comparison --- */

/* Makes one answer a lie, perhaps. */
static void corrupt(struct prng *prng, struct linear_operation *operations, size_t count)
{
    struct linear_operation *operation = &operations[prng_below(prng, count)];
    switch (prng_below(prng, 4)) {
    case 0:
        operation->kind = operation->kind == LINEAR_CAS ? LINEAR_CAS_FAILED : LINEAR_CAS;
        break;
    case 1:
        operation->expected = prng_below(prng, 4);
        break;
    default:
        operation->result = prng_below(prng, 4);
    }
}

static void print_history(const struct linear_operation *operations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char line[200];
        linear_operation_print(&operations[i], line, sizeof(line));
        printf("%s\n", line);
    }
}

/* All answered up to just before the completion of the operation that is named can be explained,
 * what is answered at that time cannot. */
static void compare_violation(const struct linear_operation *operations, size_t count,
                              size_t operation)
{
    uint64_t end = operations[operation].completed;
    ck_assert(!brute_force(operations, count, end));
    ck_assert(end == 0 || brute_force(operations, count, end - 1));
}

static bool compare_one(struct prng *prng, bool corrupted)
{
    struct linear_operation operations[SMALL_MAX];
    struct linear_random_options options = {.operations = 4 + (size_t)prng_below(prng, 4),
                                            .processes = 2 + (uint32_t)prng_below(prng, 2),
                                            .values = 2 + prng_below(prng, 3),
                                            .unknown_chance = 200000,
                                            .unknown_max = 3,
                                            .pause_max = 3,
                                            .duration_max = 6,
                                            .late_max = 20,
                                            .writes_of_ten = prng_below(prng, 5),
                                            .reads_of_ten = prng_below(prng, 5),
                                            .adds = prng_chance(prng, 300000)};
    linear_random_fill(&options, prng, operations);
    for (int i = 0; i < 3 && corrupted; i++)
        corrupt(prng, operations, options.operations);
    bool good = brute_force(operations, options.operations, LINEAR_UNKNOWN - 1);
    ck_assert(good || corrupted);
    struct linear_result result = linear_check(&linear_register, operations, options.operations, 0);
    if (result.verdict != (good ? LINEAR_OK : LINEAR_VIOLATION))
        print_history(operations, options.operations);
    ck_assert_int_eq(result.verdict, good ? LINEAR_OK : LINEAR_VIOLATION);
    if (!good)
        compare_violation(operations, options.operations, result.operation);
    return good;
}

START_TEST(verdicts_are_those_of_all_orders)
{
    struct prng prng;
    prng_init(&prng, 1);
    unsigned good = 0;
    for (unsigned round = 0; round < SMALL_ROUNDS; round++)
        good += compare_one(&prng, round % 4 != 0);
    ck_assert_uint_gt(good, SMALL_ROUNDS / 3);
    ck_assert_uint_lt(good, SMALL_ROUNDS * 3 / 4);
}
END_TEST

/* --- big histories --- */

static struct linear_random_options big_options(uint64_t writes_of_ten, uint64_t reads_of_ten)
{
    return (struct linear_random_options){.operations = BIG,
                                          .processes = 16,
                                          .unknown_chance = 4000,
                                          .unknown_max = 10,
                                          .pause_max = 4,
                                          .duration_max = 40,
                                          .late_max = 100,
                                          .writes_of_ten = writes_of_ten,
                                          .reads_of_ten = reads_of_ten};
}

static struct linear_result timed_check(const struct linear_operation *operations, const char *what)
{
    clock_t start = clock();
    struct linear_result result = linear_check(&linear_register, operations, BIG, 0);
    printf("%s: %s, %llu configurations, %ld ms\n", what, linear_verdict_name(result.verdict),
           (unsigned long long)result.configurations,
           (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
    return result;
}

/* A late read yields what an early one did. */
static void make_stale(struct linear_operation *operations)
{
    size_t early = 100, late = BIG - 100;
    while (operations[early].kind != LINEAR_READ || linear_unknown(&operations[early]))
        early++;
    while (operations[late].kind != LINEAR_READ || linear_unknown(&operations[late]))
        late++;
    operations[late].result = operations[early].result;
}

static void big(uint64_t seed, uint64_t writes_of_ten, uint64_t reads_of_ten)
{
    struct linear_operation *operations = calloc(BIG, sizeof(*operations));
    ck_assert_ptr_nonnull(operations);
    struct linear_random_options options = big_options(writes_of_ten, reads_of_ten);
    struct prng prng;
    prng_init(&prng, seed);
    linear_random_fill(&options, &prng, operations);
    ck_assert_int_eq(timed_check(operations, "as it was").verdict, LINEAR_OK);
    make_stale(operations);
    ck_assert_int_eq(timed_check(operations, "one stale read").verdict, LINEAR_VIOLATION);
    free(operations);
}

START_TEST(big_histories_are_decided)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        big(seed, 4, 4);
        big(seed, 2, 7);
        big(seed, 7, 2);
    }
}
END_TEST

TEST_MAIN("linear-random", verdicts_are_those_of_all_orders, big_histories_are_decided)
