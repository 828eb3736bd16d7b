/* host: what all shards of the process share. Set up before their threads start; afterwards only
 * the atomic counters change, and `peers`, which has a lock. */
#pragma once

#include "boot.h"
#include "config.h"
#include "handshake.h"
#include "log.h"
#include "peers.h"
#include "sigv4.h"

#include <stdatomic.h>

struct shard;

struct host {
    const struct config *config;
    const struct boot *boot;
    const struct crypto *crypto;
    struct log_sink *log;
    struct peers *peers;
    struct slice secret;                /* borrowed from the configuration */
    struct credentials credentials;     /* what clients sign with */
    struct handshake_identity identity; /* shard: 0; each shard fills in its own */
    struct shard **shards;
    uint16_t shards_count;
    int accepted_fd_max; /* sockets above it are closed: the store must not lack descriptors */

    atomic_size_t connections;    /* of clients, open now */
    atomic_size_t request_memory; /* bytes of requests being received and served */
    /* Why the process must stop for good (static); NULL: it need not. */
    _Atomic(const char *) failure;
};

/* Charges `size` bytes; false, and nothing is charged, if that would pass the limit. */
static inline bool must_check host_charge(struct host *host, size_t size)
{
    size_t limit = (size_t)host->config->request_memory_mb << 20;
    size_t before = atomic_fetch_add_explicit(&host->request_memory, size, memory_order_relaxed);
    if (before + size <= limit)
        return true;
    atomic_fetch_sub_explicit(&host->request_memory, size, memory_order_relaxed);
    return false;
}

static inline void host_discharge(struct host *host, size_t size)
{
    atomic_fetch_sub_explicit(&host->request_memory, size, memory_order_relaxed);
}
