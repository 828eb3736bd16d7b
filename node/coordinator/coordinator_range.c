/* Ranges of one partition. Eventual: one home node's page, as it is. Consistent: pages of a majority
 * merged by key, tombstones and rows that are only accepted too. What fewer than a majority told is
 * brought onto a majority before it is shown (range_repair.h); what that turned out to be counts
 * instead of what the pages told, and if keys were deleted by it, the page goes on with those that
 * follow. It is cut at the smallest key that every answer covers. */
#include <stdlib.h>
#include <string.h>

#include "planted.h"
#include "probe.h"
#include "index_key.h"
#include "index_rows.h"
#include "range_merge.h"
#include "range_repair.h"
#include "task.h"

/* What is merged and repaired together: rows by their places in the range; and, of an index, rows by
 * their items that are accepted somewhere and have no place in the pages. */
enum { PLACES, BESIDE, PARTS };

struct range_part {
    struct range_page page[HOMES_MAX]; /* of slots that are GOOD */
    struct range_merge merge;
    struct range_repair repair;
};

struct range_task {
    struct task task;
    struct homes homes;
    uint32_t partition;
    bool consistent;
    struct slot slot[HOMES_MAX]; /* in the order they are asked */
    size_t slots;                /* home nodes that may be asked */
    size_t asked;
    bool paused; /* asked by another ring than theirs: to be begun again */
    bool merged; /* all pages are here: what the parts merged and repair is what goes on */
    struct range_part parts[PARTS];
};

static bool range_ask_next(struct range_task *range)
{
    const struct request *request = range->task.request;
    struct coordinator *coordinator = range->task.coordinator;
    while (range->asked < range->slots) {
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
        body.index = request->index;
        uint16_t shard = partition_shard(coordinator, slot->member, range->partition);
        slot_call(&range->task, slot, shard, FRAME_RANGE, &body.base, SLICE_EMPTY);
        return true;
    }
    return false;
}

/* These are as many as the range needs: one, or a majority. */
static bool range_enough(const struct range_task *range, home_mask mask)
{
    return range->consistent ? homes_majority(&range->homes, mask) : mask != 0;
}

static void pages_release(struct range_task *range)
{
    for (size_t part = 0; part < PARTS; part++) {
        for (size_t i = 0; i < HOMES_MAX; i++) {
            buffer_unref(range->parts[part].page[i].held);
            range->parts[part].page[i] = (struct range_page){0};
        }
    }
}

/* This node first if it is a home node, then in the order of the preference list, from a random one
 * on. Only consistent ones ask those that are to become home nodes: they may have nothing yet. */
static void range_start(struct range_task *range)
{
    struct coordinator *coordinator = range->task.coordinator;
    struct slot homes[HOMES_MAX];
    for (size_t i = 0; i < range->asked; i++)
        slot_abandon(&range->slot[i]);
    pages_release(range);
    membership_homes(coordinator->members, range->partition, range->task.request->quorum.n,
                     &range->homes);
    slots_of_homes(&range->task, &range->homes, homes);
    range->asked = 0;
    range->slots = range->consistent ? range->homes.count : range->homes.n;
    size_t start = (size_t)prng_below(coordinator->prng, range->slots);
    unsigned self = homes_find(&range->homes, (unsigned)coordinator->members->self);
    if (self < range->slots)
        start = self;
    for (size_t i = 0; i < range->slots; i++)
        range->slot[i] = homes[(start + i) % range->slots];
    while (!range_enough(range, slots_mask(range->slot, range->asked, SLOT_SENT)) &&
           range_ask_next(range))
        continue;
    task_arm(&range->task, coordinator->config.attempt_timeout_us);
}

static bool range_late(const struct range_task *range)
{
    return range->task.coordinator->outbox->now.monotonic_us >= range->task.deadline_us;
}

static void range_stop(struct range_task *range)
{
    for (size_t i = 0; i < PARTS; i++)
        range->parts[i].repair.stopped = true;
}

static void range_end(struct range_task *range, enum outcome outcome)
{
    range_stop(range);
    task_answer(&range->task, outcome);
}

