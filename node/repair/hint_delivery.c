#include "hint_delivery.h"

#include <stdlib.h>
#include <string.h>

#include "acceptor.h"
#include "buggify.h"
#include "cartwheel.pb-c.h"
#include "key.h"
#include "probe.h"
#include "replica.h"

enum {
    TICK_US = 100000,         /* how soon a target that came back is noticed */
    BATCH_BYTES_MAX = 4 << 20 /* read and sent at once */
};

struct delivered_hint {
    struct call call;
    struct hint_batch *batch;
    struct slice key; /* of the hint; in batch->read.rows, as is the next */
    struct slice item_key;
    struct slice row;
    size_t size; /* of its value */
    bool acknowledged;
};

/* One target's batch: READING -> SENT -> DELETING -> (next batch, or idle). */
struct hint_batch {
    struct hint_delivery *delivery;
    size_t member;
    bool busy;
    struct store_range read;
    uint8_t from[8]; /* the target's rows */
    uint8_t to[8];
    struct writer next; /* the batch begins here; empty: at the target's first row */
    struct delivered_hint *sent;
    size_t sent_count;
    size_t waiting;
    struct store_commit deletion;
    struct timer timeout;
};

static void batch_start(struct hint_batch *batch);

static void on_batch_timeout(struct timer *timer, uint64_t now_us);

static bool batch_busy(const struct hint_delivery *delivery, size_t member)
{
    return delivery->batches[member] != NULL && delivery->batches[member]->busy;
}

/* The member's, made if there is none yet. */
static struct hint_batch *batch_of(struct hint_delivery *delivery, size_t member)
{
    struct hint_batch *batch = delivery->batches[member];
    if (batch != NULL)
        return batch;
    batch = calloc(1, sizeof(*batch));
    ensure(batch != NULL);
    batch->delivery = delivery;
    batch->member = member;
    timer_init(&batch->timeout, on_batch_timeout);
    writer_init(&batch->next, HINT_KEY_SIZE + 1);
    delivery->batches[member] = batch;
    return batch;
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct hint_delivery *delivery = container_of(timer, struct hint_delivery, tick);
    const struct membership *members = delivery->caller->members;
    if (delivery->hints->load_failed)
        hints_load(delivery->hints);
    for (size_t i = 0; delivery->hints->loaded && i < membership_count(members); i++) {
        node_id target = membership_at(members, i)->id;
        /* What was kept for one that is a member no more goes to others, as does what one keeps that
         * will be none. */
        bool removed = membership_at(members, i)->status == MEMBER_REMOVED;
        bool moves = removed || members_leaving(members, members->self);
        if (!batch_busy(delivery, i) && (members_usable(members, i) || moves) &&
            hints_pending_for(delivery->hints, target) > 0)
            batch_start(batch_of(delivery, i));
    }
    timers_arm(delivery->timers, timer, now_us + TICK_US);
}

void hint_delivery_init(struct hint_delivery *delivery, struct hints *hints, struct store *store,
                        struct caller *caller, const struct replica *replica, struct timers *timers,
                        struct log_sink *log, uint32_t in_flight_max, uint64_t attempt_timeout_us)
{
    memset(delivery, 0, sizeof(*delivery));
    delivery->hints = hints;
    delivery->store = store;
    delivery->caller = caller;
    delivery->replica = replica;
    delivery->timers = timers;
    delivery->log = log;
    delivery->in_flight_max = in_flight_max;
    delivery->attempt_timeout_us = attempt_timeout_us;
    delivery->batches = calloc(MEMBERS_MAX, sizeof(struct hint_batch *));
    ensure(delivery->batches != NULL);
    timer_init(&delivery->tick, on_tick);
}

static void batch_clear(struct hint_batch *batch)
{
    for (size_t i = 0; i < batch->sent_count; i++)
        caller_forget(batch->delivery->caller, &batch->sent[i].call);
    free(batch->sent);
    batch->sent = NULL;
    batch->sent_count = 0;
    batch->waiting = 0;
    store_range_deinit(&batch->read);
    store_commit_deinit(&batch->deletion);
    timers_disarm(batch->delivery->timers, &batch->timeout);
    batch->busy = false;
}

static void batch_free(struct hint_batch *batch)
{
    if (batch == NULL)
        return;
    batch_clear(batch);
    writer_deinit(&batch->next);
    free(batch);
}

void hint_delivery_deinit(struct hint_delivery *delivery)
{
    for (size_t i = 0; i < MEMBERS_MAX; i++)
        batch_free(delivery->batches[i]);
    timers_disarm(delivery->timers, &delivery->tick);
    free(delivery->batches);
}

void hint_delivery_start(struct hint_delivery *delivery)
{
    timers_arm(delivery->timers, &delivery->tick,
               delivery->caller->outbox->now.monotonic_us + TICK_US);
}

