/* world: events in virtual time, nodes with their disks, and the network between them. */
#pragma once

#include <stdio.h>

#include "history.h"
#include "items.h"
#include "sim.h"

/* The true time at which worlds begin: 2026-01-01, so that clocks look real. */
#define WORLD_EPOCH_US UINT64_C(1767225600000000)

enum {
    SIM_STARVED_LATE_US = 2000000 /* a starved node is late by no more */
};

struct world;

enum event_kind {
    EVENT_FRAME,      /* a frame arrives */
    EVENT_DISK,       /* a disk has done something for a node */
    EVENT_DEADLINE,   /* a shard asked to be woken */
    EVENT_PEER_UP,    /* a link is up */
    EVENT_PEER_DOWN,  /* a link broke */
    EVENT_RESTART,    /* a crashed node starts */
    EVENT_MEMBERS,    /* a look at who is a member */
    EVENT_RESUME,     /* a paused node goes on */
    EVENT_FAULT,      /* time to draw the next fault of some kind */
    EVENT_FAULT_PART, /* one of them goes on */
    EVENT_FAULT_END,  /* one of them ends */
    EVENT_BURST,      /* load sets in */
    EVENT_CLIENT      /* a client acts */
};

struct event {
    uint64_t at_us;
    uint64_t order; /* ties are broken by the order of scheduling */
    enum event_kind kind;
    uint16_t node;
    uint16_t shard;
    uint16_t other;       /* peer's or client's index, or kind of fault */
    uint16_t peer;        /* EVENT_FAULT, of a link: its other end */
    bool commit;          /* EVENT_DISK */
    bool postponed;       /* until a node that is paused goes on */
    bool waited;          /* for the CPU of a node that hardly gets it */
    uint64_t life;        /* of the node; events for an earlier life find nothing */
    uint64_t peer_life;   /* EVENT_PEER_UP, EVENT_PEER_DOWN: of the peer that the link led to */
    uint64_t connection;  /* EVENT_FRAME: that it travels on; UINT64_MAX: whichever.
                             EVENT_PEER_UP, EVENT_PEER_DOWN: the one that is new, or broke */
    struct buffer *frame; /* EVENT_FRAME */
    uint32_t audit_item;  /* EVENT_CLIENT: read this again; */
    uint32_t audit_tries; /* for how manieth time; 0: go on with the next one */
};

/* A shard's ports. */
struct sim_port {
    struct transport transport;
    struct world *world;
    uint16_t node;
    uint16_t shard;
};

/* One direction between two nodes. */
struct sim_link {
    bool cut;                  /* frames are lost */
    bool severed;              /* the same, by a swizzle */
    uint32_t latency_percent;  /* of the others' */
    uint64_t connection;       /* so many broke before this one; equal in both directions */
    uint64_t down_until_us;    /* not connected: frames are lost */
    uint64_t clogged_until_us; /* what is sent before arrives after it */
    uint64_t free_at_us;       /* with bounded capacity: everything that waited has been sent */
};

struct sim_node {
    struct memory_store *disk;
    struct node *shard[SIM_SHARDS_MAX]; /* NULL while crashed */
    struct sim_port port[SIM_SHARDS_MAX];
    struct store *store[SIM_SHARDS_MAX];
    uint64_t woken_at[SIM_SHARDS_MAX]; /* earliest EVENT_DEADLINE scheduled, or DEADLINE_NEVER */
    node_id id;
    uint64_t incarnation;
    uint64_t life;                             /* crashes so far */
    uint64_t link_life[SIM_MEMBERS_MAX];       /* life of each peer that it last had a link to */
    uint64_t link_connection[SIM_MEMBERS_MAX]; /* and which it was */
    bool removed;                              /* a ring says so, whoever knows it yet */
    bool away;                                 /* until it is removed */
    uint16_t shards;                           /* of this life */
    bool expiry_late;                          /* it does not know yet that items expire */
    bool up;
    bool paused;
    bool lost;        /* it gave up for good: what its disk had called durable is not there */
    bool forgot;      /* its disk has lost the end of what it had called durable */
    bool full;        /* its disk */
    uint64_t machine; /* starts of the machine it runs on */
    uint64_t resumes_at_us;
    uint64_t starved_until_us;
    uint64_t busy_until_us; /* what came until now has had its turn at the CPU by then */
    uint64_t disk_slow_until_us;
    uint64_t lagging_until_us; /* its links are slow */
    int64_t clock_us;          /* its wall clock minus the true time, at `drift_since_us` */
    int64_t drift_ppm;
    uint64_t drift_since_us;
    char name[8];
    char address[32];
};

