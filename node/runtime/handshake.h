/* handshake: how two nodes prove to each other that they hold the cluster's secret, before any
 * frame. A state machine without sockets.
 *
 *   dialler                                acceptor
 *   HELLO version, link, identity, nonce ->
 *                                        <- HELLO version, identity, nonce; PROOF
 *   PROOF                                ->
 *                                        <- WELCOME
 *
 * PROOF = HMAC-SHA256(secret, role of the prover, both hellos as sent). Both nonces are in it, so
 * no proof can be replayed, and the role, so none can be reflected. Either side may send REJECT
 * with a code instead of its next message. Each message is size (u16), type (u8), body. */
#pragma once

#include "sigv4.h"
#include "version.h"

enum {
    HANDSHAKE_VERSION = 5, /* of the peer protocol as a whole: frames included */
    HANDSHAKE_NONCE_SIZE = 32,
    HANDSHAKE_PROOF_SIZE = 32,
    HANDSHAKE_NAME_MAX = 255,
    HANDSHAKE_MESSAGE_MAX = 512,
    HANDSHAKE_SECRET_MIN = 16 /* shorter ones can be guessed from an overheard proof */
};

enum handshake_role { HANDSHAKE_DIALLER, HANDSHAKE_ACCEPTOR };

/* Gossip has a connection of its own, so that bulk cannot starve it. Members have those of the first
 * LINK_KINDS. On a LINK_JOIN, somebody who is no member yet asks to become one; he need not know which
 * cluster this is. */
enum link_kind { LINK_DATA, LINK_CONTROL, LINK_KINDS, LINK_JOIN = LINK_KINDS };

enum handshake_error {
    HANDSHAKE_FINE,
    HANDSHAKE_MALFORMED,
    HANDSHAKE_WRONG_VERSION,
    HANDSHAKE_WRONG_CLUSTER,
    HANDSHAKE_WRONG_SECRET,
    HANDSHAKE_UNKNOWN_NAME,  /* no member is called that */
    HANDSHAKE_WRONG_NAME,    /* another member than the one that was dialled */
    HANDSHAKE_WRONG_ID,      /* the name is bound to another id: that member lost its data */
    HANDSHAKE_OWN_ID,        /* somebody else bears this node's own id */
    HANDSHAKE_CLONE,         /* somebody else who bears this id is alive */
    HANDSHAKE_WRONG_SHARD,   /* more shards than the protocol allows, or a shard beyond them */
    HANDSHAKE_SHUTTING_DOWN, /* the acceptor is leaving */
    HANDSHAKE_REMOVED,       /* it was a member, and is none any more */
    HANDSHAKE_ERRORS
};

/* What a hello says of its sender. */
struct handshake_identity {
    uint64_t cluster_id;
    node_id id;
    uint64_t incarnation;
    uint64_t instance; /* random, drawn by each start of the process: tells clones apart */
    uint16_t shard;    /* the shard that dials or accepts */
    uint16_t shards;
    char name[HANDSHAKE_NAME_MAX + 1];
};

struct handshake {
    const struct crypto *crypto; /* borrowed */
    struct slice secret;         /* borrowed */
    enum handshake_role role;
    enum link_kind kind; /* dialler: what it wants; acceptor: what the dialler said */
    const struct handshake_identity *self; /* borrowed */
    struct handshake_identity peer;        /* as said; proven once HANDSHAKE_PROVEN was returned */
    enum handshake_error error;
    bool error_is_peers; /* the peer rejected us with `error` */
    bool proven;         /* that peer holds the secret */
    int state;
    struct writer own_hello;  /* body as sent */
    struct writer peer_hello; /* body as received */
    struct writer message;    /* the message being received */
};

enum handshake_event {
    HANDSHAKE_WANTS_BYTES,
    HANDSHAKE_PROVEN, /* the peer holds the secret: judge `peer`, then accept or reject */
    HANDSHAKE_DONE,   /* frames may flow */
    HANDSHAKE_FAILED  /* `error`; send the output, if any, and close */
};

/* Starts; a dialler's hello goes to `output`. `nonce` must be fresh and random. */
void handshake_init(struct handshake *handshake, const struct crypto *crypto, struct slice secret,
                    enum handshake_role role, enum link_kind kind,
                    const struct handshake_identity *self,
                    const uint8_t nonce[HANDSHAKE_NONCE_SIZE], struct writer *output);
void handshake_deinit(struct handshake *handshake);
/* Consumes bytes up to the next event; what follows a HANDSHAKE_DONE are frames. `consumed` is set.
 */
enum handshake_event handshake_feed(struct handshake *handshake, struct slice bytes,
                                    size_t *consumed, struct writer *output);
/* After HANDSHAKE_PROVEN. An acceptor is done then; a dialler feeds on. */
enum handshake_event handshake_accept(struct handshake *handshake, struct writer *output);
/* After HANDSHAKE_PROVEN; send the output and close. */
void handshake_reject(struct handshake *handshake, enum handshake_error error,
                      struct writer *output);
/* For the operator. */
const char *handshake_error_name(enum handshake_error error);
