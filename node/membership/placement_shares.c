#include <stdlib.h>
#include <string.h>

#include "placement_internal.h"

enum {
    SLACK_DIVISOR = 64 /* who is off its due by less than this part of it (and rounding) is left
                          alone: that saves moves, and stays well within 5 % */
};

static bool same_zone(const struct placement_member *one, const struct placement_member *other)
{
    return one->zone[0] != '\0' && strcmp(one->zone, other->zone) == 0;
}

/* The first weighted member of its zone; itself if there is none before it. */
static uint16_t zone_of(const struct placement_shares *shares, size_t member)
{
    for (size_t i = 0; i < member; i++) {
        if (shares->zones[i] == i && shares->members[i].weight > 0 &&
            same_zone(&shares->members[i], &shares->members[member]))
            return (uint16_t)i;
    }
    return (uint16_t)member;
}

void placement_shares_init(struct placement_shares *shares, const struct placement_member *members,
                           size_t count, uint32_t partitions)
{
    ensure(count < PLACEMENT_NOBODY);
    *shares = (struct placement_shares){.members = members, .count = count};
    shares->partitions = partitions;
    shares->zones = placement_alloc(count, sizeof(*shares->zones));
    shares->zone_next = placement_alloc(count, sizeof(*shares->zone_next));
    shares->zone_weights = placement_alloc(count, sizeof(*shares->zone_weights));
    for (size_t i = 0; i < count; i++) {
        shares->zones[i] = (uint16_t)i;
        shares->zone_next[i] = PLACEMENT_NOBODY;
        if (members[i].weight == 0)
            continue;
        uint16_t zone = shares->zones[i] = zone_of(shares, i);
        if (zone != i) {
            shares->zone_next[i] = shares->zone_next[zone];
            shares->zone_next[zone] = (uint16_t)i;
        }
        shares->weighted++;
        shares->zones_count += zone == i;
        shares->zone_weights[zone] += members[i].weight;
    }
}

void placement_shares_deinit(struct placement_shares *shares)
{
    free(shares->zones);
    free(shares->zone_next);
    free(shares->zone_weights);
    memset(shares, 0, sizeof(*shares));
}

/* How the first `ranks` are shared out. */
struct level {
    const struct placement_shares *shares;
    size_t ranks;
    bool *full;      /* by member: it stands in every list */
    bool *fixed;     /* by zone: it stands exactly once in every list */
    uint64_t copies; /* for all others, by weight */
    uint64_t weight; /* theirs */
};

static bool is_zone(const struct placement_shares *shares, size_t index)
{
    return shares->zones[index] == index && shares->zone_weights[index] > 0;
}

static void sum_others(struct level *level)
{
    const struct placement_shares *shares = level->shares;
    uint64_t taken = 0;
    level->weight = 0;
    for (size_t i = 0; i < shares->count; i++) {
        taken += is_zone(shares, i) && level->fixed[i];
        if (level->fixed[shares->zones[i]])
            continue;
        if (level->full[i])
            taken++;
        else
            level->weight += shares->members[i].weight;
    }
    ensure(taken <= level->ranks);
    level->copies = (level->ranks - taken) * shares->partitions;
}

/* Members whose due is more than all partitions. */
static void fill_heavy(struct level *level)
{
    const struct placement_shares *shares = level->shares;
    memset(level->full, 0, shares->count * sizeof(*level->full));
    for (bool more = true; more;) {
        more = false;
        sum_others(level);
        for (size_t i = 0; i < shares->count && level->ranks > shares->zones_count; i++) {
            if (level->fixed[shares->zones[i]] || level->full[i] ||
                level->copies * shares->members[i].weight <= level->weight * shares->partitions)
                continue;
            level->full[i] = true;
            more = true;
        }
    }
}

static size_t full_of_zone(const struct level *level, uint16_t zone)
{
    size_t full = 0;
    for (uint16_t i = zone; i != PLACEMENT_NOBODY; i = level->shares->zone_next[i])
        full += level->full[i];
    return full;
}

/* Zones whose due by weight is more than they may have, or less than they must. Returns whether
 * there were any. */
