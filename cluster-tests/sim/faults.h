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
    FAULT_CLOG, /* part of a swizzle: the links of one node */
    FAULT_FULL,
    FAULT_READ_ERRORS,
    FAULT_SYNC_FAILS,
    FAULT_AMNESIA,
    FAULT_SYNC, /* MUTANT_UNSYNCED: disks write at last */
    FAULTS
};

/* Schedules the fault's end at that node. */
void fault_end_schedule(struct world *world, uint64_t after_us, enum fault fault, uint16_t node);

/* faults_node.c */
void fault_crash(struct world *world);
void fault_pause(struct world *world);
void fault_long_pause(struct world *world);
void fault_clock(struct world *world);
void fault_clock_jump(struct world *world);
void fault_clock_jump_end(struct world *world, uint16_t node);

/* faults_network.c */
void fault_partition(struct world *world);
void fault_partition_end(struct world *world, uint16_t node);
void fault_swizzle(struct world *world);
void fault_clog(struct world *world, uint16_t node);
void fault_clog_end(struct world *world, uint16_t node);

/* faults_disk.c */
void fault_full(struct world *world);
void fault_full_end(struct world *world, uint16_t node);
void fault_read_errors(struct world *world);
void fault_read_errors_end(struct world *world, uint16_t node);
void fault_sync_fails(struct world *world);
void fault_amnesia(struct world *world);
void fault_amnesia_end(struct world *world, uint16_t node);
void fault_sync(struct world *world);
