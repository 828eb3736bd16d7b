#include "record_file.h"

enum {
    BLOCK_BYTES = 32 * 1024,
    HEADER_BYTES = 7, /* CRC, masked: 4; length: 2; type: 1; less room at a block's end is left */
    TYPE_FULL = 1,
    TYPE_FIRST = 2,
    TYPE_MIDDLE = 3,
    TYPE_LAST = 4,
    TYPE_COMPRESSION = 9, /* rocksdb/log_format.h; 5 to 8 are for WALs that are used again */
    BYTE_VALUES = 256
};

struct scan {
    struct slice bytes;
    uint32_t table[BYTE_VALUES];
};

static void table_fill(uint32_t table[BYTE_VALUES])
{
    static const uint32_t castagnoli = 0x82f63b78;
    for (uint32_t value = 0; value < BYTE_VALUES; value++) {
        uint32_t crc = value;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? castagnoli : 0);
        table[value] = crc;
    }
}

/* As RocksDB stores it: rotated and shifted, for a CRC of bytes that hold a CRC is weak. */
static uint32_t crc_masked(const struct scan *scan, const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++)
        crc = scan->table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static size_t block_end(const struct scan *scan, size_t offset)
{
    size_t end = offset - offset % BLOCK_BYTES + BLOCK_BYTES;
    return end < scan->bytes.size ? end : scan->bytes.size;
}

/* The size of the whole fragment at `offset`, which must be inside the file; 0: there is none. */
static size_t fragment_size(const struct scan *scan, size_t offset, uint8_t *type)
{
    const uint8_t *header = scan->bytes.data + offset;
    size_t room = block_end(scan, offset) - offset;
    if (room < HEADER_BYTES)
        return 0;
    size_t size = header[4] | (size_t)header[5] << 8;
    uint32_t crc = (uint32_t)header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 |
                   (uint32_t)header[3] << 24;
    *type = header[6];
    bool known = (*type >= TYPE_FULL && *type <= TYPE_LAST) || *type == TYPE_COMPRESSION;
    if (!known || size > room - HEADER_BYTES)
        return 0;
    return crc_masked(scan, header + 6, size + 1) == crc ? HEADER_BYTES + size : 0;
}

/* Whether a whole record begins at or after `offset`: at any byte of its block, for where fragments begin
 * there is unknown, and as fragments follow each other in the blocks after it. */
static bool record_begins(const struct scan *scan, size_t offset)
{
    bool lost = true;
    while (offset < scan->bytes.size) {
        uint8_t type = 0;
        size_t size = fragment_size(scan, offset, &type);
        if (size > 0 && (type == TYPE_FULL || type == TYPE_FIRST))
            return true;
        size_t end = block_end(scan, offset);
        lost = lost || size == 0;
        offset += lost ? 1 : size;
        if (offset + HEADER_BYTES > end) {
            offset = end;
            lost = false;
        }
    }
    return false;
}

void record_file_check(struct slice bytes, struct record_file_damage *damage)
{
    struct scan scan = {.bytes = bytes};
    table_fill(scan.table);
    *damage = (struct record_file_damage){0};
    size_t offset = 0, record = 0;
    bool inside = false;
    while (offset < bytes.size) {
        size_t end = block_end(&scan, offset);
        if (end - offset < HEADER_BYTES && end % BLOCK_BYTES == 0) {
            offset = end;
            continue;
        }
        uint8_t type = 0;
        size_t size = fragment_size(&scan, offset, &type);
        bool begins = type != TYPE_MIDDLE && type != TYPE_LAST;
        if (size == 0 || begins == inside)
            break;
        if (begins)
            record = offset;
        inside = type == TYPE_FIRST || type == TYPE_MIDDLE;
        offset += size;
    }
    if (offset >= bytes.size && !inside)
        return;
    damage->damaged = true;
    damage->offset = inside ? record : offset;
    damage->torn = offset >= bytes.size || !record_begins(&scan, offset);
}
