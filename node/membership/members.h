/* members: the table behind membership.h, for the modules that change it: gossip, the doors, and
 * whoever knows the ring.
 *
 * A member's number is its index here. It never changes and is never given again, so what is kept per
 * member elsewhere is kept by number:
 *
 *   added    nobody is told. Such an array has MEMBERS_MAX places from the start, all zero, or, where
 *            an entry is large, MEMBERS_MAX pointers to entries that are made when first needed and
 *            never move; zero, or none, must mean that nothing is known of the member yet. Loops go
 *            up to membership_count() and look at it anew each time.
 *   removed  who has something under way with a member, or to do for it, is told (node_members.c);
 *            the rest finds that the member is not usable, and that its id belongs to nobody. */
#pragma once

#include "membership.h"
#include "ring_state.h"
#include "transport.h"

enum {
    MEMBER_SILENCE_US = 1000000, /* then it is tried again: a request's delay a second is little */
    MEMBER_DOUBT_US = 10000000   /* only then it is handed what nobody else can answer instead */
};

struct members_entry {
    struct member member;
    struct member_config config; /* owned */
    uint64_t answered_us;        /* monotonic: when it last answered a request */
    uint64_t silent_until_us;    /* it left a request unanswered: not asked again before that */
    uint64_t doubted_until_us;   /* and not relied on alone before that */
    uint32_t in_flight; /* requests of this shard that wait for it: the load that reads avoid */
};

struct membership {
    struct cluster_config cluster; /* at birth; owned */
    struct ring_state ring;        /* who owns what */
    struct members_entry *entries; /* MEMBERS_MAX, of which `count` are in use; they never move */
    size_t count;                  /* numbers given so far */
    size_t removed;                /* how many of them are no members any more */
    uint64_t version;              /* see membership_version() */
    size_t self;                   /* index of this node */
    uint64_t now_us;               /* monotonic, of the door that is open */
    bool changed;                  /* a member's id or status changed since this was last cleared */
    bool reach_changed;            /* who can be reached changed since this was last cleared */
};

/* Copies the configuration. Before anything else, those who came later are added, and
 * members_set_self() is called. */
void members_init(struct membership *members, const struct cluster_config *cluster);
/* This node is the member with the name that `self` says. */
void members_set_self(struct membership *members, const struct peer_identity *self);
void members_deinit(struct membership *members);
/* The ring is another one from now on; it is taken from `next`, which is empty then. Members that come
 * or go with it are the caller's to see to. */
void members_take_ring(struct membership *members, struct ring_state *next);
/* Copies the configuration; its name is no other member's. Returns the new member's number: pending
 * until it is met. MEMBERS_MAX if no number is left. */
size_t must_check members_add(struct membership *members, const struct member_config *config);
/* Not of this node. It is never reached again, and its id never believed; the name is free. Does
 * nothing if it was removed before. */
void members_remove(struct membership *members, size_t index);
/* Adds one that is removed already unless it is `present`. */
size_t must_check members_add_present(struct membership *members,
                                      const struct member_config *config, bool present);
/* Another zone, weight and address from now on; copies them. Not of one that was removed. */
void members_change(struct membership *members, size_t index, const char *zone, uint32_t weight,
                    const char *address);
/* Where a shard of a member is reached, in the life that is known of it. */
struct address members_address(const struct membership *members, size_t index, uint16_t shard);
/* Which shard of a member serves a partition; 0 while it is not known how many it runs. */
uint16_t members_partition_shard(const struct membership *members, size_t index,
                                 uint32_t partition);
/* Index of the member with that id or name, or MEMBERS_MAX if there is none; removed ones are not
 * found. */
size_t members_index(const struct membership *members, node_id id);
size_t members_index_of_name(const struct membership *members, struct slice name);
/* Binds a name to the id it was met with. False if the name is unknown or bound to another id, or the
 * id is another member's or was a removed one's. */
bool must_check members_bind(struct membership *members, struct slice name, node_id id);
/* How many shards it runs, as it says itself: the shard that serves a partition follows from it. */
void members_set_shards(struct membership *members, size_t index, uint16_t shards);
/* `status` is any but MEMBER_REMOVED. */
void members_set_status(struct membership *members, size_t index, enum member_status status,
                        uint64_t incarnation);
/* This shard's link to it came up or broke. */
void members_set_linked(struct membership *members, size_t index, bool linked);
/* It answered a request: whatever its silence meant, it is over. (Gossip does not count, since a node
 * whose disk hangs still gossips; nor do its own requests, since one direction may work alone.) */
void members_answered(struct membership *members, node_id id, uint64_t now_us);
/* It left a request unanswered that was sent at `sent_us`: route around it for MEMBER_SILENCE_US,
 * and hand it nothing whole for MEMBER_DOUBT_US, unless it answered something since. */
void members_unanswered(struct membership *members, size_t index, uint64_t sent_us);
/* May requests be sent there: member_usable(), and not silent. */
bool members_usable(const struct membership *members, size_t index);
/* The ring says that it is to go. */
bool members_leaving(const struct membership *members, size_t index);
/* May a request be handed to it whole, which then depends on it: members_usable(), and it left
 * nothing unanswered of late. (Requests that others answer too find out whether it is back.) */
bool members_trusted(const struct membership *members, size_t index);
