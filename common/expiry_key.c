#include "expiry_key.h"

void expiry_head_encode(struct writer *writer, uint32_t partition, uint64_t table_id)
{
    writer_put_u32(writer, partition);
    writer_put_u64(writer, table_id);
    writer_put_u8(writer, EXPIRY_INDEX);
}

void expiry_key_encode(struct writer *writer, const struct item_key *item, uint64_t seconds)
{
    ensure(item->partition_key.size <= UINT16_MAX);
    expiry_head_encode(writer, item->partition, item->table_id);
    writer_put_u64(writer, seconds);
    writer_put_u64(writer, item->position);
    writer_put_u16(writer, (uint16_t)item->partition_key.size);
    writer_put_slice(writer, item->partition_key);
    writer_put_slice(writer, item->sort_key);
}

bool expiry_key_decode(struct slice encoded, struct expiry_key *key)
{
    struct reader reader = reader_of(encoded);
    struct item_key *item = &key->item;
    item->partition = reader_get_u32(&reader);
    item->table_id = reader_get_u64(&reader);
    bool expiry = reader_get_u8(&reader) == EXPIRY_INDEX;
    key->seconds = reader_get_u64(&reader);
    item->position = reader_get_u64(&reader);
    uint16_t size = reader_get_u16(&reader);
    item->partition_key = reader_get_slice(&reader, size);
    item->sort_key = reader_get_slice(&reader, reader_left(&reader));
    bool valid = expiry && !reader.failed && encoded.size <= ITEM_KEY_SIZE_MAX;
    if (!valid)
        *key = (struct expiry_key){.seconds = 0};
    return valid;
}

void expiry_range_all(struct key_range *range, uint32_t partition, uint64_t table_id)
{
    writer_reset(&range->from);
    writer_reset(&range->to);
    expiry_head_encode(&range->from, partition, table_id);
    bytes_successor(writer_slice(&range->from), &range->to);
}

void expiry_range_due(struct key_range *range, uint32_t partition, uint64_t table_id,
                      uint64_t after, uint64_t until)
{
    ensure(after < UINT64_MAX);
    ensure(until < UINT64_MAX);
    writer_reset(&range->from);
    writer_reset(&range->to);
    expiry_head_encode(&range->from, partition, table_id);
    writer_put_u64(&range->from, after + 1);
    expiry_head_encode(&range->to, partition, table_id);
    writer_put_u64(&range->to, until + 1);
}
