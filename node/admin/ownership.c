#include "ownership.h"

#include <math.h>
#include <stdlib.h>

#include "placement.h"

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

static void set_due(struct ownership *ownership, const struct membership *membership)
{
    size_t count = membership_count(membership);
    struct placement_member *members = calloc(count, sizeof(*members));
    struct placement_due *due = calloc(count, sizeof(*due));
    ensure(members != NULL);
    ensure(due != NULL);
    for (size_t index = 0; index < count; index++) {
        const struct member *member = membership_at(membership, index);
        members[index].zone = member->config->zone;
        if (member->status != MEMBER_REMOVED)
            members[index].weight = member->config->weight;
    }
    placement_due(members, count, membership_partitions(membership), ownership->replicas, due);
    for (size_t index = 0; index < count; index++)
        ownership->due[index] = (double)due[index].numerator / (double)due[index].denominator;
    free(members);
    free(due);
}

static double worst_off(const struct ownership *ownership, size_t members)
{
    double worst = 0;
    for (size_t index = 0; index < members; index++) {
        double due = ownership->due[index];
        double off = fabs(ownership->held[index] - due);
        if (due > 0 && off / due > worst)
            worst = off / due;
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
    ownership->due = calloc(members, sizeof(*ownership->due));
    ensure(ownership->first != NULL);
    ensure(ownership->held != NULL);
    ensure(ownership->due != NULL);
    count_partitions(ownership, membership);
    set_due(ownership, membership);
    ownership->imbalance = worst_off(ownership, members);
}

void ownership_deinit(struct ownership *ownership)
{
    free(ownership->first);
    free(ownership->held);
    free(ownership->due);
}
