/* The plan, rank by rank: whoever stands at a rank stays unless it has more than its share there,
 * and the places of those that have more, or are gone, go to those that have less. What that leaves
 * undone is done by chains of members that make room for each other. */
#include <stdlib.h>
#include <string.h>

#include "placement_internal.h"
#include "prng.h"

enum {
    PLACE_SHIFT = 3,               /* a place is partition << PLACE_SHIFT | rank */
    PLACES_SEARCHED_MAX = 20000000 /* for chains, in all: a bound on time, a few tenths of a second,
                                      that is hardly ever met */
};

static const uint32_t NO_PLACE = UINT32_MAX;

size_t plan_rank_of_zone(const struct plan *plan, const uint16_t *list, size_t ranks, size_t except,
                         uint16_t zone)
{
    for (size_t rank = 0; rank < ranks; rank++) {
        if (rank != except && list[rank] != PLACEMENT_NOBODY && plan_zone(plan, list[rank]) == zone)
            return rank;
    }
    return ranks;
}

static bool zone_fits(const struct plan *plan, const uint16_t *list, size_t rank, uint16_t zone)
{
    return rank >= plan->spread ||
           plan_rank_of_zone(plan, list, plan->spread, rank, zone) == plan->spread;
}

bool plan_fits(const struct plan *plan, const uint16_t *list, size_t rank, uint16_t member)
{
    for (size_t i = 0; i < plan->length; i++) {
        if (list[i] == member)
            return false;
    }
    return zone_fits(plan, list, rank, plan_zone(plan, member));
}

void plan_count(const struct plan *plan, const uint16_t *lists, size_t ranks, uint32_t *held)
{
    memset(held, 0, plan->shares.count * sizeof(*held));
    for (uint32_t partition = 0; partition < plan->partitions; partition++) {
        const uint16_t *list = lists + (size_t)partition * PLACEMENT_RANKS;
        for (size_t rank = 0; rank < ranks; rank++) {
            if (list[rank] != PLACEMENT_NOBODY)
                held[list[rank]]++;
        }
    }
}

static void shuffle(struct prng *prng, uint32_t *values, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)prng_below(prng, i);
        uint32_t swapped = values[i - 1];
        values[i - 1] = values[other];
        values[other] = swapped;
    }
}

static void account(struct plan *plan, uint16_t member, int64_t places)
{
    if (member == PLACEMENT_NOBODY)
        return;
    plan->gaps[member] += places;
    if (plan->rank_gaps != NULL)
        plan->rank_gaps[member] += places;
}

static void put(struct plan *plan, uint16_t *list, size_t rank, uint16_t member)
{
    account(plan, list[rank], 1);
    account(plan, member, -1);
    list[rank] = member;
}

/* Is it due more places. */
static bool lacks(const struct plan *plan, uint16_t member)
{
    return plan->gaps[member] > 0 && (plan->rank_gaps == NULL || plan->rank_gaps[member] > 0);
}

/* Is a place with that holder to be had: nobody stands there, or one who has too many. */
static bool is_open(const struct plan *plan, uint16_t holder)
{
    return holder == PLACEMENT_NOBODY ||
           (plan->gaps[holder] < 0 && (plan->rank_gaps == NULL || plan->rank_gaps[holder] < 0));
}

static bool stands_before(const uint16_t *list, size_t rank)
{
    for (size_t i = 0; i < rank; i++) {
        if (list[i] == list[rank])
            return true;
    }
    return false;
}

/* Those that stay, where they stand. */
static void keep_current(struct plan *plan)
{
    memset(plan->lists, 0xff, (size_t)plan->partitions * PLACEMENT_RANKS * sizeof(*plan->lists));
    for (uint32_t partition = 0; partition < plan->partitions; partition++) {
        const uint16_t *from = plan->current + (size_t)partition * PLACEMENT_RANKS;
        uint16_t *list = plan_list(plan, partition);
        for (size_t rank = 0; rank < plan->length; rank++) {
            if (from[rank] < plan->shares.count && plan->shares.members[from[rank]].weight > 0 &&
                !stands_before(from, rank))
                list[rank] = from[rank];
        }
    }
}

