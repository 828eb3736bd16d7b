/* placement: which member owns which arc of the ring, as a pure function of the members in join
 * order (the paper, 6.2, strategy 3: Q equal partitions). Each partition is a virtual node, a token
 * of one member; a preference list walks the tokens clockwise over distinct members, one zone after
 * the other.
 *
 * Each member joins by taking its share of tokens from those that have more than theirs, at even
 * distances around the ring. So nothing else moves, and the same members in the same order give the
 * same ring on every node. */
#pragma once

#include "membership.h"

enum { PREFERENCE_MAX = 12 /* N is at most 7; the rest can stand in */ };

struct placement {
    uint32_t partitions;
    uint16_t list_length; /* of every preference list: min(members, PREFERENCE_MAX) */
    uint16_t *tokens;     /* partition -> index of the member whose token it is */
    uint16_t *lists;      /* partition * list_length + rank -> member index */
};

/* `cluster` has passed cluster_config_check(). */
void placement_init(struct placement *placement, const struct cluster_config *cluster);
void placement_deinit(struct placement *placement);
/* The preference list of a partition: list_length member indexes. */
const uint16_t *placement_list(const struct placement *placement, uint32_t partition);
