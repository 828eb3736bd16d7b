#include "index_key.h"

enum {
    INDEX_HEADER_SIZE = 4 + 8 + 1,
    ESCAPED_ZERO = 0xff, /* behind a 0 of the value */
    VALUE_END = 1        /* behind the 0 that ends it: below every other byte that may follow */
};

static void put_index(struct writer *writer, uint32_t partition, uint64_t table_id, uint8_t index)
{
    writer_put_u32(writer, partition);
    writer_put_u64(writer, table_id);
    writer_put_u8(writer, index);
}

static void put_collection(struct writer *writer, uint8_t index, const struct item_key *key)
{
    ensure(key->partition_key.size <= UINT16_MAX);
    put_index(writer, key->partition, key->table_id, index);
    writer_put_u64(writer, key->position);
    writer_put_u16(writer, (uint16_t)key->partition_key.size);
    writer_put_slice(writer, key->partition_key);
}

/* What the values that begin with these bytes begin with. */
static void put_value_start(struct writer *writer, struct slice value)
{
    writer_reserve(writer, value.size + 2);
    for (size_t i = 0; i < value.size; i++) {
        writer_put_u8(writer, value.data[i]);
        if (value.data[i] == 0)
            writer_put_u8(writer, ESCAPED_ZERO);
    }
}

static void put_value(struct writer *writer, struct slice value)
{
    put_value_start(writer, value);
    writer_put_u8(writer, 0);
    writer_put_u8(writer, VALUE_END);
}

void index_key_encode(struct writer *writer, uint8_t index, const struct item_key *item,
                      struct slice value)
{
    put_collection(writer, index, item);
    put_value(writer, value);
    writer_put_slice(writer, item->sort_key);
}

/* Takes a value with its end. */
static struct slice get_value(struct reader *reader)
{
    struct slice left = slice_of(reader->at, reader_left(reader));
    for (size_t i = 0; i + 1 < left.size; i++) {
        if (left.data[i] != 0)
            continue;
        if (left.data[i + 1] == VALUE_END)
            return reader_get_slice(reader, i + 2);
        if (left.data[++i] != ESCAPED_ZERO)
            break;
    }
    reader->failed = true;
    return SLICE_EMPTY;
}

bool index_key_decode(struct slice encoded, struct index_key *key)
{
    struct reader reader = reader_of(encoded);
    struct item_key *item = &key->item;
    item->partition = reader_get_u32(&reader);
    item->table_id = reader_get_u64(&reader);
    key->index = reader_get_u8(&reader);
    item->position = reader_get_u64(&reader);
    uint16_t size = reader_get_u16(&reader);
    item->partition_key = reader_get_slice(&reader, size);
    key->position = get_value(&reader);
    item->sort_key = reader_get_slice(&reader, reader_left(&reader));
    bool valid = !reader.failed && encoded.size <= ITEM_KEY_SIZE_MAX;
    if (!valid)
        *key = (struct index_key){.index = 0};
    return valid;
}

/* Ends the range behind all keys that begin with `prefix`, which `to` holds. */
static void end_behind(struct key_range *range)
{
    struct writer prefix = range->to;
    writer_init(&range->to, prefix.size);
    bytes_successor(writer_slice(&prefix), &range->to);
    writer_deinit(&prefix);
}

void index_range_positions(struct key_range *range, uint32_t partition, uint64_t table_id,
                           uint8_t index, uint64_t first, uint64_t last)
{
    writer_reset(&range->from);
    writer_reset(&range->to);
    put_index(&range->from, partition, table_id, index);
    writer_put_u64(&range->from, first);
    put_index(&range->to, partition, table_id, index);
    writer_put_u64(&range->to, last);
    end_behind(range);
}

void index_range_collection(struct key_range *range, uint8_t index, const struct item_key *key)
{
    writer_reset(&range->from);
    writer_reset(&range->to);
    put_collection(&range->from, index, key);
    put_collection(&range->to, index, key);
    end_behind(range);
}

static void begin_at(struct writer *from, enum sort_bound relation, struct slice bound)
{
    if (relation == SORT_LESS || relation == SORT_LESS_OR_EQUAL)
        return;
    put_value_start(from, bound);
    if (relation == SORT_BEGINS_WITH)
        return;
    /* Behind all entries of that very value, or before them. */
    writer_put_u8(from, 0);
    writer_put_u8(from, relation == SORT_GREATER ? VALUE_END + 1 : VALUE_END);
}

/* `to` holds what the collection's keys begin with. */
static void end_at(struct key_range *range, enum sort_bound relation, struct slice bound)
{
    if (relation == SORT_BEGINS_WITH)
        put_value_start(&range->to, bound);
    else
        put_value(&range->to, bound);
    if (relation != SORT_LESS)
        end_behind(range);
}

void index_range_sort(struct key_range *range, uint8_t index, const struct item_key *key,
                      enum sort_bound relation, struct slice bound, struct slice bound_high)
{
    index_range_collection(range, index, key);
    begin_at(&range->from, relation, bound);
    if (relation == SORT_GREATER || relation == SORT_GREATER_OR_EQUAL)
        return;
    writer_reset(&range->to);
    put_collection(&range->to, index, key);
    end_at(range, relation, relation == SORT_BETWEEN ? bound_high : bound);
}

/* The position in a bound of `range`; UINT64_MAX if it ends before one, or lies beyond the index. */
static uint64_t position_of(struct slice bound, const struct index_range *range)
{
    struct reader reader = reader_of(bound);
    bool same = reader_get_u32(&reader) == range->partition &&
                reader_get_u64(&reader) == range->table_id &&
                reader_get_u8(&reader) == range->index;
    uint64_t position = reader_get_u64(&reader);
    return same && !reader.failed ? position : UINT64_MAX;
}

bool index_range_decode(struct slice from, struct slice to, struct index_range *range)
{
    struct reader reader = reader_of(from);
    range->partition = reader_get_u32(&reader);
    range->table_id = reader_get_u64(&reader);
    range->index = reader_get_u8(&reader);
    range->first_position = reader_get_u64(&reader);
    range->last_position = position_of(to, range);
    return !reader.failed;
}
