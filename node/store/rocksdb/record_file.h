/* record_file: RocksDB's WALs as files of records: blocks of 32 KiB, in them fragments of records,
 * each with a CRC-32C. RocksDB refuses a WAL whose last record is there in full length but with
 * wrong bytes, as a power cut may leave it: lengths can reach the disk before all sectors do. This
 * tells such a torn end, which nobody was told of, from damage to what was durable. */
#pragma once

#include "bytes.h"

struct record_file_damage {
    bool damaged;
    uint64_t offset; /* where the first record that is not whole begins */
    bool torn;       /* no record begins after it: it was the last write */
};

/* `bytes` is the whole file. An end that is only cut off counts as damage that is torn. */
void record_file_check(struct slice bytes, struct record_file_damage *damage);
