/* Votes: PREPARE, ACCEPT, WRITE, REPAIR and COMMIT of one register. The acceptor's rules decide;
 * what changes is durable before the reply. */
#include "index_entries.h"
#include "item.h"
#include "key.h"
#include "leaf_rows.h"
#include "operation.h"
#include "planted.h"
#include "probe.h"
#include "replica_expiry.h"

static void reply_verdict(struct replica *replica, const struct frame_header *asker,
                          enum verdict verdict, struct version highest, uint64_t old_size)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__WriteReply reply = CARTWHEEL__WRITE_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.highest = binary_of_version(highest, storage);
    reply.old_size = old_size;
    outbox_reply(replica->outbox, asker, FRAME_WRITE_REPLY, &reply.base, SLICE_EMPTY);
}

static void reply_promise(struct replica *replica, const struct frame_header *asker,
                          enum verdict verdict, struct version ballot, bool applied,
                          struct slice row)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__PrepareReply reply = CARTWHEEL__PREPARE_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.applied = applied;
    if (!version_is_none(ballot))
        reply.ballot = binary_of_version(ballot, storage);
    outbox_reply(replica->outbox, asker, FRAME_PREPARE_REPLY, &reply.base, row);
}

static void refuse(struct replica *replica, const struct frame_header *asker, enum verdict verdict)
{
    if (asker->type == FRAME_PREPARE)
        reply_promise(replica, asker, verdict, VERSION_NONE, false, SLICE_EMPTY);
    else if (asker->type != FRAME_COMMIT)
        reply_verdict(replica, asker, verdict, VERSION_NONE, 0);
}

/* Promised: what is held goes along. */
static void answer_prepare(struct replica_operation *operation)
{
    const struct acceptance *acceptance = &operation->acceptance;
    struct replica *replica = operation->work.replica;
    const struct frame_header *asker = &operation->work.asker;
    if (acceptance->verdict != VERDICT_TOOK) {
        reply_promise(replica, asker, acceptance->verdict, acceptance->highest, false, SLICE_EMPTY);
        return;
    }
    struct operation_top top = operation_top(operation);
    if (PLANTED(PREPARE_HIDES_ACCEPTED) && !top.applied)
        top = (struct operation_top){.ballot = VERSION_NONE};
    reply_promise(replica, asker, VERDICT_TOOK, top.ballot, top.applied,
                  operation->full ? top.row : SLICE_EMPTY);
}

static void answer(struct replica_operation *operation)
{
    const struct acceptance *acceptance = &operation->acceptance;
    const struct frame_header *asker = &operation->work.asker;
    if (operation->answered)
        return;
    operation->answered = true;
    if (asker->type == FRAME_PREPARE)
        answer_prepare(operation);
    else if (asker->type != FRAME_COMMIT)
        reply_verdict(operation->work.replica, asker, acceptance->verdict, acceptance->highest,
                      operation->old_size);
}

/* What is accepted here now waits for its commit, or does not any more. */
static void note_undecided(struct replica_operation *operation)
{
    struct replica *replica = operation->work.replica;
    const struct acceptance *acceptance = &operation->acceptance;
    if (acceptance->accepted == SUCCESSOR_OFFERED)
        undecided_add(&replica->undecided, operation->key, true, replica->outbox->now.monotonic_us);
    else if (acceptance->accepted == SUCCESSOR_NONE)
        undecided_remove(&replica->undecided, operation->key);
}

/* VERDICT_OK, or why the partition is not voted on. */
static enum verdict vote_owned(const struct replica *replica, const struct frame_header *asker,
                               const struct item_key *key)
{
    if (PLANTED(RING_EPOCH_IGNORED))
        return VERDICT_OK;
    if (!replica_is_home(replica, key))
        return VERDICT_REFUSED_EPOCH;
    return replica_owns(replica, key->partition, asker->epoch);
}

/* The ring may have changed while the latch or the disk was waited for. */
static enum verdict still_owned(const struct replica_operation *operation)
{
    struct item_key key;
    bool decoded = item_key_decode(operation->key, &key);
    ensure(decoded);
    enum verdict owned = vote_owned(operation->work.replica, &operation->work.asker, &key);
    if (owned != VERDICT_OK)
        PROBE("the ring changes under a vote");
    return owned;
}

