/* node: one shard of a daemon without its I/O. Doors in, two ports out; time is passed in.
 *
 * A daemon with S shards runs S of these, one per thread; with one shard, a node is the whole
 * daemon. cartwheeld drives it from libevent and RocksDB, the simulator from a virtual event heap;
 * the object code is the same.
 *
 * Rules: ports never call back; a door may be called only from outside the node, but
 * node_on_request() may also be called from a request's `done` (it only queues). Everything that
 * happened in a door is finished and sent when the door returns. */
#pragma once

#include "boot.h"
#include "evaluator.h"
#include "instant.h"
#include "log.h"
#include "membership.h"
#include "request.h"
#include "ring_step.h"
#include "store.h"
#include "table_schema.h"
#include "throughput.h"
#include "transport.h"

/* Tunables; node_config_defaults() gives the documented ones (docs/configuration.md). */
struct node_config {
    uint16_t shard;               /* this shard */
    uint16_t shards;              /* of the daemon */
    uint64_t seed;                /* of the node's random choices */
    uint64_t request_timeout_us;  /* a whole request */
    uint64_t attempt_timeout_us;  /* one answer of one replica */
    uint64_t speculate_us;        /* then one more is asked; follows the answers' p99 later */
    uint64_t clock_skew_max_us;   /* refuse peers beyond it, versions beyond twice it */
    uint64_t repair_interval_us;  /* one partition is compared with one peer so often, besides
                                     reconnections */
    uint64_t scrub_interval_us;   /* the leaves of one partition are verified so often */
    uint64_t hints_bytes_max;     /* a full hint store refuses new hints */
    uint32_t hints_in_flight_max; /* deliveries per target: bounds the load on one that came back */
    uint32_t requests_max;        /* coordinated at once, then OUTCOME_OVERLOADED */
    uint32_t
        replica_operations_max; /* served for others at once, then they are told to go elsewhere */
    bool lossy; /* the store reports before it is durable (durability = interval): a node whose
                   machine failed has lost something as a rule, and is asked to go on */
    struct gossip_config gossip;
};

struct node_ports {
    struct transport *transport;
    struct store *store;
    struct log_sink *log;              /* may be NULL */
    const struct evaluator *evaluator; /* NULL: programs are refused as invalid */
};

struct node;

void node_config_defaults(struct node_config *config);
/* Borrows the ports for its life and copies the rest. */
struct node *node_new(const struct node_config *config, const struct boot *boot,
                      struct node_ports ports);
/* Requests still open are answered (OUTCOME_UNKNOWN or OUTCOME_UNAVAILABLE); store operations still
 * out must never complete into the node afterwards: stop the store first. */
void node_free(struct node *node);

/* Doors. */
void node_on_start(struct node *node, struct instant now);
void node_on_request(struct node *node, struct instant now, struct request *request);
/* One frame, header included, as the transport received it from `from` (a node id, as the handshake
 * proved it). Borrowed for the call. Malformed frames are counted and dropped. Checksums of the node's
 * own frames, from one shard to another, are not looked at: those never left the process. */
void node_on_frame(struct node *node, struct instant now, node_id from, struct slice frame);
/* This shard's own link to the peer is up: frames sent now will be carried. Repeated calls are
 * harmless. */
void node_on_peer_up(struct node *node, struct instant now, const struct peer_identity *peer);
/* The link broke: frames in flight may be lost, and the next ones will be, until node_on_peer_up().
 */
void node_on_peer_down(struct node *node, struct instant now, node_id peer);
void node_on_store_done(struct node *node, struct instant now, struct store_op *op);
void node_on_deadline(struct node *node, struct instant now);
/* When node_on_deadline() wants to be called: monotonic us, or DEADLINE_NEVER. */
uint64_t node_next_deadline_us(const struct node *node);

/* The owner's queues are slow, or its memory is short: writes that other nodes forward are refused
 * (OUTCOME_OVERLOADED), as it refuses those of its own clients, until it is told otherwise. */
void node_refuse_forwards(struct node *node, bool refused);

/* Telling gossip that this node leaves (status `left`), so that peers route around it at once. */
void node_on_leave(struct node *node, struct instant now);

/* Compares everything that is shared with other members, now: node_stats() shows what is left of it.
 * For each shard of a node. */
void node_on_repair(struct node *node, struct instant now);

/* Members, as the ring says: every shard of a node is told, in the same order as on every other node.
 * May also be called from within a door, but not from a callback of the coordinator. What it means for
 * what is kept per member stands in members.h; whoever keeps links finds out by membership_version().
 */
/* Copies the configuration; no other member has its name. `id` is its node's, or NODE_ID_NONE if it is
 * not known yet: then whoever first proves that name is the member, unless it was removed before.
 * Returns its number, or MEMBERS_MAX if there is none left. */
size_t node_add_member(struct node *node, struct instant now, const struct member_config *config,
                       node_id id);
/* For good: links to it are to be closed, and its frames are not taken any more. If that is this node,
 * node_failure() says so. May be repeated. */
void node_remove_member(struct node *node, struct instant now, size_t number);
/* A member has said, and proven to be one, that this node is none any more: as if the ring had said so. */
void node_on_expelled(struct node *node);
/* It has another zone, weight or address from now on. Copies. */
void node_change_member(struct node *node, struct instant now, size_t number, const char *zone,
                        uint32_t weight, const char *address);

/* The ring. Has a step decided and put in force, on shard 0: `make` and `done` as ring_proposer.h says;
 * what follows from it, whoever drives sees to (ring_driver.h). */
