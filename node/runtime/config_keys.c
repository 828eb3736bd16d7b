#include "config_keys.h"

#include <string.h>

#define TEXT(key, fallback_, help_)                                                \
    {                                                                              \
        .name = #key, .type = CONFIG_TEXT, .offset = offsetof(struct config, key), \
        .fallback = fallback_, .help = help_                                       \
    }
#define LIST(key, help_)                                                                           \
    {                                                                                              \
        .name = #key, .type = CONFIG_LIST, .offset = offsetof(struct config, key), .fallback = "", \
        .help = help_                                                                              \
    }
#define SECRET(key, help_)                                                           \
    {                                                                                \
        .name = #key, .type = CONFIG_SECRET, .offset = offsetof(struct config, key), \
        .fallback = "", .help = help_                                                \
    }
#define NUMBER(key, fallback_, min_, max_, help_)                                    \
    {                                                                                \
        .name = #key, .type = CONFIG_NUMBER, .offset = offsetof(struct config, key), \
        .fallback = fallback_, .min = min_, .max = max_, .help = help_               \
    }
#define SWITCH(key, fallback_, help_)                                                \
    {                                                                                \
        .name = #key, .type = CONFIG_SWITCH, .offset = offsetof(struct config, key), \
        .fallback = fallback_, .help = help_                                         \
    }
#define CHOICE(key, fallback_, help_, ...)                                           \
    {                                                                                \
        .name = #key, .type = CONFIG_CHOICE, .offset = offsetof(struct config, key), \
        .fallback = fallback_, .choices = {__VA_ARGS__}, .help = help_               \
    }

/* clang-format off */
static const struct config_key keys[] = {
    TEXT(name, "", "this node's name, one of initial_members; if not set, the name it has, at its birth node1, or, if it joins, one that is made of its id"),
    TEXT(data, "/var/lib/cartwheel", "directory of everything the node must keep"),
    TEXT(listen, "127.0.0.1:8000", "host:port where clients are served"),
    TEXT(peer_listen, "", "host:port where peers are served; if not set, advertise, or this node's address in the ring"),
    TEXT(advertise, "", "host:port where peers reach the node, if that is another than the ring says; if not set, a node that is born alone, or joins, takes peer_listen, if that names a host, or, if it joins, the address from which it reaches the cluster, port 7000"),
    TEXT(cluster, "cartwheel", "name of the cluster; the same on all nodes"),
    LIST(initial_members, "the first members, name=host:port,name=host:port...; the same on all nodes; not read by a node that holds data; if not set, the node is alone"),
    LIST(join, "addresses (peer_listen) of members of a running cluster, host:port,...: a node without data becomes a member there; not read by a node that holds data"),
    TEXT(replace, "", "with join: the member whose places the node takes, which is gone for good"),
    TEXT(zone, "", "with join: the node's failure zone"),
    NUMBER(weight, "100", 1, 10000, "with join: the node's share of the ring"),
    LIST(zones, "failure zones of members, name=zone,...: copies are spread over zones first"),
    LIST(weights, "shares of the ring, name=weight,...; 100 is ordinary"),
    NUMBER(partitions, "256", 1, 65536, "arcs the ring is cut into, a power of two; fixed when the cluster is born"),
    NUMBER(shards, "1", 1, 64, "threads that serve requests"),

    SECRET(secret, "the cluster's secret, 16 characters or more: without it no node may join; better kept in secret_file"),
    TEXT(secret_file, "", "file that holds the cluster's secret; its mode must be 0600 or stricter"),
    SWITCH(auth, "on", "off: requests are taken with any signature or none; must be written out to listen beyond loopback without keys"),
    TEXT(access_key_id, "", "the key that clients sign with; if not set, any signature is taken (on loopback)"),
    SECRET(secret_access_key, "the secret part of access_key_id"),
    TEXT(region, "us-east-1", "region that clients sign for, and that ARNs name"),
    TEXT(account, "000000000000", "account that ARNs name: 12 digits"),

    NUMBER(table_n, "3", 1, 7, "N of tables that do not say otherwise: copies of each item"),
    NUMBER(table_r, "1", 1, 7, "R: replicas asked by an eventually consistent read"),
    NUMBER(table_w, "2", 1, 7, "W: replicas that must take a write before it is acknowledged"),
    SWITCH(table_sloppy, "on", "whether stand-ins may take writes for replicas that are down"),

    CHOICE(durability, "sync", "sync: a write is acknowledged after an fsync; interval: fsyncs run every sync_interval_ms, and a power failure of W replicas at once loses what came since. A node that lost something by itself says so (`event=amnesia_tolerated`) and goes on, though it may have forgotten what a conditional write relied on", "sync", "interval"),
    NUMBER(sync_interval_ms, "100", 1, 10000, "with durability = interval"),
    NUMBER(cache_mb, "256", 8, 1048576, "memory for blocks of data read from disk"),
    NUMBER(write_buffer_mb, "128", 8, 65536, "memory for writes not yet in sorted files"),
    NUMBER(reader_threads, "4", 1, 256, "threads that read what is not in memory"),
    NUMBER(open_files_max, "512", 64, 1000000, "descriptors kept for data files"),
    NUMBER(disk_reserve_mb, "512", 0, 1048576, "writes are refused while less is free on the disk"),

    NUMBER(max_connections, "4096", 1, 1000000, "client connections at once; further ones are closed"),
    NUMBER(max_connections_per_ip, "3072", 1, 1000000, "of them, from one IPv4 address or one /64 network of IPv6; further ones are closed"),
    NUMBER(idle_timeout_s, "60", 1, 86400, "a connection without a request is closed after that"),
    NUMBER(header_timeout_s, "10", 1, 3600, "a request may dawdle so long before body_rate_min applies"),
    NUMBER(write_timeout_s, "30", 1, 3600, "a client that takes none of its reply for so long is cut off"),
    NUMBER(body_rate_min, "1024", 1, 1048576, "bytes per second that a client must send once header_timeout_s has passed"),
    NUMBER(request_memory_mb, "512", 16, 1048576, "memory for requests being received and served, for what they have read, and for replies not yet taken; then clients are told to come back"),
    NUMBER(queue_delay_max_ms, "500", 1, 60000, "a request, a commit or a read from disk may wait so long for its turn"),
    NUMBER(queue_delay_interval_ms, "500", 0, 60000, "once all have waited longer for so long, new requests are refused until the wait is half as long"),
    NUMBER(shutdown_timeout_s, "5", 0, 3600, "open requests are given so long at a stop"),

    NUMBER(request_timeout_ms, "10000", 100, 600000, "a whole request"),
    NUMBER(attempt_timeout_ms, "1000", 10, 600000, "one answer of one replica; then another is asked"),
    NUMBER(max_clock_skew_ms, "500", 10, 60000, "peers whose clocks are ahead by more are not listened to"),
    NUMBER(requests_max, "4096", 1, 10000000, "requests coordinated at once by a shard; then clients are throttled"),
    NUMBER(replica_operations_max, "16384", 1, 10000000, "operations served at once by a shard, for its own node and others"),
    NUMBER(repair_interval_s, "10", 1, 31536000, "one partition is compared with one of its other replicas so often"),
    NUMBER(scrub_interval_s, "30", 1, 31536000, "each shard verifies the sums it keeps of one partition against the rows so often"),
    NUMBER(hints_max_mb, "1024", 0, 16777216, "writes kept for members that are down; then no more are taken"),
    NUMBER(hints_in_flight_max, "64", 1, 65536, "hints on their way to one member at once"),

    NUMBER(probe_interval_ms, "1000", 10, 60000, "one member is probed so often"),
    NUMBER(probe_timeout_ms, "500", 5, 60000, "without an answer by then, others are asked to probe it"),
    NUMBER(indirect_probes, "3", 0, 32, "how many others"),
    NUMBER(suspicion_factor, "4", 1, 100, "a suspect has factor * log10(members + 1) * probe interval to refute, at least"),
    NUMBER(suspicion_max_factor, "6", 1, 100, "at first so many times longer, shrinking with each independent confirmation"),
    NUMBER(gossip_interval_ms, "200", 10, 60000, "rumours go out so often"),
    NUMBER(gossip_fanout, "3", 1, 32, "to so many members"),
    NUMBER(push_pull_interval_s, "30", 1, 3600, "full state is exchanged with one random member so often"),
    NUMBER(awareness_max, "8", 1, 64, "a node in trouble stretches its own timeouts up to so many times"),

    CHOICE(log_level, "info", "lines below it are not written", "debug", "info", "warn", "error"),
    TEXT(log_file, "", "if not set, standard error; SIGHUP opens it anew"),
    TEXT(pid_file, "", "written when the node is ready, removed when it stops"),
};
/* clang-format on */

