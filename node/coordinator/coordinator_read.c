/* Reads of one register. Eventual: R home nodes, nearest and least loaded first, one more when the
 * first is slower than usual. Consistent: a majority, one full row and ballots from the rest; what
 * is newest is brought onto a majority before it is shown (register protocol: reads never go back
 * in time). */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "planted.h"
#include "probe.h"
#include "task.h"

enum read_phase {
    READ_ASKING,   /* collecting `need` answers */
    READ_FETCHING, /* the newest one came as a ballot only: its row is being fetched */
    READ_WRITING,  /* consistent: the row goes to those that lack it */
    READ_SETTLING, /* that was refused, or not answered: a round settles the register */
    READ_PAUSED    /* asked by another ring than theirs: to be begun again */
};

struct read_task {
    struct task task;
    struct homes homes;
    uint8_t n; /* replicas that the table wants */
    uint32_t partition;
    struct buffer *key; /* a copy: the task outlives its request */
    bool consistent;
    unsigned need; /* eventual: R, answers needed */
    size_t slots;  /* home nodes that may be asked */
    enum read_phase phase;
    struct slot slot[HOMES_MAX]; /* in the order they are asked */
    size_t asked;
    bool spoken[HOMES_MAX]; /* the slot's read was answered; stands while the slot is used to
                                  fetch or write */
    struct version sent[HOMES_MAX]; /* ballot of the row last sent to the slot: by the time it is
                                       answered, `newest` may be another */
    struct version newest;          /* highest ballot answered */
    bool newest_applied;            /* by one that holds it in the item's place */
    struct settlement settlement;
    bool settling;      /* it is under way: the task must live */
    struct buffer *row; /* the row of that ballot; NULL: not here yet, or nothing is held */
};

static void read_advance(struct read_task *read);

static void read_call(struct read_task *read, size_t index, bool full)
{
    struct slot *slot = &read->slot[index];
    Cartwheel__Read body = CARTWHEEL__READ__INIT;
    body.key = binary_of(buffer_slice(read->key));
    body.full = full;
    body.top = read->consistent;
    slot->full = full;
    uint16_t shard = partition_shard(read->task.coordinator, slot->member, read->partition);
    slot_call(&read->task, slot, shard, FRAME_READ, &body.base, SLICE_EMPTY);
}

/* Asks one more home node, for the whole row or its ballot; false if there is none left that can be
 * reached. */
static bool read_ask_next(struct read_task *read, bool full)
{
    struct membership *members = read->task.coordinator->members;
    if (read->asked == read->slots)
        return false;
    /* Those that cannot be reached come last in the order; asking them would only lose time. */
    if (!members_usable(members, read->slot[read->asked].member))
        return false;
    read_call(read, read->asked++, full);
    return true;
}

static uint64_t slot_rank(const struct coordinator *coordinator, size_t member)
{
    const struct members_entry *entry = &coordinator->members->entries[member];
    if (member == coordinator->members->self)
        return 0;
    return members_usable(coordinator->members, member) ? 1 + (uint64_t)entry->in_flight
                                                        : UINT64_MAX;
}

/* This node first, then by load; the unreachable last. Insertion sort: there are few. */
static void read_order_slots(struct read_task *read)
{
    struct coordinator *coordinator = read->task.coordinator;
    struct slot homes[HOMES_MAX];
    slots_of_homes(&read->task, &read->homes, homes);
    for (size_t i = 0; i < read->slots; i++) {
        size_t at = i;
        uint64_t rank = slot_rank(coordinator, homes[i].member);
        for (; at > 0 && slot_rank(coordinator, read->slot[at - 1].member) > rank; at--)
            read->slot[at] = read->slot[at - 1];
        read->slot[at] = homes[i];
    }
}

/* These are as many as the read needs: R, or a majority. */
static bool read_enough(const struct read_task *read, home_mask mask)
{
    return read->consistent ? homes_majority(&read->homes, mask)
                            : homes_quorum(&read->homes, mask, read->need);
}

static home_mask read_spoken(const struct read_task *read)
{
    home_mask mask = 0;
    for (size_t i = 0; i < read->asked; i++)
        mask |= read->spoken[i] ? home_bit(read->slot[i].home) : 0;
    return mask;
}

