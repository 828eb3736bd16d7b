#include <stdlib.h>
#include <string.h>

#include "placement_internal.h"

static bool listed(const uint16_t *list, size_t length, uint16_t member)
{
    for (size_t i = 0; i < length; i++) {
        if (list[i] == member)
            return true;
    }
    return false;
}

/* A list as planned, then those of the next partitions that are not in it, then (in few partitions
 * not all members are in a list at all) the others in their order. */
static void extend(const struct placement *placement, const uint16_t *planned, size_t members,
                   uint32_t partition)
{
    uint16_t *list = placement->lists + (size_t)partition * placement->list_length;
    size_t filled = 0;
    for (uint32_t step = 0; step < placement->partitions; step++) {
        uint32_t at = (partition + step) % placement->partitions;
        for (size_t rank = 0; rank < PLACEMENT_RANKS; rank++) {
            uint16_t member = planned[(size_t)at * PLACEMENT_RANKS + rank];
            if (filled == placement->list_length)
                return;
            if (member != PLACEMENT_NOBODY && !listed(list, filled, member))
                list[filled++] = member;
        }
    }
    for (uint16_t member = 0; member < members && filled < placement->list_length; member++) {
        if (!listed(list, filled, member))
            list[filled++] = member;
    }
}

void placement_init(struct placement *placement, const struct cluster_config *cluster)
{
    size_t count = cluster->members_count;
    ensure(count > 0);
    placement->partitions = cluster->partitions;
    placement->list_length = (uint16_t)(count < PREFERENCE_MAX ? count : PREFERENCE_MAX);
    placement->lists = placement_alloc((size_t)cluster->partitions * placement->list_length,
                                       sizeof(*placement->lists));
    struct placement_member *members = placement_alloc(count, sizeof(*members));
    for (size_t i = 0; i < count; i++)
        members[i] =
            (struct placement_member){cluster->members[i].weight, cluster->members[i].zone};
    size_t places = (size_t)cluster->partitions * PLACEMENT_RANKS;
    uint16_t *empty = placement_alloc(places, sizeof(*empty));
    uint16_t *planned = placement_alloc(places, sizeof(*planned));
    memset(empty, 0xff, places * sizeof(*empty));
    placement_plan(members, count, cluster->partitions, empty, planned);
    for (uint32_t partition = 0; partition < cluster->partitions; partition++)
        extend(placement, planned, count, partition);
    free(empty);
    free(planned);
    free(members);
}

void placement_deinit(struct placement *placement)
{
    free(placement->lists);
    memset(placement, 0, sizeof(*placement));
}

const uint16_t *placement_list(const struct placement *placement, uint32_t partition)
{
    ensure(partition < placement->partitions);
    return placement->lists + (size_t)partition * placement->list_length;
}
