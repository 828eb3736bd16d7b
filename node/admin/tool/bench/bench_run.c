#include "bench_run.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { US_PER_SECOND = 1000000, POLL_US = 20000 };

struct runner {
    struct bench_task task;
    struct bench_gauge gauge;
    struct bench_result result;
    pthread_t thread;
    atomic_bool over;
};

/* Of all runners, at one time. */
struct reading {
    uint64_t at_us;
    uint64_t done;
    uint64_t failed;
    uint64_t sum_us;
};

static void *runner_main(void *argument)
{
    struct runner *runner = argument;
    bench_worker_run(&runner->task, &runner->gauge, &runner->result);
    atomic_store(&runner->over, true);
    return NULL;
}

/* The share of `whole` that falls to one of `parts`: they differ by one at most. */
static uint64_t share_of(uint64_t whole, uint64_t parts, uint64_t part)
{
    return whole / parts + (part < whole % parts);
}

static void runner_init(struct runner *runner, const struct bench_run *run, unsigned thread,
                        uint64_t start_us)
{
    const struct bench_options *options = run->order.options;
    uint64_t duration_us =
        options->requests > 0 ? UINT64_MAX / 4 : options->seconds * (uint64_t)US_PER_SECOND;
    runner->task = (struct bench_task){
        .order = &run->order,
        .addresses = run->addresses,
        .stop = run->stop,
        .thread = thread,
        .connections = share_of(options->connections, options->threads, thread),
    };
    double rate = (double)options->rate / (double)options->threads;
    /* The threads take turns. */
    if (options->rate > 0)
        start_us += thread * (uint64_t)US_PER_SECOND / options->rate;
    bench_pace_init(&runner->task.pace, rate, start_us,
                    options->warmup_seconds * (uint64_t)US_PER_SECOND, duration_us,
                    share_of(options->requests, options->threads, thread));
    bench_result_init(&runner->result);
}

static struct reading read_gauges(struct runner *runners, size_t count)
{
    struct reading reading = {.at_us = bench_now_us()};
    for (size_t i = 0; i < count; i++) {
        reading.done += atomic_load_explicit(&runners[i].gauge.done, memory_order_relaxed);
        reading.failed += atomic_load_explicit(&runners[i].gauge.failed, memory_order_relaxed);
        reading.sum_us += atomic_load_explicit(&runners[i].gauge.sum_us, memory_order_relaxed);
    }
    return reading;
}

static uint64_t take_slowest(struct runner *runners, size_t count)
{
    uint64_t slowest_us = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = atomic_exchange(&runners[i].gauge.slowest_us, 0);
        if (value > slowest_us)
            slowest_us = value;
    }
    return slowest_us;
}

static void print_progress(FILE *out, uint64_t seconds, const struct reading *before,
                           const struct reading *now, uint64_t slowest_us)
{
    uint64_t done = now->done - before->done;
    double took = (double)(now->at_us - before->at_us) / US_PER_SECOND;
    double mean_us = done == 0 ? 0 : (double)(now->sum_us - before->sum_us) / (double)done;
    fprintf(out, "%4llu s  %9.0f/s  mean %8.3f ms  slowest %9.3f ms  failed %llu\n",
            (unsigned long long)seconds, (double)done / took, mean_us / 1000,
            (double)slowest_us / 1000, (unsigned long long)now->failed);
    fflush(out);
}

static bool all_over(struct runner *runners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!atomic_load(&runners[i].over))
            return false;
    }
    return true;
}

/* Looks on until all are over. */
static void watch(const struct bench_run *run, struct runner *runners, size_t count)
{
    static const struct timespec pause = {.tv_nsec = POLL_US * 1000L};
    struct reading before = read_gauges(runners, count);
    uint64_t seconds = 0;
    while (!all_over(runners, count)) {
        nanosleep(&pause, NULL);
        if (run->progress == NULL || bench_now_us() - before.at_us < US_PER_SECOND)
            continue;
        struct reading now = read_gauges(runners, count);
        print_progress(run->progress, ++seconds, &before, &now, take_slowest(runners, count));
        before = now;
    }
}

void bench_run(const struct bench_run *run, struct bench_result *result)
{
    size_t count = run->order.options->threads;
    struct runner *runners = calloc(count, sizeof(*runners));
    ensure(runners != NULL);
    uint64_t start_us = bench_now_us();
    for (size_t i = 0; i < count; i++) {
        runner_init(&runners[i], run, (unsigned)i, start_us);
        ensure(pthread_create(&runners[i].thread, NULL, runner_main, &runners[i]) == 0);
    }
    watch(run, runners, count);
    bench_result_init(result);
    for (size_t i = 0; i < count; i++) {
        ensure(pthread_join(runners[i].thread, NULL) == 0);
        bench_result_merge(result, &runners[i].result);
    }
    free(runners);
}
