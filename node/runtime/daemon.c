#include "daemon.h"

#include "crypto.h"
#include "daemon_config.h"
#include "data_directory.h"
#include "host.h"
#include "joining.h"
#include "log_file.h"
#include "machine.h"
#include "net.h"
#include "rocksdb_store.h"
#include "shard.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Filled in order; taken apart in reverse, as far as it got. */
struct daemon {
    const struct config *config;
    struct log_file log;
    struct data_directory data;
    struct rocksdb_store *store;
    struct boot boot;
    bool booted;
    bool joins;   /* it has no data, and is to become a member of a running cluster */
    bool stopped; /* before it had */
    struct host host;
    int client_fd;
    int peer_fd;
};

static bool assemble(struct daemon *daemon);
static bool run(struct daemon *daemon);
static void take_apart(struct daemon *daemon);

/* All threads inherit the mask: signals are waited for by the main thread alone. */
static void set_up_process(sigset_t *signals)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    umask(027); /* whatever the caller's was: data and pid file are no business of others */
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

int daemon_run(const struct config *config)
{
    struct daemon daemon = {.config = config, .client_fd = -1, .peer_fd = -1};
    sigset_t signals;
    set_up_process(&signals);
    if (!log_file_open(&daemon.log, config->log_file, (enum log_level)config->log_level)) {
        fprintf(stderr, "log_file: cannot open %s: %s\n", config->log_file, strerror(errno));
        return EXIT_FAILURE;
    }
    daemon.data.lock_fd = -1;
    bool good = (assemble(&daemon) && run(&daemon)) || daemon.stopped;
    take_apart(&daemon);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What keeps a node from starting is said once, on standard error and in the log. */
static bool refuse(struct daemon *daemon, const char *message)
{
    if (daemon->log.fd != STDERR_FILENO)
        fprintf(stderr, "cartwheeld: %s\n", message);
    log_event(&daemon->log.sink, LOG_ERROR, "start_failed", "reason=\"%s\"", message);
    return false;
}

static void on_fatal(void *context, const char *message)
{
    struct daemon *daemon = context;
    log_event(&daemon->log.sink, LOG_ERROR, "store_fatal", "reason=\"%s\"", message);
    abort();
}

static bool open_data(struct daemon *daemon)
{
    char error[DATA_ERROR_SIZE];
    if (data_directory_open(&daemon->data, daemon->config->data, daemon->config->data_is_temporary,
                            error))
        return true;
    return refuse(daemon, error);
}

static bool open_store(struct daemon *daemon)
{
    struct rocksdb_store_config config;
    char *path;
    char *error = NULL;
    ensure(asprintf(&path, "%s/store", daemon->data.path) > 0);
    rocksdb_store_config_init(&config, path);
    daemon_store_config(&config, daemon->config);
    config.log = &daemon->log.sink;
    config.fatal = on_fatal;
    config.fatal_context = daemon;
    daemon->store = rocksdb_store_open(&config, &error);
    free(path);
    if (daemon->store != NULL)
        return true;
    refuse(daemon, error);
    free(error);
    return false;
}

/* Once the store has made its own directory, and before anything is acknowledged. */
static bool sync_data(struct daemon *daemon)
{
    char error[DATA_ERROR_SIZE];
    return data_directory_sync(&daemon->data, error) || refuse(daemon, error);
}

static const char disk_full[] = "the disk is too full to start";

/* A row that cannot be read must not pass for one that is absent. */
static struct buffer *read_row(void *context, struct slice key)
{
    struct daemon *daemon = context;
    struct buffer *value = NULL;
    if (rocksdb_store_read_now(daemon->store, STORE_META, key, &value) != STORE_OK)
        on_fatal(daemon, "the node's own rows cannot be read");
    return value;
}

static void init_random(struct prng *random)
{
    uint64_t seed;
    crypto_random(&seed, sizeof(seed));
    prng_init(random, seed);
}

/* Takes the batch. */
static bool write_rows(struct daemon *daemon, struct store_batch *batch)
{
    bool good = rocksdb_store_write_now(daemon->store, batch) == STORE_OK;
    store_batch_deinit(batch);
    return good || refuse(daemon, disk_full);
}

/* Draws who it will be, so that a crash does not make two of it. */
static bool prepare_join(struct daemon *daemon, struct boot_joiner *joiner)
{
    struct store_batch batch;
    struct prng random;
    init_random(&random);
    store_batch_init(&batch);
    boot_prepare_join(joiner, daemon->config->name, &random, read_row, daemon, &batch);
    return write_rows(daemon, &batch);
}

static bool take_up(struct daemon *daemon, const struct boot_joiner *joiner,
                    const struct joined *joined)
{
    struct store_batch batch;
    store_batch_init(&batch);
    boot_join(joiner->id, joiner->name, &joined->cluster, buffer_slice(joined->ring), &batch);
    log_event(&daemon->log.sink, LOG_INFO, "joined", "name=%s id=%016llx cluster=%s", joiner->name,
              (unsigned long long)joiner->id, joined->cluster.name);
    return write_rows(daemon, &batch);
}

static bool give_up(struct daemon *daemon, const char *problem)
{
    struct store_batch batch;
    store_batch_init(&batch);
    boot_forget_joiner(&batch);
    (void)write_rows(daemon, &batch);
    return refuse(daemon, problem);
}

/* False if the process was asked to stop meanwhile. */
static bool wait_for_seconds(time_t seconds)
{
    const struct timespec moment = {.tv_sec = seconds};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return sigtimedwait(&signals, NULL, &moment) < 0;
}

static enum joining_result ask_seeds(struct daemon *daemon, const struct boot_joiner *joiner,
                                     struct joined *joined, char problem[JOINING_PROBLEM_SIZE])
{
    const char *at = daemon->config->join;
    char seed[CONFIG_ADDRESS_SIZE];
    enum joining_result result = JOINING_LATER;
    while (result == JOINING_LATER && !daemon->stopped && config_next_seed(&at, seed)) {
        result = joining_ask(daemon->config, joiner->id, joiner->name, seed, joined, problem);
        daemon->stopped = result == JOINING_LATER && !wait_for_seconds(0);
    }
    return result;
}

/* Seeds may start later than this node; it waits for them as long as it is let. */
static bool join(struct daemon *daemon, const struct boot_joiner *joiner)
{
    struct joined joined;
    char problem[JOINING_PROBLEM_SIZE] = "join: names no seed";
    char said[JOINING_PROBLEM_SIZE] = "";
    enum joining_result result;
    while ((result = ask_seeds(daemon, joiner, &joined, problem)) == JOINING_LATER) {
        if (strcmp(said, problem) != 0)
            log_event(&daemon->log.sink, LOG_WARN, "join_delayed", "reason=\"%s\"", problem);
        strcpy(said, problem);
        daemon->stopped = daemon->stopped || !wait_for_seconds(1);
        if (daemon->stopped)
            return false;
    }
    if (result == JOINING_REFUSED)
        return give_up(daemon, problem);
    if (result == JOINING_HOPELESS)
        return refuse(daemon, problem);
    bool good = take_up(daemon, joiner, &joined);
    joined_deinit(&joined);
    return good;
}

/* Instead of being born. */
static bool join_at_first(struct daemon *daemon)
{
    struct boot_joiner joiner;
    if (!daemon->joins)
        return true;
    bool good = prepare_join(daemon, &joiner) && join(daemon, &joiner);
    boot_joiner_deinit(&joiner);
    return good;
}

static bool load_boot(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    struct store_batch batch;
    struct prng random;
    init_random(&random);
    store_batch_init(&batch);
    const char *wrong = boot_load(&daemon->boot, &config->members, config->name, machine_id(),
                                  &random, read_row, daemon, &batch);
    if (wrong == NULL && rocksdb_store_write_now(daemon->store, &batch) != STORE_OK)
        wrong = disk_full;
    store_batch_deinit(&batch);
    daemon->booted = wrong == NULL;
    return wrong == NULL || refuse(daemon, wrong);
}

/* Data that holds another node, or a cluster whose secret this configuration lacks. */
static bool check_boot(struct daemon *daemon)
{
    const struct boot *boot = &daemon->boot;
    if (boot->members_count > 1 && daemon->config->secret[0] == '\0')
        return refuse(daemon, "secret: a cluster of several nodes needs one (secret_file)");
    if (boot->born)
        log_event(&daemon->log.sink, LOG_INFO, "born", "name=%s id=%016llx", boot->name,
                  (unsigned long long)boot->id);
    bool told = daemon->config->initial_members[0] != '\0';
    if (told && cluster_id(&boot->cluster) != cluster_id(&daemon->config->members))
        log_event(&daemon->log.sink, LOG_WARN, "members_ignored",
                  "reason=\"the data directory holds other members than initial_members\"");
    return true;
}

/* Descriptors are given out from the lowest on, so a socket's tells how many are left. The store
 * needs its files, whoever connects: without one it cannot go on. */
static int accepted_fd_max(const struct config *config)
{
    enum { FILES_BESIDES = 128 /* logs, WALs, manifests, links to peers */ };
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > INT_MAX)
        return INT_MAX;
    rlim_t kept = config->open_files_max + FILES_BESIDES;
    return (int)(files.rlim_cur / 2 > kept ? files.rlim_cur - kept : files.rlim_cur / 2);
}

