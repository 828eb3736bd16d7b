#include "bench_worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    RECEIVE_SIZE = 256 * 1024,
    SWEEP_US = 50 * 1000 /* how often time limits are looked at, and connections opened again */
};

struct worker {
    const struct bench_task *task;
    const struct bench_options *options;
    struct bench_gauge *gauge;
    struct bench_result *result;
    struct bench_pace pace;
    struct bench_maker maker;
    struct bench_connection *connections;
    struct bench_connection **idle; /* a stack */
    size_t idle_count;
    size_t busy_count;
    int epoll;
    int timer; /* rings when the next request of an open loop is due */
    char *buffer;
};

static void worker_init(struct worker *worker, const struct bench_task *task);
static void worker_deinit(struct worker *worker);
static void sweep(struct worker *worker, uint64_t now_us);
static void pump(struct worker *worker, uint64_t now_us);
static void wait_for_events(struct worker *worker, uint64_t sweep_us);
static void give_up(struct worker *worker, uint64_t now_us);

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t bench_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* Whether nothing is left to do, or nothing that can be done in time. */
static bool is_over(const struct worker *worker, uint64_t now_us)
{
    if (bench_pace_next(&worker->pace, now_us) == UINT64_MAX)
        return worker->busy_count == 0;
    uint64_t limit_us = worker->options->timeout_seconds * 1000000;
    return now_us > worker->pace.end_us && now_us - worker->pace.end_us > limit_us;
}

void bench_worker_run(const struct bench_task *task, struct bench_gauge *gauge,
                      struct bench_result *result)
{
    struct worker worker = {.task = task, .gauge = gauge, .result = result};
    worker_init(&worker, task);
    uint64_t now_us = bench_now_us();
    uint64_t sweep_us = now_us;
    while (!is_over(&worker, now_us)) {
        if (now_us >= sweep_us) {
            sweep(&worker, now_us);
            sweep_us = now_us + SWEEP_US;
        }
        pump(&worker, now_us);
        wait_for_events(&worker, sweep_us);
        now_us = bench_now_us();
    }
    give_up(&worker, now_us);
    result->begin_us = worker.pace.begin_us;
    if (worker.pace.end_us > result->end_us && worker.pace.end_us <= now_us)
        result->end_us = worker.pace.end_us;
    worker_deinit(&worker);
}

static void worker_init(struct worker *worker, const struct bench_task *task)
{
    worker->options = task->order->options;
    worker->pace = task->pace;
    bench_maker_init(&worker->maker, task->order, task->thread, clock_us(CLOCK_REALTIME));
    worker->connections = calloc(task->connections, sizeof(*worker->connections));
    worker->idle = calloc(task->connections, sizeof(struct bench_connection *));
    worker->buffer = malloc(RECEIVE_SIZE);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ensure(worker->connections != NULL);
    ensure(worker->idle != NULL);
    ensure(worker->buffer != NULL);
    ensure(worker->epoll >= 0);
    ensure(worker->timer >= 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    ensure(epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->timer, &event) == 0);
    for (size_t i = 0; i < task->connections; i++)
        bench_connection_init(&worker->connections[i],
                              (i + task->thread) % task->order->targets_count);
}

static void worker_deinit(struct worker *worker)
{
    for (size_t i = 0; i < worker->task->connections; i++)
        bench_connection_close(&worker->connections[i]);
    close(worker->timer);
    close(worker->epoll);
    free(worker->buffer);
    free(worker->idle);
    free(worker->connections);
    bench_maker_deinit(&worker->maker);
}

/* One writer: no need to lock the bus. */
static void gauge_add(_Atomic uint64_t *value, uint64_t more)
{
    uint64_t now = atomic_load_explicit(value, memory_order_relaxed);
    atomic_store_explicit(value, now + more, memory_order_relaxed);
}

static void record_latency(struct worker *worker, enum bench_operation operation, uint64_t due_us,
                           uint64_t now_us)
{
    uint64_t latency_us = now_us - due_us;
    struct bench_gauge *gauge = worker->gauge;
    gauge_add(&gauge->sum_us, latency_us);
    if (latency_us > atomic_load_explicit(&gauge->slowest_us, memory_order_relaxed))
        atomic_store_explicit(&gauge->slowest_us, latency_us, memory_order_relaxed);
    if (!bench_pace_counts(&worker->pace, due_us))
        return;
    histogram_record(&worker->result->latencies[operation], latency_us);
    worker->result->end_us = now_us;
}

static void record_failure(struct worker *worker, const char *name, uint64_t due_us)
{
    gauge_add(&worker->gauge->failed, 1);
    if (bench_pace_counts(&worker->pace, due_us))
        bench_result_fail(worker->result, name, 1);
}

