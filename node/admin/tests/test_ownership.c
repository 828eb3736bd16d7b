#include "test_main.h"
#include <stdlib.h>

#include "members.h"
#include "ownership.h"

enum { PARTITIONS = 64 };

/* Members named a, b, c... with these weights. */
static void make_members(struct membership *members, const uint32_t *weights, size_t count)
{
    static char names[][2] = {"a", "b", "c", "d", "e", "f"};
    static char addresses[][8] = {"h:1", "h:2", "h:3", "h:4", "h:5", "h:6"};
    static char zone[] = "";
    static char cluster_name[] = "test";
    struct member_config configs[array_size(names)];
    ensure(count <= array_size(names));
    for (size_t index = 0; index < count; index++)
        configs[index] =
            (struct member_config){names[index], addresses[index], zone, weights[index]};
    struct cluster_config cluster = {cluster_name, PARTITIONS, configs, count};
    struct peer_identity self = {.id = 1 << 16, .name = "a", .shards = 1, .incarnation = 1};
    members_init(members, &cluster);
    members_set_self(members, &self);
}

static void check_sums(const struct ownership *ownership, size_t members)
{
    uint32_t first = 0;
    uint32_t held = 0;
    for (size_t index = 0; index < members; index++) {
        ck_assert_uint_le(ownership->first[index], ownership->held[index]);
        ck_assert_uint_le(ownership->held[index], PARTITIONS);
        first += ownership->first[index];
        held += ownership->held[index];
    }
    ck_assert_uint_eq(first, PARTITIONS);
    ck_assert_uint_eq(held, PARTITIONS * ownership->replicas);
}

START_TEST(test_every_size)
{
    static const uint32_t weights[] = {100, 100, 100, 100, 100, 100};
    for (size_t members = 1; members <= array_size(weights); members++) {
        for (size_t replicas = 1; replicas <= 7; replicas++) {
            struct membership membership;
            make_members(&membership, weights, members);
            struct ownership ownership;
            ownership_init(&ownership, &membership, replicas);
            ck_assert_uint_eq(ownership.replicas, replicas < members ? replicas : members);
            check_sums(&ownership, members);
            ck_assert_double_ge(ownership.imbalance, 0);
            ck_assert_double_le(ownership.imbalance, 0.1);
            ownership_deinit(&ownership);
            members_deinit(&membership);
        }
    }
}
END_TEST

START_TEST(test_weights)
{
    static const uint32_t weights[] = {300, 100, 100, 100};
    struct membership membership;
    make_members(&membership, weights, array_size(weights));
    struct ownership ownership;
    ownership_init(&ownership, &membership, 1);
    check_sums(&ownership, array_size(weights));
    ck_assert_uint_ge(ownership.first[0], PARTITIONS * 4 / 10);
    ck_assert_double_eq_tol(ownership.due[0], PARTITIONS * 3 / 6.0, 0.001);
    ck_assert_double_le(ownership.imbalance, 0.1);
    ownership_deinit(&ownership);
    members_deinit(&membership);
}
END_TEST

TEST_MAIN("ownership", test_every_size, test_weights)
