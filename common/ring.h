/* ring: positions on the ring and the equal arcs (partitions) it is cut into; the Dynamo paper's
 * strategy 3 (section 6.2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { RING_PARTITIONS_MAX = 65536 };

/* A power of two, 1 to RING_PARTITIONS_MAX. */
bool ring_partitions_valid(uint64_t partitions);
/* The partition that `position` falls into: its top bits. `partitions` is valid. */
uint32_t ring_partition(uint64_t position, uint32_t partitions);
/* The first and the last position of `partition`, which is less than `partitions`. */
void ring_partition_range(uint32_t partition, uint32_t partitions, uint64_t *first, uint64_t *last);