/* The rank of one behind the first whose zone is not among them, or the list's length. */
static size_t rank_of_fresh_zone(const struct plan *plan, const uint16_t *list)
{
    for (size_t rank = plan->spread; rank < plan->length; rank++) {
        if (list[rank] != PLACEMENT_NOBODY &&
            plan_rank_of_zone(plan, list, plan->spread, plan->spread,
                              plan_zone(plan, list[rank])) == plan->spread)
            return rank;
    }
    return plan->length;
}

/* Of the first, all but one of a zone change places with later ones of other zones, or go. */
static void spread_list(const struct plan *plan, uint16_t *list)
{
    for (size_t rank = 0; rank < plan->spread; rank++) {
        uint16_t member = list[rank];
        if (member == PLACEMENT_NOBODY ||
            plan_rank_of_zone(plan, list, rank, rank, plan_zone(plan, member)) == rank)
            continue;
        size_t later = rank_of_fresh_zone(plan, list);
        list[rank] = later < plan->length ? list[later] : PLACEMENT_NOBODY;
        if (later < plan->length)
            list[later] = member;
    }
}

/* One rank while its places are dealt. */
struct deal {
    struct plan *plan;
    size_t rank;
    uint32_t *partitions; /* whose place is to be had */
    size_t partitions_count;
    uint32_t *wanted;       /* by member: among the first */
    uint64_t *zones_wanted; /* by zone: the same */
    struct prng prng;
};

/* In another order for each rank: whoever stands first in some lists should be followed by many. */
static void find_places(struct deal *deal)
{
    deal->partitions_count = 0;
    for (uint32_t partition = 0; partition < deal->plan->partitions; partition++) {
        if (is_open(deal->plan, plan_list(deal->plan, partition)[deal->rank]))
            deal->partitions[deal->partitions_count++] = partition;
    }
    shuffle(&deal->prng, deal->partitions, deal->partitions_count);
}

static void deal_to(struct deal *deal, uint16_t member)
{
    struct plan *plan = deal->plan;
    for (size_t i = deal->partitions_count; i > 0 && lacks(plan, member); i--) {
        uint16_t *list = plan_list(plan, deal->partitions[i - 1]);
        bool open = is_open(plan, list[deal->rank]);
        if (open && !plan_fits(plan, list, deal->rank, member))
            continue;
        deal->partitions[i - 1] = deal->partitions[--deal->partitions_count];
        if (open)
            put(plan, list, deal->rank, member);
    }
}

/* Somebody who waits for a place at this rank. Those that are wanted in most lists have the least
 * choice, and choose first. */
struct turn {
    uint64_t zone_wanted;
    uint64_t wanted;
    uint16_t member;
};

static int compare_turns(const void *left, const void *right)
{
    const struct turn *one = left;
    const struct turn *other = right;
    if (one->zone_wanted != other->zone_wanted)
        return one->zone_wanted > other->zone_wanted ? -1 : 1;
    if (one->wanted != other->wanted)
        return one->wanted > other->wanted ? -1 : 1;
    return one->member < other->member ? -1 : one->member > other->member;
}

static void deal_rank(struct deal *deal)
{
    struct plan *plan = deal->plan;
    struct turn *turns = placement_alloc(plan->shares.count, sizeof(*turns));
    size_t turns_count = 0;
    for (size_t i = 0; i < plan->shares.count; i++) {
        bool zoned = deal->rank < plan->spread;
        if (lacks(plan, (uint16_t)i))
            turns[turns_count++] =
                (struct turn){zoned ? deal->zones_wanted[plan_zone(plan, (uint16_t)i)] : 0,
                              deal->wanted[i], (uint16_t)i};
    }
    if (turns_count > 0)
        find_places(deal);
    qsort(turns, turns_count, sizeof(*turns), compare_turns);
    for (size_t i = 0; i < turns_count; i++)
        deal_to(deal, turns[i].member);
    free(turns);
}

/* A search for a chain: a member that is due more takes the place of another, which takes the place
 * of another, and so on to a place that is to be had. */
struct chain {
    struct plan *plan;
    size_t first_rank; /* of the places looked at */
    size_t after_rank; /* behind the last of them */
    bool new_only;     /* none gives way that has its place already: that would be a move more */
    uint32_t *open;    /* places to be had, and some that no longer are */
    size_t open_count;
    bool *shut_out;  /* by zone: none of these is for its members */
    uint16_t *queue; /* members met, in order */
    size_t queue_count;
    bool *met;        /* by member */
    uint16_t *taker;  /* by member met: who takes its place */
    uint32_t *places; /* by member met: which */
    uint32_t next;    /* index of the partition to look at next, in order */
    size_t searched;  /* places looked at, in all */
};

