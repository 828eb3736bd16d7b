/* Placement: who owns what, how evenly, and how little moves when a member joins. */
#include "placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"

enum { MEMBERS_MOST = 24 };

/* A configuration whose members are made up as tests need them. */
struct shape {
    struct cluster_config cluster;
    struct member_config members[MEMBERS_MOST];
    char names[MEMBERS_MOST][8];
    char addresses[MEMBERS_MOST][24];
    char zones[MEMBERS_MOST][8];
};

/* `zones` 0: none. */
static void shape_init(struct shape *shape, uint32_t partitions, size_t members, unsigned zones)
{
    memset(shape, 0, sizeof(*shape));
    for (unsigned i = 0; i < members; i++) {
        snprintf(shape->names[i], sizeof(shape->names[i]), "n%u", i + 1);
        snprintf(shape->addresses[i], sizeof(shape->addresses[i]), "127.0.0.%u:7000", i + 1);
        if (zones > 0)
            snprintf(shape->zones[i], sizeof(shape->zones[i]), "z%u", i % zones);
        shape->members[i] =
            (struct member_config){shape->names[i], shape->addresses[i], shape->zones[i], 100};
    }
    shape->cluster =
        (struct cluster_config){(char *)(uintptr_t) "test", partitions, shape->members, members};
}

static void check_list(const struct placement *placement, uint32_t partition, size_t members)
{
    bool met[MEMBERS_MOST] = {false};
    const uint16_t *list = placement_list(placement, partition);
    for (size_t rank = 0; rank < placement->list_length; rank++) {
        ck_assert_uint_lt(list[rank], members);
        ck_assert_msg(!met[list[rank]], "partition %u lists member %u twice", partition,
                      list[rank]);
        met[list[rank]] = true;
    }
}

START_TEST(every_partition_lists_distinct_members)
{
    static const uint32_t sizes[] = {1, 2, 8, 64, 256};
    for (size_t q = 0; q < array_size(sizes); q++) {
        for (size_t members = 1; members <= MEMBERS_MOST; members++) {
            struct shape shape;
            struct placement placement;
            shape_init(&shape, sizes[q], members, 0);
            placement_init(&placement, &shape.cluster);
            size_t wanted = members < PREFERENCE_MAX ? members : PREFERENCE_MAX;
            ck_assert_uint_eq(placement.list_length, wanted);
            for (uint32_t partition = 0; partition < sizes[q]; partition++) {
                check_list(&placement, partition, members);
                if (members <= sizes[q])
                    ck_assert_uint_eq(placement_list(&placement, partition)[0],
                                      placement.tokens[partition]);
            }
            placement_deinit(&placement);
        }
    }
}
END_TEST

START_TEST(the_first_of_each_list_are_in_distinct_zones)
{
    for (unsigned zones = 2; zones <= 4; zones++) {
        for (size_t members = zones; members <= 12; members++) {
            struct shape shape;
            struct placement placement;
            shape_init(&shape, 256, members, zones);
            placement_init(&placement, &shape.cluster);
            for (uint32_t partition = 0; partition < 256; partition++) {
                const uint16_t *list = placement_list(&placement, partition);
                unsigned met = 0;
                for (size_t rank = 0; rank < zones; rank++)
                    met |= 1U << (list[rank] % zones);
                ck_assert_uint_eq(met, (1U << zones) - 1);
            }
            placement_deinit(&placement);
        }
    }
}
END_TEST

START_TEST(one_large_zone_does_not_stop_the_list)
{
    struct shape shape;
    struct placement placement;
    shape_init(&shape, 64, 6, 1);
    strcpy(shape.zones[5], "other");
    placement_init(&placement, &shape.cluster);
    for (uint32_t partition = 0; partition < 64; partition++) {
        const uint16_t *list = placement_list(&placement, partition);
        check_list(&placement, partition, 6);
        ck_assert_msg(list[0] == 5 || list[1] == 5, "partition %u", partition);
    }
    placement_deinit(&placement);
}
END_TEST

START_TEST(equal_configurations_give_equal_rings)
{
    struct shape shape, twin;
    struct placement one, other;
    shape_init(&shape, 512, 11, 3);
    shape_init(&twin, 512, 11, 3);
    placement_init(&one, &shape.cluster);
    placement_init(&other, &twin.cluster);
    ck_assert_mem_eq(one.tokens, other.tokens, 512 * sizeof(*one.tokens));
    ck_assert_mem_eq(one.lists, other.lists, 512 * sizeof(*one.lists) * one.list_length);
    placement_deinit(&one);
    placement_deinit(&other);
}
END_TEST

/* Tokens of each member against its exact share, within one. */
static void check_shares(const struct shape *shape, const struct placement *placement)
{
    const struct cluster_config *cluster = &shape->cluster;
    uint64_t weights = 0;
    uint64_t held[MEMBERS_MOST] = {0};
    for (size_t i = 0; i < cluster->members_count; i++)
        weights += cluster->members[i].weight;
    for (uint32_t partition = 0; partition < cluster->partitions; partition++)
        held[placement->tokens[partition]]++;
    for (size_t i = 0; i < cluster->members_count; i++) {
        uint64_t exact = (uint64_t)cluster->partitions * cluster->members[i].weight;
        ck_assert_uint_ge(held[i], exact / weights);
        ck_assert_uint_le(held[i], (exact + weights - 1) / weights);
    }
}

