#include "daemon_config.h"

#define US_PER_MS UINT64_C(1000)
#define US_PER_S  UINT64_C(1000000)

static struct gossip_config gossip_config_of(const struct config *config)
{
    return (struct gossip_config){
        .probe_interval_us = config->probe_interval_ms * US_PER_MS,
        .probe_timeout_us = config->probe_timeout_ms * US_PER_MS,
        .indirect_probes = (uint32_t)config->indirect_probes,
        .suspicion_factor = (uint32_t)config->suspicion_factor,
        .suspicion_max_factor = (uint32_t)config->suspicion_max_factor,
        .gossip_interval_us = config->gossip_interval_ms * US_PER_MS,
        .gossip_fanout = (uint32_t)config->gossip_fanout,
        .push_pull_interval_us = config->push_pull_interval_s * US_PER_S,
        .awareness_max = (uint32_t)config->awareness_max,
    };
}

struct node_config daemon_node_config(const struct config *config, uint16_t shard)
{
    struct node_config node;
    node_config_defaults(&node);
    node.shard = shard;
    node.shards = (uint16_t)config->shards;
    node.request_timeout_us = config->request_timeout_ms * US_PER_MS;
    node.attempt_timeout_us = config->attempt_timeout_ms * US_PER_MS;
    node.clock_skew_max_us = config->max_clock_skew_ms * US_PER_MS;
    node.repair_interval_us = config->repair_interval_s * US_PER_S;
    node.scrub_interval_us = config->scrub_interval_s * US_PER_S;
    node.hints_bytes_max = config->hints_max_mb << 20;
    node.hints_in_flight_max = (uint32_t)config->hints_in_flight_max;
    node.requests_max = (uint32_t)config->requests_max;
    node.replica_operations_max = (uint32_t)config->replica_operations_max;
    node.lossy = config->durability == CONFIG_DURABILITY_INTERVAL;
    node.gossip = gossip_config_of(config);
    return node;
}

struct api_config daemon_api_config(const struct config *config)
{
    return (struct api_config){
        .region = config->region,
        .account = config->account,
        .default_quorum = {.n = (uint8_t)config->table_n,
                           .r = (uint8_t)config->table_r,
                           .w = (uint8_t)config->table_w,
                           .sloppy = config->table_sloppy != 0},
    };
}

void daemon_store_config(struct rocksdb_store_config *store, const struct config *config)
{
    store->block_cache_bytes = (size_t)config->cache_mb << 20;
    store->write_buffer_bytes = (size_t)config->write_buffer_mb << 20;
    store->reader_threads = (uint32_t)config->reader_threads;
    store->durability = config->durability == CONFIG_DURABILITY_SYNC ? ROCKSDB_DURABILITY_SYNC
                                                                     : ROCKSDB_DURABILITY_INTERVAL;
    store->interval_ms = (uint32_t)config->sync_interval_ms;
    store->space_reserve_bytes = config->disk_reserve_mb << 20;
}
