#include "rocksdb_options.h"

#include <stdlib.h>

#include "leaf_merge.h"

enum {
    ALL_FILES = -1,
    BLOCK_BYTES = 16 * 1024,        /* items of some hundred bytes to some KiB: a few per block */
    BLOOM_BITS_PER_KEY = 10,        /* about 1 % false positives */
    CHECKSUM_XXH3 = 4,              /* kXXH3 of rocksdb/table.h */
    LOG_LEVEL_FATAL = 4,            /* FATAL_LEVEL of rocksdb/env.h */
    SMOOTH_SYNC_BYTES = 1024 * 1024 /* write-back of table files in pieces: no stalls of the WAL */
};

/* The C API of RocksDB 7.8 has no setters for these, but takes them as text. The first notices a
 * WAL that is missing or too short, among the closed ones. The second: opening after a full disk
 * must not need space for table files. */
static const char settings_without_setter[] =
    "track_and_verify_wals_in_manifest=true;avoid_flush_during_recovery=true";

static void set_safety(rocksdb_options_t *options);
static void set_resources(rocksdb_options_t *options, const struct rocksdb_store_config *config);
static void set_tables(rocksdb_options_t *options, rocksdb_cache_t *cache, bool filter);

void rocksdb_options_init(struct rocksdb_options *options,
                          const struct rocksdb_store_config *config, rocksdb_cache_t *cache)
{
    rocksdb_options_t *base = rocksdb_options_create();
    options->database = rocksdb_options_create();
    char *error = NULL;
    rocksdb_get_options_from_string(base, settings_without_setter, options->database, &error);
    ensure(error == NULL);
    rocksdb_options_destroy(base);
    set_safety(options->database);
    set_resources(options->database, config);
    set_tables(options->database, cache, false);
    for (size_t i = 0; i < STORE_FAMILIES; i++) {
        options->families[i] = rocksdb_options_create_copy(options->database);
        /* Only registers are read by exact key, often of absent rows. */
        set_tables(options->families[i], cache, i == STORE_ITEMS || i == STORE_PROMISES);
    }
    leaf_merge_set(options->families[STORE_MERKLE]);
}

void rocksdb_options_deinit(struct rocksdb_options *options)
{
    for (size_t i = 0; i < STORE_FAMILIES; i++)
        rocksdb_options_destroy(options->families[i]);
    rocksdb_options_destroy(options->database);
}

static void set_safety(rocksdb_options_t *options)
{
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_create_missing_column_families(options, 1);
    rocksdb_options_set_paranoid_checks(options, 1);
    /* A torn record at the end of the WAL was never reported; damage before it refuses to open. */
    rocksdb_options_set_wal_recovery_mode(options,
                                          rocksdb_tolerate_corrupted_tail_records_recovery);
    rocksdb_options_set_manual_wal_flush(options, 0);
    rocksdb_options_set_allow_mmap_reads(options, 0);
    rocksdb_options_set_allow_mmap_writes(options, 0);
    /* RocksDB's own log is a file beside the database. When a write to it fails on a full disk, a
     * build of RocksDB with assertions (Debian's) aborts at the next one. At this level nothing is
     * written to it; what matters reaches our log. */
    rocksdb_options_set_info_log_level(options, LOG_LEVEL_FATAL);
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
}

static void set_resources(rocksdb_options_t *options, const struct rocksdb_store_config *config)
{
    rocksdb_options_set_db_write_buffer_size(options, config->write_buffer_bytes);
    /* The busiest family may fill half of it before it is flushed. */
    rocksdb_options_set_write_buffer_size(options, config->write_buffer_bytes / 2);
    /* Families that change rarely keep old WALs alive; past this they are flushed. */
    rocksdb_options_set_max_total_wal_size(options, 2 * (uint64_t)config->write_buffer_bytes);
    /* All of them: a table file that is missing, or damaged at its end, is found when the database is
     * opened, and no read from memory fails because a file was not open. */
    rocksdb_options_set_max_open_files(options, ALL_FILES);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_bytes_per_sync(options, SMOOTH_SYNC_BYTES);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    rocksdb_options_set_compression(options, rocksdb_lz4_compression);
}

static void set_tables(rocksdb_options_t *options, rocksdb_cache_t *cache, bool filter)
{
    rocksdb_block_based_table_options_t *tables = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(tables, cache);
    rocksdb_block_based_options_set_block_size(tables, BLOCK_BYTES);
    rocksdb_block_based_options_set_checksum(tables, CHECKSUM_XXH3);
    rocksdb_block_based_options_set_format_version(tables, 5);
    /* Filters and indexes count against the cache, so that memory stays bounded. */
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(tables, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(tables, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(tables, 1);
    if (filter)
        rocksdb_block_based_options_set_filter_policy(
            tables, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS_PER_KEY));
    rocksdb_options_set_block_based_table_factory(options, tables);
    rocksdb_block_based_options_destroy(tables);
}
