/* What peers compare (anti-entropy; the paper, 4.7): sums over the leaves of a partition, then the
 * keys of leaves that differ. Both walk the partition's rows; nothing of it is kept yet. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "hash.h"
#include "key.h"
#include "operation.h"

enum {
    WALK_PAGE_BYTES = 1 << 20, /* of rows read at once: other work goes on between pages */
    KEYS_PAGE_BYTES = 1 << 20  /* of keys sent at once */
};

struct walk_operation {
    struct replica_work work;
    struct store_range read;
    struct writer from;
    uint8_t to[sizeof(uint32_t)];
    uint32_t replicas;                    /* rows of tables with fewer are passed over */
    bool listing;                         /* KEYS; else SUMS */
    struct digest sums[PARTITION_LEAVES]; /* SUMS */
    uint8_t leaves[PARTITION_LEAVES / 8]; /* KEYS: those wanted */
    struct writer page;                   /* KEYS: sized key, ballot, origin */
    struct writer covered;                /* KEYS: last key examined */
};

static void on_walk_read(struct store_op *op);

static void walk_release(struct replica_work *work)
{
    struct walk_operation *operation = container_of(work, struct walk_operation, work);
    store_range_deinit(&operation->read);
    writer_deinit(&operation->from);
    writer_deinit(&operation->page);
    writer_deinit(&operation->covered);
    free(operation);
}

static void sums_finish(struct walk_operation *operation, enum verdict verdict)
{
    struct writer sums;
    writer_init(&sums, sizeof(operation->sums));
    for (size_t leaf = 0; leaf < PARTITION_LEAVES; leaf++) {
        writer_put_u64(&sums, operation->sums[leaf].high);
        writer_put_u64(&sums, operation->sums[leaf].low);
    }
    Cartwheel__SumsReply reply = CARTWHEEL__SUMS_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_SUMS_REPLY,
                 &reply.base, writer_slice(&sums));
    writer_deinit(&sums);
    work_finish(&operation->work);
}

static void keys_finish(struct walk_operation *operation, enum verdict verdict, bool more)
{
    Cartwheel__KeysReply reply = CARTWHEEL__KEYS_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.more = more;
    if (more)
        reply.covered = binary_of(writer_slice(&operation->covered));
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_KEYS_REPLY,
                 &reply.base, writer_slice(&operation->page));
    work_finish(&operation->work);
}

static void walk_finish(struct walk_operation *operation, enum verdict verdict, bool more)
{
    if (operation->listing)
        keys_finish(operation, verdict, more);
    else
        sums_finish(operation, verdict);
}

static bool leaf_wanted(const struct walk_operation *operation, size_t leaf)
{
    return (operation->leaves[leaf / 8] >> (leaf % 8) & 1) != 0;
}

/* The digest is of key and origin: two replicas that hold the same operation's value are equal,
 * whatever rounds it took there. */
static void sums_add(struct walk_operation *operation, size_t leaf, struct slice key,
                     const struct row *row)
{
    uint8_t origin[VERSION_SIZE];
    (void)binary_of_version(row->origin, origin);
    struct digest digest = digest_of(slice_of(origin, sizeof(origin)),
                                     hash64(key) ^ operation->work.replica->config.digest_seed);
    operation->sums[leaf] = digest_add(operation->sums[leaf], digest);
}

static bool walk_add(struct walk_operation *operation, struct slice key, struct slice stored)
{
    struct item_key decoded;
    struct row row;
    if (!item_key_decode(key, &decoded) || !row_decode(stored, &row))
        return false;
    const struct replica *replica = operation->work.replica;
    bool shared = replica_table_replicas(replica, decoded.table_id) >= operation->replicas;
    if (!shared || replica_table_dropped(replica, decoded.table_id))
        return true;
    size_t leaf = hash64(key) % PARTITION_LEAVES;
    if (!operation->listing) {
        sums_add(operation, leaf, key, &row);
    } else if (leaf_wanted(operation, leaf)) {
        writer_put_sized(&operation->page, key);
        writer_put_version(&operation->page, row.ballot);
        writer_put_version(&operation->page, row.origin);
    }
    return true;
}

static void walk_read(struct walk_operation *operation)
{
    store_range_deinit(&operation->read);
    store_range_init(&operation->read, STORE_ITEMS, writer_slice(&operation->from),
                     slice_of(operation->to, sizeof(operation->to)), on_walk_read);
    operation->read.bytes_max = BUGGIFY("sums are made row by row") ? 1 : WALK_PAGE_BYTES;
    store_submit(operation->work.replica->store, &operation->read.op);
}

static void on_walk_read(struct store_op *op)
{
    struct walk_operation *operation = container_of(op, struct walk_operation, read.op);
    struct reader reader = reader_of(writer_slice(&operation->read.rows));
    struct slice key, value, last = SLICE_EMPTY;
    bool good = op->status == STORE_OK;
    while (good && store_rows_next(&reader, &key, &value)) {
        good = walk_add(operation, key, value);
        last = key;
    }
    if (!good || !operation->read.more) {
        walk_finish(operation, good ? VERDICT_OK : VERDICT_FAILED, false);
        return;
    }
    writer_reset(&operation->covered);
    writer_put_slice(&operation->covered, last);
    writer_reset(&operation->from);
    writer_put_slice(&operation->from, writer_slice(&operation->covered));
    writer_put_u8(&operation->from, 0);
    if (operation->page.size >= KEYS_PAGE_BYTES || BUGGIFY("a tiny page of keys"))
        walk_finish(operation, VERDICT_OK, true);
    else
        walk_read(operation);
}

static void walk_start(struct replica *replica, const struct frame *frame, uint32_t partition,
                       uint32_t replicas, struct slice leaves, struct slice after)
{
    struct walk_operation *operation = malloc(sizeof(*operation));
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    work_init(&operation->work, replica, frame, walk_release);
    operation->replicas = replicas;
    operation->listing = frame->header.type == FRAME_KEYS;
    if (operation->listing)
        memcpy(operation->leaves, leaves.data, sizeof(operation->leaves));
    writer_init(&operation->page, 0);
    writer_init(&operation->covered, 0);
    writer_init(&operation->read.rows, 0);
    writer_init(&operation->from, after.size + 1);
    if (after.size > 0) {
        writer_put_slice(&operation->from, after);
        writer_put_u8(&operation->from, 0);
    } else {
        writer_put_u32(&operation->from, partition);
    }
    /* Past the last partition, 65,535 at most, there is nothing: the successor needs no carry. */
    uint32_t past = __builtin_bswap32(partition + 1);
    memcpy(operation->to, &past, sizeof(past));
    if (work_excessive(replica))
        walk_finish(operation, VERDICT_BUSY, false);
    else
        walk_read(operation);
}

void replica_on_sums(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Sums *sums)
{
    if (replica_serves(replica, sums->partition))
        walk_start(replica, frame, sums->partition, sums->replicas, SLICE_EMPTY, SLICE_EMPTY);
}

void replica_on_keys(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Keys *keys)
{
    struct slice leaves = slice_of_binary(keys->leaves);
    if (replica_serves(replica, keys->partition) && leaves.size == PARTITION_LEAVES / 8)
        walk_start(replica, frame, keys->partition, keys->replicas, leaves,
                   slice_of_binary(keys->after));
}
