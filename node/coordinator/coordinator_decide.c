/* Writes with a precondition, for system tables: one node, the key's primary, decides; one write
 * per key at a time. Reads a majority, compares, writes. (The conditional path of the register
 * protocol takes this over: until then two nodes that both think they are primary may both decide.)
 */
#include <stdlib.h>

#include "hash.h"
#include "task.h"

struct decide_task {
    struct coordinator *coordinator;
    struct request *client; /* who asked */
    struct request step;    /* the read, then the write */
    uint64_t queue_id;
    struct list_link link;
};

LIST_DEFINE(decide_tasks, struct decide_task, link)

/* Those that decide on one key: the first one is at work. */
struct decide_queue {
    struct decide_tasks tasks;
};

static void decide_start(struct decide_task *decide);

/* Takes the first task off its queue and starts the next. */
static void decide_finish(struct decide_task *decide)
{
    struct coordinator *coordinator = decide->coordinator;
    struct decide_queue *queue = map_find(&coordinator->deciding, decide->queue_id);
    ensure(queue != NULL);
    decide_tasks_remove(&queue->tasks, decide);
    struct decide_task *next = decide_tasks_first(&queue->tasks);
    if (next == NULL) {
        map_remove(&coordinator->deciding, decide->queue_id);
        free(queue);
    }
    free(decide);
    if (next != NULL && !coordinator->stopping)
        decide_start(next);
}

/* Hands the client's request back with what the step found or did. */
static void decide_answer(struct decide_task *decide, enum outcome outcome)
{
    struct request *client = decide->client;
    struct request *step = &decide->step;
    client->outcome = outcome;
    client->sloppy = step->sloppy;
    client->found = step->found;
    client->version = step->version;
    client->old_size = step->old_size;
    client->held = step->held;
    client->result = step->result;
    step->held = NULL;
    request_release(step);
    decide->coordinator->open--;
    decide->coordinator->stats.done[outcome]++;
    requests_push(&decide->coordinator->answered, client);
    decide_finish(decide);
}

static void on_decide_written(struct request *step)
{
    struct decide_task *decide = container_of(step, struct decide_task, step);
    decide_answer(decide, step->outcome);
}

static void decide_write(struct decide_task *decide)
{
    struct request *client = decide->client;
    struct request *step = &decide->step;
    uint64_t deadline_us = step->deadline_us;
    request_release(step);
    request_init(step, REQUEST_WRITE, on_decide_written);
    step->key = client->key;
    step->value = client->value;
    step->tombstone = client->tombstone;
    step->want_old_size = client->want_old_size;
    step->quorum = client->quorum;
    step->deadline_us = deadline_us;
    decide->coordinator->open++;
    write_begin(decide->coordinator, step);
}

static void on_decide_read(struct request *step)
{
    struct decide_task *decide = container_of(step, struct decide_task, step);
    const struct request *client = decide->client;
    bool holds = client->precondition == PRECONDITION_ABSENT
                     ? !step->found
                     : step->found && version_equal(step->version, client->expected);
    if (step->outcome != OUTCOME_OK)
        decide_answer(decide, step->outcome == OUTCOME_OVERLOADED ? OUTCOME_OVERLOADED
                                                                  : OUTCOME_UNAVAILABLE);
    else if (!holds)
        decide_answer(decide, OUTCOME_PRECONDITION_FAILED);
    else if (decide->coordinator->stopping)
        decide_answer(decide, OUTCOME_UNAVAILABLE);
    else
        decide_write(decide);
}

static void decide_start(struct decide_task *decide)
{
    struct coordinator *coordinator = decide->coordinator;
    struct request *client = decide->client;
    struct request *step = &decide->step;
    request_init(step, REQUEST_READ, on_decide_read);
    step->key = client->key;
    step->quorum = client->quorum;
    step->consistent = true;
    step->deadline_us = client->deadline_us != 0 ? client->deadline_us
                                                 : coordinator->outbox->now.monotonic_us +
                                                       coordinator->config.request_timeout_us;
    coordinator->open++;
    read_begin(coordinator, step);
}

void decide_begin(struct coordinator *coordinator, struct request *request)
{
    struct decide_task *decide = calloc(1, sizeof(*decide));
    ensure(decide != NULL);
    decide->coordinator = coordinator;
    decide->client = request;
    decide->queue_id = hash64(request->key) | 1;
    struct decide_queue *queue = map_find(&coordinator->deciding, decide->queue_id);
    bool first = queue == NULL;
    if (first) {
        queue = calloc(1, sizeof(*queue));
        ensure(queue != NULL);
        decide_tasks_init(&queue->tasks);
        map_put(&coordinator->deciding, decide->queue_id, queue);
    }
    decide_tasks_push(&queue->tasks, decide);
    if (first)
        decide_start(decide);
}

void decide_deinit(struct coordinator *coordinator)
{
    size_t cursor = 0;
    struct decide_queue *queue;
    while ((queue = map_each(&coordinator->deciding, &cursor)) != NULL) {
        struct decide_task *decide;
        while ((decide = decide_tasks_pop(&queue->tasks)) != NULL) {
            decide->client->outcome = OUTCOME_UNAVAILABLE;
            decide->client->done(decide->client);
            free(decide);
        }
        free(queue);
    }
}
