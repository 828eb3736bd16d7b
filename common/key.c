#include "key.h"

#include "decimal.h"
#include "hash.h"
#include "ring.h"
#include "utf8.h"

enum { RANGE_BOUND_SIZE = 128 /* most bounds fit without growing */ };

bool key_value_encode(struct slice value, struct writer *writer)
{
    enum value_type type = value_type(value);
    if (type != VALUE_STRING && type != VALUE_NUMBER && type != VALUE_BINARY)
        return false;
    writer_put_slice(writer, value_bytes(value));
    return true;
}

bool key_value_decode(enum value_type type, struct slice bytes, struct writer *writer)
{
    bool valid = type == VALUE_BINARY || (type == VALUE_STRING && utf8_valid(bytes)) ||
                 (type == VALUE_NUMBER && decimal_valid(bytes));
    if (!valid)
        return false;
    writer_put_u8(writer, (uint8_t)type);
    writer_put_sized(writer, bytes);
    return true;
}

struct item_key item_key_of(uint64_t table_id, struct slice partition_key, struct slice sort_key,
                            uint32_t partitions)
{
    uint64_t position = hash64(partition_key);
    return (struct item_key){ring_partition(position, partitions), table_id, position,
                             partition_key, sort_key};
}

/* What all keys of a table in a partition begin with. */
static void put_table(struct writer *writer, uint32_t partition, uint64_t table_id)
{
    writer_put_u32(writer, partition);
    writer_put_u64(writer, table_id);
}

/* What all keys of an item collection begin with. */
static void put_collection(struct writer *writer, const struct item_key *key)
{
    ensure(key->partition_key.size <= UINT16_MAX);
    writer_reserve(writer, ITEM_KEY_HEADER_SIZE + key->partition_key.size + key->sort_key.size);
    put_table(writer, key->partition, key->table_id);
    writer_put_u64(writer, key->position);
    writer_put_u16(writer, (uint16_t)key->partition_key.size);
    writer_put_slice(writer, key->partition_key);
}

void item_key_encode(struct writer *writer, const struct item_key *key)
{
    put_collection(writer, key);
    writer_put_slice(writer, key->sort_key);
}

bool item_key_decode(struct slice encoded, struct item_key *key)
{
    struct reader reader = reader_of(encoded);
    key->partition = reader_get_u32(&reader);
    key->table_id = reader_get_u64(&reader);
    key->position = reader_get_u64(&reader);
    uint16_t size = reader_get_u16(&reader);
    key->partition_key = reader_get_slice(&reader, size);
    key->sort_key = reader_get_slice(&reader, reader_left(&reader));
    bool valid = !reader.failed && encoded.size <= ITEM_KEY_SIZE_MAX;
    if (!valid)
        *key = (struct item_key){.partition = 0};
    return valid;
}

void bytes_successor(struct slice prefix, struct writer *writer)
{
    size_t size = prefix.size;
    while (size > 0 && prefix.data[size - 1] == 0xff)
        size--;
    if (size == 0)
        return;
    writer_put(writer, prefix.data, size - 1);
    writer_put_u8(writer, (uint8_t)(prefix.data[size - 1] + 1));
}

void key_range_init(struct key_range *range)
{
    writer_init(&range->from, RANGE_BOUND_SIZE);
    writer_init(&range->to, RANGE_BOUND_SIZE);
}

void key_range_deinit(struct key_range *range)
{
    writer_deinit(&range->from);
    writer_deinit(&range->to);
}

/* Makes the range end past all keys that begin with the `from` written so far. */
static void end_after_prefix(struct key_range *range)
{
    writer_reset(&range->to);
    bytes_successor(writer_slice(&range->from), &range->to);
}

void key_range_table(struct key_range *range, uint32_t partition, uint64_t table_id)
{
    writer_reset(&range->from);
    put_table(&range->from, partition, table_id);
    end_after_prefix(range);
}

void key_range_table_from(struct key_range *range, uint32_t partition, uint64_t table_id,
                          uint64_t position)
{
    key_range_table(range, partition, table_id);
    writer_put_u64(&range->from, position);
}

void key_range_positions(struct key_range *range, uint32_t partition, uint64_t table_id,
                         uint64_t first, uint64_t last)
{
    key_range_table_from(range, partition, table_id, first);
    if (last == UINT64_MAX)
        return;
    writer_reset(&range->to);
    put_table(&range->to, partition, table_id);
    writer_put_u64(&range->to, last + 1);
}

void key_range_collection(struct key_range *range, const struct item_key *key)
{
    writer_reset(&range->from);
    put_collection(&range->from, key);
    end_after_prefix(range);
}

/* Ends the collection's range at sort key `bound`, or just after it. */
static void end_at(struct key_range *range, const struct item_key *key, struct slice bound,
                   bool included)
{
    writer_reset(&range->to);
    put_collection(&range->to, key);
    writer_put_slice(&range->to, bound);
    if (included)
        writer_put_u8(&range->to, 0);
}

void key_range_sort(struct key_range *range, const struct item_key *key, enum sort_bound relation,
                    struct slice bound, struct slice bound_high)
{
    key_range_collection(range, key);
    bool from_start = relation == SORT_LESS || relation == SORT_LESS_OR_EQUAL;
    if (!from_start)
        writer_put_slice(&range->from, bound);
    if (relation == SORT_GREATER)
        writer_put_u8(&range->from, 0); /* the smallest key above `bound` */
    if (relation == SORT_BEGINS_WITH)
        end_after_prefix(range);
    else if (relation == SORT_BETWEEN)
        end_at(range, key, bound_high, true);
    else if (relation == SORT_LESS)
        end_at(range, key, bound, false);
    else if (relation == SORT_EQUAL || relation == SORT_LESS_OR_EQUAL)
        end_at(range, key, bound, true);
}

void key_range_go_on(struct key_range *range, struct slice encoded)
{
    writer_reset(&range->from);
    writer_put_slice(&range->from, encoded);
    writer_put_u8(&range->from, 0);
}

void key_range_after(struct key_range *range, const struct item_key *key)
{
    struct writer next;
    writer_init(&next, RANGE_BOUND_SIZE);
    item_key_encode(&next, key);
    writer_put_u8(&next, 0);
    if (slice_compare(writer_slice(&next), writer_slice(&range->from)) > 0) {
        writer_reset(&range->from);
        writer_put_slice(&range->from, writer_slice(&next));
    }
    writer_deinit(&next);
}

void key_range_before(struct key_range *range, const struct item_key *key)
{
    struct writer end;
    writer_init(&end, RANGE_BOUND_SIZE);
    item_key_encode(&end, key);
    bool is_open = range->to.size == 0;
    if (is_open || slice_compare(writer_slice(&end), writer_slice(&range->to)) < 0) {
        writer_reset(&range->to);
        writer_put_slice(&range->to, writer_slice(&end));
    }
    writer_deinit(&end);
}