START_TEST(tokens_follow_the_weights_within_one)
{
    static const uint32_t weights[] = {100, 200, 50, 100, 1000, 10, 300, 100, 150, 1, 10000, 100};
    for (size_t members = 1; members <= array_size(weights); members++) {
        for (unsigned weighted = 0; weighted < 2; weighted++) {
            struct shape shape;
            struct placement placement;
            shape_init(&shape, 1024, members, 0);
            for (size_t i = 0; i < members && weighted; i++)
                shape.members[i].weight = weights[i];
            placement_init(&placement, &shape.cluster);
            check_shares(&shape, &placement);
            placement_deinit(&placement);
        }
    }
}
END_TEST

/* Measured with Q = 256 and Q = 1024, N = 3 and members of equal weight: the fullest of 3 to 12
 * members is a home node of 110 % of the mean (of 4 members; 106 % of 5, else at most 104 %), and
 * one member joining 1 to 10 others moves 110 % of the least (joining 3; 106 % joining 4, else at
 * most 103 %). With three zones a newcomer moves up to 170 %: where it stands in the walk, others
 * of its zone are passed over. PLACEMENT_FIGURES in the environment prints them all. */
enum {
    N = 3,
    IMBALANCE_PERCENT_MAX = 112,
    MOVEMENT_PERCENT_MAX = 112,
    MOVEMENT_ZONED_PERCENT_MAX = 175
};

/* The largest number of partitions that one member is a home node of, relative to the mean, in
 * percent. */
static unsigned worst_load_percent(uint32_t partitions, size_t members)
{
    struct shape shape;
    struct placement placement;
    unsigned homes[MEMBERS_MOST] = {0};
    unsigned most = 0;
    shape_init(&shape, partitions, members, 0);
    placement_init(&placement, &shape.cluster);
    for (uint32_t partition = 0; partition < partitions; partition++) {
        for (size_t rank = 0; rank < N; rank++)
            homes[placement_list(&placement, partition)[rank]]++;
    }
    for (size_t i = 0; i < members; i++)
        most = homes[i] > most ? homes[i] : most;
    placement_deinit(&placement);
    return (unsigned)(most * members * 100 / (partitions * N));
}

START_TEST(replicas_are_spread_evenly)
{
    static const uint32_t sizes[] = {256, 1024};
    for (size_t q = 0; q < array_size(sizes); q++) {
        for (size_t members = 3; members <= 12; members++) {
            unsigned worst = worst_load_percent(sizes[q], members);
            if (getenv("PLACEMENT_FIGURES") != NULL)
                printf("Q=%u members=%zu: fullest member has %u %% of the mean\n", sizes[q],
                       members, worst);
            ck_assert_uint_le(worst, IMBALANCE_PERCENT_MAX);
        }
    }
}
END_TEST

static bool is_home(const struct placement *placement, uint32_t partition, uint16_t member)
{
    const uint16_t *list = placement_list(placement, partition);
    for (size_t rank = 0; rank < N && rank < placement->list_length; rank++) {
        if (list[rank] == member)
            return true;
    }
    return false;
}

/* Pairs of partition and home node that come to be when one member joins `members` others, in
 * percent of the least: the newcomer's fair share. */
static unsigned movement_percent(uint32_t partitions, size_t members, unsigned zones)
{
    struct shape shape;
    struct placement before, after;
    unsigned moved = 0;
    shape_init(&shape, partitions, members + 1, zones);
    placement_init(&after, &shape.cluster);
    shape.cluster.members_count = members;
    placement_init(&before, &shape.cluster);
    for (uint32_t partition = 0; partition < partitions; partition++) {
        for (size_t rank = 0; rank < N && rank < after.list_length; rank++)
            moved += !is_home(&before, partition, placement_list(&after, partition)[rank]);
    }
    placement_deinit(&before);
    placement_deinit(&after);
    size_t homes = members + 1 < N ? members + 1 : N;
    return (unsigned)(moved * (members + 1) * 100 / (partitions * homes));
}

static void check_movement(unsigned zones, unsigned most)
{
    static const uint32_t sizes[] = {256, 1024};
    for (size_t q = 0; q < array_size(sizes); q++) {
        for (size_t members = 1; members <= 10; members++) {
            unsigned moved = movement_percent(sizes[q], members, zones);
            if (getenv("PLACEMENT_FIGURES") != NULL)
                printf("Q=%u zones=%u, one joins %zu: %u %% of the least moves\n", sizes[q], zones,
                       members, moved);
            ck_assert_uint_le(moved, most);
        }
    }
}

START_TEST(a_newcomer_moves_little_more_than_its_share)
{
    check_movement(0, MOVEMENT_PERCENT_MAX);
}
END_TEST

START_TEST(a_newcomer_among_zones_moves_more)
{
    check_movement(3, MOVEMENT_ZONED_PERCENT_MAX);
}
END_TEST

TEST_MAIN("placement", every_partition_lists_distinct_members,
          the_first_of_each_list_are_in_distinct_zones, one_large_zone_does_not_stop_the_list,
          equal_configurations_give_equal_rings, tokens_follow_the_weights_within_one,
          replicas_are_spread_evenly, a_newcomer_moves_little_more_than_its_share,
          a_newcomer_among_zones_moves_more)