/* The round that this is part of goes on: its next message finds the state here. */
static void remember(struct replica_operation *operation)
{
    struct recent *recent = &operation->work.replica->recent;
    enum frame_type type = operation->work.asker.type;
    if ((type != FRAME_PREPARE && type != FRAME_ACCEPT) || still_owned(operation) != VERDICT_OK)
        return;
    struct buffer *item = operation->item.value;
    bool applied = operation->acceptance.item == SUCCESSOR_ACCEPTED;
    if (applied)
        item = buffer_from(operation_accepted(operation));
    recent_put(recent, operation->key, item, operation->promise_after);
    if (applied)
        buffer_unref(item);
}

/* A node that dies here has done what it has not told. */
static void probe_durable(const struct replica_operation *operation)
{
    switch (operation->work.asker.type) {
    case FRAME_PREPARE:
        PROBE("a promise is durable, and not told");
        break;
    case FRAME_ACCEPT:
        PROBE("an accepted row is durable, and not told");
        break;
    case FRAME_WRITE:
        PROBE("a plain write is durable, and not told");
        break;
    case FRAME_REPAIR:
        PROBE("a repair is durable, and not told");
        break;
    default:
        PROBE("a commit is durable");
    }
}

static void on_vote_committed(struct store_op *op)
{
    struct replica_operation *operation = container_of(op, struct replica_operation, commit.op);
    if (op->status == STORE_OK) {
        probe_durable(operation);
        note_undecided(operation);
        remember(operation);
        if (operation->vote != 0)
            votes_durable(&operation->work.replica->votes, operation->vote);
    } else {
        PROBE("a vote finds no space");
        operation->acceptance = (struct acceptance){.verdict = VERDICT_NO_SPACE};
    }
    answer(operation);
    operation_free(operation);
}

/* The row that stands beside the item afterwards: what is promised and what is accepted. */
static void put_promise(struct replica_operation *operation)
{
    const struct acceptance *acceptance = &operation->acceptance;
    struct store_batch *batch = &operation->commit.batch;
    struct slice accepted = SLICE_EMPTY;
    if (acceptance->accepted == SUCCESSOR_OFFERED)
        accepted = operation->row;
    else if (acceptance->accepted == SUCCESSOR_SAME)
        accepted = operation_accepted(operation);
    bool empty = accepted.size == 0 && version_is_none(acceptance->promised);
    if (empty) {
        if (operation->promise.value != NULL)
            store_batch_delete(batch, STORE_PROMISES, operation->key);
        return;
    }
    operation->promise_after = buffer_new(VERSION_SIZE + accepted.size);
    promise_write(operation->promise_after->data, acceptance->promised, accepted);
    store_batch_put(batch, STORE_PROMISES, operation->key, buffer_slice(operation->promise_after));
}

/* What the item counted for in its leaf goes, what the row counts for comes. */
static void change_leaf(struct replica_operation *operation, const struct row *after)
{
    const struct acceptor *acceptor = &operation->acceptor;
    if (PLANTED(LEAF_STAYS) && operation->work.asker.type == FRAME_COMMIT)
        return;
    leaf_rows_change(&operation->commit.batch, operation->key,
                     acceptor->has_item ? &acceptor->item : NULL, after,
                     operation->work.replica->config.digest_seed);
}

/* The row takes the item's place; its leaf and its entries in indexes go along. */
static void put_item(struct replica_operation *operation, struct slice row)
{
    const struct acceptor *acceptor = &operation->acceptor;
    struct store_batch *batch = &operation->commit.batch;
    struct item_key key;
    struct row after;
    store_batch_put(batch, STORE_ITEMS, operation->key, row);
    bool decoded = item_key_decode(operation->key, &key) && row_decode(row, &after);
    ensure(decoded);
    change_leaf(operation, &after);
    struct replica *replica = operation->work.replica;
    const struct table_schema *schema = replica_table(replica, key.table_id);
    struct slice before = acceptor->has_item ? acceptor->item.value : SLICE_EMPTY;
    if (schema != NULL)
        index_entries_change(batch, schema, &key, before, after.value);
    replica_change_expiry(replica, batch, &key, before, after.value);
}

