/* config: the daemon's settings, from flags, environment (CARTWHEEL_*) and an ini file, in that
 * precedence, and what is wrong with them, all at once. */
#pragma once

#include <stdio.h>

#include "membership.h"

enum config_durability { CONFIG_DURABILITY_SYNC, CONFIG_DURABILITY_INTERVAL };

/* One field per key of the table in config_keys.c, under the key's name; what the values mean
 * stands there. Strings are owned; "" if not set. */
struct config {
    char *name;
    char *data;
    char *listen;
    char *peer_listen;
    char *advertise;
    char *cluster;
    char *initial_members;
    char *join;
    char *replace;
    char *zone;
    uint64_t weight;
    char *zones;
    char *weights;
    uint64_t partitions;
    uint64_t shards;

    char *secret;
    char *secret_file;
    uint64_t auth;
    char *access_key_id;
    char *secret_access_key;
    char *region;
    char *account;

    uint64_t table_n;
    uint64_t table_r;
    uint64_t table_w;
    uint64_t table_sloppy;

    uint64_t durability; /* enum config_durability */
    uint64_t sync_interval_ms;
    uint64_t cache_mb;
    uint64_t write_buffer_mb;
    uint64_t reader_threads;
    uint64_t open_files_max;
    uint64_t disk_reserve_mb;

    uint64_t max_connections;
    uint64_t max_connections_per_ip;
    uint64_t idle_timeout_s;
    uint64_t header_timeout_s;
    uint64_t write_timeout_s;
    uint64_t body_rate_min;
    uint64_t request_memory_mb;
    uint64_t queue_delay_max_ms;
    uint64_t queue_delay_interval_ms;
    uint64_t shutdown_timeout_s;

    uint64_t request_timeout_ms;
    uint64_t attempt_timeout_ms;
    uint64_t max_clock_skew_ms;
    uint64_t requests_max;
    uint64_t replica_operations_max;
    uint64_t repair_interval_s;
    uint64_t scrub_interval_s;
    uint64_t hints_max_mb;
    uint64_t hints_in_flight_max;

    uint64_t probe_interval_ms;
    uint64_t probe_timeout_ms;
    uint64_t indirect_probes;
    uint64_t suspicion_factor;
    uint64_t suspicion_max_factor;
    uint64_t gossip_interval_ms;
    uint64_t gossip_fanout;
    uint64_t push_pull_interval_s;
    uint64_t awareness_max;

    uint64_t log_level; /* enum log_level */
    char *log_file;
    char *pid_file;

    bool dev;                      /* --dev */
    bool data_is_temporary;        /* --dev without a data directory: the daemon makes one */
    bool auth_given;               /* `auth` was written out somewhere */
    struct cluster_config members; /* from cluster, partitions, initial_members, zones, weights */
};

enum config_result {
    CONFIG_OK,
    CONFIG_INVALID, /* messages were written: exit 2 */
    CONFIG_ANSWERED /* --help, --help-config or --version was answered: exit 0 */
};

/* Fills `config`, which config_deinit() frees whatever the result. `environment` as in environ.
 * Answers go to `output`, complaints, one line each, to `errors`. */
enum config_result config_load(struct config *config, int argc, char *const *argv,
                               char *const *environment, FILE *output, FILE *errors);
void config_deinit(struct config *config);
/* Whether clients must sign: keys are configured, and nobody turned auth off. */
bool config_requires_signatures(const struct config *config);
/* The part of host:port before the last colon, without brackets; the caller frees it. */
char *config_host_of(const char *address);
enum { CONFIG_ADDRESS_SIZE = 300 };

/* The next address of the setting `join`, of which `at` is what is left; false if there is none. */
bool must_check config_next_seed(const char **at, char seed[CONFIG_ADDRESS_SIZE]);
/* Whether host:port is on loopback, so that nobody else can reach it. */
bool config_is_loopback(const char *address);
/* Whether host:port names a host, and not just any of this machine's addresses. */
bool config_names_host(const char *address);
/* Where peers reach this node, as far as it was said; "" if it was not. Borrowed. */
const char *config_own_address(const struct config *config);
/* The host of an address in 127.0.0.0/8, else NULL: a node there dials from its own, so that tests can
 * tell who dials and cut single directions. The caller frees it. */
char *config_source_host(const char *address);
/* host:port, or :port, with a port of 1..65535. */
bool must_check config_address_valid(const char *address);
