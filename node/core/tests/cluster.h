/* cluster: up to five nodes over memory stores in virtual time, for tests that read as stories.
 * Unless a test wants it
 * otherwise, frames take 100 us and arrive in order; disks finish at once. */
#pragma once

#include "frame.h"
#include "memory_store.h"
#include "members.h"
#include "node.h"
#include "ring_proposer.h"

enum {
    CLUSTER_NODES_MAX = 5,
    CLUSTER_SHARDS_MAX = 2,
    CLUSTER_FRAMES_MAX = 4096,
    CLUSTER_TABLE = 100,
    CLUSTER_PARTITIONS = 8
};

struct cluster;

struct cluster_port {
    struct transport transport;
    struct cluster *cluster;
    size_t node;
    uint16_t shard;
};

struct cluster_node {
    struct memory_store *disk;
    struct node *shard[CLUSTER_SHARDS_MAX]; /* NULL while it is down */
    struct cluster_port port[CLUSTER_SHARDS_MAX];
    struct store *store[CLUSTER_SHARDS_MAX];
    node_id id;
    uint64_t incarnation;
    uint64_t machine; /* goes up when the power fails */
    uint64_t starts;
    const char *refused; /* why it did not start; NULL: it did */
    int64_t clock_us;    /* its wall clock minus the true time */
};

struct cluster_frame {
    uint64_t at_us;
    size_t from;
    size_t to;
    uint16_t shard;
    struct buffer *buffer;
};

struct cluster {
    size_t count;
    size_t born; /* how many of them were there from the start; the others were added */
    uint16_t shards;
    uint64_t now_us;
    struct cluster_node nodes[CLUSTER_NODES_MAX];
    struct cluster_frame frames[CLUSTER_FRAMES_MAX]; /* on their way, the next first */
    size_t frames_count;
    /* Sees every frame before it is delivered; NULL: nobody does. */
    void (*watch)(struct cluster *cluster, const struct cluster_frame *frame);
    /* Frames of which it says so are lost instead; NULL: none are. */
    bool (*loses)(struct cluster *cluster, const struct cluster_frame *frame);
    /* How long a frame takes; NULL: 100 us. What takes longer may be overtaken. */
    uint64_t (*delays)(struct cluster *cluster, const struct cluster_frame *frame);
    uint8_t replicas;    /* of the tests' table, as the nodes know it */
    struct slice expiry; /* its attribute that says when an item expires; empty: none */
    bool rings;          /* members are what the ring says: cluster_join() */
    bool untold;         /* nodes that start are not told what the table is like */
    bool lossy;          /* nodes know that their disks lie */
    bool rude;           /* the test does harm: errors logged and starts refused are no failures */
    struct log_sink log;
};

/* All nodes are started and linked with each other. The table has 3 replicas, and the nodes
 * understand the tests' programs (programs.h). */
void cluster_init(struct cluster *cluster, size_t nodes, uint16_t shards);
/* The same, on disks that report before they have written: a crash takes some of what came since
 * memory_store_sync() with it. */
void cluster_init_lying(struct cluster *cluster, size_t nodes, uint16_t shards);
void cluster_deinit(struct cluster *cluster);
/* Tells the story of a cluster of so many nodes, once for each number of shards. */
void cluster_with_shards(struct cluster *cluster, size_t nodes, void (*story)(void));
/* Of a key that tests use; in a static buffer. */
const char *cluster_key_name(unsigned i);
/* The tests' table has so many replicas from now on. */
void cluster_set_replicas(struct cluster *cluster, uint8_t replicas);
/* Its items expire by that attribute from now on. Borrowed; empty: they do not. */
void cluster_set_expiry(struct cluster *cluster, struct slice attribute);
/* Starts a node that is down, and links it with all that are up. */
void cluster_start(struct cluster *cluster, size_t node);
/* One node's links to another are up: it may send. */
void cluster_link(struct cluster *cluster, size_t one, size_t other);
/* One more node, not started, that all that are up learn of at once. Returns its index, which is its
 * number. */
