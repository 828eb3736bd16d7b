#include "shard.h"

#include "api_evaluator.h"
#include "crypto.h"
#include "rocksdb_store.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PRIORITIES = 2,              /* preferred sockets, and libevent's default for all others */
    LOCAL_BYTES_MAX = 4 << 20,   /* of frames to itself: delivered before more are made */
    RESULTS_LEAST = 4 << 20,     /* a page and its JSON, however little memory there is */
    TURN_US = 20000,             /* then sockets get their chance: probes are answered in time */
    CLIENTS_AT_ONCE = 16,        /* even if each asks for a page of 1 MiB: some 100 ms */
    SWEEP_INTERVAL_US = 1000000, /* limits for slow clients are in seconds */
    STATS_INTERVAL_US = 100000,  /* so old may be what one shard knows of another */
    FAREWELL_US = 2000000        /* whoever watches a node leave hears that it is done */
};

static void transport_send(struct transport *self, struct address to, struct buffer *frame);
static void on_mailbox(evutil_socket_t fd, short what, void *context);
static void on_timer(evutil_socket_t fd, short what, void *context);
static void on_sweep(struct timer *timer, uint64_t now_us);
static void on_drained(struct timer *timer, uint64_t now_us);
static void on_farewell(struct timer *timer, uint64_t now_us);
static void *run(void *context);

struct instant shard_tick(struct shard *shard)
{
    struct timespec monotonic;
    struct timespec wall;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &wall);
    shard->now = (struct instant){
        .monotonic_us = (uint64_t)monotonic.tv_sec * 1000000 + (uint64_t)monotonic.tv_nsec / 1000,
        .wall_us = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000,
    };
    return shard->now;
}

static void init_lists(struct shard *shard)
{
    clients_init(&shard->clients);
    clients_resumed_init(&shard->resumed);
    clients_ready_init(&shard->ready);
    clients_dead_init(&shard->dead_clients);
    peer_inbounds_init(&shard->inbounds);
    timers_init(&shard->timers);
    timer_init(&shard->sweep, on_sweep);
    timer_init(&shard->drain, on_drained);
    timer_init(&shard->farewell, on_farewell);
    ring_calls_init(&shard->ring_calls);
    mailbox_init(&shard->mailbox);
}

static void init_loop(struct shard *shard)
{
    struct event_config *event_config = event_config_new();
    ensure(event_config != NULL);
    /* Only the thread of the shard touches its loop. */
    event_config_set_flag(event_config, EVENT_BASE_FLAG_NOLOCK);
    shard->base = event_base_new_with_config(event_config);
    event_config_free(event_config);
    ensure(shard->base != NULL);
    event_base_priority_init(shard->base, PRIORITIES);
    event_assign(&shard->mailbox_event, shard->base, shard->mailbox.wake_fd, EV_READ | EV_PERSIST,
                 on_mailbox, shard);
    event_add(&shard->mailbox_event, NULL);
    event_assign(&shard->timer_event, shard->base, -1, 0, on_timer, shard);
    shard->timer_armed_us = DEADLINE_NEVER;
}

struct shard *shard_new(struct host *host, uint16_t index)
{
    struct shard *shard = calloc(1, sizeof(*shard));
    uint64_t seed;
    ensure(shard != NULL);
    crypto_random(&seed, sizeof(seed));
    shard->host = host;
    shard->index = index;
    shard->log = host->log;
    shard->transport.send = transport_send;
    shard->identity = host->identity;
    shard->identity.shard = index;
    shard->sigv4 = (struct sigv4_config){
        .crypto = host->crypto,
        .keys = &host->credentials,
        .keys_count = config_requires_signatures(host->config) ? 1 : 0,
        .region = host->config->region,
        .cache = &shard->sigv4_cache,
    };
    prng_init(&shard->prng, seed);
    shard->read_bytes = malloc(SHARD_READ_SIZE);
    ensure(shard->read_bytes != NULL);
    pthread_mutex_init(&shard->stats_lock, NULL);
    init_lists(shard);
    init_loop(shard);
    gate_init(&shard->gate, host);
    shard->links = peer_links_new(shard);
    return shard;
}

void shard_attach(struct shard *shard, struct store *store, const struct node_config *config,
                  const struct api_config *api_config)
{
    struct node_ports ports = {.transport = &shard->transport,
                               .store = store,
                               .log = shard->log,
                               .evaluator = api_evaluator()};
    shard->store = store;
    shard->node = node_new(config, shard->host->boot, ports);
    shard->api = api_new(api_config, shard->node);
}

