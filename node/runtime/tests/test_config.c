#include "config.h"

#include "config_keys.h"
#include "daemon_config.h"
#include "test_main.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16 };

/* A load, with what it wrote. */
struct loaded {
    struct config config;
    enum config_result result;
    char *output;
    char *errors;
};

/* `arguments` and `environment` are separated by spaces. */
static struct loaded load(const char *arguments, const char *environment)
{
    struct loaded loaded;
    char *texts[2] = {strdup(arguments), strdup(environment)};
    char *lists[2][ARGUMENTS_MAX] = {{"cartwheeld"}, {NULL}};
    int counts[2] = {1, 0};
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        char *rest = texts[i];
        for (char *word; (word = strsep(&rest, " ")) != NULL;) {
            if (*word != '\0')
                lists[i][counts[i]++] = word;
        }
    }
    FILE *output = open_memstream(&loaded.output, &sizes[0]);
    FILE *errors = open_memstream(&loaded.errors, &sizes[1]);
    loaded.result = config_load(&loaded.config, counts[0], lists[0], lists[1], output, errors);
    fclose(output);
    fclose(errors);
    free(texts[0]);
    free(texts[1]);
    return loaded;
}

static void unload(struct loaded *loaded)
{
    config_deinit(&loaded->config);
    free(loaded->output);
    free(loaded->errors);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(defaults_are_valid)
{
    struct loaded loaded = load("", "");
    ck_assert_msg(loaded.result == CONFIG_OK, "%s", loaded.errors);
    ck_assert_str_eq(loaded.config.listen, "127.0.0.1:8000");
    ck_assert_uint_eq(loaded.config.table_n, 3);
    ck_assert_uint_eq(loaded.config.members.members_count, 1);
    ck_assert_str_eq(loaded.config.members.members[0].name, "node1");
    ck_assert(!config_requires_signatures(&loaded.config));
    unload(&loaded);
}
END_TEST

START_TEST(flags_go_before_environment_before_file)
{
    char path[] = "/tmp/cartwheel-test-XXXXXX";
    char arguments[128];
    close(mkstemp(path));
    write_file(path, "table_n = 5\ntable_w = 3\ncache_mb = 64\n# comment\n", 0644);
    snprintf(arguments, sizeof(arguments), "--config %s --table-n=7", path);
    struct loaded loaded = load(arguments, "CARTWHEEL_TABLE_N=4 CARTWHEEL_TABLE_W=4");
    ck_assert_msg(loaded.result == CONFIG_OK, "%s", loaded.errors);
    ck_assert_uint_eq(loaded.config.table_n, 7);
    ck_assert_uint_eq(loaded.config.table_w, 4);
    ck_assert_uint_eq(loaded.config.cache_mb, 64);
    unload(&loaded);
    unlink(path);
}
END_TEST

START_TEST(all_that_is_wrong_is_said_at_once)
{
    struct loaded loaded =
        load("--table-n 9 --durability maybe --no-such 1 --cluster", "CARTWHEEL_SHARDS=x");
    ck_assert_int_eq(loaded.result, CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(loaded.errors, "table_n: \"9\" is not 1..7 (flag)"));
    ck_assert_ptr_nonnull(strstr(loaded.errors, "durability: \"maybe\" is not sync or interval"));
    ck_assert_ptr_nonnull(strstr(loaded.errors, "--no-such: no such setting"));
    ck_assert_ptr_nonnull(strstr(loaded.errors, "--cluster: needs a value"));
    ck_assert_ptr_nonnull(strstr(loaded.errors, "shards: \"x\" is not 1..64 (environment)"));
    unload(&loaded);
}
END_TEST

START_TEST(members_with_zones_and_weights)
{
    char path[] = "/tmp/cartwheel-test-XXXXXX";
    char arguments[128];
    close(mkstemp(path));
    write_file(path,
               "name = b\nsecret = 0123456789abcdef\ninitial_members = a=127.0.0.1:7000,\n"
               "    b=127.0.0.2:7000, c=127.0.0.3:7000\nzones = a=x, b=y\nweights = c=50\n",
               0600);
    snprintf(arguments, sizeof(arguments), "--config %s", path);
    struct loaded loaded = load(arguments, "");
    ck_assert_msg(loaded.result == CONFIG_OK, "%s", loaded.errors);
    ck_assert_uint_eq(loaded.config.members.members_count, 3);
    ck_assert_str_eq(loaded.config.members.members[1].address, "127.0.0.2:7000");
    ck_assert_str_eq(loaded.config.members.members[0].zone, "x");
    ck_assert_str_eq(loaded.config.members.members[2].zone, "");
    ck_assert_uint_eq(loaded.config.members.members[2].weight, 50);
    unload(&loaded);
    ck_assert_int_eq(chmod(path, 0644), 0);
    loaded = load(arguments, "");
    ck_assert_int_eq(loaded.result, CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(loaded.errors, "chmod 600"));
    ck_assert_ptr_null(strstr(loaded.errors, "0123456789abcdef"));
    unload(&loaded);
    unlink(path);
}
END_TEST

START_TEST(a_secret_file_must_be_private)
{
    char path[] = "/tmp/cartwheel-test-XXXXXX";
    char arguments[128];
    close(mkstemp(path));
    snprintf(arguments, sizeof(arguments), "--secret_file %s", path);
    write_file(path, "0123456789abcdef\n", 0600);
    struct loaded loaded = load(arguments, "");
    ck_assert_msg(loaded.result == CONFIG_OK, "%s", loaded.errors);
    ck_assert_str_eq(loaded.config.secret, "0123456789abcdef");
    unload(&loaded);
    write_file(path, "0123456789abcdef\n", 0640);
    loaded = load(arguments, "");
    ck_assert_int_eq(loaded.result, CONFIG_INVALID);
    ck_assert_ptr_nonnull(strstr(loaded.errors, "chmod 600"));
    unload(&loaded);
    unlink(path);
}
END_TEST

#define THREE "--initial_members a=127.0.0.1:1,b=127.0.0.2:1,c=127.0.0.3:1 --name a "

struct verdict {
    const char *arguments;
    const char *complaint; /* NULL: valid */
};

static void expect_verdict(const struct verdict *verdict)
{
    struct loaded loaded = load(verdict->arguments, "");
    if (verdict->complaint == NULL)
        ck_assert_msg(loaded.result == CONFIG_OK, "%s: %s", verdict->arguments, loaded.errors);
    else
        ck_assert_msg(loaded.result == CONFIG_INVALID &&
                          strstr(loaded.errors, verdict->complaint) != NULL,
                      "%s: %s", verdict->arguments, loaded.errors);
    unload(&loaded);
}

START_TEST(what_would_be_unsafe_or_absurd_is_refused)
{
    static const struct verdict cases[] = {
        {"--listen 0.0.0.0:8000", "listen: \"0.0.0.0:8000\" can be reached"},
        {"--listen 0.0.0.0:8000 --auth off", NULL},
        {"--listen 0.0.0.0:8000 --auth on", "can be reached"},
        {"--listen 0.0.0.0:8000 --access_key_id k --secret_access_key s", NULL},
        {"--listen :8000", "can be reached"},
        {"--listen 127.example.com:8000", "can be reached"},
        {"--listen 127.9.9.9:8000", NULL},
        {"--dev --listen 0.0.0.0:8000", "can be reached"},
        {"--dev --listen 0.0.0.0:8000 --access_key_id k --secret_access_key s", "can be reached"},
        {"--dev --listen 0.0.0.0:8000 --access_key_id k --secret_access_key s --auth on", NULL},
        {"--listen [::1]:8000", NULL},
        {"--listen localhost:8000", NULL},
        {"--access_key_id k", "give both or neither"},
        {THREE, "secret: a cluster of several nodes needs one"},
        {THREE "--secret short", "shorter than 16"},
        {THREE "--secret 0123456789abcdef", NULL},
        {"--initial_members a=127.0.0.1:1,b --name a", "\"b\" is not name=host:port"},
        {"--initial_members a=127.0.0.1:1 --name z", "name: \"z\" is none of initial_members"},
        {"--zones q=z", "zones: \"q\" is none of initial_members"},
        {"--weights node1=0", "weights: \"0\" of node1 is not"},
        {"--partitions 100", "initial_members:"},
        {"--table_w 3 --table_n 2", "must not exceed table_n"},
        {"--listen 127.0.0.1:99999", "listen: \"127.0.0.1:99999\" is not host:port"},
        {"--listen 127.0.0.1", "is not host:port"},
        {"--dev --port web", "\"127.0.0.1:web\" is not host:port"},
        {"--initial_members a=127.0.0.1:0 --name a", "initial_members: \"127.0.0.1:0\" is not"},
        {"--account 12", "is not 12 digits"},
        {"--dev --port 8123", NULL},
        {"stray", "stray: not understood"},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        expect_verdict(&cases[i]);
}
END_TEST

#define SECRET "--secret 0123456789abcdef "
#define JOIN   SECRET "--join 127.0.0.1:7000 "

START_TEST(what_no_node_could_join_with_is_refused)
{
    static const struct verdict cases[] = {
        {JOIN, NULL},
        {JOIN "--name d --zone z --weight 250 --replace b --advertise db4:7000", NULL},
        {JOIN "--name d --peer_listen 0.0.0.0:7000", NULL},
        {SECRET "--join a:7000,b:7000,,[::1]:7001,", NULL},
        {"--join 127.0.0.1:7000", "secret: no node joins without the cluster's"},
        {"--join 127.0.0.1:7000 --secret short", "shorter than 16"},
        {SECRET "--join a", "join: \"a\" is not host:port"},
        {SECRET "--join a:7000,b", "join: \"b\" is not host:port"},
        {SECRET "--join a:0", "join: \"a:0\" is not host:port"},
        {SECRET "--join a:65536", "join: \"a:65536\" is not host:port"},
        {SECRET "--join a:b", "join: \"a:b\" is not host:port"},
        {SECRET "--join ,", "join: names no member"},
        {JOIN "--initial_members a=127.0.0.1:1 --name a", "join, initial_members: give one"},
        {"--replace b", "replace: needs join"},
        {JOIN "--weight 1", NULL},
        {JOIN "--weight 10000", NULL},
        {JOIN "--weight 0", "weight: \"0\" is not 1..10000"},
        {JOIN "--weight 10001", "weight: \"10001\" is not 1..10000"},
        {JOIN "--weight -1", "weight: \"-1\" is not 1..10000"},
        {JOIN "--advertise db4", "advertise: \"db4\" is not host:port"},
        {"--advertise db4", "advertise: \"db4\" is not host:port"},
        {"--advertise db4:0", "advertise: \"db4:0\" is not host:port"},
        {"--advertise db4:7000", NULL},
        {"--peer_listen db4", "peer_listen: \"db4\" is not host:port"},
        {"--weights node1=10000", NULL},
        {"--weights node1=10001", "weights: \"10001\" of node1 is not 1..10000"},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        expect_verdict(&cases[i]);
}
END_TEST

START_TEST(a_node_alone_is_reached_where_it_says)
{
    static const struct {
        const char *arguments;
        const char *name;
        const char *address;
    } cases[] = {
        {"", "node1", "127.0.0.1:7000"},
        {"--name x", "x", "127.0.0.1:7000"},
        {"--peer_listen 127.0.0.2:7001", "node1", "127.0.0.2:7001"},
        {"--peer_listen 0.0.0.0:7001", "node1", "127.0.0.1:7000"},
        {"--peer_listen [::]:7001", "node1", "127.0.0.1:7000"},
        {"--peer_listen 0.0.0.0:7001 --advertise db1:7001", "node1", "db1:7001"},
        {"--peer_listen 127.0.0.2:7001 --advertise db1:7002 --name x", "x", "db1:7002"},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct loaded loaded = load(cases[i].arguments, "");
        ck_assert_msg(loaded.result == CONFIG_OK, "%s", loaded.errors);
        ck_assert_uint_eq(loaded.config.members.members_count, 1);
        ck_assert_str_eq(loaded.config.members.members[0].name, cases[i].name);
        ck_assert_str_eq(loaded.config.members.members[0].address, cases[i].address);
        unload(&loaded);
    }
}
END_TEST

START_TEST(seeds_are_told_apart)
{
    static const char *const lists[] = {"a:1,b:2,[::1]:3", " a:1 , b:2\t,[::1]:3 ",
                                        ",,a:1,,b:2 [::1]:3,"};
    char seed[CONFIG_ADDRESS_SIZE];
    for (size_t i = 0; i < array_size(lists); i++) {
        const char *at = lists[i];
        ck_assert(config_next_seed(&at, seed));
        ck_assert_str_eq(seed, "a:1");
        ck_assert(config_next_seed(&at, seed));
        ck_assert_str_eq(seed, "b:2");
        ck_assert(config_next_seed(&at, seed));
        ck_assert_str_eq(seed, "[::1]:3");
        ck_assert(!config_next_seed(&at, seed));
        ck_assert(!config_next_seed(&at, seed));
    }
    const char *none = "";
    ck_assert(!config_next_seed(&none, seed));
}
END_TEST

START_TEST(some_addresses_name_a_host)
{
    static const struct {
        const char *address;
        bool named;
    } cases[] = {
        {"", false},          {":7000", false},         {"0.0.0.0:7000", false},
        {"[::]:7000", false}, {"127.0.0.1:7000", true}, {"[::1]:7000", true},
        {"db1:7000", true},   {"0.0.0.1:7000", true},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        ck_assert_msg(config_names_host(cases[i].address) == cases[i].named, "%s",
                      cases[i].address);
}
END_TEST

START_TEST(dev_needs_nothing)
{
    struct loaded loaded = load("--dev --port 8123", "");
    ck_assert(loaded.config.dev);
    ck_assert(loaded.config.data_is_temporary);
    ck_assert_str_eq(loaded.config.listen, "127.0.0.1:8123");
    unload(&loaded);
    loaded = load("--dev --data /tmp/somewhere", "");
    ck_assert(!loaded.config.data_is_temporary);
    unload(&loaded);
}
END_TEST

START_TEST(the_table_is_printed_and_every_default_is_in_range)
{
    struct loaded loaded = load("--help-config", "");
    size_t count;
    const struct config_key *keys = config_keys(&count);
    ck_assert_int_eq(loaded.result, CONFIG_ANSWERED);
    for (size_t i = 0; i < count; i++) {
        char row[128];
        snprintf(row, sizeof(row), "| `%s` | ", keys[i].name);
        ck_assert_ptr_nonnull(strstr(loaded.output, row));
        ck_assert_int_eq(config_key_find(keys[i].name), (int)i);
    }
    unload(&loaded);
    loaded = load("--version", "");
    ck_assert_int_eq(loaded.result, CONFIG_ANSWERED);
    ck_assert_str_eq(loaded.output, "cartwheeld " CARTWHEEL_VERSION "\n");
    unload(&loaded);
}
END_TEST

/* The core documents its own defaults; the operator's table must not tell another story. */
START_TEST(the_defaults_are_those_of_the_core)
{
    struct loaded loaded = load("", "");
    struct node_config own;
    struct node_config configured = daemon_node_config(&loaded.config, 0);
    node_config_defaults(&own);
    ck_assert_uint_eq(configured.request_timeout_us, own.request_timeout_us);
    ck_assert_uint_eq(configured.attempt_timeout_us, own.attempt_timeout_us);
    ck_assert_uint_eq(configured.clock_skew_max_us, own.clock_skew_max_us);
    ck_assert_uint_eq(configured.repair_interval_us, own.repair_interval_us);
    ck_assert_uint_eq(configured.scrub_interval_us, own.scrub_interval_us);
    ck_assert_uint_eq(configured.hints_bytes_max, own.hints_bytes_max);
    ck_assert_uint_eq(configured.hints_in_flight_max, own.hints_in_flight_max);
    ck_assert_uint_eq(configured.requests_max, own.requests_max);
    ck_assert_uint_eq(configured.replica_operations_max, own.replica_operations_max);
    ck_assert_uint_eq(configured.gossip.probe_interval_us, own.gossip.probe_interval_us);
    ck_assert_uint_eq(configured.gossip.probe_timeout_us, own.gossip.probe_timeout_us);
    ck_assert_uint_eq(configured.gossip.indirect_probes, own.gossip.indirect_probes);
    ck_assert_uint_eq(configured.gossip.suspicion_factor, own.gossip.suspicion_factor);
    ck_assert_uint_eq(configured.gossip.suspicion_max_factor, own.gossip.suspicion_max_factor);
    ck_assert_uint_eq(configured.gossip.gossip_interval_us, own.gossip.gossip_interval_us);
    ck_assert_uint_eq(configured.gossip.gossip_fanout, own.gossip.gossip_fanout);
    ck_assert_uint_eq(configured.gossip.push_pull_interval_us, own.gossip.push_pull_interval_us);
    ck_assert_uint_eq(configured.gossip.awareness_max, own.gossip.awareness_max);
    unload(&loaded);
}
END_TEST

TEST_MAIN("config", the_defaults_are_those_of_the_core, defaults_are_valid,
          flags_go_before_environment_before_file, all_that_is_wrong_is_said_at_once,
          members_with_zones_and_weights, a_secret_file_must_be_private,
          what_would_be_unsafe_or_absurd_is_refused, dev_needs_nothing,
          the_table_is_printed_and_every_default_is_in_range,
          what_no_node_could_join_with_is_refused, a_node_alone_is_reached_where_it_says,
          seeds_are_told_apart, some_addresses_name_a_host)
