/* leaf_merge: RocksDB adds to leaves when it reads, flushes and compacts them, so that a write need
 * not read them. */
#pragma once

#include <rocksdb/c.h>

/* For the family of leaves. */
void leaf_merge_set(rocksdb_options_t *options);