static void chain_init(struct chain *chain, struct plan *plan)
{
    size_t count = plan->shares.count;
    *chain = (struct chain){.plan = plan};
    chain->open = placement_alloc((size_t)plan->partitions * plan->length, sizeof(*chain->open));
    chain->shut_out = placement_alloc(count, sizeof(*chain->shut_out));
    chain->queue = placement_alloc(count, sizeof(*chain->queue));
    chain->met = placement_alloc(count, sizeof(*chain->met));
    chain->taker = placement_alloc(count, sizeof(*chain->taker));
    chain->places = placement_alloc(count, sizeof(*chain->places));
}

static void chain_deinit(struct chain *chain)
{
    free(chain->open);
    free(chain->shut_out);
    free(chain->queue);
    free(chain->met);
    free(chain->taker);
    free(chain->places);
}

static uint16_t *list_of_place(const struct chain *chain, uint32_t place, size_t *rank)
{
    *rank = place & ((1U << PLACE_SHIFT) - 1);
    return plan_list(chain->plan, place >> PLACE_SHIFT);
}

static void find_open(struct chain *chain)
{
    const struct plan *plan = chain->plan;
    chain->open_count = 0;
    memset(chain->shut_out, 0, plan->shares.count * sizeof(*chain->shut_out));
    for (uint32_t i = 0; i < plan->partitions; i++) {
        for (size_t rank = chain->first_rank; rank < chain->after_rank; rank++) {
            if (is_open(plan, plan_list(plan, plan->order[i])[rank]))
                chain->open[chain->open_count++] = plan->order[i] << PLACE_SHIFT | (uint32_t)rank;
        }
    }
}

/* A place to be had that fits the member, or NO_PLACE. */
static uint32_t open_place(struct chain *chain, uint16_t member)
{
    uint16_t zone = plan_zone(chain->plan, member);
    bool zone_fitted = false;
    for (size_t i = chain->shut_out[zone] ? 0 : chain->open_count; i-- > 0;) {
        uint32_t place = chain->open[i];
        size_t rank;
        const uint16_t *list = list_of_place(chain, place, &rank);
        chain->searched++;
        if (!is_open(chain->plan, list[rank]))
            chain->open[i] = chain->open[--chain->open_count];
        else if (plan_fits(chain->plan, list, rank, member))
            return place;
        else
            zone_fitted |= zone_fits(chain->plan, list, rank, zone);
    }
    chain->shut_out[zone] = !zone_fitted;
    return NO_PLACE;
}

/* May the holder of that place give way. */
static bool gives_way(const struct chain *chain, uint32_t partition, uint16_t holder)
{
    if (holder == PLACEMENT_NOBODY || chain->met[holder])
        return false;
    const uint16_t *list = chain->plan->current + (size_t)partition * PLACEMENT_RANKS;
    for (size_t rank = 0; rank < PLACEMENT_RANKS && chain->new_only; rank++) {
        if (list[rank] == holder)
            return false;
    }
    return true;
}

/* Meets, in a list, those that the member could take the place of. Returns the place to be had for
 * the last of them, or NO_PLACE. */
static uint32_t chain_look(struct chain *chain, uint32_t partition, uint16_t member)
{
    const uint16_t *list = plan_list(chain->plan, partition);
    for (size_t rank = chain->first_rank; rank < chain->after_rank; rank++) {
        uint16_t holder = list[rank];
        chain->searched++;
        if (!gives_way(chain, partition, holder) || !plan_fits(chain->plan, list, rank, member))
            continue;
        chain->met[holder] = true;
        chain->taker[holder] = member;
        chain->places[holder] = partition << PLACE_SHIFT | (uint32_t)rank;
        chain->queue[chain->queue_count++] = holder;
        uint32_t place = open_place(chain, holder);
        if (place != NO_PLACE)
            return place;
    }
    return NO_PLACE;
}

