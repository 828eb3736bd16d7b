/* Random histories of transactions: small ones against a checker that tries all orders, a big one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "append.h"
#include "prng.h"
#include "test_main.h"

enum { ROUNDS = 10000, SMALL_MAX = 6, PARTS_MAX = 3, LISTS = 2, LENGTH_MAX = 20, BIG = 5000 };

/* --- the checker that tries all orders: knows nothing of the one under test --- */

struct orders {
    const struct append_transaction *transactions;
    size_t count;
    bool placed[SMALL_MAX];
};

struct lists {
    uint64_t elements[LISTS][LENGTH_MAX];
    size_t lengths[LISTS];
};

/* Does the transaction fit these lists? Appends what it appends. */
static bool fits(const struct append_transaction *transaction, struct lists *lists)
{
    for (size_t i = 0; i < transaction->operations_count; i++) {
        const struct append_operation *operation = &transaction->operations[i];
        size_t *length = &lists->lengths[operation->item];
        uint64_t *elements = lists->elements[operation->item];
        if (!operation->read) {
            elements[(*length)++] = operation->element;
            continue;
        }
        bool equal = *length == operation->elements_count &&
                     memcmp(elements, operation->elements, *length * sizeof(*elements)) == 0;
        if (!equal && transaction->outcome == APPEND_COMMITTED)
            return false;
    }
    return true;
}

static bool too_early(const struct orders *orders, size_t index)
{
    for (size_t i = 0; i < orders->count; i++) {
        bool due = !orders->placed[i] && orders->transactions[i].outcome == APPEND_COMMITTED &&
                   orders->transactions[i].completed < orders->transactions[index].invoked;
        if (due)
            return true;
    }
    return false;
}

static bool any_order(struct orders *orders, const struct lists *lists)
{
    bool all = true;
    for (size_t i = 0; i < orders->count; i++) {
        struct lists after = *lists;
        bool committed = orders->transactions[i].outcome == APPEND_COMMITTED;
        all &= orders->placed[i] || !committed;
        bool next = !orders->placed[i] && orders->transactions[i].outcome != APPEND_ABORTED &&
                    !too_early(orders, i) && fits(&orders->transactions[i], &after);
        if (!next)
            continue;
        orders->placed[i] = true;
        bool found = any_order(orders, &after);
        orders->placed[i] = false;
        if (found)
            return true;
    }
    return all;
}

/* --- random histories --- */

struct generated {
    struct append_transaction transactions[SMALL_MAX];
    struct append_operation operations[SMALL_MAX][PARTS_MAX];
    uint64_t elements[SMALL_MAX][PARTS_MAX][LENGTH_MAX]; /* read */
    size_t count;
};

static void draw_operation(struct prng *prng, struct generated *history, size_t at, size_t part,
                           struct lists *lists)
{
    struct append_operation *operation = &history->operations[at][part];
    uint32_t item = (uint32_t)prng_below(prng, LISTS);
    *operation = (struct append_operation){.read = prng_chance(prng, 500000), .item = item};
    if (operation->read) {
        memcpy(history->elements[at][part], lists->elements[item],
               sizeof(history->elements[at][part]));
        operation->elements = history->elements[at][part];
        operation->elements_count = lists->lengths[item];
    } else {
        operation->element = 1 + at * PARTS_MAX + part;
        lists->elements[item][lists->lengths[item]++] = operation->element;
    }
}

/* Transaction i takes place at instant 4 * i, and is under way around it. */
static void generate(struct prng *prng, struct generated *history)
{
    struct lists lists = {.lengths = {0}};
    *history = (struct generated){.count = 3 + (size_t)prng_below(prng, SMALL_MAX - 2)};
    for (size_t i = 0; i < history->count; i++) {
        struct append_transaction *transaction = &history->transactions[i];
        uint64_t at = 10 + 4 * i;
        struct lists after = lists;
        *transaction = (struct append_transaction){.process = (uint32_t)i,
                                                   .invoked = at - prng_below(prng, 9),
                                                   .completed = at + prng_below(prng, 9),
                                                   .operations = history->operations[i]};
        transaction->operations_count = 1 + (size_t)prng_below(prng, PARTS_MAX);
        for (size_t part = 0; part < transaction->operations_count; part++)
            draw_operation(prng, history, i, part, &after);
        uint64_t drawn = prng_below(prng, 10);
        transaction->outcome = drawn == 0   ? APPEND_ABORTED
                               : drawn <= 2 ? APPEND_UNKNOWN
                                            : APPEND_COMMITTED;
        if (transaction->outcome == APPEND_UNKNOWN)
            transaction->completed = UINT64_MAX;
        if (transaction->outcome != APPEND_ABORTED && drawn != 1)
            lists = after;
    }
}