/* One batch: item, leaf, index entries, `accepted` and promise change together. */
static void commit(struct replica_operation *operation)
{
    const struct acceptance *acceptance = &operation->acceptance;
    store_commit_init(&operation->commit, on_vote_committed);
    struct store_batch *batch = &operation->commit.batch;
    if (acceptance->item == SUCCESSOR_OFFERED)
        put_item(operation, operation->row);
    else if (acceptance->item == SUCCESSOR_ACCEPTED)
        put_item(operation, operation_accepted(operation));
    put_promise(operation);
    /* What is decided stands on a majority without this replica's copy. */
    if (operation->work.asker.type != FRAME_COMMIT && !operation->decided)
        operation->vote = votes_put(&operation->work.replica->votes, batch);
    PROBE("a vote goes to the store");
    store_submit(operation->work.replica->store, &operation->commit.op);
    enum frame_type type = operation->work.asker.type;
    if ((PLANTED(EARLY_PROMISE) && type == FRAME_PREPARE) ||
        (PLANTED(EARLY_ACCEPT) && type == FRAME_ACCEPT) ||
        (PLANTED(EARLY_WRITE) && type == FRAME_WRITE))
        answer(operation);
}

static struct acceptance judge(struct replica_operation *operation)
{
    const struct acceptor *acceptor = &operation->acceptor;
    struct row offered;
    if (operation->row.size > 0) {
        bool valid = row_decode(operation->row, &offered);
        ensure(valid);
    }
    switch (operation->work.asker.type) {
    case FRAME_PREPARE:
        return acceptor_prepare(acceptor, operation->ballot);
    case FRAME_ACCEPT:
        return acceptor_accept(acceptor, &offered, operation->next, operation->committed);
    case FRAME_WRITE:
        return acceptor_plain(acceptor, &offered);
    case FRAME_REPAIR:
        return acceptor_repair(acceptor, &offered, operation->decided);
    default:
        ensure(operation->work.asker.type == FRAME_COMMIT);
        return acceptor_commit_accepted(acceptor, operation->ballot);
    }
}

static void probe_verdict(const struct replica_operation *operation)
{
    enum frame_type type = operation->work.asker.type;
    enum verdict verdict = operation->acceptance.verdict;
    if (verdict == VERDICT_REFUSED_PROMISE && type == FRAME_WRITE)
        PROBE("plain write refused by a promise");
    if (verdict == VERDICT_REFUSED_PROMISE && type == FRAME_ACCEPT)
        PROBE("accept refused by a promise");
    if (verdict == VERDICT_REFUSED_ITEM && type == FRAME_ACCEPT)
        PROBE("accept refused by a newer row");
    if (verdict == VERDICT_REFUSED_PROMISE && type == FRAME_PREPARE)
        PROBE("prepare refused by a promise");
    if (verdict == VERDICT_REFUSED_ITEM && type == FRAME_PREPARE)
        PROBE("prepare refused by a newer row");
    if (verdict == VERDICT_REFUSED_PROMISE && type == FRAME_REPAIR)
        PROBE("repair refused by a promise");
    if (verdict == VERDICT_REFUSED_ITEM && type == FRAME_REPAIR)
        PROBE("repair refused as older");
    if (verdict == VERDICT_TOOK && type == FRAME_WRITE && operation->acceptor.has_accepted)
        PROBE("plain write drops an accepted row");
    if (verdict == VERDICT_TOOK && type == FRAME_REPAIR && operation->decided &&
        !version_is_none(operation->acceptance.promised))
        PROBE("decided row passes a promise");
    if (operation->acceptance.item == SUCCESSOR_ACCEPTED && type == FRAME_ACCEPT)
        PROBE("commit rides on an accept");
}

static void on_vote_read(struct replica_operation *operation, bool failed)
{
    const struct acceptor *acceptor = &operation->acceptor;
    enum verdict owned = failed ? VERDICT_FAILED : still_owned(operation);
    operation->acceptance =
        owned == VERDICT_OK ? judge(operation) : (struct acceptance){.verdict = owned};
    probe_verdict(operation);
    if (!failed && operation->want_old_size && acceptor->has_item && !acceptor->item.tombstone)
        operation->old_size = item_size(acceptor->item.value);
    if (operation->acceptance.verdict == VERDICT_TOOK && !operation->acceptance.changed)
        PROBE("a vote repeats an earlier one");
    if (operation->acceptance.changed) {
        commit(operation);
        return;
    }
    answer(operation);
    operation_free(operation);
}

static void vote_start(struct replica_operation *operation)
{
    operation_read(operation, on_vote_read);
}

static bool plausible(const struct replica *replica, struct version version)
{
    return hlc_plausible(version.hlc, replica->outbox->now.wall_us,
                         2 * replica->config.clock_skew_max_us);
}

