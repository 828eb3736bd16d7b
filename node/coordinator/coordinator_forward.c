/* Forwarding: a write goes to the first live home node of its key (its primary), so that two
 * writers of one item meet in one place. Correctness never rests on who is primary. A forwarder
 * whose request was sent and got no answer says so (OUTCOME_UNKNOWN): it never tries another
 * coordinator, since the first may have acted. A primary whose full disk keeps it from acting hands
 * the write on to the next home node. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "contest.h"
#include "probe.h"
#include "task.h"

struct forward_task {
    struct task task;
    struct slot slot;
};

enum {
    FORWARDED_BYTES_MAX = 128 << 20 /* as much as replicas take of rows to be written; what clients
                                       send here is charged where it is received */
};

/* A write that another shard handed over. */
struct forwarded {
    struct request request;
    struct coordinator *coordinator;
    struct frame_header asker;
    size_t size;
    uint8_t bytes[]; /* key, program, item */
};

/* The result, then the item written, if they were wanted. False if the peer sent nonsense. */
static bool forward_take_payload(struct request *request, const struct frame *frame,
                                 const Cartwheel__ForwardReply *reply)
{
    size_t size = frame->payload.size;
    if (reply->result_size > size)
        return false;
    request->held = buffer_from(frame->payload);
    struct slice held = buffer_slice(request->held);
    struct slice result = slice_of(held.data, reply->result_size);
    struct slice written = slice_of(held.data + result.size, size - result.size);
    bool message = reply->outcome == OUTCOME_INVALID;
    if ((result.size > 0 && !message && !item_valid(result)) ||
        (written.size > 0 && !item_valid(written)))
        return false;
    request->result = result;
    request->written = written;
    return true;
}

static void forward_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                             const ProtobufCMessage *body)
{
    (void)slot;
    const Cartwheel__ForwardReply *reply = (const Cartwheel__ForwardReply *)body;
    struct request *request = task->request;
    if (request != NULL) {
        bool known = reply->outcome <= OUTCOME_FAILED;
        bool versioned = version_of_binary(reply->version, &request->version);
        request->sloppy = reply->sloppy;
        request->old_size = reply->old_size;
        request->new_size = reply->new_size;
        request->found = reply->found;
        known &= forward_take_payload(request, frame, reply);
        task_answer(task, known && versioned ? (enum outcome)reply->outcome : OUTCOME_UNKNOWN);
    }
    task_free(task);
}

static void forward_end(struct task *task)
{
    task_answer(task, OUTCOME_UNKNOWN);
    task_free(task);
}

static void forward_on_lost(struct task *task, struct slot *slot)
{
    (void)slot;
    PROBE("a forwarded write's link breaks");
    forward_end(task);
}

/* How long an answer is waited for. The other side is given a little less, so that it can still say
 * what it knows. */
static uint64_t patience_of(const struct coordinator *coordinator)
{
    return 3 * coordinator->config.attempt_timeout_us;
}

static uint64_t time_given(const struct forward_task *forward)
{
    const struct coordinator *coordinator = forward->task.coordinator;
    uint64_t now_us = coordinator->outbox->now.monotonic_us;
    uint64_t left_us = forward->task.deadline_us > now_us ? forward->task.deadline_us - now_us : 0;
    uint64_t patience_us = patience_of(coordinator);
    uint64_t given_us = left_us < patience_us ? left_us : patience_us;
    return given_us - given_us / 8;
}

/* The first wait routes later requests around the silent node; the second gives this one up. */
static void forward_on_timer(struct task *task)
{
    struct forward_task *forward = container_of(task, struct forward_task, task);
    struct coordinator *coordinator = task->coordinator;
    uint64_t waited_us = coordinator->outbox->now.monotonic_us - forward->slot.sent_us;
    uint64_t patience_us = patience_of(coordinator);
    slot_unanswered(&forward->slot);
    if (waited_us < patience_us && coordinator->outbox->now.monotonic_us < task->deadline_us) {
        task_arm(task, patience_us - waited_us);
        return;
    }
    PROBE("a forwarder gives up");
    slot_abandon(&forward->slot);
    forward_end(task);
}

static void forward_free(struct task *task)
{
    free(container_of(task, struct forward_task, task));
}

static const struct task_type forward_type = {.on_reply = forward_on_reply,
                                              .on_lost = forward_on_lost,
                                              .on_timer = forward_on_timer,
                                              .free = forward_free};