static uint32_t chain_expand(struct chain *chain, uint16_t member)
{
    uint32_t place = NO_PLACE;
    for (uint32_t i = 0; i < chain->plan->partitions && place == NO_PLACE; i++) {
        place = chain_look(chain, chain->plan->order[chain->next], member);
        chain->next = (chain->next + 1) % chain->plan->partitions;
    }
    return place;
}

/* Moves everybody along, the last first. A step that the ones before it have made impossible (two in
 * one list, of one zone) leaves a place to be had. */
static void chain_move(struct chain *chain, uint16_t first, uint32_t place)
{
    uint16_t last = chain->queue[chain->queue_count - 1];
    for (uint16_t member = last;; member = chain->taker[member]) {
        size_t rank;
        uint16_t *list = list_of_place(chain, place, &rank);
        if (member != last)
            put(chain->plan, list, rank, PLACEMENT_NOBODY);
        if (!plan_fits(chain->plan, list, rank, member)) {
            chain->open[chain->open_count++] = place;
            memset(chain->shut_out, 0, chain->plan->shares.count * sizeof(*chain->shut_out));
            return;
        }
        put(chain->plan, list, rank, member);
        if (member == first)
            return;
        place = chain->places[member];
    }
}

/* Finds the member a place. What was met in vain before is not met again. */
static bool chain_find(struct chain *chain, uint16_t member)
{
    chain->queue_count = 0;
    chain->met[member] = true;
    chain->queue[chain->queue_count++] = member;
    uint32_t place = open_place(chain, member);
    for (size_t i = 0; i < chain->queue_count && place == NO_PLACE; i++) {
        if (chain->searched > PLACES_SEARCHED_MAX)
            return false;
        place = chain_expand(chain, chain->queue[i]);
    }
    if (place == NO_PLACE)
        return false;
    chain_move(chain, member, place);
    if (!chain->new_only)
        memset(chain->shut_out, 0, chain->plan->shares.count * sizeof(*chain->shut_out));
    memset(chain->met, 0, chain->plan->shares.count * sizeof(*chain->met));
    return true;
}

/* Places at ranks from `first` to before `after` for all that lack some. */
static void move_chains(struct chain *chain, size_t first, size_t after, bool new_only)
{
    chain->first_rank = first;
    chain->after_rank = after;
    chain->new_only = new_only;
    memset(chain->met, 0, chain->plan->shares.count * sizeof(*chain->met));
    find_open(chain);
    for (size_t i = 0; i < chain->plan->shares.count; i++) {
        while (lacks(chain->plan, (uint16_t)i) && chain_find(chain, (uint16_t)i))
            ;
    }
}

/* Rank by rank: the places that others have too many of, or nobody has, to those that are due more
 * among the first so many. */
static void deal_by_rank(struct deal *deal, struct chain *chain)
{
    struct plan *plan = deal->plan;
    size_t count = plan->shares.count;
    uint32_t *held = placement_alloc(count, sizeof(*held));
    plan->rank_gaps = placement_alloc(count, sizeof(*plan->rank_gaps));
    for (deal->rank = 0; deal->rank < plan->length; deal->rank++) {
        plan_count(plan, plan->lists, deal->rank + 1, held);
        placement_shares_wanted(&plan->shares, deal->rank + 1, held, plan->gaps, NULL,
                                deal->wanted);
        memset(deal->zones_wanted, 0, count * sizeof(*deal->zones_wanted));
        for (size_t i = 0; i < count; i++) {
            plan->rank_gaps[i] = (int64_t)deal->wanted[i] - held[i];
            deal->zones_wanted[plan_zone(plan, (uint16_t)i)] += deal->wanted[i];
        }
        deal_rank(deal);
        move_chains(chain, deal->rank, deal->rank + 1, true);
    }
    free(plan->rank_gaps);
    plan->rank_gaps = NULL;
    free(held);
}

/* Whatever is left goes to any rank: to the later ones first, since most tables have few replicas. */
static void deal_rest(struct deal *deal, struct chain *chain)
{
    for (deal->rank = deal->plan->length; deal->rank-- > 0;)
        deal_rank(deal);
    move_chains(chain, 0, deal->plan->length, true);
    move_chains(chain, 0, deal->plan->length, false);
}

