/* Range reads: the registers of one partition in key order. Two forms: values of live rows, for an
 * eventually consistent page; or whole rows, tombstones too, for a coordinator that merges several
 * replicas' pages. */
#include <stdlib.h>
#include <string.h>

#include "operation.h"

enum {
    PAGE_BYTES_MAX = 4 << 20, /* a page of the API is 1 MB before its last item of 400 KB; well
                                 below a frame's limit */
    EXAMINED_BYTES_MAX =
        16
        << 20 /* of rows that do not show (tombstones): then the page ends, and the asker goes on */
};

struct range_operation {
    struct replica_work work;
    struct store_range read;
    struct writer from; /* bounds of what is still to be read */
    struct writer to;
    struct writer page;
    struct writer covered; /* last key examined */
    uint32_t count;
    uint32_t rows_max;
    size_t bytes_max;
    size_t examined;
    bool reverse;
    bool rows; /* whole rows */
};

static void on_range_read(struct store_op *op);

static void range_release(struct replica_work *work)
{
    struct range_operation *operation = container_of(work, struct range_operation, work);
    store_range_deinit(&operation->read);
    writer_deinit(&operation->from);
    writer_deinit(&operation->to);
    writer_deinit(&operation->page);
    writer_deinit(&operation->covered);
    free(operation);
}

static void range_finish(struct range_operation *operation, enum verdict verdict, bool more)
{
    Cartwheel__RangeReply reply = CARTWHEEL__RANGE_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.count = operation->count;
    reply.more = more;
    if (more)
        reply.covered = binary_of(writer_slice(&operation->covered));
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_RANGE_REPLY,
                 &reply.base, verdict == VERDICT_OK ? writer_slice(&operation->page) : SLICE_EMPTY);
    work_finish(&operation->work);
}

static bool page_full(const struct range_operation *operation)
{
    return operation->count >= operation->rows_max ||
           operation->page.size >= operation->bytes_max ||
           operation->examined >= EXAMINED_BYTES_MAX;
}

/* False if the row is corrupt. */
static bool page_add(struct range_operation *operation, struct slice key, struct slice stored)
{
    struct row row;
    if (!row_decode(stored, &row))
        return false;
    operation->examined += key.size + stored.size;
    if (!operation->rows && row.tombstone)
        return true;
    writer_put_sized(&operation->page, key);
    writer_put_sized(&operation->page, operation->rows ? stored : row.value);
    operation->count++;
    return true;
}

static void range_read(struct range_operation *operation)
{
    struct store *store = operation->work.replica->store;
    store_range_deinit(&operation->read);
    store_range_init(&operation->read, STORE_ITEMS, writer_slice(&operation->from),
                     writer_slice(&operation->to), on_range_read);
    operation->read.reverse = operation->reverse;
    operation->read.rows_max = operation->rows_max - operation->count;
    operation->read.bytes_max = operation->bytes_max - operation->page.size;
    if (store_try_read(store, &operation->read.op))
        on_range_read(&operation->read.op);
    else
        store_submit(store, &operation->read.op);
}

/* Moves the bound behind the last key examined. */
static void range_narrow(struct range_operation *operation)
{
    struct writer *bound = operation->reverse ? &operation->to : &operation->from;
    writer_reset(bound);
    writer_put_slice(bound, writer_slice(&operation->covered));
    if (!operation->reverse)
        writer_put_u8(bound, 0);
}

static void on_range_read(struct store_op *op)
{
    struct range_operation *operation = container_of(op, struct range_operation, read.op);
    struct reader reader = reader_of(writer_slice(&operation->read.rows));
    struct slice key, value, last = SLICE_EMPTY;
    bool good = op->status == STORE_OK;
    while (good && store_rows_next(&reader, &key, &value)) {
        good = page_add(operation, key, value);
        last = key;
    }
    if (last.size > 0) {
        writer_reset(&operation->covered);
        writer_put_slice(&operation->covered, last);
    }
    if (!good) {
        log_event(operation->work.replica->log, LOG_ERROR, "range_unreadable", "rows=%u",
                  operation->read.rows_count);
        range_finish(operation, VERDICT_FAILED, false);
    } else if (!operation->read.more) {
        range_finish(operation, VERDICT_OK, false);
    } else if (page_full(operation)) {
        range_finish(operation, VERDICT_OK, true);
    } else {
        range_narrow(operation);
        range_read(operation);
    }
}

void replica_on_range(struct replica *replica, const struct frame *frame,
                      const Cartwheel__Range *range)
{
    struct range_operation *operation = malloc(sizeof(*operation));
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    work_init(&operation->work, replica, frame, range_release);
    operation->reverse = range->reverse;
    operation->rows = range->rows;
    operation->rows_max = range->rows_max;
    operation->bytes_max = range->bytes_max < PAGE_BYTES_MAX ? range->bytes_max : PAGE_BYTES_MAX;
    writer_init(&operation->page, 0);
    writer_init(&operation->covered, 0);
    writer_init(&operation->from, range->from.len + 1);
    writer_init(&operation->to, range->to.len + 1);
    writer_put_slice(&operation->from, slice_of_binary(range->from));
    writer_put_slice(&operation->to, slice_of_binary(range->to));
    writer_init(&operation->read.rows, 0);
    struct reader from = reader_of(slice_of_binary(range->from));
    if (!replica_serves(replica, reader_get_u32(&from)))
        range_finish(operation, VERDICT_REFUSED_SHARD, false);
    else if (operation->rows_max == 0 || operation->bytes_max == 0)
        range_finish(operation, VERDICT_FAILED, false);
    else if (work_excessive(replica))
        range_finish(operation, VERDICT_BUSY, false);
    else
        range_read(operation);
}