/* Makes one read a lie, or moves a transaction in time. */
static void corrupt(struct prng *prng, struct generated *history)
{
    size_t at = (size_t)prng_below(prng, history->count);
    struct append_transaction *transaction = &history->transactions[at];
    size_t part = (size_t)prng_below(prng, transaction->operations_count);
    struct append_operation *operation = &history->operations[at][part];
    uint64_t *elements = history->elements[at][part];
    size_t length = operation->elements_count;
    uint64_t drawn = prng_below(prng, 6);
    if (operation->read && length > 0 && drawn < 3) {
        operation->elements_count--;
    } else if (operation->read && length > 1 && drawn == 3) {
        uint64_t last = elements[length - 1];
        elements[length - 1] = elements[length - 2];
        elements[length - 2] = last;
    } else if (operation->read && length + 1 < LENGTH_MAX && drawn == 4) {
        elements[operation->elements_count++] = 1 + prng_below(prng, history->count * PARTS_MAX);
    } else if (transaction->outcome == APPEND_COMMITTED) {
        transaction->invoked += 12;
        transaction->completed += 12;
    }
}

START_TEST(verdicts_are_those_of_all_orders)
{
    static struct generated history;
    static const struct lists empty;
    struct prng prng;
    prng_init(&prng, 1);
    unsigned good = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        generate(&prng, &history);
        for (unsigned i = 0; i < 2 && round % 4 != 0; i++)
            corrupt(&prng, &history);
        struct orders orders = {.transactions = history.transactions, .count = history.count};
        bool expected = any_order(&orders, &empty);
        ck_assert(expected || round % 4 != 0);
        struct append_result result = append_check(history.transactions, history.count, true);
        ck_assert_msg(result.good == expected, "round %u: expected %d", round, expected);
        good += expected;
    }
    ck_assert_uint_gt(good, ROUNDS / 4);
    ck_assert_uint_lt(good, ROUNDS * 3 / 4);
}
END_TEST

/* --- a big history --- */

enum { BIG_LISTS = 50, BIG_PARTS = 4, BIG_LENGTH = BIG * BIG_PARTS / BIG_LISTS };

struct big {
    struct append_transaction transactions[BIG];
    struct append_operation operations[BIG][BIG_PARTS];
    uint64_t elements[BIG_LISTS][BIG_LENGTH]; /* reads are prefixes of these */
    size_t lengths[BIG_LISTS];
};

/* Each transaction appends twice and reads twice. */
static void big_fill(struct prng *prng, struct big *big)
{
    for (size_t i = 0; i < BIG; i++) {
        uint64_t at = 1000 + 10 * i;
        for (size_t part = 0; part < BIG_PARTS; part++) {
            struct append_operation *operation = &big->operations[i][part];
            uint32_t item = (uint32_t)prng_below(prng, BIG_LISTS);
            *operation = (struct append_operation){.read = part % 2 == 1,
                                                   .item = item,
                                                   .element = i * BIG_PARTS + part,
                                                   .elements = big->elements[item],
                                                   .elements_count = big->lengths[item]};
            if (!operation->read)
                big->elements[item][big->lengths[item]++] = operation->element;
        }
        big->transactions[i] = (struct append_transaction){.invoked = at - prng_below(prng, 150),
                                                           .completed = at + prng_below(prng, 150),
                                                           .operations = big->operations[i],
                                                           .operations_count = BIG_PARTS};
    }
}

static struct append_result timed_check(const struct big *big, const char *what)
{
    clock_t start = clock();
    struct append_result result = append_check(big->transactions, BIG, true);
    printf("%s: %ld ms\n", what, (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
    return result;
}

START_TEST(big_histories_are_decided)
{
    static struct big big;
    struct prng prng;
    prng_init(&prng, 1);
    big_fill(&prng, &big);
    ck_assert(timed_check(&big, "as it was").good);
    struct append_operation *read = &big.operations[BIG - 100][3];
    read->elements_count -= 10;
    struct append_result result = timed_check(&big, "one stale read");
    ck_assert(!result.good);
    read->elements_count += 10;
    read = &big.operations[BIG - 1][3];
    read->elements_count = 0;
    ck_assert(!timed_check(&big, "one empty read").good);
}
END_TEST

TEST_MAIN("append-random", verdicts_are_those_of_all_orders, big_histories_are_decided)