size_t cluster_add(struct cluster *cluster);
/* One more node joins by a step of the ring that `by` proposes, in place of a member that is gone if
 * `replaced` is one's number; it is started, and linked with all that are up. Returns its index. */
size_t cluster_join(struct cluster *cluster, size_t by, uint16_t replaced);
/* What the nodes are told of a member; of static strings. */
struct member_config cluster_member(const struct cluster *cluster, size_t index);

struct cluster_change {
    struct ring_proposal proposal;
    const struct ring_step *step;
    bool done;
    const char *problem; /* once it is done: NULL, or what was in its way */
};

/* `by` proposes a step. */
void cluster_propose(struct cluster *cluster, size_t by, struct cluster_change *change,
                     const struct ring_step *step);
/* The same, and runs until it is decided. NULL, or what was in its way. */
const char *cluster_change(struct cluster *cluster, size_t by, const struct ring_step *step);
/* The ring as a shard of the node knows it. */
const struct ring_state *cluster_ring(const struct cluster *cluster, size_t node, uint16_t shard);
/* All shards of node `by` learn that node `of` was removed. */
void cluster_remove(struct cluster *cluster, size_t by, size_t of);
/* How a shard of node `by` sees node `of`. */
const struct member *cluster_view(const struct cluster *cluster, size_t by, uint16_t shard,
                                  size_t of);
/* The power fails: what was not durable is lost, all links break. */
void cluster_crash(struct cluster *cluster, size_t node);
/* The process dies, the machine goes on: what was submitted reaches the disk. */
void cluster_kill(struct cluster *cluster, size_t node);
void cluster_run_for(struct cluster *cluster, uint64_t length_us);
struct instant cluster_clock(const struct cluster *cluster, size_t node);
/* Summed over the node's shards; all zero if it is down. */
struct node_stats cluster_stats(const struct cluster *cluster, size_t node);
struct node_stats cluster_stats_all(const struct cluster *cluster);

/* A request made for tests, with the key and value it borrows. */
struct cluster_request {
    struct request request;
    struct writer key;
    struct writer value;
    struct writer to;
    unsigned answers;
};

/* For partition key `name` and sort key `sort` of the tests' table. N = 3, R = W = 2, sloppy. */
void cluster_request_init(struct cluster_request *request, enum request_kind kind, const char *name,
                          uint8_t sort);
void cluster_request_deinit(struct cluster_request *request);
/* Sends it to a node's shard; that it is answered is for the test to see to. */
void cluster_submit(struct cluster *cluster, size_t node, uint16_t shard,
                    struct cluster_request *request);
/* The same, and runs until it is answered, once. */
enum outcome cluster_ask(struct cluster *cluster, size_t node, uint16_t shard,
                         struct cluster_request *request);
/* Short forms, through shard 0. `text` NULL: delete. */
enum outcome cluster_put(struct cluster *cluster, size_t node, const char *name, const char *text);
/* The text, of at most 63 bytes, or "" if there is none; `outcome` is not NULL. */
const char *cluster_get(struct cluster *cluster, size_t node, const char *name, bool consistent,
                        enum outcome *outcome);
/* An item with one attribute. */
void cluster_value(struct writer *writer, const char *text);
/* The text of such an item, copied to a static buffer. */
const char *cluster_text(struct slice item);
/* The row of a key on a node's disk: its ballot, or VERSION_NONE. */
struct version cluster_held(struct cluster *cluster, size_t node, const char *name);
/* A row of the key is accepted there, and not known to be decided. */
bool cluster_undecided(struct cluster *cluster, size_t node, const char *name);
/* The node that is the key's home node number `rank`, from 0: its primary. */
size_t cluster_home(const struct cluster *cluster, const char *name, size_t rank);
/* The shard of every node that owns the key. */
uint16_t cluster_home_shard(const struct cluster *cluster, const char *name);
enum frame_type cluster_frame_type(const struct cluster_frame *frame);