static void range_fail(struct range_task *range)
{
    bool failed = false;
    if (!range_late(range) && !range->merged && slots_outdated(range->slot, range->asked)) {
        PROBE("a range meets another ring");
        range->paused = true;
        task_arm(&range->task, RING_PAUSE_US);
        return;
    }
    for (size_t i = 0; i < range->asked; i++)
        failed |= range->slot[i].state == SLOT_REFUSED && range->slot[i].verdict == VERDICT_FAILED;
    range_end(range, failed              ? OUTCOME_FAILED
                     : range_late(range) ? OUTCOME_TIMEOUT
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
        const struct range_page *page = &range->parts[PLACES].page[i];
        if (range->slot[i].state == SLOT_GOOD) {
            if (i > 0)
                PROBE("a range is answered by the second that was asked");
            range_answer(range, page->rows, page->count, page->more, page->covered);
            return;
        }
    }
}

/* Merges the pages, with what was settled since, and has brought to where it lacks what is new.
 * False if a page is malformed. */
static bool part_merge(struct range_task *range, struct range_part *part,
                       const struct range_sources *limits)
{
    struct range_settled *settled = range_repair_settled(&part->repair);
    struct range_sources sources = *limits;
    sources.pages = part->page;
    sources.pages_count = range->asked;
    sources.settled = settled;
    sources.settled_count = part->repair.count;
    range_merge_deinit(&part->merge);
    bool usable = range_merge_run(&part->merge, &sources);
    free(settled);
    part->repair.moved = false;
    if (usable && !(range->task.request->index && PLANTED(INDEX_NO_REPAIR)))
        range_repair_add(&part->repair, &part->merge, range->slot);
    return usable;
}

static bool range_merge_pages(struct range_task *range)
{
    const struct request *request = range->task.request;
    const struct range_sources of_places = {.reverse = request->reverse,
                                            .rows_max = request->rows_max,
                                            .bytes_max = request->bytes_max};
    const struct range_sources of_items = {.rows_max = UINT32_MAX, .bytes_max = SIZE_MAX};
    return part_merge(range, &range->parts[PLACES], &of_places) &&
           part_merge(range, &range->parts[BESIDE], &of_items);
}

/* Rows of an index are put where they stand by now. */
static void range_answer_merged(struct range_task *range)
{
    const struct request *request = range->task.request;
    const struct range_merge *merge = &range->parts[PLACES].merge;
    struct slice beside = writer_slice(&range->parts[BESIDE].merge.rows);
    struct slice covered = writer_slice(&merge->covered);
    if (!request->index) {
        range_answer(range, writer_slice(&merge->rows), merge->count, merge->more, covered);
        return;
    }
    struct index_range wanted;
    bool decoded = index_range_decode(request->key, request->to, &wanted);
    const struct table_schema *schema =
        replica_table(range->task.coordinator->replica, wanted.table_id);
    if (!decoded || schema == NULL) {
        range_end(range, OUTCOME_UNAVAILABLE);
        return;
    }
    struct index_rows_range place = {.schema = schema,
                                     .index = wanted.index,
                                     .from = request->key,
                                     .to = request->to,
                                     .reverse = request->reverse,
                                     .more = merge->more,
                                     .covered = covered};
    struct writer rows;
    writer_init(&rows, merge->rows.size);
    uint32_t count = index_rows_place(&place, writer_slice(&merge->rows), beside, &rows);
    range_answer(range, writer_slice(&rows), count, merge->more, covered);
    writer_deinit(&rows);
}

/* True if the pages were merged again: to be looked at once more. */
static bool range_look(struct range_task *range)
{
    enum outcome outcome = OUTCOME_OK;
    size_t missing = 0;
    bool moved = false;
    for (size_t i = 0; i < PARTS; i++) {
        struct range_repair *repair = &range->parts[i].repair;
        range_repair_advance(repair);
        missing += repair->missing;
        moved |= repair->moved;
        if (repair->outcome != OUTCOME_OK)
            outcome = repair->outcome;
    }
    if (outcome != OUTCOME_OK) {
        range_end(range, range_late(range) ? OUTCOME_TIMEOUT : outcome);
    } else if (missing == 0 && !moved) {
        range_answer_merged(range);
    } else if (missing == 0) {
        PROBE("a range is merged again with what was settled");
        if (range_merge_pages(range))
            return true;
        range_fail(range);
    }
    return false;
}