static void set_up_host(struct daemon *daemon)
{
    struct host *host = &daemon->host;
    host->accepted_fd_max = accepted_fd_max(daemon->config);
    host->config = daemon->config;
    host->boot = &daemon->boot;
    host->crypto = crypto_openssl();
    host->log = &daemon->log.sink;
    host->store = daemon->store;
    host->peers = peers_new(&daemon->boot);
    host->addresses = addresses_new(daemon->config->max_connections_per_ip);
    host->secret = slice_of_string(daemon->config->secret);
    host->credentials.access_key_id = daemon->config->access_key_id;
    host->credentials.secret_access_key = daemon->config->secret_access_key;
    host->identity.cluster_id = cluster_id(&daemon->boot.cluster);
    host->identity.id = daemon->boot.id;
    host->identity.incarnation = daemon->boot.incarnation;
    host->identity.shards = (uint16_t)daemon->config->shards;
    crypto_random(&host->identity.instance, sizeof(host->identity.instance));
    snprintf(host->identity.name, sizeof(host->identity.name), "%s", daemon->boot.name);
}

static const char *configured_peer_address(const struct config *config)
{
    return config->peer_listen[0] != '\0' ? config->peer_listen : config->advertise;
}

static const char *peer_address(const struct daemon *daemon)
{
    const char *configured = configured_peer_address(daemon->config);
    return configured[0] != '\0' ? configured : daemon->boot.address;
}