static bool fix_zones(struct level *level)
{
    const struct placement_shares *shares = level->shares;
    bool found = false;
    for (size_t i = 0; i < shares->count; i++) {
        if (!is_zone(shares, i) || level->fixed[i])
            continue;
        uint64_t due = level->copies * shares->zone_weights[i];
        uint64_t once = level->weight * shares->partitions;
        bool wrong = level->ranks <= shares->zones_count
                         ? due > once
                         : due < once && full_of_zone(level, (uint16_t)i) == 0;
        level->fixed[i] = wrong;
        found |= wrong;
    }
    return found;
}

static void level_init(struct level *level, const struct placement_shares *shares, size_t ranks)
{
    ensure(ranks <= shares->weighted);
    *level = (struct level){.shares = shares, .ranks = ranks};
    level->full = placement_alloc(shares->count, sizeof(*level->full));
    level->fixed = placement_alloc(shares->count, sizeof(*level->fixed));
    do
        fill_heavy(level);
    while (fix_zones(level));
}

static void level_deinit(struct level *level)
{
    free(level->full);
    free(level->fixed);
}

static struct placement_due due_of_member(const struct level *level, size_t member)
{
    const struct placement_shares *shares = level->shares;
    uint64_t weight = shares->members[member].weight;
    uint16_t zone = shares->zones[member];
    if (weight == 0)
        return (struct placement_due){0, 1};
    if (level->full[member])
        return (struct placement_due){shares->partitions, 1};
    if (level->fixed[zone])
        return (struct placement_due){shares->partitions * weight, shares->zone_weights[zone]};
    return (struct placement_due){level->copies * weight, level->weight};
}

void placement_shares_due(const struct placement_shares *shares, size_t ranks,
                          struct placement_due *due)
{
    struct level level;
    level_init(&level, shares, ranks);
    for (size_t i = 0; i < shares->count; i++)
        due[i] = due_of_member(&level, i);
    level_deinit(&level);
}

/* Who holds what, and should not get more than what. */
struct holding {
    const uint32_t *held;
    const int64_t *gaps;  /* NULL: none */
    const uint32_t *most; /* NULL: no limit */
};

/* Somebody whose share is to be brought to whole partitions. */
struct claim {
    size_t index;
    int64_t excess; /* of what it gets over its due, times the denominator */
    int64_t gap;
    uint32_t most;
};

/* Whole shares for several: zones, or the members of one. Their dues have one denominator. */
struct rounding {
    struct claim *claims;
    size_t claims_count;
    int64_t denominator;
    int64_t missing; /* of the sum */
    int64_t step;    /* 1 or -1: towards it */
    uint32_t *wanted;
};

static void rounding_start(struct rounding *rounding, uint64_t total, uint32_t *wanted)
{
    rounding->claims_count = 0;
    rounding->missing = (int64_t)total;
    rounding->wanted = wanted;
}

/* It keeps what it holds if that is near its due and within bounds. */
static void rounding_add(struct rounding *rounding, struct claim claim, struct placement_due due,
                         uint32_t held, uint32_t held_min, uint32_t held_max)
{
    uint64_t whole = due.numerator / due.denominator;
    uint64_t slack = whole / SLACK_DIVISOR;
    bool near =
        held + slack >= whole && held <= whole + slack + (due.numerator % due.denominator > 0);
    uint32_t wanted = near && held >= held_min && held <= held_max ? held : (uint32_t)whole;
    rounding->wanted[claim.index] = wanted;
    rounding->missing -= wanted;
    rounding->denominator = (int64_t)due.denominator;
    claim.excess = (int64_t)(wanted * due.denominator) - (int64_t)due.numerator;
    rounding->claims[rounding->claims_count++] = claim;
}

/* Whether it is to be given or to give one, in this direction, of its own. */
static bool claim_willing(const struct claim *claim)
{
    return claim->excess < 0;
}

/* Both are turned into claims to one more: see rounding_turn(). */
static int compare_claims(const void *left, const void *right)
{
    const struct claim *one = left;
    const struct claim *other = right;
    bool first_one = one->most > 0 && claim_willing(one);
    bool first_other = other->most > 0 && claim_willing(other);
    if (first_one != first_other)
        return first_one ? -1 : 1;
    if ((one->gap > 0) != (other->gap > 0))
        return one->gap > 0 ? -1 : 1;
    if (one->excess != other->excess)
        return one->excess < other->excess ? -1 : 1;
    return one->index < other->index ? -1 : one->index > other->index;
}

/* Those to whom one is given (or from whom it is taken, if too much was given) are those farthest
 * below (above) their due; before them those that lack (have too much) in all. */
