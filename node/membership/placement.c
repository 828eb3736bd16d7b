#include "placement.h"

#include <stdlib.h>
#include <string.h>

static void *zalloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    ensure(memory != NULL);
    return memory;
}

/* Tokens that each of the first `count` members should have: weighted shares, the remainders to the
 * largest fractions, earlier members first among equals. */
static void shares(const struct cluster_config *cluster, size_t count, uint32_t *wanted)
{
    uint64_t weights = 0;
    for (size_t i = 0; i < count; i++)
        weights += cluster->members[i].weight;
    uint64_t *fractions = zalloc(count, sizeof(*fractions));
    uint32_t given = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t exact = (uint64_t)cluster->partitions * cluster->members[i].weight;
        wanted[i] = (uint32_t)(exact / weights);
        fractions[i] = exact % weights + 1;
        given += wanted[i];
    }
    for (; given < cluster->partitions; given++) {
        size_t largest = 0;
        for (size_t i = 1; i < count; i++) {
            if (fractions[i] > fractions[largest])
                largest = i;
        }
        wanted[largest]++;
        fractions[largest] = 0;
    }
    free(fractions);
}

/* Member `joining` takes its tokens: around the ring at even distances, each time the next one
 * whose member has more than its new share. */
static void join(struct placement *placement, size_t joining, const uint32_t *wanted,
                 uint32_t *held)
{
    uint32_t partitions = placement->partitions;
    for (uint32_t i = 0; i < wanted[joining]; i++) {
        uint64_t spread = (uint64_t)i * partitions / wanted[joining];
        uint32_t at = (uint32_t)((spread + joining) % partitions);
        for (uint32_t step = 0; step < partitions; step++, at = (at + 1) % partitions) {
            uint16_t owner = placement->tokens[at];
            if (owner != joining && held[owner] > wanted[owner])
                break;
        }
        ensure(placement->tokens[at] != joining);
        held[placement->tokens[at]]--;
        placement->tokens[at] = (uint16_t)joining;
        held[joining]++;
    }
}

static void deal_tokens(struct placement *placement, const struct cluster_config *cluster)
{
    uint32_t *wanted = zalloc(cluster->members_count, sizeof(*wanted));
    uint32_t *held = zalloc(cluster->members_count, sizeof(*held));
    held[0] = cluster->partitions;
    for (size_t count = 2; count <= cluster->members_count; count++) {
        shares(cluster, count, wanted);
        join(placement, count - 1, wanted, held);
    }
    free(wanted);
    free(held);
}

/* What a walk has met so far. */
struct walk {
    const struct cluster_config *cluster;
    bool *taken;     /* by member index */
    uint16_t *order; /* distinct members in clockwise order from the partition */
    size_t order_count;
};

static void walk_clockwise(const struct placement *placement, uint32_t partition, struct walk *walk)
{
    size_t members = walk->cluster->members_count;
    memset(walk->taken, 0, members * sizeof(*walk->taken));
    walk->order_count = 0;
    for (uint32_t step = 0; step < placement->partitions && walk->order_count < members; step++) {
        uint16_t owner = placement->tokens[(partition + step) % placement->partitions];
        if (!walk->taken[owner]) {
            walk->taken[owner] = true;
            walk->order[walk->order_count++] = owner;
        }
    }
    /* Members without a token (more members than partitions) come last. */
    for (size_t i = 0; i < members; i++) {
        if (!walk->taken[i])
            walk->order[walk->order_count++] = (uint16_t)i;
    }
    memset(walk->taken, 0, members * sizeof(*walk->taken));
}

static bool zone_seen(const struct cluster_config *cluster, const uint16_t *list, size_t from,
                      size_t to, uint16_t candidate)
{
    for (size_t i = from; i < to; i++) {
        if (strcmp(cluster->members[list[i]].zone, cluster->members[candidate].zone) == 0)
            return true;
    }
    return false;
}

/* Rounds over the clockwise order: each round takes at most one member of each zone. Members
 * without a zone count as a zone each. */
static void pick_by_zone(struct walk *walk, uint16_t *list, size_t length)
{
    size_t filled = 0;
    while (filled < length) {
        size_t round_start = filled;
        for (size_t i = 0; i < walk->order_count && filled < length; i++) {
            uint16_t member = walk->order[i];
            bool zoned = walk->cluster->members[member].zone[0] != '\0';
            if (walk->taken[member] ||
                (zoned && zone_seen(walk->cluster, list, round_start, filled, member)))
                continue;
            walk->taken[member] = true;
            list[filled++] = member;
        }
        ensure(filled > round_start);
    }
}

void placement_init(struct placement *placement, const struct cluster_config *cluster)
{
    size_t members = cluster->members_count;
    ensure(members > 0);
    placement->partitions = cluster->partitions;
    placement->list_length = (uint16_t)(members < PREFERENCE_MAX ? members : PREFERENCE_MAX);
    placement->tokens = zalloc(cluster->partitions, sizeof(*placement->tokens));
    placement->lists =
        zalloc((size_t)cluster->partitions * placement->list_length, sizeof(*placement->lists));
    deal_tokens(placement, cluster);
    struct walk walk = {cluster, zalloc(members, sizeof(bool)), zalloc(members, sizeof(uint16_t)),
                        0};
    for (uint32_t partition = 0; partition < placement->partitions; partition++) {
        walk_clockwise(placement, partition, &walk);
        pick_by_zone(&walk, placement->lists + (size_t)partition * placement->list_length,
                     placement->list_length);
    }
    free(walk.taken);
    free(walk.order);
}

void placement_deinit(struct placement *placement)
{
    free(placement->tokens);
    free(placement->lists);
    memset(placement, 0, sizeof(*placement));
}

const uint16_t *placement_list(const struct placement *placement, uint32_t partition)
{
    ensure(partition < placement->partitions);
    return placement->lists + (size_t)partition * placement->list_length;
}