/* Those that were asked and may still answer count too. */
static home_mask read_hoped(const struct read_task *read)
{
    return read_spoken(read) | slots_mask(read->slot, read->asked, SLOT_SENT);
}

/* The items are with the owners as they are; who is to become one may have nothing yet. */
static void read_look_up(struct read_task *read)
{
    membership_homes(read->task.coordinator->members, read->partition, read->n, &read->homes);
    read->slots = read->consistent ? read->homes.count : read->homes.n;
    if (!read->consistent)
        read->homes.next_n = 0;
}

static void read_start(struct read_task *read)
{
    memset(read->spoken, 0, sizeof(read->spoken));
    buffer_unref(read->row);
    read->row = NULL;
    read->newest = VERSION_NONE;
    read->asked = 0;
    read->phase = READ_ASKING;
    read_look_up(read);
    read_order_slots(read);
    while (!read_enough(read, read_hoped(read)) && read_ask_next(read, read->asked == 0))
        continue;
    bool hurry = BUGGIFY("a read is late at once");
    task_arm(&read->task, hurry ? 0 : read->task.coordinator->speculate_us);
}

/* Those known to hold the newest ballot. */
static home_mask read_holders(const struct read_task *read)
{
    home_mask mask = 0;
    for (size_t i = 0; i < read->asked; i++) {
        if (read->spoken[i] && version_equal(read->slot[i].ballot, read->newest))
            mask |= home_bit(read->slot[i].home);
    }
    return mask;
}

static void read_answer(struct read_task *read)
{
    struct request *request = read->task.request;
    struct row row;
    if (read->row != NULL) {
        bool good = row_decode(buffer_slice(read->row), &row);
        ensure(good);
        request->version = row.origin;
        request->found = !row.tombstone;
        request->held = buffer_ref(read->row);
        request->result = row.value;
    }
    task_answer(&read->task, OUTCOME_OK);
}

static bool read_late(const struct read_task *read)
{
    return read->task.coordinator->outbox->now.monotonic_us >= read->task.deadline_us;
}

/* Nobody is asked any more. */
static void read_fail(struct read_task *read)
{
    bool late = read_late(read);
    if (!late && read->phase != READ_SETTLING && slots_outdated(read->slot, read->asked)) {
        PROBE("a read meets another ring");
        read->phase = READ_PAUSED;
        task_arm(&read->task, RING_PAUSE_US);
        return;
    }
    bool failed = false;
    for (size_t i = 0; i < read->asked; i++)
        failed |= read->slot[i].state == SLOT_REFUSED && read->slot[i].verdict == VERDICT_FAILED;
    if (failed)
        PROBE("a read fails on a disk");
    task_answer(&read->task, failed ? OUTCOME_FAILED
                             : late ? OUTCOME_TIMEOUT
                                    : OUTCOME_UNAVAILABLE);
}

static void read_repair(struct read_task *read, size_t index)
{
    read->sent[index] = read->newest;
    slot_repair(&read->task, &read->slot[index], buffer_slice(read->key), buffer_slice(read->row),
                read->newest_applied);
}

/* Fetches the newest row from one that said it holds it. False if nobody can be asked. */
static bool read_fetch(struct read_task *read)
{
    for (size_t i = 0; i < read->asked; i++) {
        bool holds = read->spoken[i] && version_equal(read->slot[i].ballot, read->newest);
        if (holds && read->slot[i].state == SLOT_GOOD) {
            PROBE("a read fetches the newest row");
            read->phase = READ_FETCHING;
            read_call(read, i, true);
            return true;
        }
    }
    return false;
}

/* Sends the row to every one that answered with less. */
static void read_write_back(struct read_task *read)
{
    for (size_t i = 0; i < read->asked; i++) {
        if (read->spoken[i] && read->slot[i].state == SLOT_GOOD &&
            !version_equal(read->slot[i].ballot, read->newest) &&
            !BUGGIFY("a row is not sent to one that lacks it"))
            read_repair(read, i);
    }
}

