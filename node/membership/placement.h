/* placement: which members own which arc of the ring (the paper, 6.2, strategy 3: Q equal
 * partitions), as a pure function of the members and of what they own now.
 *
 * Each partition has a list of members. The first N of it are the home nodes of the items of tables
 * with N replicas, so the lists are balanced at each length: planned, not walked. Who is due how
 * much: placement_shares.h. */
#pragma once

#include "membership.h"

enum {
    PLACEMENT_RANKS = REPLICAS_MAX, /* of a list */
    PLACEMENT_NOBODY = 0xffff       /* where no member stands */
};

struct placement_member {
    uint32_t weight;  /* 0: leaves, or is not there: holds nothing */
    const char *zone; /* "" none */
};

/* From the lists as they are (partitions * PLACEMENT_RANKS member numbers, PLACEMENT_NOBODY where
 * nobody stands; numbers from `count` on count as nobody) to those wanted, of the same shape:
 * min(PLACEMENT_RANKS, members with weight) distinct members for each partition, so that
 *
 * - the first of a list, as many as there are zones, are in different zones;
 * - among the first n of all lists, for each n, each member has its share by weight, as far as zones
 *   and distinct members allow it: rounded, or nearly so;
 * - the fewest members are new among the first three of a list (the usual N), and nearly the fewest
 *   among the first n for other n. Their order within the first three costs nothing.
 *
 * The same on every machine. A member that takes another's place for good, of the same zone and
 * weight, takes over exactly its places if it has its number in `current`. At least one member has
 * weight. `current` and `target` do not overlap. */
void placement_plan(const struct placement_member *members, size_t count, uint32_t partitions,
                    const uint16_t *current, uint16_t *target);

/* A share in partitions: a fraction, exact. */
struct placement_due {
    uint64_t numerator;
    uint64_t denominator;
};

/* What each member is due among the first `ranks` of all lists (as many as there are members with
 * weight, if they are fewer). At least one member has weight. */
void placement_due(const struct placement_member *members, size_t count, uint32_t partitions,
                   size_t ranks, struct placement_due *due);