_Static_assert(array_size(keys) <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX is too small");

const struct config_key *config_keys(size_t *count)
{
    *count = array_size(keys);
    return keys;
}

static bool names_equal(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    }
    return *a == *b;
}

int config_key_find(const char *name)
{
    for (size_t i = 0; i < array_size(keys); i++) {
        if (names_equal(keys[i].name, name))
            return (int)i;
    }
    return -1;
}

void config_print_range(const struct config_key *key, FILE *output)
{
    if (key->type == CONFIG_NUMBER) {
        fprintf(output, "%llu..%llu", (unsigned long long)key->min, (unsigned long long)key->max);
    } else if (key->type == CONFIG_SWITCH) {
        fprintf(output, "on or off");
    } else if (key->type == CONFIG_CHOICE) {
        for (size_t i = 0; key->choices[i] != NULL; i++)
            fprintf(output, "%s%s", i == 0 ? "" : " or ", key->choices[i]);
    } else {
        fprintf(output, "text");
    }
}

void config_print_help(FILE *output)
{
    fprintf(output,
            "usage: cartwheeld [--config FILE] [--KEY VALUE]...\n"
            "       cartwheeld --dev [--port PORT] [--data DIRECTORY]\n\n"
            "  --config FILE   read settings (KEY = VALUE lines) from FILE\n"
            "  --dev           one node for development: any credentials, data in a temporary\n"
            "                  directory unless --data names one\n"
            "  --port PORT     short for --listen 127.0.0.1:PORT\n"
            "  --help          this text\n"
            "  --help-config   the settings as a table in Markdown\n"
            "  --version       the version\n\n"
            "Settings; also CARTWHEEL_KEY in the environment. A flag goes before the environment, "
            "and that\nbefore the file.\n\n");
    for (size_t i = 0; i < array_size(keys); i++) {
        fprintf(output, "  --%s (", keys[i].name);
        config_print_range(&keys[i], output);
        if (keys[i].fallback[0] != '\0')
            fprintf(output, ", default %s", keys[i].fallback);
        fprintf(output, ")\n      %s\n", keys[i].help);
    }
}

void config_print_markdown(FILE *output)
{
    fprintf(output, "| setting | values | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < array_size(keys); i++) {
        fprintf(output, "| `%s` | ", keys[i].name);
        config_print_range(&keys[i], output);
        fprintf(output, " | %s | %s |\n", keys[i].fallback[0] == '\0' ? "-" : keys[i].fallback,
                keys[i].help);
    }
}
