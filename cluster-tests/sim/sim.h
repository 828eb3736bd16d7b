/* sim: a seeded virtual world in which N nodes run in one process. Time, network, disks, crashes
 * and clients are drawn from the seed; the same seed gives the same run, event by event. The nodes
 * are the production code: only the ports differ. (After FoundationDB's simulation and
 * TigerBeetle's VOPR.)
 *
 * A run: faults, and load in bursts (the safety phase); then everything heals, and within a bound
 * all must be quiet and equal (the liveness phase); then every item is read once more (the audit),
 * and the checkers look at history and disks. */
#pragma once

#include "memory_store.h"
#include "node.h"
#include "planted.h"
#include "prng.h"

enum { SIM_NODES_MAX = 7, SIM_SHARDS_MAX = 2, SIM_SLOTS_MAX = 16, SIM_CLIENTS_MAX = 16 };
enum {
    SIM_ADDED_MAX = 3, /* nodes that join a running cluster */
    SIM_PROPOSALS_MAX = 64,
    SIM_MEMBERS_MAX = SIM_NODES_MAX + SIM_ADDED_MAX
};

/* What clients do with an item; each item serves one workload. */
enum workload {
    WORKLOAD_REGISTER, /* puts, deletes and reads, plain and conditional, mixed */
    WORKLOAD_RECREATE, /* the same with as many deletes as puts */
    WORKLOAD_SET,      /* unique items of one collection, and consistent ranges over it */
    WORKLOAD_COUNTER,  /* ADD, and consistent reads */
    WORKLOAD_LIST,     /* list_append, and consistent reads */
    WORKLOADS
};

/* Deliberate faults of the simulator's own that a checker must catch: --mutant. Those of the protocol
 * are in planted.h. */
enum mutant {
    MUTANT_NONE,
    MUTANT_UNSYNCED,    /* disks report commits before they are durable */
    MUTANT_SWAPPED,     /* the network changes values and mends the checksum */
    MUTANT_NO_REPAIR,   /* the network loses every REPAIR frame */
    MUTANT_DEAF_TIMERS, /* nodes are not told when deadlines pass */
    MUTANT_TWICE,       /* some answers come twice */
    MUTANT_STALE_READS, /* consistent reads are asked for as eventual ones */
    MUTANT_BLIND_RETRY, /* a client's failed write is reported as certainly not written */
    MUTANT_LATE,        /* some answers are noted as late */
    MUTANT_STRAYS,      /* nodes think that every table has seven replicas */
    MUTANT_FORGETFUL,   /* at the end, what was written is gone from every disk */
    MUTANT_REVENANT,    /* at the end, first values are back under new ballots */
    MUTANTS
};

const char *mutant_name(enum mutant mutant);

/* What a seed draws ("swarm": each run has a personality). Rates are per million; intervals are means,
 * and 0 means never. */
