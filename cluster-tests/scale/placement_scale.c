/* placement_scale: what planning costs and moves in large clusters, for docs/scale.md.
 *
 * Usage: placement_scale [PARTITIONS MEMBERS ZONES]   default: the table of docs/scale.md */
#include "placement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RANKS_USUAL = 3, ZONES_MAX = 64, BYTES_PER_PARTITION = PLACEMENT_RANKS * sizeof(uint16_t) };

/* A cluster of members that are alike, in zones of equal size (0: none). */
struct cluster {
    uint32_t partitions;
    struct placement_member *members; /* one more than there are at first */
    size_t count;
    char zones[ZONES_MAX][16];
    uint16_t *lists;
    uint16_t *planned;
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    ensure(memory != NULL);
    return memory;
}

static void cluster_init(struct cluster *cluster, uint32_t partitions, size_t members,
                         unsigned zones)
{
    memset(cluster, 0, sizeof(*cluster));
    cluster->partitions = partitions;
    cluster->count = members + 1;
    cluster->members = allocate(cluster->count, sizeof(*cluster->members));
    for (unsigned i = 0; i < zones; i++)
        snprintf(cluster->zones[i], sizeof(cluster->zones[i]), "z%u", i);
    for (size_t i = 0; i < cluster->count; i++)
        cluster->members[i] = (struct placement_member){
            i < members ? 100 : 0, zones == 0 ? "" : cluster->zones[i % zones]};
    size_t places = (size_t)partitions * PLACEMENT_RANKS;
    cluster->lists = allocate(places, sizeof(*cluster->lists));
    cluster->planned = allocate(places, sizeof(*cluster->planned));
    memset(cluster->lists, 0xff, places * sizeof(*cluster->lists));
}

static void cluster_deinit(struct cluster *cluster)
{
    free(cluster->members);
    free(cluster->lists);
    free(cluster->planned);
}

/* Returns the time it took, in milliseconds of this process. */
static double plan(struct cluster *cluster)
{
    clock_t start = clock();
    placement_plan(cluster->members, cluster->count, cluster->partitions, cluster->lists,
                   cluster->planned);
    return (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
}

static void adopt(struct cluster *cluster)
{
    uint16_t *before = cluster->lists;
    cluster->lists = cluster->planned;
    cluster->planned = before;
}

static bool in_list(const uint16_t *list, uint16_t member)
{
    for (size_t rank = 0; rank < RANKS_USUAL; rank++) {
        if (list[rank] == member)
            return true;
    }
    return false;
}

/* Copies of partitions at N = 3 that have to be made anew. */
static unsigned count_moved(const struct cluster *cluster)
{
    unsigned moved = 0;
    for (uint32_t partition = 0; partition < cluster->partitions; partition++) {
        size_t at = (size_t)partition * PLACEMENT_RANKS;
        for (size_t rank = 0; rank < RANKS_USUAL; rank++)
            moved += !in_list(cluster->lists + at, cluster->planned[at + rank]);
    }
    return moved;
}

/* How far the worst member is off its due among the first 1 and 3, in percent. */
static double worst_off(const struct cluster *cluster, size_t ranks)
{
    struct placement_due *due = allocate(cluster->count, sizeof(*due));
    uint32_t *held = allocate(cluster->count, sizeof(*held));
    double worst = 0;
    placement_due(cluster->members, cluster->count, cluster->partitions, ranks, due);
    for (uint32_t partition = 0; partition < cluster->partitions; partition++) {
        for (size_t rank = 0; rank < ranks; rank++)
            held[cluster->planned[(size_t)partition * PLACEMENT_RANKS + rank]]++;
    }
    for (size_t i = 0; i < cluster->count; i++) {
        double share = (double)due[i].numerator / (double)due[i].denominator;
        if (share > 0)
            worst = fmax(worst, fabs(held[i] - share) * 100 / share);
    }
    free(due);
    free(held);
    return worst;
}

/* What balance alone takes: the newcomer's due, or what the leaver held. */
static unsigned count_due(const struct cluster *cluster, uint16_t leaver)
{
    if (leaver == PLACEMENT_NOBODY) {
        struct placement_due *due = allocate(cluster->count, sizeof(*due));
        placement_due(cluster->members, cluster->count, cluster->partitions, RANKS_USUAL, due);
        struct placement_due newcomer = due[cluster->count - 1];
        free(due);
        return (unsigned)(newcomer.numerator / newcomer.denominator);
    }
    unsigned held = 0;
    for (uint32_t partition = 0; partition < cluster->partitions; partition++)
        held += in_list(cluster->lists + (size_t)partition * PLACEMENT_RANKS, leaver);
    return held;
}

static void measure(uint32_t partitions, size_t members, unsigned zones)
{
    struct cluster cluster;
    cluster_init(&cluster, partitions, members, zones);
    double birth_ms = plan(&cluster);
    double off[] = {worst_off(&cluster, 1), worst_off(&cluster, RANKS_USUAL)};
    adopt(&cluster);
    cluster.members[members].weight = 100;
    double join_ms = plan(&cluster);
    unsigned joined = count_moved(&cluster);
    unsigned join_due = count_due(&cluster, PLACEMENT_NOBODY);
    adopt(&cluster);
    cluster.members[0].weight = 0;
    double leave_ms = plan(&cluster);
    unsigned left = count_moved(&cluster);
    printf("| %u | %zu | %u | %.2f %% | %.2f %% | %u of %u | %u of %u | %.0f, %.0f, %.0f | %zu |\n",
           partitions, members, zones, off[0], off[1], joined, join_due, left,
           count_due(&cluster, 0), birth_ms, join_ms, leave_ms,
           (size_t)partitions * BYTES_PER_PARTITION / 1024);
    cluster_deinit(&cluster);
}

int main(int count, char **arguments)
{
    static const struct {
        uint32_t partitions;
        size_t members;
        unsigned zones;
    } table[] = {{256, 3, 0},      {256, 3, 3},      {1024, 15, 3},
                 {8192, 100, 0},   {65536, 100, 0},  {65536, 300, 3},
                 {65536, 1000, 0}, {65536, 1000, 3}, {65536, 1000, 10}};
    printf("| partitions | members | zones | off, N = 1 | off, N = 3 | join moves | leave moves | "
           "ms: birth, join, leave | KiB |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- "
           "|\n");
    if (count == 4) {
        unsigned long zones = strtoul(arguments[3], NULL, 10);
        measure((uint32_t)strtoul(arguments[1], NULL, 10), strtoul(arguments[2], NULL, 10),
                (unsigned)(zones < ZONES_MAX ? zones : ZONES_MAX));
        return 0;
    }
    for (size_t i = 0; i < array_size(table); i++)
        measure(table[i].partitions, table[i].members, table[i].zones);
    return 0;
}