/* A node that is alone listens too if it was given an address and a secret: then others may join it. */
static bool listens_for_peers(const struct daemon *daemon)
{
    const struct config *config = daemon->config;
    bool placed = config->peer_listen[0] != '\0' || config->advertise[0] != '\0' ||
                  config->initial_members[0] != '\0';
    return daemon->boot.members_count > 1 || (placed && config->secret[0] != '\0');
}

static bool listen_at(struct daemon *daemon, const char *address, int *fd)
{
    char error[NET_ERROR_SIZE];
    *fd = net_listen(address, error);
    return *fd >= 0 || refuse(daemon, error);
}

/* Before it joins: a member that nobody can reach is no good. */
static bool listen_first(struct daemon *daemon)
{
    const struct config *config = daemon->config;
    return listen_at(daemon, config->listen, &daemon->client_fd) &&
           (!daemon->joins || configured_peer_address(config)[0] == '\0' ||
            listen_at(daemon, configured_peer_address(config), &daemon->peer_fd));
}

static bool listen_for_peers(struct daemon *daemon)
{
    return daemon->peer_fd >= 0 || !listens_for_peers(daemon) ||
           listen_at(daemon, peer_address(daemon), &daemon->peer_fd);
}

static void make_shards(struct daemon *daemon)
{
    struct host *host = &daemon->host;
    struct api_config api_config = daemon_api_config(daemon->config);
    uint16_t count = (uint16_t)daemon->config->shards;
    host->shards = calloc(count, sizeof(struct shard *));
    ensure(host->shards != NULL);
    for (uint16_t i = 0; i < count; i++) {
        struct node_config node_config = daemon_node_config(daemon->config, i);
        struct shard *shard = shard_new(host, i);
        crypto_random(&node_config.seed, sizeof(node_config.seed));
        shard_attach(shard, rocksdb_store_port(daemon->store, shard_post_completions, shard),
                     &node_config, &api_config);
        host->shards[i] = shard;
    }
    host->shards_count = count;
    shard_listen(host->shards[0], daemon->client_fd, daemon->peer_fd);
    daemon->client_fd = -1;
    daemon->peer_fd = -1;
}

static bool assemble(struct daemon *daemon)
{
    if (!open_data(daemon) || !open_store(daemon) || !sync_data(daemon))
        return false;
    daemon->joins = daemon->config->join[0] != '\0' && boot_is_new(read_row, daemon);
    if (!listen_first(daemon) || !join_at_first(daemon))
        return false;
    if (!load_boot(daemon) || !check_boot(daemon) || !listen_for_peers(daemon))
        return false;
    set_up_host(daemon);
    make_shards(daemon);
    return true;
}

static void write_pid_file(const struct daemon *daemon)
{
    const char *path = daemon->config->pid_file;
    if (path[0] == '\0')
        return;
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fprintf(file, "%ld\n", (long)getpid()) > 0;
    if (file != NULL)
        written &= fclose(file) == 0;
    if (!written)
        log_event(daemon->host.log, LOG_ERROR, "pid_file_failed", "path=%s reason=\"%s\"", path,
                  strerror(errno));
}