struct sim_options {
    uint64_t seed;
    bool verbose;
    enum mutant mutant;
    uint16_t nodes; /* at birth */
    uint16_t shards;
    uint32_t partitions;
    struct quorum quorum;
    uint32_t clients;
    uint32_t weights[WORKLOADS]; /* how often clients turn to each workload */
    uint32_t slots[WORKLOADS];   /* items of each that are in use at a time */
    uint32_t set_operations;     /* on one set, before another takes its place */
    uint32_t operations;         /* wanted in all */
    uint32_t bursts;             /* in which they come */
    uint64_t safety_us;          /* length of the safety phase */
    uint64_t think_us;           /* a client's pause between operations */
    uint64_t latency_us;         /* one way */
    uint64_t link_us;            /* until a peer that has started is connected */
    uint32_t loss;               /* frames */
    uint32_t duplication;
    uint32_t slow;       /* frames that take up to 50 times as long: reordering */
    uint32_t ghosts;     /* frames that come once more, up to half a minute later */
    uint32_t corruption; /* frames with a bit changed */
    bool asymmetry;      /* each direction of each link has a latency of its own */
    uint64_t capacity;   /* bytes that a link carries in a second; 0: any number */
    uint64_t backlog;    /* ... and that may wait for it: with more, the connection breaks */
    uint64_t disk_us;    /* a commit or read */
    uint32_t disk_miss;
    uint32_t stall;          /* disk operations that take up to two seconds */
    uint64_t slow_disk_us;   /* between times in which a disk is slow */
    uint64_t crash_us;       /* between crashes */
    uint32_t process_only;   /* crashes that the machine survives, besides those of a moment */
    uint32_t dying;          /* commits in the middle of which the process dies */
    uint32_t torn;           /* ... or the machine: a part of what is not synced yet is kept */
    uint64_t blackout_us;    /* between power cuts of all machines at once */
    uint64_t rolling_us;     /* between rolling restarts */
    uint64_t sync_fails_us;  /* between failures of fsync: the node stops at once */
    uint64_t read_errors_us; /* between times in which a disk cannot read everything */
    uint64_t full_us;        /* between times in which a disk is full */
    bool amnesia;            /* one disk loses the end of what it called durable */
    bool late_witness;     /* ... and who could tell is away for so long that nobody waits for it */
    uint64_t partition_us; /* between partitions */
    uint64_t swizzle_us;   /* between swizzles */
    uint64_t clog_us;      /* between times in which links hold back what they carry */
    uint64_t lag_us;       /* between times in which a node's links are slow */
    uint64_t reset_us;     /* between lost connections */
    uint64_t flap_us;      /* between links that go up and down for a while */
    uint64_t pause_us;     /* between pauses */
    uint64_t long_pause_us; /* between pauses longer than any timeout */
    uint64_t starve_us;     /* between times in which a node hardly gets the CPU */
    uint64_t skew_us;       /* clocks are off by up to this */
    uint64_t skew_jump_us;  /* between jumps of a clock within that */
    uint64_t clock_jump_us; /* between jumps beyond the guard, one node at a time */
    uint32_t clock_back;    /* starts at which a node's clock has been set back */
    uint32_t drift_ppm;     /* clocks are too fast or too slow by up to this */
    uint64_t strobe_us;     /* between times in which a clock jumps to and fro */
    uint32_t hasty;         /* requests with little time */
    uint64_t spike_us;      /* between times in which clients do not pause */
    bool lossy;             /* nodes are told that disks report before commits are durable */
    bool tight;             /* queues and hint stores are tiny: overload is common */
    bool shrunk;            /* nodes' intervals and timeouts are drawn */
    bool buggify;           /* see common/buggify.h */
    uint32_t reshard;       /* starts at which a node has another number of shards */
    bool expiry;            /* counters are kept in order, as if they said when they expire; it was
                               years ago, so that none does */
    bool local;             /* the table has local secondary indexes */
    uint32_t expiry_late;   /* starts after which a node does not hear of it until all heals */
    uint64_t join_us;       /* between nodes that join */
    uint64_t remove_us;     /* between removals of such nodes */
    bool durable;           /* false: never in a checked run; see MUTANT_UNSYNCED */
};

/* Kinds of faults have names; NULL: there is no such one. */
const char *sim_fault_name(size_t index);
/* What was drawn for it: a rate or an interval; 0: it does not happen. */
uint64_t sim_fault_value(const struct sim_options *options, size_t index);
/* A run of this seed without faults of that kind. False if there is none of that name. */
bool must_check sim_options_without(struct sim_options *options, struct slice fault);
/* `brief`: a run of some seconds instead of ten minutes, for builds that are slow. */
void sim_options_draw(struct sim_options *options, uint64_t seed, bool brief);
/* How far a clock may be off, either way, other than by jumps beyond the guard. */
uint64_t sim_options_skew_us(const struct sim_options *options);
/* False where what was acknowledged may be lost all the same: disks are lossy, or the only witness of
 * a lost tail was away. */
bool sim_options_lasting(const struct sim_options *options);
/* False for a table whose W is below a majority, where the last writer wins; and where the above is. */
bool sim_options_strong(const struct sim_options *options);

/* Counts only: all fields are uint64_t. */
struct sim_counts {
    uint64_t simulated_us;
    uint64_t events;
    uint64_t operations;   /* client operations answered */
    uint64_t checked;      /* of them, in histories that were checked for linearizability */
    uint64_t acknowledged; /* writes answered OK */
    uint64_t unknown;      /* writes answered OUTCOME_UNKNOWN */
    uint64_t crashes;
    uint64_t partitions;
    uint64_t link_faults;
    uint64_t pauses;
    uint64_t disk_faults;
    uint64_t clock_faults;
};

void sim_counts_add(struct sim_counts *sum, const struct sim_counts *counts);

struct sim_result {
    bool passed;
    uint64_t hash; /* of all events */
    struct sim_counts counts;
    char failure[1024]; /* first thing found wrong; empty if passed */
};

void sim_run(const struct sim_options *options, struct sim_result *result);