static void forward_begin(struct coordinator *coordinator, struct request *request, size_t primary,
                          uint16_t shard)
{
    struct forward_task *forward = calloc(1, sizeof(*forward));
    ensure(forward != NULL);
    task_init(&forward->task, &forward_type, coordinator, request);
    forward->slot.member = primary;
    uint8_t expected[VERSION_SIZE];
    Cartwheel__Forward body = CARTWHEEL__FORWARD__INIT;
    body.key = binary_of(request->key);
    body.tombstone = request->tombstone;
    body.want_old_size = request->want_old_size;
    body.n = request->quorum.n;
    body.r = request->quorum.r;
    body.w = request->quorum.w;
    body.sloppy = request->quorum.sloppy;
    body.precondition = (uint32_t)request->precondition;
    body.expected = binary_of_version(request->expected, expected);
    body.timeout_us = time_given(forward);
    body.program = binary_of(request->program);
    PROBE("a write is forwarded");
    body.want = request->want;
    slot_call(&forward->task, &forward->slot, shard, FRAME_FORWARD, &body.base,
              request->tombstone ? SLICE_EMPTY : request->value);
    task_arm(&forward->task, coordinator->config.attempt_timeout_us / 2);
}

/* A plain write that finds a contest for its item under way joins it: alone it would only spoil the
 * round. */
static void begin_here(struct coordinator *coordinator, struct request *request)
{
    bool contends = request_conditional(request) || contest_under_way(coordinator, request->key);
    if (contends)
        contest_submit(coordinator, request);
    else
        write_begin(coordinator, request);
}

static size_t home_list(const struct coordinator *coordinator, const struct request *request,
                        uint16_t list[REPLICAS_MAX])
{
    return membership_preference_list(coordinator->members, key_partition(request->key), list,
                                      request->quorum.n);
}

/* Index of the first that can be relied on, from `at` on; `count` if there is none. */
static size_t first_trusted(const struct coordinator *coordinator, const uint16_t *list, size_t at,
                            size_t count)
{
    while (at < count && !members_trusted(coordinator->members, list[at]))
        at++;
    return at;
}

void forward_or_begin(struct coordinator *coordinator, struct request *request)
{
    uint16_t list[REPLICAS_MAX];
    size_t count = home_list(coordinator, request, list);
    bool second = count > 1 && BUGGIFY("a write goes to another than the primary");
    size_t first = first_trusted(coordinator, list, second, count);
    if (first == count) {
        begin_here(coordinator, request);
        return;
    }
    uint16_t shard = partition_shard(coordinator, list[first], key_partition(request->key));
    if (list[first] == coordinator->members->self && shard == coordinator->outbox->shard)
        begin_here(coordinator, request);
    else
        forward_begin(coordinator, request, list[first], shard);
}

bool forward_onward(struct coordinator *coordinator, struct request *request)
{
    uint16_t list[REPLICAS_MAX];
    size_t count = home_list(coordinator, request, list);
    size_t self = 0;
    while (self < count && list[self] != coordinator->members->self)
        self++;
    size_t next = self < count ? first_trusted(coordinator, list, self + 1, count) : count;
    if (next == count)
        return false;
    PROBE("a write is handed on by a full node");
    uint16_t shard = partition_shard(coordinator, list[next], key_partition(request->key));
    forward_begin(coordinator, request, list[next], shard);
    return true;
}

static void forwarded_reply(struct coordinator *coordinator, const struct frame_header *asker,
                            const struct request *request)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__ForwardReply body = CARTWHEEL__FORWARD_REPLY__INIT;
    body.outcome = (uint32_t)request->outcome;
    body.sloppy = request->sloppy;
    body.found = request->found;
    body.version = binary_of_version(request->version, storage);
    body.old_size = request->old_size;
    body.new_size = request->new_size;
    body.result_size = request->result.size;
    struct slice payload = request->held == NULL ? SLICE_EMPTY : buffer_slice(request->held);
    outbox_reply(coordinator->outbox, asker, FRAME_FORWARD_REPLY, &body.base, payload);
}

static void on_forwarded_done(struct request *request)
{
    struct forwarded *forwarded = container_of(request, struct forwarded, request);
    PROBE("a forwarded write is answered");
    forwarded_reply(forwarded->coordinator, &forwarded->asker, request);
    request_release(request);
    forwarded->coordinator->forwarded_bytes -= forwarded->size;
    free(forwarded);
}