/* When a node started. */
struct node_start {
    uint16_t node;
    uint64_t at_us;
};

struct sim_proposal;

struct world {
    struct sim_options options;
    struct prng prng;
    uint64_t now_us;
    struct event *heap;
    size_t heap_count;
    size_t heap_capacity;
    uint64_t next_order;
    uint64_t hash;
    struct sim_counts counts;
    struct cluster_config cluster;
    struct member_config members[SIM_MEMBERS_MAX];
    struct sim_node nodes[SIM_MEMBERS_MAX]; /* by their numbers as members */
    uint16_t nodes_count;                   /* those that joined, and those removed, included */
    struct sim_proposal *proposals[SIM_PROPOSALS_MAX]; /* of steps of the ring */
    size_t proposals_count;
    uint64_t dialled[SIM_MEMBERS_MAX][SIM_MEMBERS_MAX]; /* in which lives of the two */
    struct node_start *starts;
    size_t starts_count;
    struct sim_link links[SIM_MEMBERS_MAX][SIM_MEMBERS_MAX]; /* from the first to the second */
    bool partitioned;
    uint64_t swizzled_until_us;
    uint64_t troubled_until_us; /* by faults that come in parts */
    uint64_t spike_until_us;    /* clients do not pause */
    uint64_t calm_until_us;     /* no new faults */
    bool forgetting;            /* a disk has forgotten, or will soon */
    bool healing;               /* the liveness phase: no more faults, no more load */
    uint16_t wrong_clock;       /* node whose clock is beyond the guard; or SIM_MEMBERS_MAX */
    uint64_t read_errors;       /* disks that fail to read, ever */
    struct log_sink log;
    struct history history;
    struct items items;
    uint32_t load;                     /* operations of the burst yet to be asked */
    bool idle[SIM_CLIENTS_MAX];        /* clients that wait for the next burst */
    bool auditing;                     /* clients read every item once more */
    uint32_t audited;                  /* items so far */
    uint32_t audit_open;               /* readers that are not done */
    uint32_t converging;               /* item that differed when it was last looked at */
    size_t *heads;                     /* first operation on each item, for the checkers */
    uint16_t homes[16][SIM_NODES_MAX]; /* preference lists by partition */
    char failure[1024];
};

void world_init(struct world *world, const struct sim_options *options);
void world_deinit(struct world *world);
/* Schedules; takes over event->frame. */
void world_schedule(struct world *world, uint64_t after_us, struct event event);
/* Ends all pauses: what happened meanwhile happens now. */
void world_resume_all(struct world *world);
/* Runs the next event if it is due by `until_us`; false if none is. Time moves on to it. */
bool world_step(struct world *world, uint64_t until_us);
struct instant world_clock(const struct world *world, uint16_t node);
/* After each door: the node may have found that it must stop, or wants to be woken. */
void world_door_closed(struct world *world, uint16_t node, uint16_t shard);
/* Hands a request to a shard, and looks after when it wants to be woken. */
void world_submit(struct world *world, uint16_t node, uint16_t shard, struct request *request);
/* Notes something wrong; only the first is kept. */
void world_fail(struct world *world, const char *format, ...) printf_like(2, 3);
void world_trace(const struct world *world, const char *format, ...) printf_like(2, 3);
/* Somewhere around `mean_us`, with a long tail; at least 1. */
uint64_t world_draw_us(struct world *world, uint64_t mean_us);

/* A node that never ran yet, with an empty disk. */
void world_make_node(struct world *world, uint16_t index);

/* The store of a shard, as its node sees it. */
struct store *world_store(struct world *world, uint16_t node, uint16_t shard);

/* network.c */
/* The links of the nodes that are there from birth. */
void network_init(struct world *world);
/* The links of one node to those before it, both ways. */
void network_add(struct world *world, uint16_t index);
/* Takes over the frame. */
void network_send(struct world *world, uint16_t from, struct address to, struct buffer *frame);
/* False if the connection that the frame travels on broke meanwhile. */
bool network_arrives(const struct world *world, const struct event *event);
/* The connection between two nodes is lost, with all that is under way; the next one comes after
 * `down_us`. */
