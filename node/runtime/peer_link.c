#include "peer_link.h"

#include "crypto.h"
#include "frame.h"
#include "map.h"
#include "net.h"
#include "shard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/dns.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKOFF_MIN_US = 100000,     /* a restarting peer is back within a second or two */
    BACKOFF_MAX_US = 2000000,    /* the longest that a healed network goes unnoticed */
    REMOVED_RETRY_US = 60000000, /* who was removed stays so: this is for the operator's eyes */
    SETUP_TIMEOUT_US = 5000000,  /* connecting and handshake together */
    DEAD_TIMEOUT_MS = 10000,     /* unacknowledged bytes for so long: the peer is gone */
    KEEPALIVE_IDLE_S = 5,        /* silent for so long: it is probed */
    DATA_QUEUE_MAX = 64 << 20,   /* two of the largest frames */
    CONTROL_QUEUE_MAX = 4 << 20, /* gossip older than that is worth nothing */
    COPY_SIZE_MAX = 2048,        /* copying so little costs less than a reference */
    COMPLAINT_INTERVAL_US = 60000000, /* the same failure is logged so often */
    NAME_SIZE_MAX = 256
};

enum link_state { LINK_WAITING, LINK_RESOLVING, LINK_CONNECTING, LINK_SHAKING, LINK_UP };

struct peer_route;

struct peer_link {
    struct peer_route *route;
    enum link_kind kind;
    enum link_state state;
    int fd; /* -1: none */
    struct event read_event;
    struct event write_event;
    struct evdns_getaddrinfo_request *resolving; /* NULL unless LINK_RESOLVING */
    struct evbuffer *output;
    bool unflushed; /* queued since the last flush */
    bool full;      /* frames are being dropped */
    bool broke;     /* since the last flush, and the node was told */
    uint64_t dropped;
    struct handshake handshake; /* while LINK_SHAKING */
    bool claimed;               /* in `peers`, as `identity` */
    struct handshake_identity identity;
    struct timer timer; /* LINK_WAITING: dial; in between: give up */
    uint64_t backoff_us;
    char complaint[NAME_SIZE_MAX]; /* the last failure logged, or "" */
    uint64_t complaint_us;
};

/* A member as this shard reaches it. */
struct peer_route {
    struct peer_links *links;
    char *name;
    char *address;
    struct peer_link by_kind[LINK_KINDS];
    node_id id;   /* of the peer that is up; NODE_ID_NONE: down */
    bool removed; /* nothing is dialled any more */
};

struct peer_links {
    struct shard *shard;
    struct peer_route **routes; /* by the members' numbers; NULL: this node. None moves, or is freed
                                   before the end: libevent may still tell that a look-up of its
                                   address was cancelled */
    size_t count;
    struct map by_id;       /* routes that are up */
    char *source_host;      /* the loopback address to come from, or NULL */
    struct evdns_base *dns; /* NULL until a member's address is a name */
};

static void on_timer(struct timer *timer, uint64_t now_us);
static void dial(struct peer_link *link);
static void fail(struct peer_link *link, enum log_level level, const char *why);

static struct shard *shard_of(const struct peer_link *link)
{
    return link->route->links->shard;
}

static const char *kind_name(enum link_kind kind)
{
    return kind == LINK_CONTROL ? "control" : "data";
}

static void link_init(struct peer_link *link, struct peer_route *route, enum link_kind kind)
{
    link->route = route;
    link->kind = kind;
    link->fd = -1;
    link->backoff_us = BACKOFF_MIN_US;
    link->output = evbuffer_new();
    ensure(link->output != NULL);
    timer_init(&link->timer, on_timer);
}

struct peer_links *peer_links_new(struct shard *shard)
{
    struct peer_links *links = calloc(1, sizeof(*links));
    ensure(links != NULL);
    links->shard = shard;
    links->routes = calloc(MEMBERS_MAX, sizeof(struct peer_route *));
    ensure(links->routes != NULL);
    map_init(&links->by_id);
    return links;
}