static void rounding_finish(struct rounding *rounding)
{
    rounding->step = rounding->missing < 0 ? -1 : 1;
    for (size_t i = 0; i < rounding->claims_count; i++) {
        struct claim *claim = &rounding->claims[i];
        uint32_t wanted = rounding->wanted[claim->index];
        claim->excess *= rounding->step;
        claim->gap *= rounding->step;
        if (rounding->step > 0)
            claim->most = claim->most > wanted ? claim->most - wanted : 0;
        else
            claim->most = wanted;
    }
    while (rounding->missing != 0) {
        ensure(rounding->claims_count > 0);
        qsort(rounding->claims, rounding->claims_count, sizeof(*rounding->claims), compare_claims);
        for (size_t i = 0; i < rounding->claims_count && rounding->missing != 0; i++) {
            struct claim *claim = &rounding->claims[i];
            if (i > 0 && (claim->most == 0 || !claim_willing(claim)))
                break;
            rounding->wanted[claim->index] += (uint32_t)rounding->step;
            rounding->missing -= rounding->step;
            claim->excess += rounding->denominator;
            claim->most -= claim->most > 0;
        }
    }
}

/* Zones first: what a zone may have and must have holds for its members together. Those that stand
 * in every list do not count here. */
static void round_zones(const struct level *level, const struct holding *holding,
                        struct rounding *rounding, uint32_t *zones_wanted)
{
    const struct placement_shares *shares = level->shares;
    bool once_at_most = level->ranks <= shares->zones_count;
    rounding_start(rounding, level->copies, zones_wanted);
    for (size_t zone = 0; zone < shares->count; zone++) {
        if (!is_zone(shares, zone) || level->fixed[zone])
            continue;
        uint64_t weight = 0;
        uint32_t held = 0;
        bool once_at_least = !once_at_most;
        struct claim claim = {.index = zone, .most = UINT32_MAX};
        for (uint16_t i = (uint16_t)zone; i != PLACEMENT_NOBODY; i = shares->zone_next[i]) {
            once_at_least &= !level->full[i];
            if (level->full[i])
                continue;
            weight += shares->members[i].weight;
            held += holding->held[i];
            claim.gap += holding->gaps == NULL ? 0 : holding->gaps[i];
        }
        if (weight > 0)
            rounding_add(rounding, claim,
                         (struct placement_due){level->copies * weight, level->weight}, held,
                         once_at_least ? shares->partitions : 0,
                         once_at_most ? shares->partitions : UINT32_MAX);
    }
    rounding_finish(rounding);
}

static void round_members(const struct level *level, const struct holding *holding, uint16_t zone,
                          uint64_t total, struct rounding *rounding, uint32_t *wanted)
{
    const struct placement_shares *shares = level->shares;
    rounding_start(rounding, total, wanted);
    for (uint16_t i = zone; i != PLACEMENT_NOBODY; i = shares->zone_next[i]) {
        if (level->full[i]) {
            wanted[i] = shares->partitions;
            continue;
        }
        struct claim claim = {.index = i,
                              .gap = holding->gaps == NULL ? 0 : holding->gaps[i],
                              .most = holding->most == NULL ? UINT32_MAX : holding->most[i]};
        rounding_add(rounding, claim, due_of_member(level, i), holding->held[i], 0,
                     shares->partitions);
    }
    rounding_finish(rounding);
}

void placement_shares_wanted(const struct placement_shares *shares, size_t ranks,
                             const uint32_t *held, const int64_t *gaps, const uint32_t *most,
                             uint32_t *wanted)
{
    struct level level;
    level_init(&level, shares, ranks);
    struct holding holding = {held, gaps, most};
    struct rounding rounding = {.claims = placement_alloc(shares->count, sizeof(struct claim))};
    uint32_t *zones_wanted = placement_alloc(shares->count, sizeof(*zones_wanted));
    round_zones(&level, &holding, &rounding, zones_wanted);
    memset(wanted, 0, shares->count * sizeof(*wanted));
    for (size_t zone = 0; zone < shares->count; zone++) {
        if (is_zone(shares, zone))
            round_members(&level, &holding, (uint16_t)zone,
                          level.fixed[zone] ? shares->partitions : zones_wanted[zone], &rounding,
                          wanted);
    }
    free(zones_wanted);
    free(rounding.claims);
    level_deinit(&level);
}
