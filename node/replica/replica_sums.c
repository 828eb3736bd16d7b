/* SUMS: what peers compare first (anti-entropy; the paper, 4.7): sums of a partition's leaves, which
 * are kept with the rows, so that no row is read. */
#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "operation.h"

enum { SUMS_PAGE_BYTES = 1 << 18 /* some thousand leaves: other work goes on between pages */ };

/* One sum that is asked for. */
struct asked_sum {
    uint64_t table_id; /* SUMS_TABLES */
    struct leaf_sum sum;
};

struct sums_operation {
    struct replica_work work;
    struct store_range read;
    struct writer from;
    struct writer to;
    enum sums_level level;
    uint32_t replicas; /* leaves of tables with fewer are passed over */
    uint64_t groups;   /* SUMS_LEAVES */
    struct asked_sum *sums;
    size_t sums_count;
    size_t sums_capacity;
};

static void on_leaves_read(struct store_op *op);

static void sums_release(struct replica_work *work)
{
    struct sums_operation *operation = container_of(work, struct sums_operation, work);
    store_range_deinit(&operation->read);
    writer_deinit(&operation->from);
    writer_deinit(&operation->to);
    free(operation->sums);
    free(operation);
}

static void put_sum(const struct sums_operation *operation, struct writer *payload,
                    const struct asked_sum *asked)
{
    bool named = operation->level == SUMS_TABLES;
    if (named) {
        writer_put_u64(payload, asked->table_id);
        writer_put_varint(payload, (uint64_t)asked->sum.rows);
    }
    if (!named || asked->sum.rows != 0)
        writer_put_digest(payload, asked->sum.digest);
}

static void sums_finish(struct sums_operation *operation, enum verdict verdict)
{
    struct writer payload;
    writer_init(&payload, DIGEST_SIZE * operation->sums_count);
    for (size_t i = 0; i < operation->sums_count; i++)
        put_sum(operation, &payload, &operation->sums[i]);
    Cartwheel__SumsReply reply = CARTWHEEL__SUMS_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    outbox_reply(operation->work.replica->outbox, &operation->work.asker, FRAME_SUMS_REPLY,
                 &reply.base, verdict == VERDICT_OK ? writer_slice(&payload) : SLICE_EMPTY);
    writer_deinit(&payload);
    work_finish(&operation->work);
}

static void sums_add(struct sums_operation *operation, uint64_t table_id)
{
    if (operation->sums_count == operation->sums_capacity) {
        operation->sums_capacity = operation->sums_capacity == 0 ? 1 : 2 * operation->sums_capacity;
        operation->sums =
            realloc(operation->sums, operation->sums_capacity * sizeof(*operation->sums));
        ensure(operation->sums != NULL);
    }
    operation->sums[operation->sums_count++] = (struct asked_sum){.table_id = table_id};
}

static int compare_tables(const void *a, const void *b)
{
    const struct asked_sum *one = a, *other = b;
    return (one->table_id > other->table_id) - (one->table_id < other->table_id);
}

/* All that are known and shared, those without rows too: one that a side does not name is not known
 * there. */
static void add_tables(struct sums_operation *operation)
{
    const struct replica *replica = operation->work.replica;
    size_t cursor = 0;
    uint64_t table_id;
    for (table_id = 1; table_id < SYSTEM_TABLES; table_id++)
        if (replica_table_shared(replica, table_id, operation->replicas))
            sums_add(operation, table_id);
    while (map_each_id(&replica->schemas, &cursor, &table_id) != NULL)
        if (replica_table_shared(replica, table_id, operation->replicas))
            sums_add(operation, table_id);
    qsort(operation->sums, operation->sums_count, sizeof(*operation->sums), compare_tables);
}

/* The sum that a leaf is a part of; NULL: none that is asked for. */
static struct asked_sum *sum_of(struct sums_operation *operation, const struct leaf_key *key)
{
    const struct asked_sum named = {.table_id = key->table_id};
    unsigned group = key->leaf / GROUP_LEAVES;
    uint64_t before = operation->groups & (((uint64_t)1 << group) - 1);
    switch (operation->level) {
    case SUMS_PARTITION:
        return replica_table_shared(operation->work.replica, key->table_id, operation->replicas)
                   ? operation->sums
                   : NULL;
    case SUMS_TABLES:
        return bsearch(&named, operation->sums, operation->sums_count, sizeof(named),
                       compare_tables);
    case SUMS_GROUPS:
        return &operation->sums[group];
    case SUMS_LEAVES:
        return (operation->groups >> group & 1) == 0
                   ? NULL
                   : &operation->sums[(size_t)__builtin_popcountll(before) * GROUP_LEAVES +
                                      key->leaf % GROUP_LEAVES];
    }
    return NULL;
}