bool hint_delivery_idle(const struct hint_delivery *delivery)
{
    for (size_t i = 0; i < membership_count(delivery->caller->members); i++) {
        if (batch_busy(delivery, i))
            return false;
    }
    return true;
}

static void on_deleted(struct store_op *op)
{
    struct hint_batch *batch = container_of(op, struct hint_batch, deletion.op);
    bool deleted = op->status == STORE_OK;
    PROBE("delivered hints are deleted");
    for (size_t i = 0; !deleted && i < batch->sent_count; i++) {
        if (batch->sent[i].acknowledged)
            hints_readd(batch->delivery->hints, batch->sent[i].key, batch->sent[i].size);
    }
    batch_clear(batch);
    if (!deleted)
        PROBE("delivered hints could not be deleted");
    /* Without space the hints stay and are delivered again: harmless, they are idempotent. */
    if (!deleted)
        log_event(batch->delivery->log, LOG_WARN, "hints_not_deleted", "member=%zu", batch->member);
}

/* All answers are in, or time is up: forget and delete what was acknowledged. Forgotten first: a
 * hint stored again from now on counts anew, and its commit comes after this one. */
static void batch_conclude(struct hint_batch *batch)
{
    struct hint_delivery *delivery = batch->delivery;
    store_commit_deinit(&batch->deletion);
    store_commit_init(&batch->deletion, on_deleted);
    for (size_t i = 0; i < batch->sent_count; i++) {
        struct delivered_hint *hint = &batch->sent[i];
        caller_forget(delivery->caller, &hint->call);
        if (!hint->acknowledged)
            continue;
        hints_forget(delivery->hints, hint->key);
        store_batch_delete(&batch->deletion.batch, STORE_HINTS, hint->key);
        delivery->delivered++;
    }
    batch->waiting = 0;
    timers_disarm(delivery->timers, &batch->timeout);
    if (batch->deletion.batch.count > 0) {
        PROBE("hints were delivered, and are to be deleted");
        store_submit(delivery->store, &batch->deletion.op);
    } else {
        batch_clear(batch);
    }
}

static void on_batch_timeout(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    PROBE("a batch of hints runs out of time");
    batch_conclude(container_of(timer, struct hint_batch, timeout));
}

static void hint_over(struct delivered_hint *hint, bool linked)
{
    if (!linked)
        PROBE("a link breaks under a hint");
    ensure(hint->batch->waiting > 0);
    if (--hint->batch->waiting == 0)
        batch_conclude(hint->batch);
}

static void on_hint_answered(struct call *call, const struct frame *frame,
                             const ProtobufCMessage *body)
{
    struct delivered_hint *hint = container_of(call, struct delivered_hint, call);
    const Cartwheel__WriteReply *reply = (const Cartwheel__WriteReply *)body;
    hint->acknowledged = frame != NULL && verdict_ends_copy((enum verdict)reply->verdict);
    if (frame != NULL && reply->verdict == VERDICT_REFUSED_PROMISE) {
        PROBE("hint stopped by a promise");
        caller_note_hint(hint->batch->delivery->caller, hint->item_key, hint->row);
    }
    if (frame != NULL && reply->verdict == VERDICT_REFUSED_ITEM)
        PROBE("hint refused as older");
    hint_over(hint, frame != NULL);
}

/* Another keeps it now. */
static void on_hint_handed(struct call *call, const struct frame *frame,
                           const ProtobufCMessage *body)
{
    struct delivered_hint *hint = container_of(call, struct delivered_hint, call);
    const Cartwheel__HintReply *reply = (const Cartwheel__HintReply *)body;
    hint->acknowledged = frame != NULL && reply->verdict == VERDICT_TOOK;
    hint->batch->delivery->turn += !hint->acknowledged;
    hint_over(hint, frame != NULL);
}

/* This node leaves before the target is back: another keeps the hint from now on, one that holds no copy
 * of the row itself, if there is any. MEMBERS_MAX: nobody does. */
static size_t next_keeper(struct hint_batch *batch, uint32_t partition)
{
    const struct membership *members = batch->delivery->caller->members;
    uint16_t list[PREFERENCE_MAX];
    size_t count = membership_stand_in_list(members, partition, list, PREFERENCE_MAX);
    size_t found = MEMBERS_MAX, skipped = batch->delivery->turn % (count + 1);
    for (size_t i = count; i-- > 0;) {
        bool other = list[i] != members->self && list[i] != batch->member;
        if (!other || !members_usable(members, list[i]) || members_leaving(members, list[i]))
            continue;
        found = list[i];
        if (skipped-- == 0)
            break;
    }
    return found;
}