static void on_settled(struct settlement *settlement)
{
    struct read_task *read = container_of(settlement, struct read_task, settlement);
    read->settling = false;
    if (read->task.request == NULL) {
        buffer_unref(settlement->row);
    } else if (settlement->outcome == OUTCOME_OK) {
        buffer_unref(read->row);
        read->row = settlement->row;
        read_answer(read);
    } else {
        PROBE("a read's register cannot be settled");
        read_fail(read);
    }
    read_advance(read);
}

/* Refused by a promise or by something newer, or not answered: what was read is no longer the newest
 * that counts. A round finds what is, and brings it onto a majority. */
static void read_settle(struct read_task *read)
{
    PROBE("consistent read settles");
    read->phase = READ_SETTLING;
    read->settling = true;
    read->settlement = (struct settlement){.done = on_settled,
                                           .key = buffer_slice(read->key),
                                           .n = read->n,
                                           .deadline_us = read->task.deadline_us};
    settle_begin(read->task.coordinator, &read->settlement);
}

/* Until a majority holds what was read. Whoever was not asked so far may hold it as well, or take it
 * where others refuse (because their disks are full, say). */
static void read_spread(struct read_task *read)
{
    if (read->phase != READ_WRITING) {
        PROBE("consistent read writes back");
        read->phase = READ_WRITING;
        read_write_back(read);
    }
    if (slots_count(read->slot, read->asked, SLOT_SENT) > 0)
        return;
    if (read_ask_next(read, false))
        read->phase = READ_ASKING;
    else
        read_settle(read);
}

/* Enough answers are in and the newest row is here, if there is one. */
static void read_conclude(struct read_task *read)
{
    bool settled = !read->consistent || version_is_none(read->newest) ||
                   homes_majority(&read->homes, read_holders(read)) || PLANTED(READ_NO_WRITE_BACK);
    if (settled) {
        read_answer(read);
        if (read->row != NULL)
            read_write_back(read);
    } else {
        read_spread(read);
    }
}

/* A look at what has come in. */
static void read_look(struct read_task *read)
{
    size_t waiting = slots_count(read->slot, read->asked, SLOT_SENT);
    bool fetching = read->phase == READ_FETCHING && read->row == NULL && waiting > 0;
    if (read->phase == READ_SETTLING || read->phase == READ_PAUSED || fetching)
        return;
    bool enough = read_enough(read, read_spoken(read));
    bool row_missing = !version_is_none(read->newest) && read->row == NULL;
    if (enough && !row_missing) {
        read_conclude(read);
        return;
    }
    if (enough && read_fetch(read))
        return;
    while (!read_enough(read, read_hoped(read)) && read_ask_next(read, read->row == NULL))
        continue;
    if (slots_count(read->slot, read->asked, SLOT_SENT) == 0)
        read_fail(read);
}

/* To be called after every event, last: may free the task. */
static void read_advance(struct read_task *read)
{
    if (read->task.request != NULL)
        read_look(read);
    if (read->task.request == NULL && !read->settling &&
        slots_count(read->slot, read->asked, SLOT_SENT) == 0)
        task_free(&read->task);
}

/* Takes a row that answers for the newest ballot. False if the peer sent nonsense. (This node's own
 * replica looked at what it took when it took it, and its disk's checksums say that it still is.) */
static bool read_take_row(struct read_task *read, const struct slot *slot, struct version ballot,
                          struct slice bytes)
{
    struct row row;
    if (bytes.size == 0)
        return true;
    bool own = slot->member == read->task.coordinator->members->self;
    if (!row_decode(bytes, &row) || !version_equal(row.ballot, ballot) ||
        (!own && !row.tombstone && !item_valid(row.value)))
        return false;
    if (version_equal(ballot, read->newest) && read->row == NULL)
        read->row = buffer_from(bytes);
    return true;
}

static void read_take_reply(struct read_task *read, struct slot *slot, const struct frame *frame,
                            const Cartwheel__ReadReply *reply)
{
    struct version ballot = VERSION_NONE;
    bool good = reply->verdict == VERDICT_OK &&
                (reply->ballot.len == 0 || version_of_binary(reply->ballot, &ballot));
    if (good && version_compare(ballot, read->newest) > 0) {
        read->newest = ballot;
        read->newest_applied = false;
        buffer_unref(read->row);
        read->row = NULL;
    }
    if (good && version_equal(ballot, read->newest))
        read->newest_applied |= reply->applied;
    if (!good || !read_take_row(read, slot, ballot, frame->payload)) {
        slot->state = SLOT_REFUSED;
        bool said = reply->verdict > VERDICT_TOOK && reply->verdict <= VERDICT_LAST && !good;
        slot->verdict = said ? (enum verdict)reply->verdict : VERDICT_FAILED;
        read->spoken[slot - read->slot] = false;
        return;
    }
    slot->ballot = ballot;
    read->spoken[slot - read->slot] = true;
}

