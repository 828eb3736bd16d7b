/* members: the table behind membership.h, for the modules that change it: gossip and the doors. */
#pragma once

#include "membership.h"
#include "placement.h"
#include "transport.h"

enum {
    MEMBER_SILENCE_US = 1000000 /* then it is tried again: a request's delay a second is little */
};

struct members_entry {
    struct member member;
    uint64_t heard_us;        /* monotonic: when it last answered a request, or sent one */
    uint64_t silent_until_us; /* it left a request unanswered: not asked again before that */
    uint32_t in_flight; /* requests of this shard that wait for it: the load that reads avoid */
};

struct membership {
    struct cluster_config cluster; /* owned */
    struct placement placement;
    struct members_entry *entries; /* cluster.members_count */
    size_t self;                   /* index of this node */
    uint64_t epoch;                /* of the ring; 1 is the initial members' */
    uint64_t now_us;               /* monotonic, of the door that is open */
    bool changed;                  /* a member's id or status changed since this was last cleared */
    bool reach_changed;            /* who can be reached changed since this was last cleared */
};

/* Copies the configuration; `self_name` is one of its members. */
void members_init(struct membership *members, const struct cluster_config *cluster,
                  const char *self_name, const struct peer_identity *self);
void members_deinit(struct membership *members);
/* Where a shard of a member is reached, in the life that is known of it. */
struct address members_address(const struct membership *members, size_t index, uint16_t shard);
/* Index of the member with that id or name, or MEMBERS_MAX if there is none. */
size_t members_index(const struct membership *members, node_id id);
size_t members_index_of_name(const struct membership *members, struct slice name);
/* Binds a name to the id it was met with. False if the name is unknown or bound to another id. */
bool must_check members_bind(struct membership *members, struct slice name, node_id id);
/* How many shards it runs, as it says itself: the shard that serves a partition follows from it. */
void members_set_shards(struct membership *members, size_t index, uint16_t shards);
void members_set_status(struct membership *members, size_t index, enum member_status status,
                        uint64_t incarnation);
/* This shard's link to it came up or broke. */
void members_set_linked(struct membership *members, size_t index, bool linked);
/* It answered a request, or sent one: whatever its silence meant, it is over. (Gossip does not
 * count: a node whose disk hangs still gossips.) */
void members_heard(struct membership *members, node_id id, uint64_t now_us);
/* It left a request unanswered that was sent at `sent_us`: route around it for MEMBER_SILENCE_US,
 * unless something was heard since. */
void members_unanswered(struct membership *members, size_t index, uint64_t sent_us);
/* May requests be sent there: member_usable(), and not silent. */
bool members_usable(const struct membership *members, size_t index);
