/* Ranges of one partition. Eventual: one home node's page, as it is. Consistent: pages of a
 * majority merged by key, tombstones too; what differs is brought onto all that were asked; the
 * page is cut at the smallest key that every answer covers. */
#include <stdlib.h>
#include <string.h>

#include "range_merge.h"
#include "task.h"

struct range_task {
    struct task task;
    struct quorum quorum;
    uint32_t partition;
    bool consistent;
    size_t need;
    struct slot slot[REPLICAS_MAX];
    struct range_page page[REPLICAS_MAX]; /* of slots that are GOOD */
    size_t asked;
    struct slot *repairs; /* one per row and replica that lacks it */
    size_t repairs_count;
    bool repairing;
    struct range_merge merge;
};

static void pages_free(struct range_task *range)
{
    for (size_t i = 0; i < REPLICAS_MAX; i++) {
        buffer_unref(range->page[i].held);
        range->page[i] = (struct range_page){0};
    }
    range_merge_deinit(&range->merge);
    free(range->repairs);
    range->repairs = NULL;
    range->repairs_count = 0;
}

static bool range_ask_next(struct range_task *range)
{
    const struct request *request = range->task.request;
    struct coordinator *coordinator = range->task.coordinator;
    while (range->asked < range->quorum.n) {
        struct slot *slot = &range->slot[range->asked++];
        if (!members_usable(coordinator->members, slot->member))
            continue;
        Cartwheel__Range body = CARTWHEEL__RANGE__INIT;
        body.from = binary_of(request->key);
        body.to = binary_of(request->to);
        body.reverse = request->reverse;
        body.rows_max = request->rows_max;
        body.bytes_max = request->bytes_max;
        body.rows = range->consistent;
        uint16_t shard = partition_shard(coordinator, slot->member, range->partition);
        slot_call(&range->task, slot, shard, FRAME_RANGE, &body.base, SLICE_EMPTY);
        return true;
    }
    return false;
}

static size_t range_count(const struct range_task *range, enum slot_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < range->asked; i++)
        count += range->slot[i].state == state;
    return count;
}

static size_t repairs_count(const struct range_task *range, enum slot_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < range->repairs_count; i++)
        count += range->repairs[i].state == state;
    return count;
}

/* This node first if it is a home node, then in the order of the preference list, from a random one
 * on. */
static void range_start(struct range_task *range)
{
    struct coordinator *coordinator = range->task.coordinator;
    uint16_t list[REPLICAS_MAX];
    size_t count =
        membership_preference_list(coordinator->members, range->partition, list, range->quorum.n);
    size_t start = (size_t)prng_below(coordinator->prng, count);
    for (size_t i = 0; i < count; i++) {
        if (list[i] == coordinator->members->self)
            start = i;
    }
    pages_free(range);
    memset(range->slot, 0, sizeof(range->slot));
    range->asked = 0;
    range->repairing = false;
    for (size_t i = 0; i < count; i++) {
        range->slot[i].task = &range->task;
        range->slot[i].member = list[(start + i) % count];
    }
    for (size_t i = 0; i < range->need; i++)
        (void)range_ask_next(range);
    task_arm(&range->task, coordinator->config.attempt_timeout_us);
}

static void range_fail(struct range_task *range)
{
    bool late = range->task.coordinator->outbox->now.monotonic_us >= range->task.deadline_us;
    bool failed = false;
    for (size_t i = 0; i < range->asked; i++)
        failed |= range->slot[i].state == SLOT_REFUSED && range->slot[i].verdict == VERDICT_FAILED;
    task_answer(&range->task, failed ? OUTCOME_FAILED
                              : late ? OUTCOME_TIMEOUT
                                     : OUTCOME_UNAVAILABLE);
}

static void range_answer(struct range_task *range, struct slice rows, uint32_t count, bool more,
                         struct slice covered)
{
    struct request *request = range->task.request;
    writer_put_slice(&request->rows, rows);
    request->rows_count = count;
    request->more = more;
    request->held = buffer_from(covered);
    request->resume = buffer_slice(request->held);
    task_answer(&range->task, OUTCOME_OK);
}

static void range_answer_one(struct range_task *range)
{
    for (size_t i = 0; i < range->asked; i++) {
        const struct range_page *page = &range->page[i];
        if (range->slot[i].state == SLOT_GOOD) {
            range_answer(range, page->rows, page->count, page->more, page->covered);
            return;
        }
    }
}

/* Sends each row that differs to the answering replicas that hold less. */
static void range_repair(struct range_task *range)
{
    const struct range_merge *merge = &range->merge;
    range->repairing = true;
    range->repairs_count = merge->lacking_count;
    range->repairs = calloc(merge->lacking_count + 1, sizeof(*range->repairs));
    ensure(range->repairs != NULL);
    for (size_t i = 0; i < merge->lacking_count; i++) {
        const struct range_lacking *lacking = &merge->lacking[i];
        struct slot *slot = &range->repairs[i];
        slot->task = &range->task;
        slot->member = range->slot[lacking->page].member;
        Cartwheel__Write body = CARTWHEEL__WRITE__INIT;
        body.key = binary_of(lacking->key);
        uint16_t shard = partition_shard(range->task.coordinator, slot->member, range->partition);
        range->task.coordinator->stats.read_repairs++;
        slot_call(&range->task, slot, shard, FRAME_REPAIR, &body.base, lacking->row);
    }
}

