/* host: what all shards of the process share. Set up before their threads start; afterwards only
 * the atomic counters change, and `peers`, which has a lock. */
#pragma once

#include "addresses.h"
#include "admin.h"
#include "boot.h"
#include "config.h"
#include "handshake.h"
#include "log.h"
#include "peers.h"
#include "rocksdb_store.h"
#include "sigv4.h"

#include <stdatomic.h>

struct shard;

/* Since the start. */
struct host_counters {
    atomic_uint_fast64_t connections_refused;     /* over a limit of connections */
    atomic_uint_fast64_t clients_cut_off;         /* too slow, or idle for too long */
    atomic_uint_fast64_t replies_cut_off;         /* no memory for what the socket did not take */
    atomic_uint_fast64_t requests_refused_delay;  /* a queue was too slow */
    atomic_uint_fast64_t requests_refused_memory; /* request_memory_mb was used up */
    atomic_uint_fast64_t frames_dropped;          /* a link to a peer was full */
};

struct host {
    const struct config *config;
    const struct boot *boot;
    const struct crypto *crypto;
    struct log_sink *log;
    struct peers *peers;
    struct rocksdb_store *store;
    struct slice secret;                /* borrowed from the configuration */
    struct credentials credentials;     /* what clients sign with */
    struct handshake_identity identity; /* shard: 0; each shard fills in its own */
    struct shard **shards;
    uint16_t shards_count;
    int accepted_fd_max; /* sockets above it are closed: the store must not lack descriptors */

    struct addresses *addresses;  /* of clients */
    atomic_size_t connections;    /* of clients, open now */
    atomic_size_t request_memory; /* bytes: see request_memory_mb */
    atomic_size_t uploads;        /* of them, those of requests half received */
    struct host_counters counters;
    /* Why the process must stop for good (static); NULL: it need not. */
    _Atomic(const char *) failure;
};

/* The host's part of what the admin tool shows. */
void host_get_load(struct host *host, struct admin_load *load);

static inline void host_count(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* A client's connection, counted by the listener, is closed. */
static inline void host_disconnect(struct host *host, address_id address)
{
    atomic_fetch_sub(&host->connections, 1);
    addresses_give(host->addresses, address);
}

static inline size_t host_memory_max(const struct host *host)
{
    return (size_t)host->config->request_memory_mb << 20;
}

/* Charges `size` bytes; false, and nothing is charged, if that would pass the limit. */
static inline bool must_check host_charge(struct host *host, size_t size)
{
    size_t limit = host_memory_max(host);
    size_t before = atomic_fetch_add_explicit(&host->request_memory, size, memory_order_relaxed);
    if (before + size <= limit)
        return true;
    atomic_fetch_sub_explicit(&host->request_memory, size, memory_order_relaxed);
    return false;
}

/* Many who send large requests and never end them must not shut everybody else out: half of the memory
 * is not theirs. */
static inline bool must_check host_charge_upload(struct host *host, size_t size)
{
    size_t before = atomic_fetch_add_explicit(&host->uploads, size, memory_order_relaxed);
    if (before + size <= host_memory_max(host) / 2)
        return true;
    atomic_fetch_sub_explicit(&host->uploads, size, memory_order_relaxed);
    return false;
}

/* What is there already is charged whatever the limit says. */
static inline void host_charge_anyway(struct host *host, size_t size)
{
    atomic_fetch_add_explicit(&host->request_memory, size, memory_order_relaxed);
}

static inline void host_discharge(struct host *host, size_t size)
{
    atomic_fetch_sub_explicit(&host->request_memory, size, memory_order_relaxed);
}
