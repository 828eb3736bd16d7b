#include "ring.h"

#include "ensure.h"

bool ring_partitions_valid(uint64_t partitions)
{
    return partitions > 0 && partitions <= RING_PARTITIONS_MAX &&
           (partitions & (partitions - 1)) == 0;
}

/* Bits of a position that lie inside one partition. */
static unsigned arc_bits(uint32_t partitions)
{
    ensure(ring_partitions_valid(partitions));
    return 64 - (unsigned)__builtin_ctz(partitions);
}

uint32_t ring_partition(uint64_t position, uint32_t partitions)
{
    unsigned bits = arc_bits(partitions);
    return bits == 64 ? 0 : (uint32_t)(position >> bits);
}

void ring_partition_range(uint32_t partition, uint32_t partitions, uint64_t *first, uint64_t *last)
{
    unsigned bits = arc_bits(partitions);
    ensure(partition < partitions);
    *first = bits == 64 ? 0 : (uint64_t)partition << bits;
    *last = *first + (UINT64_MAX >> (64 - bits));
}
