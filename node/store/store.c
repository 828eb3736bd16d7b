#include "store.h"

#include <string.h>

const char *store_family_name(enum store_family family)
{
    static const char *const names[STORE_FAMILIES] = {"items", "promises", "index", "hints",
                                                      "log",   "merkle",   "meta"};
    ensure(family < STORE_FAMILIES);
    return names[family];
}

static void op_init(struct store_op *op, enum store_kind kind, store_done done)
{
    ensure(done != NULL);
    *op = (struct store_op){{NULL, NULL}, kind, STORE_OK, done, NULL};
}

void store_get_init(struct store_get *get, enum store_family family, struct slice key,
                    store_done done)
{
    op_init(&get->op, STORE_GET, done);
    get->family = family;
    get->key = key;
    get->value = NULL;
}

void store_range_init(struct store_range *range, enum store_family family, struct slice from,
                      struct slice to, store_done done)
{
    memset(range, 0, sizeof(*range));
    op_init(&range->op, STORE_RANGE, done);
    range->family = family;
    range->from = from;
    range->to = to;
    range->rows_max = UINT32_MAX;
    range->bytes_max = SIZE_MAX;
    writer_init(&range->rows, 0);
}

void store_range_deinit(struct store_range *range)
{
    writer_deinit(&range->rows);
}

void store_commit_init(struct store_commit *commit, store_done done)
{
    op_init(&commit->op, STORE_COMMIT, done);
    store_batch_init(&commit->batch);
}

void store_commit_deinit(struct store_commit *commit)
{
    store_batch_deinit(&commit->batch);
}

void store_batch_init(struct store_batch *batch)
{
    writer_init(&batch->encoded, 0);
    batch->count = 0;
}

void store_batch_deinit(struct store_batch *batch)
{
    writer_deinit(&batch->encoded);
    batch->count = 0;
}

static void batch_begin(struct store_batch *batch, enum store_change change,
                        enum store_family family, struct slice key)
{
    ensure(family < STORE_FAMILIES);
    writer_put_u8(&batch->encoded, (uint8_t)change);
    writer_put_u8(&batch->encoded, (uint8_t)family);
    writer_put_sized(&batch->encoded, key);
    batch->count++;
}

void store_batch_put(struct store_batch *batch, enum store_family family, struct slice key,
                     struct slice value)
{
    batch_begin(batch, STORE_PUT, family, key);
    writer_put_sized(&batch->encoded, value);
}

uint8_t *store_batch_put_in_place(struct store_batch *batch, enum store_family family,
                                  struct slice key, size_t value_size)
{
    batch_begin(batch, STORE_PUT, family, key);
    writer_put_varint(&batch->encoded, value_size);
    return writer_extend(&batch->encoded, value_size);
}

void store_batch_delete(struct store_batch *batch, enum store_family family, struct slice key)
{
    batch_begin(batch, STORE_DELETE, family, key);
    writer_put_sized(&batch->encoded, SLICE_EMPTY);
}

void store_batch_merge(struct store_batch *batch, const struct leaf_key *key, struct leaf_sum delta)
{
    uint8_t bytes[LEAF_KEY_SIZE], sum[LEAF_SUM_SIZE];
    leaf_key_encode(key, bytes);
    leaf_sum_encode(delta, sum);
    batch_begin(batch, STORE_MERGE, STORE_MERKLE, slice_of(bytes, sizeof(bytes)));
    writer_put_sized(&batch->encoded, slice_of(sum, sizeof(sum)));
}

bool store_batch_next(struct reader *reader, struct store_batch_change *change)
{
    if (reader_left(reader) == 0)
        return false;
    change->change = (enum store_change)reader_get_u8(reader);
    change->family = (enum store_family)reader_get_u8(reader);
    change->key = reader_get_sized(reader);
    change->value = reader_get_sized(reader);
    ensure(!reader->failed);
    return true;
}

size_t store_result_size(struct store_op *op)
{
    if (op->kind == STORE_GET) {
        const struct store_get *get = container_of(op, struct store_get, op);
        return get->value == NULL ? 0 : get->value->size;
    }
    if (op->kind == STORE_RANGE)
        return container_of(op, struct store_range, op)->rows.size;
    return 0;
}

void store_rows_begin(struct store_range *range)
{
    writer_reset(&range->rows);
    range->rows_count = 0;
    range->more = false;
}

void store_rows_put(struct store_range *range, struct slice key, struct slice value)
{
    writer_put_sized(&range->rows, key);
    writer_put_sized(&range->rows, value);
    range->rows_count++;
}

bool store_rows_full(const struct store_range *range)
{
    return range->rows_count >= range->rows_max || range->rows.size >= range->bytes_max;
}

bool store_rows_next(struct reader *reader, struct slice *key, struct slice *value)
{
    if (reader_left(reader) == 0)
        return false;
    *key = reader_get_sized(reader);
    *value = reader_get_sized(reader);
    ensure(!reader->failed);
    return true;
}
