#include "listener.h"

#include "net.h"
#include "shard.h"

#include <errno.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SENDING_SLACK_MS = 10000, /* who takes nothing is cut off here; the kernel sees to the rest */
    KEEPALIVE_IDLE_S = 30, /* a client that vanished is noticed before a long idle_timeout_s ends */
    UNSENT_MAX = 128 * 1024 /* kernel memory is bounded by this times max_connections */
};

struct listener {
    struct shard *shard;
    enum listener_kind kind;
    struct evconnlistener *accepting;
    uint16_t next; /* the shard that gets the next connection */
    bool paused;   /* descriptors have run out */
};

static void on_accepted(struct evconnlistener *accepting, evutil_socket_t fd,
                        struct sockaddr *address, int size, void *context);
static void on_error(struct evconnlistener *accepting, void *context);

/* What clients' sockets inherit. */
static void set_up_clients(int fd, const struct config *config)
{
    net_set_keepalive(fd, KEEPALIVE_IDLE_S, (int)config->write_timeout_s * 1000 + SENDING_SLACK_MS);
    net_set_unsent_max(fd, UNSENT_MAX);
}

struct listener *listener_new(struct shard *shard, int fd, enum listener_kind kind)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    ensure(listener != NULL);
    listener->shard = shard;
    listener->kind = kind;
    if (kind == LISTENER_CLIENTS)
        set_up_clients(fd, shard->host->config);
    /* A backlog of 0: the socket listens already. */
    listener->accepting = evconnlistener_new(shard->base, on_accepted, listener,
                                             LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    ensure(listener->accepting != NULL);
    evconnlistener_set_error_cb(listener->accepting, on_error);
    return listener;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    evconnlistener_free(listener->accepting);
    free(listener);
}

void listener_resume(struct listener *listener)
{
    if (listener == NULL || !listener->paused)
        return;
    listener->paused = false;
    evconnlistener_enable(listener->accepting);
}

/* Without a free descriptor the socket stays readable: the loop would spin. */
static void pause_accepting(struct listener *listener, int error)
{
    log_event(listener->shard->log, LOG_ERROR, "accept_failed", "reason=\"%s\"", strerror(error));
    listener->paused = true;
    evconnlistener_disable(listener->accepting);
}

static void on_error(struct evconnlistener *accepting, void *context)
{
    int error = errno;
    (void)accepting;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
        pause_accepting(context, error);
}

/* Counts a connection, if it may be. */
static bool admit(struct host *host, address_id address)
{
    if (atomic_fetch_add(&host->connections, 1) < host->config->max_connections &&
        addresses_take(host->addresses, address))
        return true;
    atomic_fetch_sub(&host->connections, 1);
    host_count(&host->counters.connections_refused);
    return false;
}

static void accept_client(struct listener *listener, struct shard *to, int fd, address_id address)
{
    if (!admit(listener->shard->host, address))
        close(fd);
    else if (to == listener->shard)
        client_new(to, fd, address);
    else
        shard_post_client(to, fd, address);
}

static void on_accepted(struct evconnlistener *accepting, evutil_socket_t fd,
                        struct sockaddr *address, int size, void *context)
{
    struct listener *listener = context;
    struct host *host = listener->shard->host;
    struct shard *to = host->shards[listener->next];
    (void)accepting;
    (void)size;
    if (fd > host->accepted_fd_max) {
        close(fd);
        pause_accepting(listener, EMFILE);
        return;
    }
    listener->next = (uint16_t)((listener->next + 1) % host->shards_count);
    if (listener->kind == LISTENER_CLIENTS)
        accept_client(listener, to, fd, address_id_of(address));
    else if (to == listener->shard)
        peer_inbound_new(to, fd);
    else
        shard_post_peer(to, fd);
}