/* Of an answer of status 200: for what DynamoDB does not call an error, though it is none of what
 * was asked for. NULL if there is nothing to complain of. */
static const char *find_shortfall(enum bench_operation operation, const struct bench_reply *reply)
{
    static const char all_written[] = "\"UnprocessedItems\":{}";
    struct slice beginning = bench_reply_beginning(reply);
    if (operation != BENCH_BATCH_WRITE ||
        memmem(beginning.data, beginning.size, all_written, strlen(all_written)) != NULL)
        return NULL;
    return "UnprocessedItems";
}

static void record_answer(struct worker *worker, const struct bench_connection *connection,
                          uint64_t now_us)
{
    const struct bench_reply *reply = &connection->reply;
    enum bench_operation operation = connection->operation;
    unsigned status = bench_reply_status(reply);
    if (status < 200 || status >= 300) {
        char name[BENCH_FAILURE_SIZE];
        bench_reply_failure(reply, name, sizeof(name));
        record_failure(worker, name, connection->due_us);
        return;
    }
    const char *shortfall = find_shortfall(operation, reply);
    if (shortfall != NULL) {
        record_failure(worker, shortfall, connection->due_us);
        return;
    }
    record_latency(worker, operation, connection->due_us, now_us);
    gauge_add(&worker->gauge->done, 1);
    if (!bench_pace_counts(&worker->pace, connection->due_us))
        return;
    worker->result->done++;
    bool gets = operation == BENCH_GET || operation == BENCH_GET_CONSISTENT;
    worker->result->absent += gets && reply->body_size <= strlen("{}");
}

static void make_idle(struct worker *worker, struct bench_connection *connection)
{
    connection->state = BENCH_IDLE;
    worker->idle[worker->idle_count++] = connection;
}

static void forget_idle(struct worker *worker, const struct bench_connection *connection)
{
    for (size_t i = 0; i < worker->idle_count; i++) {
        if (worker->idle[i] == connection) {
            worker->idle[i] = worker->idle[--worker->idle_count];
            return;
        }
    }
}

static void close_one(struct worker *worker, struct bench_connection *connection)
{
    if (connection->state == BENCH_IDLE)
        forget_idle(worker, connection);
    worker->busy_count -= connection->state == BENCH_BUSY;
    bench_connection_close(connection);
}

static void fail_connect(struct worker *worker, struct bench_connection *connection,
                         uint64_t now_us)
{
    char name[BENCH_FAILURE_SIZE];
    snprintf(name, sizeof(name), "connect: %s", strerror(errno));
    record_failure(worker, name, now_us);
    close_one(worker, connection);
}

static void open_one(struct worker *worker, struct bench_connection *connection, uint64_t now_us)
{
    const struct bench_address *address = &worker->task->addresses[connection->target];
    if (!bench_connection_open(connection, worker->epoll, address, now_us))
        fail_connect(worker, connection, now_us);
}

/* A server may close a connection on which nothing was asked. */
static void lose_connection(struct worker *worker, struct bench_connection *connection,
                            const char *why, uint64_t now_us)
{
    if (connection->state == BENCH_BUSY)
        record_failure(worker, why, connection->due_us);
    close_one(worker, connection);
    open_one(worker, connection, now_us);
}

static void send_request(struct worker *worker, struct bench_connection *connection,
                         const struct bench_request *request, uint64_t now_us)
{
    worker->busy_count++;
    connection->operation = request->operation;
    connection->key = request->key;
    if (bench_connection_send(connection, worker->epoll, request->bytes, now_us) == BENCH_IO_OK)
        return;
    /* Not opened again at once: an event of the old socket may be waiting in this very round. */
    record_failure(worker, "connection lost", connection->due_us);
    close_one(worker, connection);
}

/* Sends what is due on the connections that are free. */
static void pump(struct worker *worker, uint64_t now_us)
{
    while (worker->idle_count > 0 && bench_pace_next(&worker->pace, now_us) <= now_us) {
        struct bench_connection *connection = worker->idle[--worker->idle_count];
        connection->due_us = bench_pace_take(&worker->pace, now_us);
        connection->modifying = false;
        struct bench_request request = bench_maker_next(&worker->maker, connection->target);
        send_request(worker, connection, &request, now_us);
    }
}

static void modify(struct worker *worker, struct bench_connection *connection, uint64_t now_us)
{
    connection->modifying = true;
    struct bench_request request =
        bench_maker_modify(&worker->maker, connection->target, connection->key);
    send_request(worker, connection, &request, now_us);
}