void network_break(struct world *world, uint16_t one, uint16_t other, uint64_t down_us);
/* Ends everything that slows or stops frames. */
void network_heal(struct world *world);

/* nodes.c */
void node_boot(struct world *world, uint16_t index);
/* The process ends. */
void node_crash(struct world *world, uint16_t index);
/* Its machine loses power. */
void node_power_cut(struct world *world, uint16_t index);
/* It says that it leaves, and ends; the same process starts soon. */
void node_stop(struct world *world, uint16_t index);
/* The same, and it starts again after about `mean_us`. */
void node_restart(struct world *world, uint16_t index, uint64_t mean_us);
/* The same, soon or at once. */
void node_restart_soon(struct world *world, uint16_t index);
/* The same, after a while that is drawn; perhaps its machine has restarted, too. */
void node_restart_somehow(struct world *world, uint16_t index);
/* It has found that it must not go on, and says why: it is out for good. */
void node_give_up(struct world *world, uint16_t index, const char *why);
/* Every node hears that items expire, if they do. */
void nodes_tell_expiry(struct world *world);
/* A row on its disk, or NULL; the caller unrefs. */
struct buffer *node_read_row(const struct sim_node *node, enum store_family family,
                             struct slice key);
/* All rows of a family on its disk; the caller deinits. */
/* Now, whatever the disk is doing. */
void node_commit_now(struct sim_node *node, struct store_commit *commit);
void node_read_family(const struct sim_node *node, enum store_family family,
                      struct store_range *range);
/* Links between it and all that are up. */
void node_links_schedule(struct world *world, uint16_t index, enum event_kind kind);

/* The same between two of them, if both are up. */
void node_link_schedule(struct world *world, uint16_t index, uint16_t other, enum event_kind kind);

/* members.c */
/* One more node is to join, in place of one that is gone for good if there is one. */
void members_join(struct world *world);
/* One is to leave. */
void members_remove_one(struct world *world);
/* Every so often: who was added starts; who knows of somebody new dials. */
void members_on_event(struct world *world);
/* Each of the two knows the other as a member: they would shake hands. */
bool members_may_link(const struct world *world, uint16_t one, uint16_t other);
/* Who was removed is switched off. */
void members_heal(struct world *world);
void members_deinit_all(struct world *world);
/* Who was removed is nobody's member, whatever gossip said, and all others are everybody's. */
void members_check(struct world *world);

/* faults.c */
void faults_start(struct world *world);
void faults_on_event(struct world *world, const struct event *event);
/* A starved node's events wait their turn. True if this one does. */
bool faults_starve(struct world *world, const struct event *event);
/* Ends every fault: the network is whole, clocks are right, everybody is up. */
void faults_heal(struct world *world);

/* clients.c */
void clients_start(struct world *world);
void clients_on_event(struct world *world, const struct event *event);
/* Has every item read once more; done when world->audit_open is 0 again. */
void clients_audit(struct world *world);

/* checkers.c */
/* True once every node is quiet and all home replicas are equal. */
bool checkers_converged(struct world *world);
/* What is still different, for the failure's message. */
void checkers_explain(struct world *world, char *text, size_t size);
void checkers_run(struct world *world);
/* Home nodes of an item, as indexes; returns how many. The list goes on with the others. */
size_t checkers_home_nodes(struct world *world, uint32_t item, const uint16_t **list);

/* The same for all of a partition. */
size_t checkers_homes(struct world *world, uint32_t partition, const uint16_t **list);

/* bounds.c */
/* After a door of that shard. */
void bounds_check(struct world *world, uint16_t node, uint16_t shard);
/* Once all is quiet. */
void bounds_check_rest(struct world *world);

/* entries.c */
/* On each disk stand the entries that its items have in indexes, and no others; once all is quiet. */
void entries_run(struct world *world);

/* leaves.c */
/* The leaves on a node's disk are the sums of its items. */
void leaves_check(struct world *world, uint16_t index);
/* That, on all disks, and home nodes have the same; once all is quiet. */
void leaves_run(struct world *world);

/* stamps.c */
void stamps_run(struct world *world);

/* linearity.c */
/* Each item's history must have an order that explains it. */
void linearity_run(struct world *world);

/* tamper.c */
/* Does to the disks what the mutant wants, after the run. */
void tamper(struct world *world);
