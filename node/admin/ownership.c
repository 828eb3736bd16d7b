#include "ownership.h"

#include <stdlib.h>

static void count_partitions(struct ownership *ownership, const struct membership *membership)
{
    uint16_t homes[MEMBERS_MAX];
    for (uint32_t partition = 0; partition < membership_partitions(membership); partition++) {
        size_t count =
            membership_preference_list(membership, partition, homes, ownership->replicas);
        if (count > 0)
            ownership->first[homes[0]]++;
        for (size_t at = 0; at < count; at++)
            ownership->held[homes[at]]++;
    }
}

static uint32_t weight_of(const struct membership *membership, size_t index)
{
    const struct member *member = membership_at(membership, index);
    return member->status == MEMBER_REMOVED ? 0 : member->config->weight;
}

static double worst_against_fair(const struct ownership *ownership,
                                 const struct membership *membership)
{
    size_t members = membership_count(membership);
    double weights = 0;
    for (size_t index = 0; index < members; index++)
        weights += weight_of(membership, index);
    double total = (double)membership_partitions(membership) * (double)ownership->replicas;
    double worst = 1;
    for (size_t index = 0; index < members; index++) {
        double fair = total * weight_of(membership, index) / weights;
        /* No member can hold a partition twice, however heavy it is. */
        if (fair > membership_partitions(membership))
            fair = membership_partitions(membership);
        if (fair > 0 && ownership->held[index] / fair > worst)
            worst = ownership->held[index] / fair;
    }
    return worst;
}

void ownership_init(struct ownership *ownership, const struct membership *membership,
                    size_t replicas)
{
    ensure(replicas > 0);
    size_t members = membership_count(membership);
    ensure(members > 0);
    size_t homes = membership_homes_max(membership);
    ownership->replicas = replicas < homes ? replicas : homes;
    ownership->first = calloc(members, sizeof(*ownership->first));
    ownership->held = calloc(members, sizeof(*ownership->held));
    ensure(ownership->first != NULL);
    ensure(ownership->held != NULL);
    count_partitions(ownership, membership);
    ownership->imbalance = worst_against_fair(ownership, membership);
}

void ownership_deinit(struct ownership *ownership)
{
    free(ownership->first);
    free(ownership->held);
}
