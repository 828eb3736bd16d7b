/* peers: who the other members are, as handshakes proved it; shared by all shards of the process
 * and locked. A name is bound to the first node id it came with, and an id has one living holder. Who
 * was removed has none. */
#pragma once

#include "boot.h"
#include "handshake.h"

struct peers;

/* Copies what it needs of `boot`. */
struct peers *peers_new(const struct boot *boot);
/* No claim may be held. */
void peers_free(struct peers *peers);
/* Takes over who was added and removed. Every shard calls it with what it knows by then, which may be
 * less than what another one knew before. */
void peers_follow(struct peers *peers, const struct membership *membership);
/* A connection with that identity, proven, wants to live: HANDSHAKE_FINE and the connection is
 * counted, or why not. */
enum handshake_error must_check peers_claim(struct peers *peers,
                                            const struct handshake_identity *identity);
/* That connection, whose claim was granted, ended. */
void peers_release(struct peers *peers, const struct handshake_identity *identity);
