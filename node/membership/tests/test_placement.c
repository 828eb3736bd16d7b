/* Placement: the lists that a cluster is born with. */
#include "members.h"
#include "placement.h"

#include <stdio.h>
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

/* A partition's list, and behind it who can stand in. */
struct list {
    uint16_t members[PREFERENCE_MAX];
    size_t length;
};

static struct list list_of(const struct membership *membership, uint32_t partition)
{
    struct list list;
    list.length = membership_stand_in_list(membership, partition, list.members, PREFERENCE_MAX);
    return list;
}

static void check_list(const struct list *of, uint32_t partition, size_t members)
{
    bool met[MEMBERS_MOST] = {false};
    const uint16_t *list = of->members;
    for (size_t rank = 0; rank < of->length; rank++) {
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
            struct membership membership;
            shape_init(&shape, sizes[q], members, 0);
            members_init(&membership, &shape.cluster);
            size_t wanted = members < PREFERENCE_MAX ? members : PREFERENCE_MAX;
            for (uint32_t partition = 0; partition < sizes[q]; partition++) {
                struct list list = list_of(&membership, partition);
                ck_assert_uint_eq(list.length, wanted);
                check_list(&list, partition, members);
            }
            members_deinit(&membership);
        }
    }
}
END_TEST

START_TEST(the_first_of_each_list_are_in_distinct_zones)
{
    for (unsigned zones = 2; zones <= 4; zones++) {
        for (size_t members = zones; members <= 12; members++) {
            struct shape shape;
            struct membership membership;
            shape_init(&shape, 256, members, zones);
            members_init(&membership, &shape.cluster);
            for (uint32_t partition = 0; partition < 256; partition++) {
                struct list list = list_of(&membership, partition);
                unsigned met = 0;
                for (size_t rank = 0; rank < zones; rank++)
                    met |= 1U << (list.members[rank] % zones);
                ck_assert_uint_eq(met, (1U << zones) - 1);
            }
            members_deinit(&membership);
        }
    }
}
END_TEST

START_TEST(one_large_zone_does_not_stop_the_list)
{
    struct shape shape;
    struct membership membership;
    shape_init(&shape, 64, 6, 1);
    strcpy(shape.zones[5], "other");
    members_init(&membership, &shape.cluster);
    for (uint32_t partition = 0; partition < 64; partition++) {
        struct list list = list_of(&membership, partition);
        check_list(&list, partition, 6);
        ck_assert_msg(list.members[0] == 5 || list.members[1] == 5, "partition %u", partition);
    }
    members_deinit(&membership);
}
END_TEST

START_TEST(equal_configurations_give_equal_rings)
{
    struct shape shape, twin;
    struct membership one, other;
    shape_init(&shape, 512, 11, 3);
    shape_init(&twin, 512, 11, 3);
    members_init(&one, &shape.cluster);
    members_init(&other, &twin.cluster);
    for (uint32_t partition = 0; partition < 512; partition++) {
        struct list of_one = list_of(&one, partition), of_other = list_of(&other, partition);
        ck_assert_uint_eq(of_one.length, of_other.length);
        ck_assert_mem_eq(of_one.members, of_other.members, of_one.length * sizeof(*of_one.members));
    }
    members_deinit(&one);
    members_deinit(&other);
}
END_TEST

/* First places of each member against its exact share, within rounding and the planner's slack. */
static void check_shares(const struct shape *shape, const struct membership *membership)
{
    const struct cluster_config *cluster = &shape->cluster;
    uint64_t weights = 0;
    uint64_t held[MEMBERS_MOST] = {0};
    for (size_t i = 0; i < cluster->members_count; i++)
        weights += cluster->members[i].weight;
    for (uint32_t partition = 0; partition < cluster->partitions; partition++)
        held[list_of(membership, partition).members[0]]++;
    for (size_t i = 0; i < cluster->members_count; i++) {
        uint64_t exact = (uint64_t)cluster->partitions * cluster->members[i].weight;
        ck_assert_uint_ge(held[i] + exact / weights / 64, exact / weights);
        ck_assert_uint_le(held[i], (exact + weights - 1) / weights + exact / weights / 64);
    }
}

START_TEST(first_places_follow_the_weights)
{
    static const uint32_t weights[] = {100, 200, 50, 100, 1000, 10, 300, 100, 150, 1, 10000, 100};
    for (size_t members = 1; members <= array_size(weights); members++) {
        for (unsigned weighted = 0; weighted < 2; weighted++) {
            struct shape shape;
            struct membership membership;
            shape_init(&shape, 1024, members, 0);
            for (size_t i = 0; i < members && weighted; i++)
                shape.members[i].weight = weights[i];
            members_init(&membership, &shape.cluster);
            check_shares(&shape, &membership);
            members_deinit(&membership);
        }
    }
}
END_TEST

/* Behind the planned ranks: members of the next partitions' lists, nearest first. */
START_TEST(stand_ins_are_found_by_walking_clockwise)
{
    enum { PARTITIONS = 128, MEMBERS = 20 };
    struct shape shape;
    struct membership membership;
    shape_init(&shape, PARTITIONS, MEMBERS, 0);
    members_init(&membership, &shape.cluster);
    for (uint32_t partition = 0; partition < PARTITIONS; partition++) {
        struct list list = list_of(&membership, partition);
        struct list next = list_of(&membership, (partition + 1) % PARTITIONS);
        size_t at = PLACEMENT_RANKS;
        for (size_t rank = 0; rank < PLACEMENT_RANKS && at < PREFERENCE_MAX; rank++) {
            bool listed = false;
            for (size_t i = 0; i < PLACEMENT_RANKS; i++)
                listed |= list.members[i] == next.members[rank];
            if (!listed)
                ck_assert_uint_eq(list.members[at++], next.members[rank]);
        }
    }
    members_deinit(&membership);
}
END_TEST

TEST_MAIN("placement", every_partition_lists_distinct_members,
          the_first_of_each_list_are_in_distinct_zones, one_large_zone_does_not_stop_the_list,
          equal_configurations_give_equal_rings, first_places_follow_the_weights,
          stand_ins_are_found_by_walking_clockwise)
