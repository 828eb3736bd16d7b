/* placement_internal: the plan under way, which placement_plan.c (who stands in which list) and
 * placement_order.c (who comes first there) share. */
#pragma once

#include <stdlib.h>

#include "placement_shares.h"

static inline void *placement_alloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    ensure(memory != NULL);
    return memory;
}

struct plan {
    struct placement_shares shares;
    uint32_t partitions;
    size_t length;           /* of every list: min(PLACEMENT_RANKS, members with weight) */
    size_t spread;           /* the first so many of each list are in different zones */
    const uint16_t *current; /* borrowed */
    uint16_t *lists;         /* borrowed: partitions * PLACEMENT_RANKS */
    uint32_t *order;    /* the partitions, shuffled: what is chosen one after the other is spread
                                over the ring */
    int64_t *rank_gaps; /* the same among the first ranks, while those are dealt; else NULL */
    int64_t *gaps;      /* by member: how many places it is still due; less than 0: too many */
};

static inline uint16_t *plan_list(const struct plan *plan, uint32_t partition)
{
    return plan->lists + (size_t)partition * PLACEMENT_RANKS;
}

static inline uint16_t plan_zone(const struct plan *plan, uint16_t member)
{
    return plan->shares.zones[member];
}

/* The rank below `ranks` at which the zone stands in a list, leaving out `except`, or `ranks`. */
size_t plan_rank_of_zone(const struct plan *plan, const uint16_t *list, size_t ranks, size_t except,
                         uint16_t zone);
/* May the member stand at that rank instead of whoever does: it is not in the list, and among the
 * first its zone is not. */
bool plan_fits(const struct plan *plan, const uint16_t *list, size_t rank, uint16_t member);
/* Counts into `held`, by member, the first `ranks` of all lists. */
void plan_count(const struct plan *plan, const uint16_t *lists, size_t ranks, uint32_t *held);
/* Brings full lists to what is due among each of the first ranks, by changing the order within them;
 * by changing who stands in a list only if nothing else helps. */
void plan_order(struct plan *plan);