/* Those that have answered, or still may. */
static home_mask range_hoped(const struct range_task *range)
{
    return slots_mask(range->slot, range->asked, SLOT_GOOD) |
           slots_mask(range->slot, range->asked, SLOT_SENT);
}

/* True if there is more to do at once. */
static bool range_step(struct range_task *range)
{
    if (range->paused)
        return false;
    if (range->merged)
        return range_look(range);
    bool enough = range_enough(range, slots_mask(range->slot, range->asked, SLOT_GOOD));
    while (!range_enough(range, range_hoped(range)) && range_ask_next(range))
        continue;
    if (!range_enough(range, range_hoped(range))) {
        range_fail(range);
    } else if (enough && !range->consistent) {
        range_answer_one(range);
    } else if (enough) {
        range->merged = range_merge_pages(range);
        if (!range->merged)
            range_fail(range);
        return range->merged;
    }
    return false;
}

/* To be called after every event, last: may free the task. */
static void range_advance(struct range_task *range)
{
    while (range->task.request != NULL && range_step(range))
        continue;
    bool idle = true;
    for (size_t i = 0; i < PARTS; i++) {
        range_repair_advance(&range->parts[i].repair);
        idle &= range_repair_idle(&range->parts[i].repair);
    }
    if (range->task.request == NULL && idle &&
        slots_count(range->slot, range->asked, SLOT_SENT) == 0)
        task_free(&range->task);
}

/* The key may be asked of a replica, and be handed to the asker to go on from. */
static bool key_inside(const struct request *request, struct slice key)
{
    return key_in_range(key, request->key, request->to);
}

static bool key_valid(const struct request *request, struct slice encoded)
{
    struct item_key item;
    struct index_key entry;
    bool valid =
        request->index ? index_key_decode(encoded, &entry) : item_key_decode(encoded, &item);
    return valid && key_inside(request, encoded);
}

/* Whole rows are checked when they are merged. */
static bool rows_valid(const struct range_task *range, struct slice rows, uint32_t count)
{
    struct reader reader = reader_of(rows);
    bool valid = true;
    for (; valid && reader_left(&reader) > 0; count--) {
        struct slice encoded = reader_get_sized(&reader);
        if (range->consistent)
            (void)reader_get_u8(&reader);
        struct slice row = reader_get_sized(&reader);
        valid = count > 0 && !reader.failed && key_valid(range->task.request, encoded) &&
                (range->consistent || item_valid(row));
    }
    return valid && count == 0;
}

/* Keys of items of the range's table and partition, and rows, which are checked when they are merged. */
static bool beside_valid(const struct request *request, struct slice rows)
{
    enum { TABLE_SIZE = 4 + 8 /* what keys of items and of entries begin with */ };
    struct reader reader = reader_of(rows);
    struct item_key item;
    bool valid = rows.size == 0 || (request->index && request->key.size >= TABLE_SIZE);
    while (valid && reader_left(&reader) > 0) {
        struct slice encoded = reader_get_sized(&reader);
        (void)reader_get_u8(&reader);
        (void)reader_get_sized(&reader);
        valid = !reader.failed && item_key_decode(encoded, &item) &&
                memcmp(encoded.data, request->key.data, TABLE_SIZE) == 0;
    }
    return valid;
}

/* What a peer sends is read as keys and items, and gone on from. */
static bool page_valid(const struct range_task *range, const struct frame *frame,
                       const Cartwheel__RangeReply *reply)
{
    const struct request *request = range->task.request;
    if (request == NULL || reply->verdict != VERDICT_OK)
        return false;
    return (!reply->more || key_inside(request, slice_of_binary(reply->covered))) &&
           rows_valid(range, frame->payload, reply->count) &&
           beside_valid(request, slice_of_binary(reply->beside));
}

static struct slice copy_of(struct writer *copy, struct slice bytes)
{
    size_t at = copy->size;
    writer_put_slice(copy, bytes);
    return slice_of(copy->buffer->data + at, bytes.size);
}

