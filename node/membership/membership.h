/* membership: who the members are, who of them can be reached, and which of them own a key (the
 * paper, 4.2, 4.3, 4.8). Ownership is fact, from the ring; reachability is rumour, from gossip, and
 * own experience, from links: it changes routing only. */
#pragma once

#include "bytes.h"
#include "homes.h"
#include "version.h"

/* A member as the operator names it. Strings are owned by whoever holds it: a cluster_config, or the
 * membership. */
struct member_config {
    char *name;      /* unique among the members that are not removed */
    char *address;   /* host:port of its peer port */
    char *zone;      /* failure zone; "" if zones are not used */
    uint32_t weight; /* share of the ring relative to others; 100 is ordinary */
};

/* The copy is the caller's. */
struct member_config member_config_copy(const struct member_config *from);
void member_config_deinit(struct member_config *member);
/* NULL, or what is wrong with it, for the operator (static). */
const char *member_config_check(const struct member_config *member);
void member_config_encode(const struct member_config *member, struct writer *out);
/* The strings are the caller's in any case. False if it is malformed. */
bool must_check member_config_decode(struct reader *reader, struct member_config *member);

struct cluster_config {
    char *name;
    uint32_t partitions; /* Q: a power of two, 1..65,536; fixed for the cluster's life */
    struct member_config *members;
    size_t members_count; /* 1..MEMBERS_MAX */
};

enum { MEMBERS_MAX = 1024, PREFERENCE_MAX = 12 /* N is at most 7; the rest can stand in */ };

/* Hash of name, partitions and members' names and addresses: nodes with another one are strangers.
 */
uint64_t cluster_id(const struct cluster_config *cluster);
void cluster_config_copy(struct cluster_config *to, const struct cluster_config *from);
void cluster_config_deinit(struct cluster_config *cluster);
void cluster_config_encode(const struct cluster_config *cluster, struct writer *out);
/* The cluster is the caller's in any case. False if it is malformed, or not valid. */
bool must_check cluster_config_decode(struct reader *reader, struct cluster_config *cluster);
/* NULL, or what is wrong with it, for the operator (static). */
const char *cluster_config_check(const struct cluster_config *cluster);

/* Who a peer is, as its handshake said and proved. */
struct peer_identity {
    node_id id;
    const char *name; /* one of the members' */
    uint16_t shards;  /* 0: not known, not met in this life */
    uint64_t incarnation;
};

/* All but the last are rumours. REMOVED is fact and final: the member's number, name and id stay, but
 * it is no member any more. */
enum member_status {
    MEMBER_UNKNOWN,
    MEMBER_ALIVE,
    MEMBER_SUSPECT,
    MEMBER_DEAD,
    MEMBER_LEFT,
    MEMBER_REMOVED
};

enum { INCARNATION_START_SHIFT = 32 /* an incarnation is starts << 32, plus refutations since */ };

/* SWIM with Lifeguard (reliability figures: docs/configuration.md). */
struct gossip_config {
    uint64_t probe_interval_us; /* one member is probed so often */
    uint64_t probe_timeout_us;  /* then others are asked to probe it */
    uint32_t indirect_probes;   /* how many others */
    uint32_t suspicion_factor;  /* suspicion lasts factor * log10(members + 1) * probe interval at
                                   least */
    uint32_t suspicion_max_factor;  /* at first so many times longer, shrinking with independent
                                       confirmations */
    uint64_t gossip_interval_us;    /* rumours go out so often */
    uint32_t gossip_fanout;         /* to so many members */
    uint64_t push_pull_interval_us; /* full state with one random member */
    uint32_t awareness_max;         /* local health multiplies own timeouts up to this */
};

/* A member as seen from here. */
struct member {
    const struct member_config
        *config; /* valid as long as the membership; its address and zone until
                                           they change */
    node_id id;  /* NODE_ID_NONE until first met */
    uint16_t shards;
    enum member_status status; /* gossip's */
    uint64_t incarnation;
    bool linked; /* this shard's own link to it is up (always, for oneself) */
};

struct membership;

/* As it was at the cluster's birth. */
const struct cluster_config *membership_cluster(const struct membership *membership);
/* How many numbers were given so far: those of removed members count. */
size_t membership_count(const struct membership *membership);
/* How many members there are: removed ones do not count. */
size_t membership_size(const struct membership *membership);
/* Grows with every member that is added, removed or changed. */
uint64_t membership_version(const struct membership *membership);
/* By number: the initial members in the order of the configuration, then in the order in which they
 * were added. The pointer stays valid as long as the membership. */
const struct member *membership_at(const struct membership *membership, size_t index);
const struct member *membership_self(const struct membership *membership);
/* NULL if no member has that id, or it was removed. */
const struct member *membership_find(const struct membership *membership, node_id id);
/* Was somebody removed who had that id? */
bool membership_was_removed(const struct membership *membership, node_id id);
/* May requests be sent there: linked, and gossip does not call it suspect, dead or left. Never to one
 * that was removed. */
bool member_usable(const struct member *member);
uint32_t membership_partitions(const struct membership *membership);
uint64_t membership_epoch(const struct membership *membership);
/* Who owns what (ring_state.h); borrowed until the next door. */
struct ring_state;
const struct ring_state *membership_ring(const struct membership *membership);
/* Of the partition's last change. */
uint64_t membership_partition_epoch(const struct membership *membership, uint32_t partition);
/* How many home nodes a partition can have at most, once nothing moves. */
size_t membership_homes_max(const struct membership *membership);
/* The preference list of a partition: indexes of up to `max` distinct members, home nodes first.
 * Returns how many. */
size_t membership_preference_list(const struct membership *membership, uint32_t partition,
                                  uint16_t *indexes, size_t max);
/* The home nodes of a partition's items in a table that wants `n` replicas, 1..REPLICAS_MAX. Where
 * there are fewer members, all of them. */
void membership_homes(const struct membership *membership, uint32_t partition, unsigned n,
                      struct homes *homes);
/* The same, and behind its end other members that could stand in, in an order that differs from
 * partition to partition. */
size_t membership_stand_in_list(const struct membership *membership, uint32_t partition,
                                uint16_t *indexes, size_t max);
const char *member_status_name(enum member_status status);