/* Gives back all that an attempt or a connection holds. */
static void disconnect(struct peer_link *link)
{
    struct shard *shard = shard_of(link);
    timers_disarm(&shard->timers, &link->timer);
    if (link->resolving != NULL)
        evdns_getaddrinfo_cancel(link->resolving);
    link->resolving = NULL;
    if (link->state == LINK_SHAKING)
        handshake_deinit(&link->handshake);
    if (link->claimed)
        peers_release(shard->host->peers, &link->identity);
    link->claimed = false;
    if (link->fd >= 0) {
        event_del(&link->read_event);
        event_del(&link->write_event);
        close(link->fd);
        link->fd = -1;
    }
    evbuffer_drain(link->output, evbuffer_get_length(link->output));
    link->unflushed = false;
    link->full = false;
    link->state = LINK_WAITING;
}

static void route_free(struct peer_route *route)
{
    if (route == NULL)
        return;
    for (int kind = 0; kind < LINK_KINDS; kind++)
        evbuffer_free(route->by_kind[kind].output);
    free(route->name);
    free(route->address);
    free(route);
}

void peer_links_free(struct peer_links *links)
{
    for (size_t i = 0; i < links->count; i++) {
        for (int kind = 0; links->routes[i] != NULL && kind < LINK_KINDS; kind++)
            disconnect(&links->routes[i]->by_kind[kind]);
    }
    if (links->dns != NULL)
        evdns_base_free(links->dns, 0);
    for (size_t i = 0; i < links->count; i++)
        route_free(links->routes[i]);
    map_deinit(&links->by_id);
    free(links->source_host);
    free(links->routes);
    free(links);
}

static void route_down(struct peer_route *route)
{
    struct shard *shard = route->links->shard;
    node_id id = route->id;
    if (id == NODE_ID_NONE)
        return;
    route->id = NODE_ID_NONE;
    map_remove(&route->links->by_id, id);
    log_event(shard->log, LOG_INFO, "peer_down", "peer=%s shard=%u", route->name,
              (unsigned)shard->index);
    node_on_peer_down(shard->node, shard_tick(shard), id);
}

static void route_up(struct peer_route *route)
{
    struct shard *shard = route->links->shard;
    const struct handshake_identity *identity = &route->by_kind[LINK_DATA].identity;
    for (int kind = 0; kind < LINK_KINDS; kind++) {
        if (route->by_kind[kind].state != LINK_UP)
            return;
    }
    route->id = identity->id;
    map_put(&route->links->by_id, route->id, route);
    log_event(shard->log, LOG_INFO, "peer_up", "peer=%s shard=%u", route->name,
              (unsigned)shard->index);
    struct peer_identity peer = {
        .id = identity->id,
        .name = route->name,
        .shards = identity->shards,
        .incarnation = identity->incarnation,
    };
    node_on_peer_up(shard->node, shard_tick(shard), &peer);
}

/* One line when something new goes wrong, and one a minute while it stays so. */
static void complain(struct peer_link *link, enum log_level level, const char *why)
{
    uint64_t now_us = shard_tick(shard_of(link)).monotonic_us;
    if (strcmp(link->complaint, why) == 0 && now_us - link->complaint_us < COMPLAINT_INTERVAL_US)
        return;
    snprintf(link->complaint, sizeof(link->complaint), "%s", why);
    link->complaint_us = now_us;
    log_event(shard_of(link)->log, level, "peer_link_failed",
              "peer=%s address=%s link=%s reason=\"%s\"", link->route->name, link->route->address,
              kind_name(link->kind), why);
}

static void fail(struct peer_link *link, enum log_level level, const char *why)
{
    struct shard *shard = shard_of(link);
    bool was_up = link->state == LINK_UP;
    disconnect(link);
    complain(link, level, why);
    uint64_t wait_us = link->backoff_us / 2 + prng_below(&shard->prng, link->backoff_us);
    link->backoff_us =
        link->backoff_us * 2 > BACKOFF_MAX_US ? BACKOFF_MAX_US : link->backoff_us * 2;
    timers_arm(&shard->timers, &link->timer, shard_tick(shard).monotonic_us + wait_us);
    if (was_up) {
        link->broke = true;
        route_down(link->route);
    }
}

