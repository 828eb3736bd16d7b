/* Reads of one register. */
#include "key.h"
#include "operation.h"

static void read_reply(struct replica_operation *operation, enum verdict verdict,
                       struct version ballot, struct slice row)
{
    uint8_t storage[VERSION_SIZE];
    Cartwheel__ReadReply reply = CARTWHEEL__READ_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    if (!version_is_none(ballot))
        reply.ballot = binary_of_version(ballot, storage);
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_READ_REPLY,
                 &reply.base, row);
    operation_free(operation);
}

static void on_read(struct replica_operation *operation, bool failed)
{
    const struct acceptor *acceptor = &operation->acceptor;
    if (failed) {
        read_reply(operation, VERDICT_FAILED, VERSION_NONE, SLICE_EMPTY);
        return;
    }
    struct version top = acceptor_top(acceptor);
    bool top_is_item = acceptor->has_item && version_equal(top, acceptor->item.ballot);
    if (!operation->full || version_is_none(top)) {
        read_reply(operation, VERDICT_OK, top, SLICE_EMPTY);
    } else if (top_is_item) {
        read_reply(operation, VERDICT_OK, top, acceptor->item_bytes);
    } else {
        struct slice stored = buffer_slice(operation->promise.value);
        read_reply(operation, VERDICT_OK, top,
                   slice_of(stored.data + VERSION_SIZE, stored.size - VERSION_SIZE));
    }
}

void replica_on_read(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Read *read)
{
    struct replica_operation *operation = operation_new(replica, frame, slice_of_binary(read->key));
    struct item_key key;
    operation->full = read->full;
    if (!item_key_decode(operation->key, &key) || !replica_serves(replica, key.partition))
        read_reply(operation, VERDICT_REFUSED_SHARD, VERSION_NONE, SLICE_EMPTY);
    else if (work_excessive(replica))
        read_reply(operation, VERDICT_BUSY, VERSION_NONE, SLICE_EMPTY);
    else
        operation_read(operation, on_read);
}
