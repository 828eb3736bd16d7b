/* faults: the kinds of faults, each as what it does and undoes. */
#pragma once

#include "world.h"

enum fault {
    FAULT_CRASH,
    FAULT_PAUSE,
    FAULT_LONG_PAUSE,
    FAULT_CLOCK,      /* moves within what is allowed */
    FAULT_CLOCK_JUMP, /* beyond the guard, and back after a while */
    FAULT_PARTITION,
    FAULT_SWIZZLE,
    FAULT_SEVER, /* part of a swizzle: the links of one node */
    FAULT_CLOG,  /* links hold back what they carry */
    FAULT_LAG,
    FAULT_RESET,
    FAULT_FLAP,
    FAULT_SLOW_DISK,
    FAULT_FULL,
    FAULT_READ_ERRORS,
    FAULT_SYNC_FAILS,
    FAULT_AMNESIA,
    FAULT_BLACKOUT,
    FAULT_ROLLING,
    FAULT_STARVE,
    FAULT_DRIFT, /* not to drift too far */
    FAULT_STROBE,
    FAULT_SPIKE,
    FAULT_JOIN,
    FAULT_REMOVE,
    FAULT_SYNC, /* MUTANT_UNSYNCED: disks write at last */
    FAULTS
};

/* Schedules the fault's end at that node. */
void fault_end_schedule(struct world *world, uint64_t after_us, enum fault fault, uint16_t node);

/* The same fault goes on after a while, at the node that `part` names. */
void fault_part_schedule(struct world *world, uint64_t after_us, enum fault fault,
                         struct event part);
/* A fault is in force for that long, or comes in parts until then. */
void fault_lasts(struct world *world, uint64_t length_us);
uint16_t fault_draw_node(struct world *world);

/* faults_node.c */
void fault_crash(struct world *world);
void fault_pause(struct world *world);
void fault_long_pause(struct world *world);
void fault_blackout(struct world *world);
void fault_rolling(struct world *world);
void fault_rolling_part(struct world *world, const struct event *event);
void fault_starve(struct world *world);

/* faults_clock.c */
void fault_clocks_start(struct world *world);
void fault_clock(struct world *world);
void fault_clock_jump(struct world *world);
void fault_clock_jump_end(struct world *world, uint16_t node);
void fault_drift(struct world *world);
void fault_strobe(struct world *world);
void fault_strobe_part(struct world *world, const struct event *event);

/* faults_network.c */
void fault_partition(struct world *world);
void fault_partition_end(struct world *world, uint16_t node);
void fault_swizzle(struct world *world);
void fault_sever_part(struct world *world, const struct event *event);
void fault_sever_end(struct world *world, uint16_t node);
void fault_clog(struct world *world);
void fault_lag(struct world *world);
void fault_reset(struct world *world);
void fault_flap(struct world *world);
void fault_flap_part(struct world *world, const struct event *event);

/* faults_disk.c */
void fault_slow_disk(struct world *world);
void fault_full(struct world *world);
void fault_full_end(struct world *world, uint16_t node);
void fault_read_errors(struct world *world);
void fault_read_errors_end(struct world *world, uint16_t node);
void fault_sync_fails(struct world *world);
void fault_amnesia(struct world *world);
void fault_amnesia_end(struct world *world, uint16_t node);
void fault_sync(struct world *world);