static void hint_hand_over(struct delivered_hint *hint, uint32_t partition)
{
    struct hint_batch *batch = hint->batch;
    const struct membership *members = batch->delivery->caller->members;
    size_t keeper = next_keeper(batch, partition);
    if (keeper == MEMBERS_MAX)
        return;
    Cartwheel__Hint body = CARTWHEEL__HINT__INIT;
    body.target = members->entries[batch->member].member.id;
    body.key = binary_of(hint->item_key);
    hint->call.done = on_hint_handed;
    batch->waiting++;
    PROBE("a member that leaves hands a hint over");
    caller_send_to(batch->delivery->caller, &hint->call, keeper, 0, partition, FRAME_HINT,
                   FRAME_HINT_REPLY, &body.base, hint->row);
}

/* Who is to have the row: the one it is kept for, or, if that is no home node of it any more, the first
 * that is one now. MEMBERS_MAX: nobody that can be reached. */
static size_t recipient(const struct hint_batch *batch, const struct item_key *key)
{
    const struct hint_delivery *delivery = batch->delivery;
    const struct membership *members = delivery->caller->members;
    unsigned n = replica_table_replicas(delivery->replica, key->table_id);
    struct homes homes;
    membership_homes(members, key->partition, n == 0 ? REPLICAS_MAX : n, &homes);
    if (homes_find(&homes, (unsigned)batch->member) != HOMES_MAX)
        return members_usable(members, batch->member) ? batch->member : MEMBERS_MAX;
    for (unsigned i = 0; i < homes.count; i++) {
        if (members_usable(members, homes.members[i])) {
            PROBE("a hint goes to another home node than it was kept for");
            return homes.members[i];
        }
    }
    return MEMBERS_MAX;
}

static void hint_send(struct hint_batch *batch, struct slice hint_key, struct slice value)
{
    struct delivered_hint *hint = &batch->sent[batch->sent_count];
    struct hint_delivery *delivery = batch->delivery;
    struct slice key, row;
    struct item_key decoded;
    *hint = (struct delivered_hint){
        .call = {.done = on_hint_answered}, .batch = batch, .key = hint_key, .size = value.size};
    batch->sent_count++;
    if (!hint_decode(value, &key, &row) || !item_key_decode(key, &decoded)) {
        log_event(delivery->log, LOG_ERROR, "hint_corrupt", "member=%zu", batch->member);
        return;
    }
    hint->item_key = key;
    hint->row = row;
    size_t to = recipient(batch, &decoded);
    if (to == MEMBERS_MAX) {
        if (members_leaving(delivery->caller->members, delivery->caller->members->self))
            hint_hand_over(hint, decoded.partition);
        return;
    }
    Cartwheel__Write body = CARTWHEEL__WRITE__INIT;
    body.key = binary_of(key);
    body.decided = row_proposed(row); /* of rows that were proposed, publications keep only
                                             decided ones */
    batch->waiting++;
    PROBE("a hint is sent");
    caller_send(delivery->caller, &hint->call, to, decoded.partition, FRAME_REPAIR,
                FRAME_WRITE_REPLY, &body.base, row);
}

static void on_batch_read(struct store_op *op)
{
    struct hint_batch *batch = container_of(op, struct hint_batch, read.op);
    struct reader reader = reader_of(writer_slice(&batch->read.rows));
    struct slice key, value, last = SLICE_EMPTY;
    if (op->status != STORE_OK || batch->read.rows_count == 0) {
        writer_reset(&batch->next);
        batch_clear(batch);
        return;
    }
    batch->sent = calloc(batch->read.rows_count, sizeof(*batch->sent));
    ensure(batch->sent != NULL);
    while (store_rows_next(&reader, &key, &value)) {
        hint_send(batch, key, value);
        last = key;
    }
    /* The next batch goes on behind this one, so that what cannot be delivered does not hold up the
     * rest. */
    writer_reset(&batch->next);
    writer_put_slice(&batch->next, last);
    writer_put_u8(&batch->next, 0);
    if (batch->waiting == 0) {
        batch_clear(batch);
        return;
    }
    uint64_t now_us = batch->delivery->caller->outbox->now.monotonic_us;
    timers_arm(batch->delivery->timers, &batch->timeout,
               now_us + batch->delivery->attempt_timeout_us);
}

static void batch_start(struct hint_batch *batch)
{
    struct hint_delivery *delivery = batch->delivery;
    batch->busy = true;
    hint_key_range(membership_at(delivery->caller->members, batch->member)->id, batch->from,
                   batch->to);
    if (batch->next.size == 0)
        writer_put(&batch->next, batch->from, sizeof(batch->from));
    store_range_init(&batch->read, STORE_HINTS, writer_slice(&batch->next),
                     slice_of(batch->to, sizeof(batch->to)), on_batch_read);
    batch->read.rows_max = BUGGIFY("hints are sent one by one") ? 1 : delivery->in_flight_max;
    batch->read.bytes_max = BATCH_BYTES_MAX;
    store_submit(delivery->store, &batch->read.op);
}