static void read_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                          const ProtobufCMessage *body)
{
    struct read_task *read = container_of(task, struct read_task, task);
    if (frame->header.type == FRAME_READ_REPLY) {
        bool late = task->request == NULL;
        read_take_reply(read, slot, frame, (const Cartwheel__ReadReply *)body);
        bool behind = read->row != NULL && slot->state == SLOT_GOOD &&
                      !version_equal(slot->ballot, read->newest);
        if (late && behind)
            read_repair(read, (size_t)(slot - read->slot));
    } else {
        const Cartwheel__WriteReply *reply = (const Cartwheel__WriteReply *)body;
        if (reply->verdict == VERDICT_TOOK)
            slot->ballot = read->sent[slot - read->slot];
        else
            slot->state = SLOT_REFUSED;
        if (reply->verdict == VERDICT_REFUSED_PROMISE && task->request == NULL)
            undecided_add(&task->coordinator->replica->undecided, buffer_slice(read->key), false,
                          task->coordinator->outbox->now.monotonic_us);
    }
    read_advance(read);
}

static void read_on_lost(struct task *task, struct slot *slot)
{
    struct read_task *read = container_of(task, struct read_task, task);
    if (read->phase == READ_FETCHING && slot->full) {
        PROBE("a read's row does not come");
        read->spoken[slot - read->slot] = false;
    }
    read_advance(read);
}

/* First the time in which most reads are answered, then the time after which a replica counts as
 * silent. */
static void read_on_timer(struct task *task)
{
    struct read_task *read = container_of(task, struct read_task, task);
    struct coordinator *coordinator = task->coordinator;
    uint64_t now_us = coordinator->outbox->now.monotonic_us;
    uint64_t attempt_us = coordinator->config.attempt_timeout_us;
    bool stalled = false;
    if (read->phase == READ_PAUSED) {
        if (read_late(read))
            read_fail(read);
        else
            read_start(read);
        read_advance(read);
        return;
    }
    for (size_t i = 0; i < read->asked; i++) {
        struct slot *slot = &read->slot[i];
        bool old = slot->state == SLOT_SENT && now_us - slot->sent_us >= attempt_us / 2;
        bool expired = slot->state == SLOT_SENT &&
                       (now_us - slot->sent_us >= attempt_us || now_us >= task->deadline_us);
        stalled |= slot->state == SLOT_SENT;
        if (old)
            slot_unanswered(slot);
        if (expired) {
            PROBE("a read gives a replica up");
            slot_abandon(slot);
            read->spoken[i] &= read->phase != READ_FETCHING || !slot->full;
        }
    }
    if (stalled && task->request != NULL && read->phase == READ_ASKING &&
        now_us < task->deadline_us && read_ask_next(read, true)) {
        PROBE("a read asks one more");
        coordinator->stats.speculative_reads++;
    }
    task_arm(task, attempt_us / 2);
    read_advance(read);
}

static void read_free(struct task *task)
{
    struct read_task *read = container_of(task, struct read_task, task);
    buffer_unref(read->key);
    buffer_unref(read->row);
    free(read);
}

static const struct task_type read_type = {.on_reply = read_on_reply,
                                           .on_lost = read_on_lost,
                                           .on_timer = read_on_timer,
                                           .free = read_free};

void read_begin(struct coordinator *coordinator, struct request *request)
{
    struct read_task *read = calloc(1, sizeof(*read));
    ensure(read != NULL);
    task_init(&read->task, &read_type, coordinator, request);
    read->n = request->quorum.n;
    read->consistent = request->consistent;
    read->need = request->quorum.r;
    read->partition = key_partition(request->key);
    read->key = buffer_from(request->key);
    read_start(read);
    read_advance(read);
}