static void on_answer(struct worker *worker, struct bench_connection *connection)
{
    uint64_t now_us = bench_now_us();
    bool keep = connection->reply.keep_alive && connection->unsent == NULL;
    bool half = connection->operation == BENCH_READ_MODIFY_WRITE && !connection->modifying &&
                bench_reply_status(&connection->reply) == 200;
    worker->busy_count--;
    connection->state = BENCH_IDLE;
    if (half && keep) {
        modify(worker, connection, now_us);
        return;
    }
    record_answer(worker, connection, now_us);
    if (keep) {
        make_idle(worker, connection);
    } else {
        bench_connection_close(connection);
        open_one(worker, connection, now_us);
    }
    pump(worker, now_us);
}

static void on_event(struct worker *worker, struct bench_connection *connection, uint32_t events)
{
    if (connection->state == BENCH_DOWN)
        return;
    if (connection->state == BENCH_CONNECTING) {
        if (bench_connection_opened(connection, worker->epoll))
            make_idle(worker, connection);
        else
            fail_connect(worker, connection, bench_now_us());
        return;
    }
    enum bench_io outcome = BENCH_IO_OK;
    if ((events & EPOLLOUT) != 0)
        outcome = bench_connection_flush(connection, worker->epoll);
    if (outcome == BENCH_IO_OK && (events & ~(uint32_t)EPOLLOUT) != 0)
        outcome = bench_connection_receive(connection, worker->buffer, RECEIVE_SIZE);
    if (outcome != BENCH_IO_OK)
        lose_connection(worker, connection,
                        outcome == BENCH_IO_BAD ? "answer is no HTTP" : "connection lost",
                        bench_now_us());
    else if (connection->state == BENCH_BUSY && connection->reply.complete)
        on_answer(worker, connection);
}

static void arm_timer(struct worker *worker)
{
    uint64_t due_us = bench_pace_next(&worker->pace, 0);
    if (worker->pace.interval_us <= 0 || worker->idle_count == 0 || due_us == UINT64_MAX)
        return;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(due_us / 1000000),
                                           .tv_nsec = (long)(due_us % 1000000 * 1000)}};
    ensure(timerfd_settime(worker->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}

static void wait_for_events(struct worker *worker, uint64_t sweep_us)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t now_us = bench_now_us();
    int wait_ms = sweep_us > now_us ? (int)((sweep_us - now_us) / 1000 + 1) : 0;
    arm_timer(worker);
    int count = epoll_wait(worker->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr != NULL)
            on_event(worker, events[i].data.ptr, events[i].events);
    }
}

static void time_out(struct worker *worker, struct bench_connection *connection, uint64_t now_us)
{
    record_latency(worker, connection->operation, connection->due_us, now_us);
    record_failure(worker, "timeout", connection->due_us);
    close_one(worker, connection);
}

static void check_connection(struct worker *worker, struct bench_connection *connection,
                             uint64_t now_us)
{
    bool waits = connection->state == BENCH_BUSY || connection->state == BENCH_CONNECTING;
    bool late = waits && now_us > connection->since_us &&
                now_us - connection->since_us >= worker->options->timeout_seconds * 1000000;
    if (connection->state == BENCH_DOWN) {
        open_one(worker, connection, now_us);
    } else if (late && connection->state == BENCH_BUSY) {
        time_out(worker, connection, now_us);
        open_one(worker, connection, now_us);
    } else if (late) {
        errno = ETIMEDOUT;
        fail_connect(worker, connection, now_us);
    }
}

static void sweep(struct worker *worker, uint64_t now_us)
{
    if (atomic_load_explicit(worker->task->stop, memory_order_relaxed) &&
        worker->pace.end_us > now_us)
        worker->pace.end_us = now_us;
    bench_maker_tick(&worker->maker, clock_us(CLOCK_REALTIME));
    for (size_t i = 0; i < worker->task->connections; i++)
        check_connection(worker, &worker->connections[i], now_us);
}

/* What was sent and not answered, and what was due and never sent, have waited too. */
static void give_up(struct worker *worker, uint64_t now_us)
{
    for (size_t i = 0; i < worker->task->connections; i++) {
        if (worker->connections[i].state == BENCH_BUSY)
            time_out(worker, &worker->connections[i], now_us);
    }
    while (worker->pace.interval_us > 0 && bench_pace_next(&worker->pace, now_us) <= now_us) {
        uint64_t due_us = bench_pace_take(&worker->pace, now_us);
        enum bench_operation operation =
            bench_workload_draw(worker->options->workload, &worker->maker.prng);
        record_latency(worker, operation, due_us, now_us);
        record_failure(worker, "never sent", due_us);
    }
}