static void free_ring_calls(struct shard *shard)
{
    struct ring_call *call;
    while ((call = ring_calls_pop(&shard->ring_calls)) != NULL)
        ring_call_free(call);
}

static void free_local_frames(struct shard *shard)
{
    for (size_t i = 0; i < shard->local.count; i++)
        buffer_unref(shard->local.frames[i]);
    free(shard->local.frames);
}

void shard_free(struct shard *shard)
{
    mailbox_close(&shard->mailbox);
    /* The node answers what is still open to the API, and may yet send. */
    if (shard->node != NULL) {
        node_free(shard->node);
        api_free(shard->api);
    }
    free_ring_calls(shard);
    clients_free_all(shard);
    peer_links_free(shard->links);
    struct peer_inbound *inbound;
    while ((inbound = peer_inbounds_first(&shard->inbounds)) != NULL)
        peer_inbound_free(inbound);
    listener_free(shard->client_listener);
    listener_free(shard->peer_listener);
    free_local_frames(shard);
    timers_disarm(&shard->timers, &shard->sweep);
    timers_disarm(&shard->timers, &shard->drain);
    timers_disarm(&shard->timers, &shard->farewell);
    timers_deinit(&shard->timers);
    event_del(&shard->mailbox_event);
    event_del(&shard->timer_event);
    event_base_free(shard->base);
    mailbox_deinit(&shard->mailbox);
    pthread_mutex_destroy(&shard->stats_lock);
    writer_deinit(&shard->output);
    free(shard->read_bytes);
    free(shard);
}

void shard_listen(struct shard *shard, int client_fd, int peer_fd)
{
    if (client_fd >= 0)
        shard->client_listener = listener_new(shard, client_fd, LISTENER_CLIENTS);
    if (peer_fd >= 0)
        shard->peer_listener = listener_new(shard, peer_fd, LISTENER_PEERS);
}

void shard_start(struct shard *shard)
{
    ensure(pthread_create(&shard->thread, NULL, run, shard) == 0);
}

void shard_join(struct shard *shard)
{
    ensure(pthread_join(shard->thread, NULL) == 0);
}

static void queue_local(struct shard *shard, struct buffer *frame)
{
    struct frame_queue *queue = &shard->local;
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
        queue->frames = realloc(queue->frames, queue->capacity * sizeof(struct buffer *));
        ensure(queue->frames != NULL);
    }
    queue->frames[queue->count++] = frame;
    queue->bytes += frame->size;
}

static void transport_send(struct transport *self, struct address to, struct buffer *frame)
{
    struct shard *shard = container_of(self, struct shard, transport);
    if (to.node != shard->identity.id)
        peer_links_send(shard->links, to.node, frame);
    else if (to.shard == shard->index)
        queue_local(shard, frame);
    else if (to.shard < shard->host->shards_count)
        shard_post_frame(shard->host->shards[to.shard], shard->identity.id, frame);
    else
        buffer_unref(frame);
}

void shard_take_frame(struct shard *shard, node_id from, struct slice frame)
{
    enum { TO_SHARD_AT = 2 };
    uint16_t to = (uint16_t)(frame.data[TO_SHARD_AT] << 8 | frame.data[TO_SHARD_AT + 1]);
    if (to == shard->index)
        node_on_frame(shard->node, shard->now, from, frame);
    else if (to < shard->host->shards_count)
        shard_post_frame(shard->host->shards[to], from, buffer_from(frame));
}

/* Frames that these send to this shard again wait for the next round. If these are large, as answers
 * of reads are, the rest of the questions waits behind them: what was read must not lie about. */
static void deliver_local(struct shard *shard)
{
    struct frame_queue delivered = shard->local;
    size_t at = 0;
    shard->local = (struct frame_queue){NULL, 0, 0, 0};
    for (; at < delivered.count && shard->local.bytes < LOCAL_BYTES_MAX; at++) {
        node_on_frame(shard->node, shard->now, shard->identity.id,
                      buffer_slice(delivered.frames[at]));
        buffer_unref(delivered.frames[at]);
    }
    for (; at < delivered.count; at++)
        queue_local(shard, delivered.frames[at]);
    delivered.count = 0;
    delivered.bytes = 0;
    if (shard->local.frames == NULL)
        shard->local = delivered;
    else
        free(delivered.frames);
}

static void complete(struct shard *shard, struct store_op *op)
{
    size_t size = store_result_size(op);
    node_on_store_done(shard->node, shard->now, op);
    rocksdb_store_release(shard->host->store, size);
    if (shard->local.bytes >= LOCAL_BYTES_MAX) {
        deliver_local(shard);
        api_run(shard->api, shard_tick(shard));
    }
}

