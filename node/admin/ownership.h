/* ownership: how many partitions each member owns, counted from the preference lists. */
#pragma once

#include "membership.h"

struct ownership {
    uint32_t *first;  /* per member: partitions it is the first home node of */
    uint32_t *held;   /* per member: partitions it is one of the `replicas` home nodes of */
    double *due;      /* per member: how many of those it is due, by weight and zone */
    size_t replicas;  /* home nodes counted per partition: never more than there can be */
    double imbalance; /* the most that a member's `held` is off its due, as a part of the due: 0 is
                         best */
};

/* Counts the first `replicas` (> 0) of each preference list. To be freed with ownership_deinit().
 */
void ownership_init(struct ownership *ownership, const struct membership *membership,
                    size_t replicas);
void ownership_deinit(struct ownership *ownership);
