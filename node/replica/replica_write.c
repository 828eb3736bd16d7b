/* Writes, repairs and hints: what is taken is durable before the reply. */
#include "item.h"
#include "key.h"
#include "operation.h"

static void write_reply(struct replica *replica, const struct frame_header *asker,
                        const struct acceptance *acceptance, uint64_t old_size)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__WriteReply reply = CARTWHEEL__WRITE_REPLY__INIT;
    reply.verdict = (uint32_t)acceptance->verdict;
    reply.highest = binary_of_version(acceptance->highest, storage);
    reply.old_size = old_size;
    outbox_reply(replica->outbox, asker, FRAME_WRITE_REPLY, &reply.base, SLICE_EMPTY);
}

static void write_refuse(struct replica *replica, const struct frame_header *asker,
                         enum verdict verdict)
{
    struct acceptance acceptance = {verdict, false, VERSION_NONE};
    write_reply(replica, asker, &acceptance, 0);
}

static void write_finish(struct replica_operation *operation)
{
    write_reply(operation->work.replica, &operation->work.asker, &operation->acceptance,
                operation->old_size);
    operation_free(operation);
}

static void on_write_committed(struct store_op *op)
{
    struct replica_operation *operation = container_of(op, struct replica_operation, commit.op);
    if (op->status == STORE_NO_SPACE) {
        operation->acceptance.verdict = VERDICT_NO_SPACE;
    }
    write_finish(operation);
}

/* One batch: the row into the item's place, `accepted` dropped. A promise stays: it may be cleared
 * only below what is held, which it is not known to be. */
static void write_apply(struct replica_operation *operation)
{
    const struct acceptor *acceptor = &operation->acceptor;
    store_commit_init(&operation->commit, on_write_committed);
    struct store_batch *batch = &operation->commit.batch;
    store_batch_put(batch, STORE_ITEMS, operation->key, operation->row);
    if (acceptor->has_accepted) {
        struct writer promise;
        writer_init(&promise, VERSION_SIZE);
        promise_encode(&promise, acceptor->promised, NULL);
        store_batch_put(batch, STORE_PROMISES, operation->key, writer_slice(&promise));
        writer_deinit(&promise);
    }
    store_submit(operation->work.replica->store, &operation->commit.op);
}

static void on_write_read(struct replica_operation *operation, bool failed)
{
    if (failed) {
        operation->acceptance = (struct acceptance){VERDICT_FAILED, false, VERSION_NONE};
        write_finish(operation);
        return;
    }
    struct row offered;
    bool valid = row_decode(operation->row, &offered);
    ensure(valid);
    const struct acceptor *acceptor = &operation->acceptor;
    operation->acceptance = acceptor_plain(acceptor, &offered);
    if (operation->want_old_size && acceptor->has_item && !acceptor->item.tombstone)
        operation->old_size = item_size(acceptor->item.value);
    if (operation->acceptance.apply)
        write_apply(operation);
    else
        write_finish(operation);
}

static void write_start(struct replica_operation *operation)
{
    operation_read(operation, on_write_read);
}

static bool key_valid(const struct replica *replica, struct slice key, struct item_key *decoded)
{
    return item_key_decode(key, decoded) &&
           decoded->partition < membership_partitions(replica->members);
}

/* A row from outside: well-formed, and what a client put in it too. */
static bool row_valid(struct slice bytes, struct row *row)
{
    return row_decode(bytes, row) && (row->tombstone || item_valid(row->value));
}

/* Checks that need no disk; VERDICT_OK: go on. */
static enum verdict write_admit(const struct replica *replica, const struct frame *frame,
                                const struct item_key *key, const struct row *row)
{
    uint64_t wall_us = replica->outbox->now.wall_us;
    uint64_t ahead_max_us = 2 * replica->config.clock_skew_max_us;
    bool plausible = hlc_plausible(row->ballot.hlc, wall_us, ahead_max_us);
    bool hint = frame->header.type == FRAME_HINT;
    bool right_shard = hint ? replica->outbox->shard == 0 : replica_serves(replica, key->partition);
    if (frame->header.epoch != replica->outbox->epoch)
        return VERDICT_REFUSED_EPOCH;
    if (!right_shard)
        return VERDICT_REFUSED_SHARD;
    if (replica_table_dropped(replica, key->table_id))
        return VERDICT_REFUSED_TABLE;
    if (frame->header.type != FRAME_REPAIR && !plausible)
        return VERDICT_REFUSED_CLOCK;
    if (work_excessive(replica))
        return VERDICT_BUSY;
    return VERDICT_OK;
}

