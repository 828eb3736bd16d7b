/* node_internal: a node's parts; shared by the files of the core. */
#pragma once

#include "census.h"
#include "coordinator.h"
#include "exchange.h"
#include "scrub.h"
#include "expiry.h"
#include "expiry_index.h"
#include "gossip.h"
#include "heard.h"
#include "hint_delivery.h"
#include "node.h"
#include "replay_guard.h"
#include "replica.h"
#include "ring_cleanup.h"
#include "ring_driver.h"
#include "ring_transfer.h"
#include "table_sweep.h"
#include "throughput_keeper.h"
#include "throughput_leases.h"

/* A commit that nobody waits for. */
struct forgotten_commit {
    struct list_link link; /* node->forgotten */
    struct store_commit commit;
    struct node *node;
};

LIST_DEFINE(forgotten_commits, struct forgotten_commit, link)

struct node {
    struct node_config config;
    struct node_ports ports;
    struct timers timers;
    struct prng prng;
    struct hlc hlc;
    struct outbox outbox;
    struct membership members;
    struct gossip gossip; /* probes on shard 0; elsewhere it only listens to it */
    struct hints hints;   /* used on shard 0 */
    struct replica replica;
    struct coordinator coordinator;
    struct caller caller;
    struct hint_delivery delivery; /* runs on shard 0 */
    struct exchange exchange;
    struct scrub scrub;
    struct ring_register ring;
    struct ring_acceptor acceptor; /* on shard 0, as are proposer and driver */
    struct ring_proposer proposer;
    struct ring_driver driver;
    struct ring_transfer transfer;
    struct ring_cleanup cleanup;
    struct expiry_index expiry_index;
    struct expiry expiry;
    struct arena arena; /* of one door */
    bool in_door;
    bool *usable;       /* per member: at the end of the last door */
    node_id *persisted; /* per member: the id that the meta family holds */

    struct store_commit ceiling_commit;
    uint64_t ceiling_raising; /* while the commit is out; else 0 */
    uint64_t ceiling_votes;   /* its number */
    bool ceiling_refused;     /* the last one was: there is no space */

    struct heard heard;
    struct census census;
    uint64_t machine_to_note; /* once this node is trusted; 0: nothing */
    struct store_commit amnesia_commit;
    bool amnesia_noted;  /* the commit is out, or done */
    const char *failure; /* see node_failure() */

    struct forgotten_commits forgotten;
    struct store_range dropped_load;
    struct table_sweep table_sweep;  /* on shard 0, of all shards' rows */
    struct throughput_keeper keeper; /* of some tables, for the cluster */
    struct throughput_leases leases; /* for the clients of this shard */
    uint64_t frames_malformed;
    uint64_t frames_skewed;
    uint64_t frames_repeated;
    struct replay_guard once; /* requests taken that are not safe to repeat */
};

/* Every door opens and closes with these. */
void node_door_open(struct node *node, struct instant now);
void node_door_close(struct node *node);
/* Commits one meta row, and forgets about it. */
void node_commit_meta(struct node *node, struct slice key, uint64_t value);
/* Prepares witnesses and census, after the replica and before anything is sent. */
void node_init_census(struct node *node, const struct boot *boot);
/* To be called at the end of every door: acts on what the census has found. */
void node_follow_census(struct node *node);
/* Frees the commits that the store will not complete any more. */
void node_free_forgotten(struct node *node);
/* LEASE and LEASE_REPLY. False if malformed. */
bool must_check node_on_lease(struct node *node, const struct frame *frame);
/* The ring as it was last known; boot_load() has looked at it. */
void node_load_ring(struct membership *members, struct slice bytes);
void node_init_ring(struct node *node, const struct boot *boot);
void node_deinit_ring(struct node *node);
void node_start_ring(struct node *node);
/* RING_*. False if malformed. */
bool must_check node_on_ring_frame(struct node *node, const struct frame *frame);
/* Nothing is to be moved. */
bool node_ring_quiet(const struct node *node);
void node_init_table_sweep(struct node *node);
/* Loads the ids of tables dropped in earlier lives. */
void node_load_dropped(struct node *node);