/* True if the range started over. */
static bool range_finish_repair(struct range_task *range)
{
    if (repairs_count(range, SLOT_SENT) > 0)
        return false;
    bool late = range->task.coordinator->outbox->now.monotonic_us >= range->task.deadline_us;
    const struct range_merge *merge = &range->merge;
    if (repairs_count(range, SLOT_GOOD) == range->repairs_count) {
        range_answer(range, writer_slice(&merge->rows), merge->count, merge->more,
                     writer_slice(&merge->covered));
    } else if (late) {
        range_fail(range);
    } else {
        range_start(range);
        return true;
    }
    return false;
}

static bool range_step(struct range_task *range)
{
    size_t good = range_count(range, SLOT_GOOD);
    size_t waiting = range_count(range, SLOT_SENT);
    if (range->repairing)
        return range_finish_repair(range);
    while (good + waiting < range->need && range_ask_next(range))
        waiting++;
    if (good < range->need) {
        if (good + waiting < range->need)
            range_fail(range);
        return false;
    }
    if (!range->consistent) {
        range_answer_one(range);
        return false;
    }
    const struct request *request = range->task.request;
    bool usable = range_merge_run(&range->merge, range->page, range->asked, request->reverse,
                                  request->rows_max, request->bytes_max);
    if (!usable) {
        range_fail(range);
        return false;
    }
    range_repair(range);
    return range_finish_repair(range);
}

static void range_advance(struct range_task *range)
{
    while (range->task.request != NULL && range_step(range))
        continue;
    bool waiting = range_count(range, SLOT_SENT) + repairs_count(range, SLOT_SENT) > 0;
    if (range->task.request == NULL && !waiting)
        task_free(&range->task);
}

static bool items_valid(struct slice rows, uint32_t count)
{
    struct reader reader = reader_of(rows);
    bool valid = true;
    for (; valid && reader_left(&reader) > 0; count--) {
        (void)reader_get_sized(&reader);
        valid = count > 0 && item_valid(reader_get_sized(&reader)) && !reader.failed;
    }
    return valid && count == 0;
}

/* The asker reads the rows as items, and goes on from `covered`: what a peer sends must be both.
 * Whole rows are checked when they are merged. */
static bool page_valid(const struct range_task *range, const struct frame *frame,
                       const Cartwheel__RangeReply *reply)
{
    const struct request *request = range->task.request;
    struct slice covered = slice_of_binary(reply->covered);
    if (request == NULL || reply->verdict != VERDICT_OK)
        return false;
    bool inside = slice_compare(covered, request->key) >= 0 &&
                  (request->to.size == 0 || slice_compare(covered, request->to) < 0);
    return (!reply->more || inside) &&
           (range->consistent || items_valid(frame->payload, reply->count));
}

static void range_take_page(struct range_task *range, struct slot *slot, const struct frame *frame,
                            const Cartwheel__RangeReply *reply)
{
    struct range_page *page = &range->page[slot - range->slot];
    bool good = page_valid(range, frame, reply);
    if (!good) {
        slot->state = SLOT_REFUSED;
        slot->verdict = reply->verdict == VERDICT_BUSY ? VERDICT_BUSY : VERDICT_FAILED;
        return;
    }
    struct writer copy;
    writer_init(&copy, frame->payload.size + reply->covered.len);
    writer_put_slice(&copy, frame->payload);
    writer_put_slice(&copy, slice_of_binary(reply->covered));
    page->held = writer_finish(&copy);
    page->present = true;
    page->rows = slice_of(page->held->data, frame->payload.size);
    page->covered = slice_of(page->held->data + frame->payload.size, reply->covered.len);
    page->more = reply->more;
    page->count = reply->count;
}

static void range_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                           const ProtobufCMessage *body)
{
    struct range_task *range = container_of(task, struct range_task, task);
    if (frame->header.type == FRAME_RANGE_REPLY)
        range_take_page(range, slot, frame, (const Cartwheel__RangeReply *)body);
    else if (((const Cartwheel__WriteReply *)body)->verdict != VERDICT_TOOK)
        slot->state = SLOT_REFUSED;
    range_advance(range);
}

static void range_on_lost(struct task *task, struct slot *slot)
{
    (void)slot;
    range_advance(container_of(task, struct range_task, task));
}

static void range_on_timer(struct task *task)
{
    struct range_task *range = container_of(task, struct range_task, task);
    for (size_t i = 0; i < range->asked; i++) {
        slot_unanswered(&range->slot[i]);
        slot_abandon(&range->slot[i]);
    }
    for (size_t i = 0; i < range->repairs_count; i++) {
        slot_unanswered(&range->repairs[i]);
        slot_abandon(&range->repairs[i]);
    }
    task_arm(task, task->coordinator->config.attempt_timeout_us);
    bool late = task->coordinator->outbox->now.monotonic_us >= task->deadline_us;
    if (late && task->request != NULL)
        range_fail(range);
    range_advance(range);
}

static void range_free(struct task *task)
{
    struct range_task *range = container_of(task, struct range_task, task);
    pages_free(range);
    free(range);
}

static const struct task_type range_type = {range_on_reply, range_on_lost, range_on_timer,
                                            range_free};

void range_begin(struct coordinator *coordinator, struct request *request)
{
    struct range_task *range = calloc(1, sizeof(*range));
    ensure(range != NULL);
    task_init(&range->task, &range_type, coordinator, request);
    ensure(request->rows_max > 0);
    ensure(request->bytes_max > 0);
    range->quorum = quorum_in_force(coordinator, request->quorum);
    range->consistent = request->consistent;
    range->need = request->consistent ? majority_of(range->quorum.n) : 1;
    range->partition = key_partition(request->key);
    range_merge_init(&range->merge);
    range_start(range);
    range_advance(range);
}