static void on_timer(struct timer *timer, uint64_t now_us)
{
    struct peer_link *link = container_of(timer, struct peer_link, timer);
    (void)now_us;
    if (link->state == LINK_WAITING)
        dial(link);
    else
        fail(link, LOG_WARN, "no answer");
}

static void on_up(struct peer_link *link)
{
    handshake_deinit(&link->handshake);
    link->state = LINK_UP;
    link->backoff_us = BACKOFF_MIN_US;
    link->complaint[0] = '\0';
    timers_disarm(&shard_of(link)->timers, &link->timer);
    route_up(link->route);
}

/* What makes an operator act is an error. A wrong name is none at once: where addresses are given out
 * anew, one may have become another member's since its name was looked up; and who has just joined is
 * not known to all yet. */
static enum log_level level_of(enum handshake_error error)
{
    switch (error) {
    case HANDSHAKE_WRONG_SECRET:
    case HANDSHAKE_WRONG_CLUSTER:
    case HANDSHAKE_WRONG_ID:
    case HANDSHAKE_OWN_ID:
    case HANDSHAKE_REMOVED:
        return LOG_ERROR;
    default:
        return LOG_WARN;
    }
}

static void fail_handshake(struct peer_link *link)
{
    char why[NAME_SIZE_MAX];
    enum handshake_error error = link->handshake.error;
    bool out = error == HANDSHAKE_REMOVED && link->handshake.error_is_peers;
    bool expelled = out && link->handshake.proven;
    snprintf(why, sizeof(why), "%s %s", link->handshake.error_is_peers ? "refused:" : "refusing:",
             handshake_error_name(error));
    fail(link, expelled ? LOG_INFO : level_of(error), why);
    if (out)
        timers_arm(&shard_of(link)->timers, &link->timer,
                   shard_of(link)->now.monotonic_us + REMOVED_RETRY_US);
    if (expelled)
        node_on_expelled(shard_of(link)->node);
}

static enum handshake_event judge(struct peer_link *link, struct writer *output)
{
    struct handshake *handshake = &link->handshake;
    enum handshake_error error = HANDSHAKE_WRONG_NAME;
    if (strcmp(handshake->peer.name, link->route->name) == 0)
        error = peers_claim(shard_of(link)->host->peers, &handshake->peer);
    if (error != HANDSHAKE_FINE) {
        handshake_reject(handshake, error, output);
        return HANDSHAKE_FAILED;
    }
    link->identity = handshake->peer;
    link->claimed = true;
    return handshake_accept(handshake, output);
}

/* Handshake messages are so small that an empty socket takes each whole, or is broken. */
static bool send_message(struct peer_link *link, const struct writer *output)
{
    return output->size == 0 || send(link->fd, output->buffer->data, output->size, MSG_NOSIGNAL) ==
                                    (ssize_t)output->size;
}

static void shake(struct peer_link *link, struct slice bytes)
{
    struct writer output;
    enum handshake_event event = HANDSHAKE_WANTS_BYTES;
    writer_init(&output, HANDSHAKE_MESSAGE_MAX);
    do {
        size_t consumed;
        event = handshake_feed(&link->handshake, bytes, &consumed, &output);
        bytes = slice_of(bytes.data + consumed, bytes.size - consumed);
        if (event == HANDSHAKE_PROVEN)
            event = judge(link, &output);
    } while (event == HANDSHAKE_WANTS_BYTES && bytes.size > 0);
    bool sent = send_message(link, &output);
    writer_deinit(&output);
    if (event == HANDSHAKE_FAILED)
        fail_handshake(link);
    else if (!sent || (event == HANDSHAKE_DONE && bytes.size > 0))
        fail(link, LOG_WARN, "broken handshake");
    else if (event == HANDSHAKE_DONE)
        on_up(link);
}

/* An established link carries nothing this way: it is read to see it break. */
static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct peer_link *link = context;
    uint8_t bytes[2 * HANDSHAKE_MESSAGE_MAX];
    (void)what;
    ssize_t size = recv(fd, bytes, sizeof(bytes), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < 0)
        fail(link, LOG_INFO, strerror(errno));
    else if (size == 0)
        fail(link, LOG_INFO, "closed by the peer");
    else if (link->state == LINK_UP)
        fail(link, LOG_WARN, "unexpected bytes");
    else
        shake(link, slice_of(bytes, (size_t)size));
}