struct ring_proposal;
void node_change_ring(struct node *node, struct instant now, struct ring_proposal *proposal);

/* The schema. Table definitions are registers of a system table that the API writes and reads; the
 * core only spreads the word. REQUEST_ANNOUNCE (request.h) hands a row to every shard of every
 * usable member; it is received here. */
struct buffer *node_next_announcement(struct node *node); /* the caller unrefs; NULL: no more */
/* The newest schema version (an HLC value) that this node or, by gossip, any member has heard of.
 */
uint64_t node_schema_version(const struct node *node);
/* A definition with that stamp was read or written here; gossip spreads the number. */
void node_raise_schema_version(struct node *node, uint64_t schema_version);
/* Learns what a table is like: only its home nodes compare and exchange its rows, and they keep its
 * indexes. Copies; may be repeated. */
void node_set_table(struct node *node, uint64_t table_id, const struct table_schema *schema);
/* Deletes everything of a table here, and refuses writes, hints and repair for it from now on,
 * restarts included. May be repeated. */
void node_drop_table(struct node *node, struct instant now, uint64_t table_id);

/* Throughput (throughput.h): cluster-wide, of tables that have a limit. May a request be served that
 * will consume at least that many half units? They are spent then. To be called between doors. */
bool must_check node_admit(struct node *node, struct instant now,
                           const struct throughput_limit *limit, uint64_t halves);
/* One that was admitted has consumed so many half units more, or less. */
void node_charge(struct node *node, struct instant now, const struct throughput_limit *limit,
                 int64_t halves);

/* System tables are never sloppy: N = min(5, members), R = W = a majority of it. */
struct quorum node_system_quorum(const struct node *node);
/* 63 random bits, never 0: ids of tables and request ids. */
uint64_t node_random_id(struct node *node);

/* NULL, or why this node must not go on (static, for the operator): it has lost acknowledged state,
 * and casts no vote any more; or it is no member any more. To be asked after each door; the owner stops the whole daemon. That
 * it must not be started again is on its disk. */
const char *node_failure(const struct node *node);

/* What the node knows, for the API and the admin tool; borrowed until the next door. */
const struct membership *node_membership(const struct node *node);
const struct node_config *node_configuration(const struct node *node);
node_id node_self(const struct node *node);

/* Counts only: all fields are uint64_t. */
struct node_stats {
    uint64_t requests_open;
    uint64_t requests_done[OUTCOMES]; /* by enum outcome */
    uint64_t writes_restamped;        /* refused everywhere at first, by something newer */
    uint64_t writes_sloppy;
    uint64_t writes_mixed;      /* plain ones that some replicas took and others refused */
    uint64_t proposals;         /* rows proposed by rounds, for one write or for a batch */
    uint64_t promises_ridden;   /* rounds that needed no round trip to prepare */
    uint64_t accepts_uncertain; /* of them, not known to have reached a majority */
    uint64_t registers_settled; /* that others had left undecided */
    uint64_t undecided;         /* registers noted to be settled: see undecided.h */
    uint64_t hints_pending;     /* kept here for others */
    uint64_t hints_bytes;
    uint64_t hints_delivered;
    uint64_t hints_refused; /* store full */
    uint64_t read_repairs;
    uint64_t speculative_reads;
    uint64_t repair_left;     /* partitions still to be compared, once for each peer */
    uint64_t repair_sessions; /* exchanges finished */
    uint64_t repair_aborted;  /* a side did not answer, or a row could not be copied */
    uint64_t repair_items;    /* items sent or taken by exchanges */
    uint64_t repair_bytes; /* of exchanges' frames, to and from peers, as whoever compares counts */
    uint64_t repair_leaves;     /* sums of leaves compared one by one */
    uint64_t repair_rows;       /* keys and ballots of rows compared */
    uint64_t scrub_tables;      /* whose leaves were verified, each partition's counted */
    uint64_t scrub_leaves;      /* that were wrong, and mended */
    uint64_t items_expired;     /* and deleted by this node */
    uint64_t expiry_spared;     /* due by their entries, but not expired, or gone */
    uint64_t expiry_failed;     /* tried again */
    uint64_t ring_steps;        /* of the ring, or whole rings, learnt in this life */
    uint64_t partitions_copied; /* to this node, in this life */
    uint64_t partitions_dirty;  /* that may hold rows this node does not own any more */
    uint64_t rows_cleaned;      /* deleted because they are not owned any more */
    uint64_t frames_malformed;
    uint64_t frames_skewed;      /* refused: sender's clock or a version inside is off */
    uint64_t frames_repeated;    /* not safe to repeat, or meant for an earlier life: dropped */
    uint64_t frames_stale;       /* answers nobody waits for any more */
    uint64_t replica_operations; /* served now */
    uint64_t recovering;         /* shards that may not vote yet, or not any more (census.h) */
    uint64_t votes;              /* promises and the like made durable, in all lives */
    uint64_t census_answers;     /* of shards asked what they have heard of this node */
    uint64_t throttled[THROUGHPUT_KINDS]; /* requests refused for a table's throughput */
    uint64_t leases;                      /* tables, reads and writes apart, being served */
    uint64_t buckets;                     /* of tables, kept here for the cluster, unless full */
};
void node_stats(const struct node *node, struct node_stats *stats);
/* Adds one shard's figures to another's. */
void node_stats_add(struct node_stats *sum, const struct node_stats *stats);
/* True when nothing is pending: no recovery, no request, no replica operation, no hint, no exchange,
 * no entry of expiring items to be made. */
bool node_quiet(const struct node *node);
/* Asserts every invariant the node knows. */
void node_check(const struct node *node);
