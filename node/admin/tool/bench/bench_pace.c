#include "bench_pace.h"

void bench_pace_init(struct bench_pace *pace, double rate, uint64_t start_us, uint64_t warmup_us,
                     uint64_t duration_us, uint64_t requests)
{
    *pace = (struct bench_pace){
        .interval_us = rate > 0 ? 1e6 / rate : 0,
        .start_us = start_us,
        .begin_us = start_us + warmup_us,
        .end_us = start_us + warmup_us + duration_us,
        .requests = requests,
    };
}

uint64_t bench_pace_next(const struct bench_pace *pace, uint64_t now_us)
{
    uint64_t due_us = now_us;
    if (pace->interval_us > 0)
        due_us = pace->start_us + (uint64_t)((double)pace->taken * pace->interval_us);
    bool over = due_us >= pace->end_us || (pace->requests > 0 && pace->counted >= pace->requests);
    return over ? UINT64_MAX : due_us;
}

uint64_t bench_pace_take(struct bench_pace *pace, uint64_t now_us)
{
    uint64_t due_us = bench_pace_next(pace, now_us);
    ensure(due_us <= now_us);
    pace->taken++;
    pace->counted += bench_pace_counts(pace, due_us);
    return due_us;
}

bool bench_pace_counts(const struct bench_pace *pace, uint64_t due_us)
{
    return due_us >= pace->begin_us;
}