static void range_take_page(struct range_task *range, struct slot *slot, const struct frame *frame,
                            const Cartwheel__RangeReply *reply)
{
    struct range_page *page = &range->parts[PLACES].page[slot - range->slot];
    struct range_page *beside = &range->parts[BESIDE].page[slot - range->slot];
    bool good = page_valid(range, frame, reply);
    if (!good) {
        PROBE("a page of a range is refused");
        slot->state = SLOT_REFUSED;
        bool told = reply->verdict > VERDICT_TOOK && reply->verdict <= VERDICT_LAST &&
                    reply->verdict != VERDICT_OK;
        slot->verdict = told ? (enum verdict)reply->verdict : VERDICT_FAILED;
        return;
    }
    struct writer copy;
    writer_init(&copy, frame->payload.size + reply->covered.len + reply->beside.len + 1);
    page->rows = copy_of(&copy, frame->payload);
    page->covered = copy_of(&copy, slice_of_binary(reply->covered));
    beside->rows = copy_of(&copy, slice_of_binary(reply->beside));
    page->held = writer_finish(&copy);
    page->more = reply->more;
    page->count = reply->count;
    page->present = true;
    beside->present = true;
}

static void range_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                           const ProtobufCMessage *body)
{
    struct range_task *range = container_of(task, struct range_task, task);
    if (frame->header.type == FRAME_RANGE_REPLY)
        range_take_page(range, slot, frame, (const Cartwheel__RangeReply *)body);
    else
        range_repair_on_answer(slot, (enum verdict)((const Cartwheel__WriteReply *)body)->verdict);
    range_advance(range);
}

static void range_on_lost(struct task *task, struct slot *slot)
{
    struct range_task *range = container_of(task, struct range_task, task);
    if (slot->expects == FRAME_WRITE_REPLY)
        range_repair_on_lost(slot);
    range_advance(range);
}

static void range_on_settled(struct range_repair *repair)
{
    range_advance(container_of(repair->task, struct range_task, task));
}

/* Replicas that did not answer in time are not waited for; none is, once the request's time is
 * over. Settlements end by themselves then. */
static void range_on_timer(struct task *task)
{
    struct range_task *range = container_of(task, struct range_task, task);
    uint64_t now_us = task->coordinator->outbox->now.monotonic_us;
    uint64_t attempt_us = task->coordinator->config.attempt_timeout_us;
    bool late = range_late(range);
    if (range->paused && !late) {
        range->paused = false;
        range_start(range);
        range_advance(range);
        return;
    }
    uint64_t sent_us = late ? now_us : now_us > attempt_us ? now_us - attempt_us : 0;
    for (size_t i = 0; i < range->asked; i++) {
        struct slot *slot = &range->slot[i];
        if (slot->state == SLOT_SENT && slot->sent_us <= sent_us) {
            PROBE("a range gives a replica up");
            slot_unanswered(slot);
            slot_abandon(slot);
        }
    }
    for (size_t i = 0; i < PARTS; i++)
        range_repair_expire(&range->parts[i].repair, sent_us);
    if (late)
        range_stop(range);
    if (!late)
        task_arm(task, attempt_us / 2);
    else if (task->request != NULL) {
        PROBE("a range runs out of time");
        range_fail(range);
    }
    range_advance(range);
}

static void range_free(struct task *task)
{
    struct range_task *range = container_of(task, struct range_task, task);
    for (size_t part = 0; part < PARTS; part++) {
        range_repair_deinit(&range->parts[part].repair);
        range_merge_deinit(&range->parts[part].merge);
    }
    pages_release(range);
    free(range);
}

static const struct task_type range_type = {.on_reply = range_on_reply,
                                            .on_lost = range_on_lost,
                                            .on_timer = range_on_timer,
                                            .free = range_free};

void range_begin(struct coordinator *coordinator, struct request *request)
{
    struct range_task *range = calloc(1, sizeof(*range));
    ensure(range != NULL);
    task_init(&range->task, &range_type, coordinator, request);
    ensure(request->rows_max > 0);
    ensure(request->bytes_max > 0);
    range->consistent = request->consistent;
    range->partition = key_partition(request->key);
    for (size_t i = 0; i < PARTS; i++) {
        range_merge_init(&range->parts[i].merge);
        range_repair_init(&range->parts[i].repair, &range->task, &range->homes, request->quorum.n,
                          i == PLACES && request->index, range_on_settled);
    }
    range_start(range);
    range_advance(range);
}
