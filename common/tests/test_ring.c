#include "ring.h"

#include "test_main.h"

START_TEST(partition_counts)
{
    ck_assert(ring_partitions_valid(1));
    ck_assert(ring_partitions_valid(256));
    ck_assert(ring_partitions_valid(65536));
    ck_assert(!ring_partitions_valid(0));
    ck_assert(!ring_partitions_valid(3));
    ck_assert(!ring_partitions_valid(131072));
    ck_assert(!ring_partitions_valid(UINT64_C(1) << 40));
}
END_TEST

START_TEST(arcs_cover_the_ring_without_gaps)
{
    for (uint32_t partitions = 1; partitions <= RING_PARTITIONS_MAX; partitions *= 2) {
        uint64_t expected_first = 0;
        for (uint32_t partition = 0; partition < partitions; partition++) {
            uint64_t first;
            uint64_t last;
            ring_partition_range(partition, partitions, &first, &last);
            ck_assert(first == expected_first && first <= last);
            ck_assert(ring_partition(first, partitions) == partition);
            ck_assert(ring_partition(last, partitions) == partition);
            ck_assert(ring_partition(first + (last - first) / 2, partitions) == partition);
            expected_first = last + 1;
        }
        ck_assert_uint_eq(expected_first, 0);
    }
}
END_TEST

TEST_MAIN("ring", partition_counts, arcs_cover_the_ring_without_gaps)