static void on_mailbox(evutil_socket_t fd, short what, void *context)
{
    struct shard *shard = context;
    struct store_ops completions;
    struct letters letters;
    struct letter *letter;
    struct store_op *op;
    (void)fd;
    (void)what;
    mailbox_take(&shard->mailbox, &letters, &completions);
    shard_tick(shard);
    while ((op = store_ops_pop(&completions)) != NULL)
        complete(shard, op);
    while ((letter = letters_pop(&letters)) != NULL)
        letter->open(letter, shard);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct shard *shard = context;
    (void)fd;
    (void)what;
    shard->timer_armed_us = DEADLINE_NEVER;
}

static void on_sweep(struct timer *timer, uint64_t now_us)
{
    struct shard *shard = container_of(timer, struct shard, sweep);
    struct client *next;
    for (struct client *client = clients_first(&shard->clients); client != NULL; client = next) {
        next = clients_next(&shard->clients, client);
        client_sweep(client, now_us);
    }
    listener_resume(shard->client_listener);
    listener_resume(shard->peer_listener);
    timers_arm(&shard->timers, &shard->sweep, now_us + SWEEP_INTERVAL_US);
}

/* Those that were there at the call: a busy client comes back at once. */
static void resume_clients(struct shard *shard)
{
    for (size_t count = shard->resumed.count; count > 0; count--) {
        struct client *client = clients_resumed_pop(&shard->resumed);
        if (client != NULL)
            client_resume(client);
    }
}

/* Some of those in line: what they ask for is done before the next are heard, so that it neither
 * piles up here nor keeps peers waiting. */
static void take_clients(struct shard *shard)
{
    for (int taken = 0; taken < CLIENTS_AT_ONCE; taken++) {
        struct client *client = clients_ready_pop(&shard->ready);
        if (client == NULL)
            return;
        client_take(client);
    }
}

static void run_timers(struct shard *shard)
{
    struct instant now = shard_tick(shard);
    timers_run(&shard->timers, now.monotonic_us);
    if (node_next_deadline_us(shard->node) <= now.monotonic_us)
        node_on_deadline(shard->node, now);
}

static bool has_more(const struct shard *shard)
{
    return shard->local.count > 0 || !clients_ready_empty(&shard->ready) ||
           !clients_resumed_empty(&shard->resumed) || shard->link_broke;
}

static void arm_timer(struct shard *shard)
{
    uint64_t node_us = node_next_deadline_us(shard->node);
    uint64_t own_us = timers_next(&shard->timers);
    uint64_t api_us = api_next_us(shard->api);
    uint64_t wanted_us = node_us < own_us ? node_us : own_us;
    wanted_us = wanted_us < api_us ? wanted_us : api_us;
    if (wanted_us == shard->timer_armed_us)
        return;
    shard->timer_armed_us = wanted_us;
    if (wanted_us == DEADLINE_NEVER) {
        event_del(&shard->timer_event);
        return;
    }
    uint64_t now_us = shard_tick(shard).monotonic_us;
    uint64_t wait_us = wanted_us > now_us ? wanted_us - now_us : 0;
    struct timeval wait = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
    event_add(&shard->timer_event, &wait);
}

static bool all_answered(struct shard *shard)
{
    for (struct client *client = clients_first(&shard->clients); client != NULL;
         client = clients_next(&shard->clients, client)) {
        if (client->phase == CLIENT_RUNNING || client->phase == CLIENT_SENDING)
            return false;
    }
    return true;
}

static void publish_stats(struct shard *shard)
{
    uint64_t now_us = shard->now.monotonic_us;
    if (now_us < shard->stats_at_us + STATS_INTERVAL_US)
        return;
    struct node_stats stats;
    node_stats(shard->node, &stats);
    pthread_mutex_lock(&shard->stats_lock);
    shard->stats = stats;
    pthread_mutex_unlock(&shard->stats_lock);
    shard->stats_at_us = now_us;
}

void shard_stats_of_all(const struct shard *shard, struct node_stats *stats)
{
    node_stats(shard->node, stats);
    for (uint16_t i = 0; i < shard->host->shards_count; i++) {
        struct shard *other = shard->host->shards[i];
        if (other == shard)
            continue;
        pthread_mutex_lock(&other->stats_lock);
        node_stats_add(stats, &other->stats);
        pthread_mutex_unlock(&other->stats_lock);
    }
}

/* The process stops as a whole: the signal is blocked in all threads, and the main one waits for
 * it. */