static void on_connected(struct peer_link *link)
{
    struct shard *shard = shard_of(link);
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        fail(link, LOG_INFO, strerror(error));
        return;
    }
    net_set_keepalive(link->fd, KEEPALIVE_IDLE_S, DEAD_TIMEOUT_MS);
    uint8_t nonce[HANDSHAKE_NONCE_SIZE];
    struct writer hello;
    writer_init(&hello, HANDSHAKE_MESSAGE_MAX);
    crypto_random(nonce, sizeof(nonce));
    link->state = LINK_SHAKING;
    handshake_init(&link->handshake, shard->host->crypto, shard->host->secret, HANDSHAKE_DIALLER,
                   link->kind, &shard->identity, nonce, &hello);
    event_add(&link->read_event, NULL);
    if (!send_message(link, &hello))
        fail(link, LOG_INFO, strerror(errno));
    writer_deinit(&hello);
}

static void flush(struct peer_link *link)
{
    link->unflushed = false;
    int sent = evbuffer_write(link->output, link->fd);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        fail(link, LOG_INFO, strerror(errno));
        return;
    }
    if (evbuffer_get_length(link->output) > 0)
        event_add(&link->write_event, NULL);
    else
        link->full = false;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct peer_link *link = context;
    (void)fd;
    (void)what;
    if (link->state == LINK_CONNECTING)
        on_connected(link);
    else if (link->state == LINK_UP)
        flush(link);
}

static void on_resolved(int result, struct evutil_addrinfo *found, void *context)
{
    struct peer_link *link = context;
    struct peer_links *links = link->route->links;
    if (result == EVUTIL_EAI_CANCEL)
        return;
    link->resolving = NULL;
    if (result != 0 || found == NULL) {
        fail(link, LOG_WARN, evutil_gai_strerror(result));
        return;
    }
    link->fd = net_dial(found->ai_addr, (socklen_t)found->ai_addrlen, links->source_host);
    evutil_freeaddrinfo(found);
    if (link->fd < 0) {
        fail(link, LOG_INFO, strerror(errno));
        return;
    }
    link->state = LINK_CONNECTING;
    event_assign(&link->read_event, links->shard->base, link->fd, EV_READ | EV_PERSIST, on_readable,
                 link);
    event_assign(&link->write_event, links->shard->base, link->fd, EV_WRITE, on_writable, link);
    event_add(&link->write_event, NULL);
}

/* Names are looked up without blocking; numeric addresses never leave the process. */
static void resolve(struct peer_link *link, const char *host, const char *port)
{
    struct peer_links *links = link->route->links;
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_NUMERICHOST};
    struct evutil_addrinfo *found = NULL;
    int result = evutil_getaddrinfo(host, port, &hints, &found);
    if (result == 0) {
        on_resolved(0, found, link);
        return;
    }
    if (links->dns == NULL)
        links->dns = evdns_base_new(links->shard->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                            EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (links->dns == NULL) {
        fail(link, LOG_ERROR, "no name server is configured");
        return;
    }
    hints.ai_flags = 0;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(links->dns, host, port, &hints, on_resolved, link);
    if (link->state == LINK_RESOLVING)
        link->resolving = request;
}

static void dial(struct peer_link *link)
{
    struct shard *shard = shard_of(link);
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    link->state = LINK_RESOLVING;
    timers_arm(&shard->timers, &link->timer, shard_tick(shard).monotonic_us + SETUP_TIMEOUT_US);
    if (net_split(link->route->address, host, sizeof(host), port, sizeof(port)))
        resolve(link, host, port);
    else
        fail(link, LOG_ERROR, "its address is not host:port");
}

static void release_frame(const void *data, size_t size, void *frame)
{
    (void)data;
    (void)size;
    buffer_unref(frame);
}