static void announce(const struct daemon *daemon)
{
    const struct config *config = daemon->config;
    log_event(daemon->host.log, LOG_INFO, "ready",
              "name=%s id=%016llx listen=%s peer_listen=%s members=%zu shards=%u version=%s",
              daemon->boot.name, (unsigned long long)daemon->boot.id, config->listen,
              listens_for_peers(daemon) ? peer_address(daemon) : "none",
              daemon->boot.members_present, (unsigned)daemon->host.shards_count, CARTWHEEL_VERSION);
    if (config->dev)
        fprintf(stderr,
                "Try: AWS_ACCESS_KEY_ID=dev AWS_SECRET_ACCESS_KEY=dev aws dynamodb list-tables "
                "--region %s --endpoint-url http://%s\n",
                config->region, config->listen);
}

static void on_address_told(struct ring_call *call)
{
    bool told = call->problem == NULL;
    log_event(call->asker->log, told ? LOG_INFO : LOG_ERROR,
              told ? "address_told" : "address_not_told", "address=%s reason=\"%s\"",
              call->change.config.address, told ? "" : call->problem);
}

/* Its machine may have another address than when it came, or it may have been born without one. */
static void tell_address(const struct daemon *daemon)
{
    const char *address = daemon->config->advertise;
    if (address[0] == '\0' || strcmp(address, daemon->boot.address) == 0)
        return;
    struct ring_call *call =
        ring_call_new(daemon->host.shards[0], RING_CHANGE_ADDRESS, on_address_told);
    call->change.config.name = slice_to_string(slice_of_string(daemon->boot.name));
    call->change.config.address = slice_to_string(slice_of_string(address));
    ring_call_post(call);
}

/* Returns when the node is to stop. A second signal ends the process at once. */
static void wait_for_stop(struct daemon *daemon)
{
    sigset_t signals;
    int signal_number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    do {
        ensure(sigwait(&signals, &signal_number) == 0);
        if (signal_number == SIGHUP)
            log_file_reopen(&daemon->log);
    } while (signal_number == SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

/* False if the node found that it must not go on. To be let go is no failure. */
static bool report_failure(const struct daemon *daemon)
{
    const char *failure = atomic_load(&daemon->host.failure);
    if (failure == NULL)
        return true;
    if (failure == node_removed) {
        log_event(daemon->host.log, LOG_INFO, "removed", "name=%s", daemon->boot.name);
        return true;
    }
    if (daemon->log.fd != STDERR_FILENO)
        fprintf(stderr, "cartwheeld: %s\n", failure);
    log_event(daemon->host.log, LOG_ERROR, "failed", "reason=\"%s\"", failure);
    return false;
}

static bool run(struct daemon *daemon)
{
    struct host *host = &daemon->host;
    for (uint16_t i = 0; i < host->shards_count; i++)
        shard_start(host->shards[i]);
    write_pid_file(daemon);
    announce(daemon);
    tell_address(daemon);
    wait_for_stop(daemon);
    log_event(host->log, LOG_INFO, "stopping", "name=%s", daemon->boot.name);
    for (uint16_t i = 0; i < host->shards_count; i++)
        shard_post_stop(host->shards[i]);
    for (uint16_t i = 0; i < host->shards_count; i++)
        shard_join(host->shards[i]);
    if (daemon->config->pid_file[0] != '\0')
        unlink(daemon->config->pid_file);
    return report_failure(daemon);
}

/* The store stops first: nothing of it may complete into a node that is gone. It closes after the
 * nodes: a range that was being read for a peer has a snapshot. */
static void take_apart(struct daemon *daemon)
{
    struct host *host = &daemon->host;
    if (daemon->client_fd >= 0)
        close(daemon->client_fd);
    if (daemon->peer_fd >= 0)
        close(daemon->peer_fd);
    if (daemon->store != NULL)
        rocksdb_store_stop(daemon->store);
    for (uint16_t i = 0; i < host->shards_count; i++)
        shard_free(host->shards[i]);
    free(host->shards);
    if (daemon->store != NULL)
        rocksdb_store_close(daemon->store);
    if (host->peers != NULL)
        peers_free(host->peers);
    addresses_free(host->addresses);
    if (daemon->booted)
        boot_deinit(&daemon->boot);
    data_directory_close(&daemon->data);
    log_event(&daemon->log.sink, LOG_INFO, "stopped", "data=%s", daemon->config->data);
    log_file_close(&daemon->log);
}