static void deal_places(struct plan *plan)
{
    size_t count = plan->shares.count;
    struct deal deal = {
        .plan = plan,
        .partitions = placement_alloc(plan->partitions, sizeof(*deal.partitions)),
        .wanted = placement_alloc(count, sizeof(*deal.wanted)),
        .zones_wanted = placement_alloc(count, sizeof(*deal.zones_wanted)),
    };
    prng_init(&deal.prng, plan->length);
    struct chain chain;
    chain_init(&chain, plan);
    deal_by_rank(&deal, &chain);
    deal_rest(&deal, &chain);
    chain_deinit(&chain);
    free(deal.partitions);
    free(deal.wanted);
    free(deal.zones_wanted);
}

/* A place that still nobody has: whoever fits, those that lack most first. Among the first that may
 * be one that stands later, for its zone; its place is filled instead. */
static void fill_place(struct plan *plan, uint16_t *list, size_t rank)
{
    size_t later = rank < plan->spread ? rank_of_fresh_zone(plan, list) : plan->length;
    if (later < plan->length) {
        list[rank] = list[later];
        list[later] = PLACEMENT_NOBODY;
        return;
    }
    uint16_t best = PLACEMENT_NOBODY;
    for (size_t i = 0; i < plan->shares.count; i++) {
        if (plan->shares.members[i].weight > 0 && plan_fits(plan, list, rank, (uint16_t)i) &&
            (best == PLACEMENT_NOBODY || plan->gaps[i] > plan->gaps[best]))
            best = (uint16_t)i;
    }
    ensure(best != PLACEMENT_NOBODY);
    put(plan, list, rank, best);
}

static void fill_rest(struct plan *plan)
{
    for (uint32_t partition = 0; partition < plan->partitions; partition++) {
        uint16_t *list = plan_list(plan, partition);
        for (size_t rank = 0; rank < plan->length; rank++) {
            if (list[rank] == PLACEMENT_NOBODY)
                fill_place(plan, list, rank);
        }
    }
}

/* Who stands in which list. */
static void choose_members(struct plan *plan)
{
    size_t count = plan->shares.count;
    uint32_t *held = placement_alloc(count, sizeof(*held));
    uint32_t *wanted = placement_alloc(count, sizeof(*wanted));
    plan_count(plan, plan->lists, plan->length, held);
    placement_shares_wanted(&plan->shares, plan->length, held, NULL, NULL, wanted);
    for (size_t i = 0; i < count; i++)
        plan->gaps[i] = (int64_t)wanted[i] - held[i];
    free(held);
    free(wanted);
    deal_places(plan);
    fill_rest(plan);
}

static void plan_init(struct plan *plan, const struct placement_member *members, size_t count,
                      uint32_t partitions)
{
    *plan = (struct plan){.partitions = partitions};
    placement_shares_init(&plan->shares, members, count, partitions);
    ensure(plan->shares.weighted > 0);
    plan->length =
        plan->shares.weighted < PLACEMENT_RANKS ? plan->shares.weighted : PLACEMENT_RANKS;
    plan->spread =
        plan->shares.zones_count < plan->length ? plan->shares.zones_count : plan->length;
    plan->order = placement_alloc(partitions, sizeof(*plan->order));
    plan->gaps = placement_alloc(count, sizeof(*plan->gaps));
    for (uint32_t i = 0; i < partitions; i++)
        plan->order[i] = i;
    struct prng prng;
    prng_init(&prng, partitions);
    shuffle(&prng, plan->order, partitions);
}

static void plan_deinit(struct plan *plan)
{
    placement_shares_deinit(&plan->shares);
    free(plan->order);
    free(plan->gaps);
}

void placement_plan(const struct placement_member *members, size_t count, uint32_t partitions,
                    const uint16_t *current, uint16_t *target)
{
    struct plan plan;
    plan_init(&plan, members, count, partitions);
    plan.current = current;
    plan.lists = target;
    keep_current(&plan);
    for (uint32_t partition = 0; partition < partitions; partition++)
        spread_list(&plan, plan_list(&plan, partition));
    choose_members(&plan);
    plan_order(&plan);
    plan_deinit(&plan);
}

void placement_due(const struct placement_member *members, size_t count, uint32_t partitions,
                   size_t ranks, struct placement_due *due)
{
    struct placement_shares shares;
    placement_shares_init(&shares, members, count, partitions);
    placement_shares_due(&shares, ranks < shares.weighted ? ranks : shares.weighted, due);
    placement_shares_deinit(&shares);
}
