/* Reads of one register. */
#include "key.h"
#include "operation.h"
#include "probe.h"

static void read_reply(struct replica_operation *operation, enum verdict verdict,
                       const struct operation_top *told)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__ReadReply reply = CARTWHEEL__READ_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.applied = told->applied;
    if (!version_is_none(told->ballot))
        reply.ballot = binary_of_version(told->ballot, storage);
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_READ_REPLY,
                 &reply.base, operation->full ? told->row : SLICE_EMPTY);
    operation_free(operation);
}

static void read_refuse(struct replica_operation *operation, enum verdict verdict)
{
    read_reply(operation, verdict, &(struct operation_top){VERSION_NONE, SLICE_EMPTY, false});
}

/* Eventual reads see what is applied; what is only accepted may still come to nothing. */
static void on_read(struct replica_operation *operation, bool failed)
{
    if (failed) {
        read_refuse(operation, VERDICT_FAILED);
        return;
    }
    if (!operation->top)
        operation->acceptor.has_accepted = false;
    struct operation_top top = operation_top(operation);
    read_reply(operation, VERDICT_OK, &top);
}

static void read_start(struct replica_operation *operation)
{
    operation_read(operation, on_read);
}

void replica_on_read(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Read *read)
{
    struct replica_operation *operation = operation_new(replica, frame, slice_of_binary(read->key));
    struct item_key key;
    enum verdict owns;
    operation->full = read->full;
    operation->top = read->top;
    operation->item_only = !read->top || !undecided_may_hold(&replica->undecided, operation->key);
    if (!item_key_decode(operation->key, &key) || !replica_serves(replica, key.partition))
        read_refuse(operation, VERDICT_REFUSED_SHARD);
    else if ((owns = replica_owns(replica, key.partition, frame->header.epoch)) != VERDICT_OK)
        read_refuse(operation, owns);
    else if (work_excessive(replica))
        read_refuse(operation, VERDICT_BUSY);
    else if (replica->recovering && read->top)
        read_refuse(operation, VERDICT_RECOVERING);
    else if (!read->top && operation_commits(replica, operation->key)) {
        /* Whoever was told that his write is done shall see it here, too. */
        PROBE("a read waits for a commit");
        operation->start = read_start;
        operation_latch(operation);
    } else {
        read_start(operation);
    }
}
