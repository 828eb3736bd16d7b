#include "leaf.h"

static void put_u64(uint8_t *at, uint64_t value)
{
    uint64_t big_endian = __builtin_bswap64(value);
    memcpy(at, &big_endian, sizeof(big_endian));
}

uint16_t leaf_of(struct slice item_key)
{
    return (uint16_t)(hash64(item_key) % TABLE_LEAVES);
}

void leaf_key_encode(const struct leaf_key *key, uint8_t bytes[LEAF_KEY_SIZE])
{
    uint32_t partition = __builtin_bswap32(key->partition);
    uint16_t leaf = __builtin_bswap16(key->leaf);
    memcpy(bytes, &partition, sizeof(partition));
    put_u64(bytes + 4, key->table_id);
    memcpy(bytes + 12, &leaf, sizeof(leaf));
}

bool leaf_key_decode(struct slice bytes, struct leaf_key *key)
{
    struct reader reader = reader_of(bytes);
    key->partition = reader_get_u32(&reader);
    key->table_id = reader_get_u64(&reader);
    key->leaf = reader_get_u16(&reader);
    return reader_done(&reader) && key->leaf < TABLE_LEAVES;
}

struct leaf_sum leaf_sum_add(struct leaf_sum a, struct leaf_sum b)
{
    return (struct leaf_sum){digest_add(a.digest, b.digest),
                             (int64_t)((uint64_t)a.rows + (uint64_t)b.rows)};
}

struct leaf_sum leaf_sum_subtract(struct leaf_sum a, struct leaf_sum b)
{
    return (struct leaf_sum){digest_subtract(a.digest, b.digest),
                             (int64_t)((uint64_t)a.rows - (uint64_t)b.rows)};
}

bool leaf_sum_equal(struct leaf_sum a, struct leaf_sum b)
{
    return digest_equal(a.digest, b.digest) && a.rows == b.rows;
}

bool leaf_sum_empty(struct leaf_sum sum)
{
    return leaf_sum_equal(sum, (struct leaf_sum){0});
}

void leaf_sum_encode(struct leaf_sum sum, uint8_t bytes[LEAF_SUM_SIZE])
{
    put_u64(bytes, sum.digest.high);
    put_u64(bytes + 8, sum.digest.low);
    put_u64(bytes + DIGEST_SIZE, (uint64_t)sum.rows);
}

bool leaf_sum_decode(struct slice bytes, struct leaf_sum *sum)
{
    struct reader reader = reader_of(bytes);
    sum->digest = reader_get_digest(&reader);
    sum->rows = (int64_t)reader_get_u64(&reader);
    return reader_done(&reader);
}

void writer_put_digest(struct writer *writer, struct digest digest)
{
    writer_put_u64(writer, digest.high);
    writer_put_u64(writer, digest.low);
}

struct digest reader_get_digest(struct reader *reader)
{
    uint64_t high = reader_get_u64(reader);
    return (struct digest){high, reader_get_u64(reader)};
}
