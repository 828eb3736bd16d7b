/* placement_shares: how many partitions each member is due, by weight, among the first so many ranks
 * of the preference lists. A member cannot stand twice in a list, and zones go before weights:
 *
 *     ranks <= zones   a zone stands at most once in each list, however heavy it is
 *     ranks >= zones   a zone stands at least once in each list, however light it is
 *
 * What that takes from one is shared out among the others by weight. Everything is exact: no
 * floating point, so that each machine computes the same. */
#pragma once

#include "placement.h"

struct placement_shares {
    const struct placement_member *members; /* borrowed */
    size_t count;
    uint32_t partitions;
    size_t weighted;        /* members with weight: the others count for nothing */
    size_t zones_count;     /* zones with such a member; one without a zone is a zone of its own */
    uint16_t *zones;        /* by member: the first member of its zone, which stands for the zone */
    uint16_t *zone_next;    /* by member: the next of its zone, or PLACEMENT_NOBODY */
    uint64_t *zone_weights; /* by zone */
};

void placement_shares_init(struct placement_shares *shares, const struct placement_member *members,
                           size_t count, uint32_t partitions);
void placement_shares_deinit(struct placement_shares *shares);
/* The due of each member among the first `ranks` (<= weighted), exactly. */
void placement_shares_due(const struct placement_shares *shares, size_t ranks,
                          struct placement_due *due);
/* The same in whole partitions, such that the sum is right and little moves: who holds (`held`, by
 * member) nearly its due keeps that. Others get their due rounded down, and what is then missing or
 * too much goes to or comes from those that are farthest off; first, though, from those whose `gaps`
 * are less than 0, and to those whose are more (by member; NULL: none). Nobody gets more than `most`
 * (by member; NULL: no limit) unless there is no other way. */
void placement_shares_wanted(const struct placement_shares *shares, size_t ranks,
                             const uint32_t *held, const int64_t *gaps, const uint32_t *most,
                             uint32_t *wanted);
