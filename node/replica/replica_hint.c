/* Hints: a row kept here for a home node that could not be reached (the paper, 4.6). */
#include "key.h"
#include "operation.h"
#include "probe.h"

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
    PROBE("a hint is durable, and not told");
    if (!stored)
        PROBE("a hint finds no space");
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
    PROBE("a hint goes to the store");
    store_submit(replica->store, &operation->commit.op);
}

void replica_on_hint(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Hint *hint)
{
    struct slice key = slice_of_binary(hint->key);
    struct item_key decoded;
    struct row row;
    bool valid = item_key_decode(key, &decoded) && row_valid(frame->payload, &row) &&
                 members_index(replica->members, hint->target) != MEMBERS_MAX;
    enum verdict admitted = valid ? replica_admit(replica, frame, &decoded) : VERDICT_FAILED;
    if (admitted == VERDICT_OK && replica->outbox->shard != 0)
        admitted = VERDICT_REFUSED_SHARD;
    if (admitted == VERDICT_OK && !hlc_plausible(row.ballot.hlc, replica->outbox->now.wall_us,
                                                 2 * replica->config.clock_skew_max_us))
        admitted = VERDICT_REFUSED_CLOCK;
    if (admitted != VERDICT_OK) {
        PROBE("a hint is refused");
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