static void enqueue(struct peer_link *link, struct buffer *frame)
{
    if (frame->size <= COPY_SIZE_MAX) {
        ensure(evbuffer_add(link->output, frame->data, frame->size) == 0);
        buffer_unref(frame);
    } else {
        ensure(evbuffer_add_reference(link->output, frame->data, frame->size, release_frame,
                                      frame) == 0);
    }
    link->unflushed = true;
}

static void drop(struct peer_link *link, struct buffer *frame)
{
    buffer_unref(frame);
    link->dropped++;
    host_count(&shard_of(link)->host->counters.frames_dropped);
    if (!link->full)
        log_event(shard_of(link)->log, LOG_WARN, "peer_queue_full",
                  "peer=%s link=%s dropped_total=%llu", link->route->name, kind_name(link->kind),
                  (unsigned long long)link->dropped);
    link->full = true;
}

void peer_links_send(struct peer_links *links, node_id to, struct buffer *frame)
{
    struct peer_route *route = map_find(&links->by_id, to);
    if (route == NULL) {
        buffer_unref(frame);
        return;
    }
    bool control = frame_is_control((enum frame_type)frame->data[1]);
    struct peer_link *link = &route->by_kind[control ? LINK_CONTROL : LINK_DATA];
    size_t limit = control ? CONTROL_QUEUE_MAX : DATA_QUEUE_MAX;
    if (evbuffer_get_length(link->output) + frame->size > limit)
        drop(link, frame);
    else
        enqueue(link, frame);
}

bool peer_links_flush(struct peer_links *links)
{
    bool broke = false;
    for (size_t i = 0; i < links->count; i++) {
        for (int kind = 0; links->routes[i] != NULL && kind < LINK_KINDS; kind++) {
            struct peer_link *link = &links->routes[i]->by_kind[kind];
            if (link->unflushed)
                flush(link);
            broke |= link->broke;
            link->broke = false;
        }
    }
    return broke;
}

static struct peer_route *route_new(struct peer_links *links, const struct member_config *member)
{
    struct peer_route *route = calloc(1, sizeof(*route));
    ensure(route != NULL);
    route->links = links;
    route->name = slice_to_string(slice_of_string(member->name));
    route->address = slice_to_string(slice_of_string(member->address));
    for (int kind = 0; kind < LINK_KINDS; kind++)
        link_init(&route->by_kind[kind], route, (enum link_kind)kind);
    for (int kind = 0; kind < LINK_KINDS; kind++)
        dial(&route->by_kind[kind]);
    return route;
}

/* The node knows. */
static void route_close(struct peer_route *route)
{
    struct shard *shard = route->links->shard;
    if (route->removed)
        return;
    route->removed = true;
    for (int kind = 0; kind < LINK_KINDS; kind++)
        disconnect(&route->by_kind[kind]);
    if (route->id != NODE_ID_NONE)
        map_remove(&route->links->by_id, route->id);
    route->id = NODE_ID_NONE;
    log_event(shard->log, LOG_INFO, "peer_removed", "peer=%s shard=%u", route->name,
              (unsigned)shard->index);
}

static void route_readdress(struct peer_route *route, const char *address)
{
    if (strcmp(route->address, address) == 0)
        return;
    free(route->address);
    route->address = slice_to_string(slice_of_string(address));
    for (int kind = 0; kind < LINK_KINDS; kind++) {
        route->by_kind[kind].backoff_us = BACKOFF_MIN_US;
        fail(&route->by_kind[kind], LOG_INFO, "its address has changed");
    }
}

void peer_links_follow(struct peer_links *links, const struct membership *membership)
{
    free(links->source_host);
    links->source_host = config_source_host(membership_self(membership)->config->address);
    for (size_t i = 0; i < membership_count(membership); i++) {
        const struct member *member = membership_at(membership, i);
        bool removed = member->status == MEMBER_REMOVED;
        if (member == membership_self(membership))
            continue;
        if (links->routes[i] == NULL && !removed)
            links->routes[i] = route_new(links, member->config);
        else if (links->routes[i] != NULL && removed)
            route_close(links->routes[i]);
        else if (links->routes[i] != NULL)
            route_readdress(links->routes[i], member->config->address);
    }
    links->count = membership_count(membership);
}