void replica_on_write(struct replica *replica, const struct frame *frame,
                      const Cartwheel__Write *write)
{
    struct slice key = slice_of_binary(write->key);
    struct item_key decoded;
    struct row row;
    if (!key_valid(replica, key, &decoded) || !row_valid(frame->payload, &row)) {
        write_refuse(replica, &frame->header, VERDICT_FAILED);
        return;
    }
    enum verdict admitted = write_admit(replica, frame, &decoded, &row);
    if (admitted != VERDICT_OK) {
        write_refuse(replica, &frame->header, admitted);
        return;
    }
    if (hlc_plausible(row.ballot.hlc, replica->outbox->now.wall_us,
                      2 * replica->config.clock_skew_max_us))
        hlc_observe(replica->hlc, row.ballot.hlc);
    struct replica_operation *operation = operation_new(replica, frame, key);
    operation->want_old_size = write->want_old_size;
    operation->start = write_start;
    operation_latch(operation);
}

static void hint_reply(struct replica *replica, const struct frame_header *asker,
                       enum verdict verdict)
{
    Cartwheel__HintReply reply = CARTWHEEL__HINT_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    outbox_reply(replica->outbox, asker, FRAME_HINT_REPLY, &reply.base, SLICE_EMPTY);
}

static void on_hint_committed(struct store_op *op)
{
    struct replica_operation *operation = container_of(op, struct replica_operation, commit.op);
    bool stored = op->status == STORE_OK;
    if (!stored && operation->counted)
        hints_forget(operation->work.replica->hints, operation->key);
    hint_reply(operation->work.replica, &operation->work.asker,
               stored ? VERDICT_TOOK : VERDICT_NO_SPACE);
    operation_free(operation);
}

/* Here the operation's key is the hint's. */
static void hint_store(struct replica *replica, const struct frame *frame, struct slice hint_key,
                       struct slice key, bool counted)
{
    struct replica_operation *operation = operation_new(replica, frame, hint_key);
    operation->counted = counted;
    struct writer value;
    writer_init(&value, key.size + frame->payload.size + 8);
    hint_encode(&value, key, frame->payload);
    store_commit_init(&operation->commit, on_hint_committed);
    store_batch_put(&operation->commit.batch, STORE_HINTS, operation->key, writer_slice(&value));
    writer_deinit(&value);
    store_submit(replica->store, &operation->commit.op);
}

void replica_on_hint(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Hint *hint)
{
    struct slice key = slice_of_binary(hint->key);
    struct item_key decoded;
    struct row row;
    bool valid = key_valid(replica, key, &decoded) && row_valid(frame->payload, &row) &&
                 members_index(replica->members, hint->target) != MEMBERS_MAX;
    enum verdict admitted = valid ? write_admit(replica, frame, &decoded, &row) : VERDICT_FAILED;
    if (admitted != VERDICT_OK) {
        hint_reply(replica, &frame->header, admitted);
        return;
    }
    uint8_t hint_key[HINT_KEY_SIZE];
    hint_key_write(hint_key, hint->target, row.ballot, key);
    struct slice hint_key_slice = slice_of(hint_key, sizeof(hint_key));
    enum hints_added added =
        hints_add(replica->hints, hint->target, hint_key_slice, key.size + frame->payload.size);
    if (added == HINTS_FULL)
        hint_reply(replica, &frame->header, VERDICT_NO_SPACE);
    else
        hint_store(replica, frame, hint_key_slice, key, added == HINTS_ADDED);
}
