#include "gate.h"

enum { STORE_LOOK_US = 5000 /* a hundredth of the usual limit: often enough */ };

void gate_init(struct gate *gate, struct host *host)
{
    uint64_t delay_max_us = host->config->queue_delay_max_ms * 1000;
    uint64_t interval_us = host->config->queue_delay_interval_ms * 1000;
    *gate = (struct gate){.host = host, .interval_us = interval_us};
    admission_init(&gate->turns, delay_max_us, interval_us);
    admission_init(&gate->commits, delay_max_us, interval_us);
    admission_init(&gate->reads, delay_max_us, interval_us);
}

/* If it is due. */
static void look_at_store(struct gate *gate, uint64_t now_us)
{
    struct rocksdb_store_waits waits;
    if (now_us < gate->store_look_us)
        return;
    rocksdb_store_get_waits(gate->host->store, &waits);
    admission_note(&gate->commits, now_us, waits.commits_us);
    admission_note(&gate->reads, now_us, waits.reads_us);
    gate->store_look_us = now_us + STORE_LOOK_US;
}

void gate_on_turn(struct gate *gate, uint64_t now_us, uint64_t ready_us)
{
    gate->turn_us = now_us;
    admission_note(&gate->turns, now_us, now_us - ready_us);
    look_at_store(gate, now_us);
}

void gate_on_turn_end(struct gate *gate, uint64_t now_us, bool waiting)
{
    if (!waiting && now_us - gate->turn_us >= gate->interval_us)
        admission_note(&gate->turns, now_us, 0);
    look_at_store(gate, now_us);
}

/* What was let in may use the last quarter to its end. */
static bool memory_short(const struct gate *gate, size_t own)
{
    size_t used = atomic_load_explicit(&gate->host->request_memory, memory_order_relaxed);
    return used > own && used - own > host_memory_max(gate->host) / 4 * 3;
}

enum gate_verdict gate_judge(const struct gate *gate, size_t own)
{
    if (admission_refuses(&gate->turns) || admission_refuses(&gate->reads))
        return GATE_SLOW;
    if (memory_short(gate, own))
        return GATE_FULL;
    return admission_refuses(&gate->commits) ? GATE_SLOW_COMMITS : GATE_OPEN;
}

bool gate_refuses_writes(const struct gate *gate)
{
    return gate_judge(gate, 0) != GATE_OPEN;
}
