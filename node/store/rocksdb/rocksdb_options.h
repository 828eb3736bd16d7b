/* rocksdb_options: RocksDB's settings, and why they are what they are. */
#pragma once

#include <rocksdb/c.h>

#include "rocksdb_store.h"

/* One option set per family, and one for the database with its unused default family. */
struct rocksdb_options {
    rocksdb_options_t *database;
    rocksdb_options_t *families[STORE_FAMILIES];
};

/* `cache` stays borrowed until the options are freed. */
void rocksdb_options_init(struct rocksdb_options *options,
                          const struct rocksdb_store_config *config, rocksdb_cache_t *cache);
void rocksdb_options_deinit(struct rocksdb_options *options);
