#include "bench_result.h"

#include <stdio.h>
#include <string.h>

void bench_result_init(struct bench_result *result)
{
    memset(result, 0, sizeof(*result));
}

static struct bench_failure *failure_get(struct bench_result *result, const char *name)
{
    for (size_t i = 0; i < result->failures_count; i++) {
        if (strncmp(result->failures[i].name, name, BENCH_FAILURE_SIZE - 1) == 0)
            return &result->failures[i];
    }
    size_t at = result->failures_count;
    if (at == BENCH_FAILURES_MAX)
        return &result->failures[BENCH_FAILURES_MAX - 1];
    result->failures_count++;
    snprintf(result->failures[at].name, BENCH_FAILURE_SIZE, "%s",
             at == BENCH_FAILURES_MAX - 1 ? "other" : name);
    return &result->failures[at];
}

void bench_result_fail(struct bench_result *result, const char *name, uint64_t count)
{
    failure_get(result, name)->count += count;
    result->failed += count;
}

void bench_result_merge(struct bench_result *into, const struct bench_result *from)
{
    for (size_t i = 0; i < BENCH_OPERATIONS; i++)
        histogram_merge(&into->latencies[i], &from->latencies[i]);
    for (size_t i = 0; i < from->failures_count; i++)
        bench_result_fail(into, from->failures[i].name, from->failures[i].count);
    into->done += from->done;
    into->absent += from->absent;
    if (into->begin_us == 0 || from->begin_us < into->begin_us)
        into->begin_us = from->begin_us;
    if (from->end_us > into->end_us)
        into->end_us = from->end_us;
}

double bench_result_rate(const struct bench_result *result)
{
    uint64_t took_us = result->end_us > result->begin_us ? result->end_us - result->begin_us : 1;
    return (double)result->done * 1e6 / (double)took_us;
}