/* A peer may be of another opinion, but not ask for nonsense. */
static bool forward_valid(const struct coordinator *coordinator, const struct frame *frame,
                          const Cartwheel__Forward *forward)
{
    struct item_key key;
    return item_key_decode(slice_of_binary(forward->key), &key) &&
           key.partition < membership_partitions(coordinator->members) && forward->n >= 1 &&
           forward->n <= REPLICAS_MAX && forward->r >= 1 && forward->r <= forward->n &&
           forward->w >= 1 && forward->w <= forward->n &&
           forward->precondition <= PRECONDITION_VERSION && frame->payload.size <= ROW_SIZE_MAX &&
           forward->program.len <= ROW_SIZE_MAX && forward->want <= WANT_ALL &&
           (forward->tombstone || item_valid(frame->payload) ||
            (frame->payload.size == 0 && forward->program.len > 0));
}

/* Whoever asked has given up and said so. Begun now, out of a network that held it back, it would be
 * the newest of all, and undo what was written since. */
static bool forward_expired(const struct coordinator *coordinator, const struct frame *frame,
                            const Cartwheel__Forward *forward)
{
    uint64_t wall_us = coordinator->outbox->now.wall_us;
    uint64_t sent_us = frame->header.wall_us;
    uint64_t age_us = wall_us > sent_us ? wall_us - sent_us : 0;
    uint64_t skew_us = coordinator->config.clock_skew_max_us;
    return age_us > skew_us && age_us - skew_us > forward->timeout_us;
}

static struct slice forwarded_copy(uint8_t **at, struct slice bytes)
{
    struct slice copy = slice_of(*at, bytes.size);
    if (bytes.size > 0)
        memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
    return copy;
}

static void forwarded_fill(struct forwarded *forwarded, const struct frame *frame,
                           const Cartwheel__Forward *forward)
{
    struct request *request = &forwarded->request;
    struct coordinator *coordinator = forwarded->coordinator;
    uint8_t *at = forwarded->bytes;
    request->key = forwarded_copy(&at, slice_of_binary(forward->key));
    request->program = forwarded_copy(&at, slice_of_binary(forward->program));
    request->value = forwarded_copy(&at, frame->payload);
    request->want = (uint8_t)forward->want;
    request->tombstone = forward->tombstone;
    request->want_old_size = forward->want_old_size;
    request->quorum = (struct quorum){(uint8_t)forward->n, (uint8_t)forward->r, (uint8_t)forward->w,
                                      forward->sloppy};
    request->precondition = (enum precondition)forward->precondition;
    uint64_t timeout_us = forward->timeout_us;
    if (timeout_us > coordinator->config.request_timeout_us)
        timeout_us = coordinator->config.request_timeout_us;
    request->deadline_us = coordinator->outbox->now.monotonic_us + timeout_us;
}

static struct forwarded *forwarded_new(struct coordinator *coordinator, const struct frame *frame,
                                       const Cartwheel__Forward *forward)
{
    size_t size = forward->key.len + forward->program.len + frame->payload.size;
    struct forwarded *forwarded = malloc(sizeof(*forwarded) + size);
    ensure(forwarded != NULL);
    forwarded->coordinator = coordinator;
    forwarded->asker = frame->header;
    forwarded->size = size;
    coordinator->forwarded_bytes += size;
    request_init(&forwarded->request, REQUEST_WRITE, on_forwarded_done);
    return forwarded;
}

static bool forwards_excessive(const struct coordinator *coordinator)
{
    return coordinator->open > coordinator->config.requests_max || coordinator->refuses_forwards ||
           coordinator->forwarded_bytes > FORWARDED_BYTES_MAX;
}

void forward_on_frame(struct coordinator *coordinator, const struct frame *frame,
                      const Cartwheel__Forward *forward)
{
    struct forwarded *forwarded = forwarded_new(coordinator, frame, forward);
    if (!forward_valid(coordinator, frame, forward) ||
        forward_expired(coordinator, frame, forward) ||
        !version_of_binary(forward->expected, &forwarded->request.expected)) {
        forwarded->request.outcome = OUTCOME_UNAVAILABLE;
        on_forwarded_done(&forwarded->request);
        return;
    }
    forwarded_fill(forwarded, frame, forward);
    coordinator->open++;
    if (forwards_excessive(coordinator)) {
        PROBE("a primary is full");
        coordinator->open--;
        forwarded->request.outcome = OUTCOME_OVERLOADED;
        on_forwarded_done(&forwarded->request);
        return;
    }
    begin_here(coordinator, &forwarded->request);
}
