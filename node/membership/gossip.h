/* gossip: SWIM (Das, Gupta, Motivala, 2002) with Lifeguard's refinements (Dadgar, Phillips, Currey,
 * 2018): who is alive, by rumour. It changes routing only; who owns what is fact and stands
 * elsewhere (the paper, 4.8).
 *
 * A member's status moves so (each by a rumour that outranks what is held; see rumour_outranks()):
 *
 *     UNKNOWN ──first news──▶ ALIVE ◀──refutation (higher incarnation)── SUSPECT ──timeout──▶ DEAD
 *                               │ └───────────probe failed──────────────────▲                  │
 *                               └──it said so──▶ LEFT        higher incarnation ──▶ ALIVE ◀─────┘
 *
 * Runs on shard 0 of a node; its sibling shards are told by MEMBERS frames. */
#pragma once

#include "instant.h"
#include "log.h"
#include "members.h"
#include "outbox.h"
#include "prng.h"
#include "timers.h"

enum {
    CONFIRMATIONS_MAX = 3 /* that many independent suspicions bring the timeout down to its least */
};

struct gossip;

/* A member as gossip keeps it, beside members_entry. */
struct gossip_peer {
    struct gossip *gossip;
    size_t index;
    struct timer suspicion;                    /* armed while SUSPECT here */
    uint64_t suspected_us;                     /* when that began */
    node_id confirmers[CONFIRMATIONS_MAX + 1]; /* who said so, each once */
    uint32_t confirmations;                    /* how many of them */
    uint32_t transmits_left;                   /* how often news of it is still to be passed on */
};

/* A probe made for somebody else (PING_REQUEST). */
struct gossip_relay {
    uint64_t ping_id; /* of our own ping; 0: free */
    struct frame_header asker;
    node_id target;
    struct timer timeout;
    struct gossip *gossip;
};

enum { GOSSIP_RELAYS_MAX = 16 /* probes for others at once; more are refused by a nack */ };

struct gossip {
    struct membership *members;
    struct outbox *outbox;
    struct timers *timers;
    struct prng *prng;
    struct log_sink *log;
    struct gossip_config config;
    uint16_t shards;            /* of this node */
    struct gossip_peer **peers; /* per member; NULL: nothing is known or to be said of it */
    uint32_t awareness;         /* Lifeguard's local health: 0 is good */
    uint64_t schema_version;    /* newest heard of */
    uint64_t version_shared;    /* membership_version() when siblings were last told everything */
    uint16_t *order;            /* members in probing order, shuffled each round */
    size_t order_count;
    size_t order_next;
    struct timer probe_tick;
    struct timer probe_timeout;
    struct timer gossip_tick;
    struct timer sync_tick;
    size_t probed;     /* index of the member under probe; MEMBERS_MAX: none */
    uint64_t probe_id; /* of the outstanding ping */
    bool probe_answered;
    uint32_t nacks_missing; /* helpers that said nothing at all: a sign that the fault is here */
    struct gossip_relay relays[GOSSIP_RELAYS_MAX];
};

void gossip_config_defaults(struct gossip_config *config);
/* Borrows everything but the configuration. */
void gossip_init(struct gossip *gossip, const struct gossip_config *config,
                 struct membership *members, struct outbox *outbox, struct timers *timers,
                 struct prng *prng, struct log_sink *log);
void gossip_deinit(struct gossip *gossip);
/* Starts probing; only on shard 0. */
void gossip_start(struct gossip *gossip);
/* A link to the member came up, and its handshake told its incarnation: better than any rumour. A
 * probe of it that is under way is void, since it was sent into the old link. */
void gossip_on_link(struct gossip *gossip, size_t index, uint64_t incarnation);
/* The member was removed: what is under way with it ends. */
void gossip_on_removal(struct gossip *gossip, size_t index);
/* A control frame from a member. False if it was malformed. */
bool must_check gossip_on_frame(struct gossip *gossip, const struct frame *frame,
                                struct arena *arena);
/* Says that this node leaves. */
void gossip_leave(struct gossip *gossip);
/* At the end of each door of shard 0: tells the sibling shards what changed. */
void gossip_share(struct gossip *gossip);
void gossip_raise_schema_version(struct gossip *gossip, uint64_t schema_version);