/* A frame's checks that need no disk; VERDICT_OK: go on. What is stored or decided already may have
 * any stamp; what is new may not be far in the future, or it would shut everybody else out. */
static enum verdict vote_admit(const struct replica *replica, const struct frame *frame,
                               const struct replica_operation *operation)
{
    struct item_key key;
    struct row row;
    enum frame_type type = frame->header.type;
    bool carries_row = type != FRAME_PREPARE && type != FRAME_COMMIT;
    bool decided = type == FRAME_COMMIT || operation->decided;
    if (!item_key_decode(operation->key, &key) || (!carries_row && operation->row.size > 0) ||
        (carries_row && (!row_valid(operation->row, &row) || row.proposed != operation->proposed)))
        return VERDICT_FAILED;
    enum verdict admitted = replica_admit(replica, frame, &key);
    if (admitted != VERDICT_OK)
        return admitted;
    enum verdict owned = vote_owned(replica, &frame->header, &key);
    if (owned != VERDICT_OK)
        return owned;
    if (!replica_serves(replica, key.partition)) {
        PROBE("a vote is asked of the wrong shard");
        return VERDICT_REFUSED_SHARD;
    }
    if (replica->recovering && !decided) {
        PROBE("a vote is refused until the census is done");
        return VERDICT_RECOVERING;
    }
    bool in_bounds =
        type == FRAME_REPAIR || type == FRAME_COMMIT ||
        (plausible(replica, operation->ballot) && plausible(replica, operation->next) &&
         (!carries_row || plausible(replica, row.ballot)));
    if (!in_bounds)
        PROBE("a stamp from the future is refused");
    return in_bounds ? VERDICT_OK : VERDICT_REFUSED_CLOCK;
}

static void observe(struct replica *replica, struct version version)
{
    if (plausible(replica, version))
        hlc_observe(replica->hlc, version.hlc);
}

static void vote_begin(struct replica *replica, const struct frame *frame,
                       struct replica_operation *operation)
{
    enum verdict admitted = vote_admit(replica, frame, operation);
    if (admitted != VERDICT_OK) {
        refuse(replica, &frame->header, admitted);
        operation_free(operation);
        return;
    }
    observe(replica, version_max(operation->ballot, operation->next));
    if (operation->row.size > 0)
        observe(replica, row_ballot(operation->row));
    operation->start = vote_start;
    operation_latch(operation);
}

/* An absent version field stands for none; false if it is malformed. */
static bool optional_version(ProtobufCBinaryData bytes, struct version *version)
{
    *version = VERSION_NONE;
    return bytes.len == 0 || version_of_binary(bytes, version);
}

void replica_on_write(struct replica *replica, const struct frame *frame,
                      const Cartwheel__Write *write)
{
    struct replica_operation *operation =
        operation_new(replica, frame, slice_of_binary(write->key));
    operation->want_old_size = write->want_old_size;
    operation->decided = write->decided && frame->header.type == FRAME_REPAIR;
    operation->proposed = frame->header.type == FRAME_REPAIR && row_proposed(operation->row);
    vote_begin(replica, frame, operation);
}

void replica_on_prepare(struct replica *replica, const struct frame *frame,
                        const Cartwheel__Prepare *prepare)
{
    struct replica_operation *operation =
        operation_new(replica, frame, slice_of_binary(prepare->key));
    operation->full = prepare->full;
    if (!version_of_binary(prepare->ballot, &operation->ballot)) {
        refuse(replica, &frame->header, VERDICT_FAILED);
        operation_free(operation);
        return;
    }
    vote_begin(replica, frame, operation);
}

void replica_on_accept(struct replica *replica, const struct frame *frame,
                       const Cartwheel__Accept *accept)
{
    struct replica_operation *operation =
        operation_new(replica, frame, slice_of_binary(accept->key));
    operation->proposed = true;
    if (!optional_version(accept->next, &operation->next) ||
        !optional_version(accept->committed, &operation->committed)) {
        refuse(replica, &frame->header, VERDICT_FAILED);
        operation_free(operation);
        return;
    }
    vote_begin(replica, frame, operation);
}

void replica_on_commit(struct replica *replica, const struct frame *frame,
                       const Cartwheel__Commit *decision)
{
    struct replica_operation *operation =
        operation_new(replica, frame, slice_of_binary(decision->key));
    if (!version_of_binary(decision->ballot, &operation->ballot)) {
        operation_free(operation);
        return;
    }
    vote_begin(replica, frame, operation);
}
