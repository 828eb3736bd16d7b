/* Registers of a partition in which something is promised, or accepted and not known to be decided: who
 * copies the partition has each of them settled (docs/protocol.md, "Ring changes"). A page of keys at
 * a time. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "operation.h"
#include "probe.h"

enum { PAGE_BYTES = 1 << 20 /* read at once */ };

struct accepted_operation {
    struct replica_work work;
    struct store_range read;
    struct writer from;
    uint8_t to[sizeof(uint32_t)];
};

static void accepted_release(struct replica_work *work)
{
    struct accepted_operation *operation = container_of(work, struct accepted_operation, work);
    store_range_deinit(&operation->read);
    writer_deinit(&operation->from);
    free(operation);
}

static void reply(struct accepted_operation *operation, enum verdict verdict, struct slice keys,
                  struct slice covered)
{
    Cartwheel__KeysReply reply = CARTWHEEL__KEYS_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.more = covered.size > 0;
    reply.covered = binary_of(covered);
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_ACCEPTED_REPLY,
                 &reply.base, keys);
    work_finish(&operation->work);
}

static void on_page(struct store_op *op)
{
    struct accepted_operation *operation = container_of(op, struct accepted_operation, read.op);
    struct reader reader = reader_of(writer_slice(&operation->read.rows));
    struct slice key, value, last = SLICE_EMPTY;
    struct writer keys;
    bool good = op->status == STORE_OK;
    writer_init(&keys, 256);
    while (good && store_rows_next(&reader, &key, &value)) {
        struct acceptor acceptor = {0};
        good = promise_decode(value, &acceptor);
        writer_put_sized(&keys, key);
        last = key;
    }
    if (good)
        reply(operation, VERDICT_OK, writer_slice(&keys),
              operation->read.more ? last : SLICE_EMPTY);
    else
        reply(operation, VERDICT_FAILED, SLICE_EMPTY, SLICE_EMPTY);
    writer_deinit(&keys);
}

static enum verdict admit(const struct replica *replica, const struct frame *frame,
                          uint32_t partition)
{
    if (!replica_serves(replica, partition))
        return VERDICT_REFUSED_SHARD;
    if (frame->header.epoch != membership_partition_epoch(replica->members, partition))
        return VERDICT_REFUSED_EPOCH;
    if (replica->recovering)
        return VERDICT_RECOVERING;
    if (replica_draining(replica, partition)) {
        PROBE("a partition is not copied while votes of an older ring are under way");
        return VERDICT_BUSY;
    }
    return work_excessive(replica) ? VERDICT_BUSY : VERDICT_OK;
}

void replica_on_accepted(struct replica *replica, const struct frame *frame,
                         const Cartwheel__Keys *keys)
{
    struct accepted_operation *operation = malloc(sizeof(*operation));
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    struct slice after = slice_of_binary(keys->after);
    work_init(&operation->work, replica, frame, accepted_release);
    writer_init(&operation->read.rows, 0);
    writer_init(&operation->from, after.size + sizeof(operation->to));
    enum verdict verdict = admit(replica, frame, keys->partition);
    if (verdict != VERDICT_OK) {
        reply(operation, verdict, SLICE_EMPTY, SLICE_EMPTY);
        return;
    }
    if (after.size > 0) {
        writer_put_slice(&operation->from, after);
        writer_put_u8(&operation->from, 0);
    } else {
        writer_put_u32(&operation->from, keys->partition);
    }
    /* Past the last partition, 65,535 at most, there is nothing: the successor needs no carry. */
    uint32_t past = __builtin_bswap32(keys->partition + 1);
    memcpy(operation->to, &past, sizeof(past));
    store_range_init(&operation->read, STORE_PROMISES, writer_slice(&operation->from),
                     slice_of(operation->to, sizeof(operation->to)), on_page);
    operation->read.bytes_max = BUGGIFY("accepted rows are listed one by one") ? 1 : PAGE_BYTES;
    store_submit(replica->store, &operation->read.op);
}
