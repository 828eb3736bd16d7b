/* addresses: how many connections each client address has open, so that one address cannot take
 * them all. Any thread may call. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ensure.h"

/* What counts as one address: an IPv4 address, or the /64 network of an IPv6 one, which one host
 * may have to itself. Never 0. */
typedef uint64_t address_id;

struct addresses;

/* At most `connections_max` for each. */
struct addresses *addresses_new(size_t connections_max);
/* NULL is allowed. */
void addresses_free(struct addresses *addresses);
address_id address_id_of(const struct sockaddr *address);
/* Counts one more connection; false: that would be one too many. */
bool must_check addresses_take(struct addresses *addresses, address_id id);
/* One that was counted is closed. */
void addresses_give(struct addresses *addresses, address_id id);
