/* boot: what a node must know of itself before it may speak: identity, incarnation, clock ceiling,
 * and who its peers were. Read from the store's meta family before the first door, by whoever owns
 * the store.
 *
 * Birth: the first start takes the initial members, the cluster's name
 * and the number of partitions from the configuration and draws a random node id; a node that holds
 * data ignores them. */
#pragma once

#include "bytes.h"
#include "membership.h"
#include "meta.h"
#include "prng.h"
#include "store.h"

#define BOOT_NAME "node1"

struct boot {
    node_id id;                    /* 48 random bits, drawn at birth */
    uint64_t incarnation;          /* one more at each start: refutes rumours about earlier lives */
    uint64_t ceiling;              /* highest clock ceiling of all shards (hlc.h) */
    struct cluster_config cluster; /* owned */
    struct member_config *added;   /* members that came after birth, in the order of their numbers;
                                      owned */
    size_t added_count;
    char *name;             /* this node's, one of the members, those added included; owned */
    char *address;          /* where it said that peers reach it; "": not a member yet; owned */
    size_t members_count;   /* of the ring it last knew, */
    size_t members_present; /* and those of them that are not gone */
    struct peer_identity *peers; /* ids that members had when last seen; owned */
    size_t peers_count;
    struct buffer *ring;      /* as it was last known; NULL: the birth's */
    struct buffer *ring_vote; /* this node's vote on its next step; NULL: none */
    bool born;                /* this start is the first one */
    uint64_t start;   /* incarnation and random bits: rises from start to start, and no two have the
                       same, not even if this node has forgotten one */
    uint64_t machine; /* as given to boot_load() */
    bool resumed;     /* the machine has not restarted since the node was last trusted */
    uint64_t votes[SHARDS_MAX]; /* the number each shard has come to, those of earlier lives too
                                   (replica/votes.h) */
};

/* Reads one meta row: a buffer the callee hands over, or NULL when absent. */
typedef struct buffer *(*boot_read)(void *context, struct slice key);

/* Fills `boot` from the rows, or from `configured` and `name` on the first start, drawing from
 * `random`. A name of "" is the node's, whatever that is; at birth, BOOT_NAME. If `name` is none of
 * the initial members', the caller must boot_add_member() it; and the caller must commit `batch`
 * durably before node_new(). `machine` is another number after each start of the machine's kernel, or
 * 0 if that is not known: what a process has written survives its death, but not always the machine's.
 * Returns NULL, or a message for the operator (static). */
const char *must_check boot_load(struct boot *boot, const struct cluster_config *configured,
                                 const char *name, uint64_t machine, struct prng *random,
                                 boot_read read, void *context, struct store_batch *batch);
/* Joining a running cluster takes the place of birth: whoever has no identity yet becomes a member of
 * the ring there, is given that ring, and makes both durable. Asked again after a crash in between, it
 * must be the same as before, or it would be a member twice. */
struct boot_joiner {
    node_id id;
    char *name; /* owned */
};

/* There is no node in the store yet. */
bool boot_is_new(boot_read read, void *context);
/* Who the new node will be: as drawn before, or as drawn now; the caller must commit `batch` durably
 * before anybody is told. If `name` is "", it is made of the id. */
void boot_prepare_join(struct boot_joiner *joiner, const char *name, struct prng *random,
                       boot_read read, void *context, struct store_batch *batch);
void boot_joiner_deinit(struct boot_joiner *joiner);
/* It was refused for good: the next time, another is drawn. */
void boot_forget_joiner(struct store_batch *batch);
/* The rows of a node that has joined: its identity, and a ring in which it is a member. */
void boot_join(node_id id, const char *name, const struct cluster_config *cluster,
               struct slice ring, struct store_batch *batch);
/* What to tell the operator of a node that has lost the end of its durable state. */
extern const char boot_amnesia[];
/* ... and of one that is no member any more. */
extern const char node_removed[];
/* One more member came after birth; copies it. */
void boot_add_member(struct boot *boot, const struct member_config *member);
void boot_deinit(struct boot *boot);
