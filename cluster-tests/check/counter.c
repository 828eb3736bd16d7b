#include "counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "split.h"

/* What was added, taken away, and the greatest sum told up to a time. */
struct moment {
    uint64_t time;
    int64_t added;
    int64_t taken; /* <= 0 */
    int64_t told;  /* INT64_MIN: none yet */
};

/* One item's history. */
struct counter {
    const struct counter_operation *operations;
    const struct split_place *places;
    size_t count;
    struct moment *invoked;   /* by time of invocation, running totals; [0] is before everything */
    struct moment *completed; /* the same by completion, of what was answered */
    size_t completed_count;
};

static const struct counter_operation *operation_at(const struct counter *counter, size_t place)
{
    return &counter->operations[counter->places[place].index];
}

static bool is_told(const struct counter_operation *operation)
{
    return operation->kind != COUNTER_ADD && operation->completed != UINT64_MAX;
}

static struct moment moment_of(const struct counter_operation *operation, uint64_t time)
{
    int64_t amount = operation->kind == COUNTER_READ ? 0 : operation->amount;
    return (struct moment){.time = time,
                           .added = amount > 0 ? amount : 0,
                           .taken = amount < 0 ? amount : 0,
                           .told = is_told(operation) ? operation->result : INT64_MIN};
}

static int compare_moments(const void *a, const void *b)
{
    const struct moment *left = a;
    const struct moment *right = b;
    return left->time < right->time ? -1 : left->time > right->time;
}

static void moments_sum(struct moment *moments, size_t count)
{
    qsort(moments + 1, count - 1, sizeof(*moments), compare_moments);
    for (size_t i = 1; i < count; i++) {
        moments[i].added += moments[i - 1].added;
        moments[i].taken += moments[i - 1].taken;
        if (moments[i].told < moments[i - 1].told)
            moments[i].told = moments[i - 1].told;
    }
}

/* The running totals of all before `end`. */
static const struct moment *moments_before(const struct moment *moments, size_t count, uint64_t end)
{
    size_t low = 0;
    size_t high = count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (moments[middle].time < end)
            low = middle;
        else
            high = middle;
    }
    return &moments[low];
}

static void counter_init(struct counter *counter)
{
    counter->invoked = calloc(counter->count + 1, sizeof(*counter->invoked));
    counter->completed = calloc(counter->count + 1, sizeof(*counter->completed));
    ensure(counter->invoked != NULL);
    ensure(counter->completed != NULL);
    counter->completed_count = 1;
    counter->invoked[0].told = INT64_MIN;
    counter->completed[0].told = INT64_MIN;
    for (size_t i = 0; i < counter->count; i++) {
        const struct counter_operation *operation = operation_at(counter, i);
        ensure(operation->invoked <= operation->completed);
        counter->invoked[i + 1] = moment_of(operation, operation->invoked);
        if (operation->completed != UINT64_MAX)
            counter->completed[counter->completed_count++] =
                moment_of(operation, operation->completed);
    }
    moments_sum(counter->invoked, counter->count + 1);
    moments_sum(counter->completed, counter->completed_count);
}

static void counter_deinit(struct counter *counter)
{
    free(counter->invoked);
    free(counter->completed);
}

/* An addition that was told the sum was itself certainly added before that. */
static enum counter_verdict judge(const struct counter *counter,
                                  const struct counter_operation *operation, int64_t *low,
                                  int64_t *high)
{
    const struct moment *certain =
        moments_before(counter->completed, counter->completed_count, operation->invoked);
    const struct moment *possible =
        moments_before(counter->invoked, counter->count + 1, operation->completed + 1);
    int64_t own = operation->kind == COUNTER_READ ? 0 : operation->amount;
    *low = certain->added + possible->taken + (own > 0 ? own : 0);
    *high = possible->added + certain->taken + (own < 0 ? own : 0);
    if (operation->result < *low)
        return COUNTER_TOO_LOW;
    if (operation->result > *high)
        return COUNTER_TOO_HIGH;
    bool grows = possible->taken == 0;
    if (!grows || certain->told == INT64_MIN || operation->result >= certain->told + own)
        return COUNTER_OK;
    *low = certain->told + own;
    return COUNTER_WENT_BACK;
}

static void check_item(const struct counter_operation *operations, const struct split_place *places,
                       size_t count, struct counter_result *result)
{
    struct counter counter = {operations, places, count, NULL, NULL, 0};
    counter_init(&counter);
    for (size_t i = 0; i < count; i++) {
        const struct counter_operation *operation = operation_at(&counter, i);
        int64_t low, high;
        if (!is_told(operation))
            continue;
        enum counter_verdict verdict = judge(&counter, operation, &low, &high);
        if (verdict == COUNTER_OK || result->wrong++ > 0)
            continue;
        result->verdict = verdict;
        result->operation = places[i].index;
        result->low = low;
        result->high = high;
    }
    counter_deinit(&counter);
}

struct counter_result counter_check(const struct counter_operation *operations, size_t count)
{
    struct counter_result result = {.verdict = COUNTER_OK};
    struct split_place *places = split_by_item(operations, count, sizeof(*operations));
    for (size_t first = 0, end; first < count; first = end) {
        end = split_end(places, count, first);
        check_item(operations, &places[first], end - first, &result);
    }
    free(places);
    return result;
}

void counter_explain(const struct counter_operation *operations,
                     const struct counter_result *result, struct writer *text)
{
    static const char *const verdicts[] = {"good", "too low", "too high", "went back"};
    const struct counter_operation *wrong = &operations[result->operation];
    char line[240];
    if (result->verdict == COUNTER_OK)
        (void)snprintf(line, sizeof(line), "all sums are good\n");
    else
        (void)snprintf(line, sizeof(line),
                       "item %u process %u [%llu, %llu]: sum %lld is %s, it must be from %lld to "
                       "%lld (%zu sums are wrong)\n",
                       wrong->item, wrong->process, (unsigned long long)wrong->invoked,
                       (unsigned long long)wrong->completed, (long long)wrong->result,
                       verdicts[result->verdict], (long long)result->low, (long long)result->high,
                       result->wrong);
    writer_put(text, line, strlen(line));
}
