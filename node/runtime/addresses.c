#include "addresses.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

struct addresses {
    pthread_mutex_t lock;
    struct map counts; /* address -> how many, in place of an object */
    size_t connections_max;
};

/* Beside the networks of IPv6: ::/8 is reserved, so none of them begins with these. */
static const address_id ANY_OTHER = UINT64_C(1) << 33;
static const address_id IPV4 = UINT64_C(1) << 32;

struct addresses *addresses_new(size_t connections_max)
{
    struct addresses *addresses = calloc(1, sizeof(*addresses));
    ensure(addresses != NULL);
    addresses->connections_max = connections_max;
    map_init(&addresses->counts);
    pthread_mutex_init(&addresses->lock, NULL);
    return addresses;
}

void addresses_free(struct addresses *addresses)
{
    if (addresses == NULL)
        return;
    pthread_mutex_destroy(&addresses->lock);
    map_deinit(&addresses->counts);
    free(addresses);
}

static uint64_t big_endian(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

address_id address_id_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, address, sizeof(ipv4));
        return IPV4 | ntohl(ipv4.sin_addr.s_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, address, sizeof(ipv6));
        const uint8_t *bytes = ipv6.sin6_addr.s6_addr;
        uint64_t network = big_endian(bytes, 8);
        if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr))
            return IPV4 | big_endian(bytes + 12, 4);
        if (network != 0)
            return network;
    }
    return ANY_OTHER;
}

static void set_count(struct addresses *addresses, address_id id, size_t count)
{
    (void)map_remove(&addresses->counts, id);
    if (count > 0)
        map_put(&addresses->counts, id, (void *)(uintptr_t)count);
}

bool addresses_take(struct addresses *addresses, address_id id)
{
    pthread_mutex_lock(&addresses->lock);
    size_t count = (size_t)(uintptr_t)map_find(&addresses->counts, id);
    bool taken = count < addresses->connections_max;
    if (taken)
        set_count(addresses, id, count + 1);
    pthread_mutex_unlock(&addresses->lock);
    return taken;
}

void addresses_give(struct addresses *addresses, address_id id)
{
    pthread_mutex_lock(&addresses->lock);
    size_t count = (size_t)(uintptr_t)map_find(&addresses->counts, id);
    ensure(count > 0);
    set_count(addresses, id, count - 1);
    pthread_mutex_unlock(&addresses->lock);
}