static void sums_read(struct sums_operation *operation)
{
    store_range_deinit(&operation->read);
    store_range_init(&operation->read, STORE_MERKLE, writer_slice(&operation->from),
                     writer_slice(&operation->to), on_leaves_read);
    operation->read.bytes_max = BUGGIFY("leaves are read one by one") ? 1 : SUMS_PAGE_BYTES;
    store_submit(operation->work.replica->store, &operation->read.op);
}

/* False if it is damaged. */
static bool add_leaf(struct sums_operation *operation, struct slice bytes, struct slice value)
{
    struct leaf_key key;
    struct leaf_sum sum;
    if (!leaf_key_decode(bytes, &key) || !leaf_sum_decode(value, &sum))
        return false;
    struct asked_sum *asked = sum_of(operation, &key);
    if (asked != NULL)
        asked->sum = leaf_sum_add(asked->sum, sum);
    return true;
}

static void on_leaves_read(struct store_op *op)
{
    struct sums_operation *operation = container_of(op, struct sums_operation, read.op);
    struct reader rows = reader_of(writer_slice(&operation->read.rows));
    struct slice key, value, last = SLICE_EMPTY;
    bool good = op->status == STORE_OK;
    while (good && store_rows_next(&rows, &key, &value)) {
        good = add_leaf(operation, key, value);
        last = key;
    }
    if (!good || !operation->read.more || last.size == 0) {
        sums_finish(operation, good ? VERDICT_OK : VERDICT_FAILED);
        return;
    }
    writer_reset(&operation->from);
    writer_put_slice(&operation->from, last);
    writer_put_u8(&operation->from, 0);
    sums_read(operation);
}

static void put_leaf(struct writer *writer, uint32_t partition, uint64_t table_id, size_t leaf)
{
    writer_put_u32(writer, partition);
    writer_put_u64(writer, table_id);
    writer_put_u16(writer, (uint16_t)leaf);
}

/* Leaves are numbered below TABLE_LEAVES, partitions below 65,536: what comes next needs no carry. */
static void bound_range(struct sums_operation *operation, const Cartwheel__Sums *sums)
{
    bool table = operation->level >= SUMS_GROUPS;
    size_t first = operation->level == SUMS_LEAVES ? (size_t)__builtin_ctzll(sums->groups) : 0;
    size_t last = operation->level == SUMS_LEAVES ? 63 - (size_t)__builtin_clzll(sums->groups)
                                                  : LEAF_GROUPS - 1;
    if (table) {
        put_leaf(&operation->from, sums->partition, sums->table, first * GROUP_LEAVES);
        put_leaf(&operation->to, sums->partition, sums->table, (last + 1) * GROUP_LEAVES);
    } else {
        writer_put_u32(&operation->from, sums->partition);
        writer_put_u32(&operation->to, sums->partition + 1);
    }
}

static size_t sums_asked(const Cartwheel__Sums *sums)
{
    switch (sums->level) {
    case SUMS_PARTITION:
        return 1;
    case SUMS_GROUPS:
        return LEAF_GROUPS;
    case SUMS_LEAVES:
        return (size_t)__builtin_popcountll(sums->groups) * GROUP_LEAVES;
    default:
        return 0;
    }
}

/* VERDICT_OK: go on. */
static enum verdict sums_admit(const struct replica *replica, const Cartwheel__Sums *sums)
{
    if (work_excessive(replica))
        return VERDICT_BUSY;
    if (sums->level < SUMS_GROUPS)
        return VERDICT_OK;
    return replica_table_shared(replica, sums->table, sums->replicas) ? VERDICT_OK
                                                                      : VERDICT_REFUSED_TABLE;
}

static bool sums_valid(const struct replica *replica, const Cartwheel__Sums *sums)
{
    return replica_serves(replica, sums->partition) && sums->level >= SUMS_PARTITION &&
           sums->level <= SUMS_LEAVES && (sums->level != SUMS_LEAVES || sums->groups != 0);
}

void replica_on_sums(struct replica *replica, const struct frame *frame,
                     const Cartwheel__Sums *sums)
{
    if (!sums_valid(replica, sums))
        return;
    struct sums_operation *operation = malloc(sizeof(*operation));
    ensure(operation != NULL);
    memset(operation, 0, sizeof(*operation));
    work_init(&operation->work, replica, frame, sums_release);
    operation->level = (enum sums_level)sums->level;
    operation->replicas = sums->replicas;
    operation->groups = sums->groups;
    writer_init(&operation->from, LEAF_KEY_SIZE + 1);
    writer_init(&operation->to, LEAF_KEY_SIZE);
    writer_init(&operation->read.rows, 0);
    for (size_t i = sums_asked(sums); i > 0; i--)
        sums_add(operation, 0);
    if (operation->level == SUMS_TABLES)
        add_tables(operation);
    bound_range(operation, sums);
    enum verdict admitted = sums_admit(replica, sums);
    if (admitted == VERDICT_OK)
        sums_read(operation);
    else
        sums_finish(operation, admitted);
}