static void stop_process(void)
{
    kill(getpid(), SIGTERM);
}

static void on_farewell(struct timer *timer, uint64_t now_us)
{
    (void)timer;
    (void)now_us;
    stop_process();
}

static void stop_if_failed(struct shard *shard)
{
    const char *none = NULL;
    const char *failure = node_failure(shard->node);
    if (failure == NULL || !atomic_compare_exchange_strong(&shard->host->failure, &none, failure))
        return;
    if (failure == node_removed)
        timers_arm(&shard->timers, &shard->farewell, shard->now.monotonic_us + FAREWELL_US);
    else
        stop_process();
}

/* What is left of that memory, the API may hold besides. */
void shard_charge_results(struct shard *shard)
{
    struct host *host = shard->host;
    size_t results = api_results(shard->api);
    if (results > shard->results)
        host_charge_anyway(host, results - shard->results);
    else if (results < shard->results)
        host_discharge(host, shard->results - results);
    shard->results = results;
    size_t used = atomic_load_explicit(&host->request_memory, memory_order_relaxed);
    size_t room = used < host_memory_max(host) ? host_memory_max(host) - used : 0;
    size_t share = room / host->shards_count;
    api_limit_results(shard->api, results + (share > RESULTS_LEAST ? share : RESULTS_LEAST));
    uint64_t refused = api_results_refused(shard->api);
    if (refused != shard->results_refused)
        atomic_fetch_add(&host->counters.requests_refused_memory, refused - shard->results_refused);
    shard->results_refused = refused;
}

static void end_turn(struct shard *shard)
{
    shard_charge_results(shard);
    gate_on_turn_end(&shard->gate, shard->now.monotonic_us, !clients_ready_empty(&shard->ready));
    node_refuse_forwards(shard->node, gate_refuses_writes(&shard->gate));
}

void shard_prefer(struct event *event)
{
    ensure(event_priority_set(event, 0) == 0);
}

/* Who was removed may not even hold a connection. */
static void close_removed(struct shard *shard, const struct membership *membership)
{
    struct peer_inbound *next;
    for (struct peer_inbound *at = peer_inbounds_first(&shard->inbounds); at != NULL; at = next) {
        next = peer_inbounds_next(&shard->inbounds, at);
        if (!at->proven || !membership_was_removed(membership, at->identity.id))
            continue;
        log_event(shard->log, LOG_INFO, "peer_closed", "peer=%s reason=%s", at->identity.name,
                  handshake_error_name(HANDSHAKE_REMOVED));
        peer_inbound_free(at);
    }
}

static void follow_members(struct shard *shard)
{
    const struct membership *membership = node_membership(shard->node);
    if (shard->members_followed && membership_version(membership) == shard->members_version)
        return;
    shard->members_followed = true;
    shard->members_version = membership_version(membership);
    /* Who is removed hears of it first. */
    shard->link_broke |= peer_links_flush(shard->links);
    peers_follow(shard->host->peers, membership);
    close_removed(shard, membership);
    peer_links_follow(shard->links, membership);
}

static void finish_turn(struct shard *shard)
{
    shard->link_broke = false;
    run_timers(shard);
    uint64_t until_us = shard->now.monotonic_us + TURN_US;
    do {
        take_clients(shard);
        deliver_local(shard);
        api_run(shard->api, shard_tick(shard));
        resume_clients(shard);
    } while (has_more(shard) && shard->now.monotonic_us < until_us);
    rocksdb_store_flush(shard->store);
    follow_members(shard);
    shard->link_broke |= peer_links_flush(shard->links);
    clients_reap(shard);
    stop_if_failed(shard);
    publish_stats(shard);
    shard->finished |= shard->draining && all_answered(shard);
    arm_timer(shard);
    end_turn(shard);
}

static void *run(void *context)
{
    struct shard *shard = context;
    char name[16];
    snprintf(name, sizeof(name), "shard-%u", (unsigned)shard->index);
    prctl(PR_SET_NAME, name);
    node_on_start(shard->node, shard_tick(shard));
    timers_arm(&shard->timers, &shard->sweep, shard->now.monotonic_us + SWEEP_INTERVAL_US);
    finish_turn(shard);
    while (!shard->finished) {
        int busy = has_more(shard) ? EVLOOP_NONBLOCK : 0;
        ensure(event_base_loop(shard->base, EVLOOP_ONCE | busy) >= 0);
        finish_turn(shard);
    }
    return NULL;
}

static void on_drained(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    container_of(timer, struct shard, drain)->finished = true;
}
