/* sim: a seeded virtual world in which N nodes run in one process. Time, network, disks, crashes
 * and clients are drawn from the seed; the same seed gives the same run, event by event. The nodes
 * are the production code: only the ports differ. (After FoundationDB's simulation and
 * TigerBeetle's VOPR.)
 *
 * A run: faults and load (the safety phase); then everything heals, and within a bound all must be
 * quiet and equal (the liveness phase); then the checkers look at history and disks. */
#pragma once

#include "memory_store.h"
#include "node.h"
#include "prng.h"

enum { SIM_NODES_MAX = 7, SIM_SHARDS_MAX = 2, SIM_KEYS_MAX = 64, SIM_CLIENTS_MAX = 16 };

/* Deliberate faults that a checker must catch: --mutant. */
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

/* What a seed draws ("swarm": each run has a personality). Rates are per million. */
struct sim_options {
    uint64_t seed;
    bool verbose;
    enum mutant mutant;
    uint16_t nodes;
    uint16_t shards;
    uint32_t partitions;
    struct quorum quorum;
    uint32_t keys;
    uint32_t clients;
    uint64_t safety_us;  /* length of the safety phase */
    uint64_t think_us;   /* mean pause of a client between operations */
    uint64_t latency_us; /* mean one-way delay */
    uint32_t loss;       /* frames */
    uint32_t duplication;
    uint32_t slow;    /* frames that take up to 50 times as long: reordering */
    uint64_t disk_us; /* mean time of a commit or read */
    uint32_t disk_miss;
    uint64_t crash_us;     /* mean time between crashes; 0: none */
    uint64_t partition_us; /* between partitions */
    uint64_t pause_us;     /* between pauses */
    uint64_t skew_us;      /* clocks are off by up to this */
    bool tight;            /* queues and hint stores are tiny: overload is common */
    uint32_t reshard;      /* starts at which a node has another number of shards */
    uint32_t stall;        /* disk operations that take up to two seconds */
    uint64_t full_us;      /* between times in which a disk is full; 0: none */
    uint64_t skew_jump_us; /* between jumps of a clock */
    bool durable;          /* false: never in a checked run; see MUTANT_UNSYNCED */
};

void sim_options_draw(struct sim_options *options, uint64_t seed);

struct sim_result {
    bool passed;
    uint64_t hash; /* of all events */
    uint64_t events;
    uint64_t operations;   /* client operations answered */
    uint64_t acknowledged; /* writes answered OK */
    uint64_t unknown;      /* writes answered OUTCOME_UNKNOWN */
    uint64_t simulated_us;
    uint64_t crashes;
    char failure[512]; /* first thing found wrong; empty if passed */
};

void sim_run(const struct sim_options *options, struct sim_result *result);
