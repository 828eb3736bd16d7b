/* The order within the lists, from the last rank to the first: of the first n + 1 of a list, one
 * comes last, such that each member has its share among the first n. Members that are among the
 * first too seldom change places with those that are too often: directly, by a chain over several
 * lists, or at last between two lists. */
#include <stdlib.h>
#include <string.h>

#include "placement_internal.h"

enum {
    RANKS_USUAL = 3, /* home nodes of most tables: to leave them costs a copy of the data */
    COST_MAX = 2,
    PROMOTION_ROUNDS = 8 /* each evens out what the one before left; few are needed */
};

/* One rank under way. */
struct column {
    struct plan *plan;
    size_t rank; /* n: members of it are outside, those before it inside */
    /* Lists by the member that stands at the rank; PLACEMENT_NONE ends them. */
    uint32_t *heads; /* by member */
    uint32_t *next;  /* by partition */
    uint32_t *before;
    /* A search for a chain. */
    size_t first_rank;   /* none before it goes outside */
    uint16_t *queue;     /* members met, in order */
    bool *met;           /* by member */
    uint32_t *partition; /* by member met: the list in which it would go outside */
};

static const uint32_t NONE = UINT32_MAX;

static void column_link(struct column *column, uint32_t partition)
{
    uint16_t member = plan_list(column->plan, partition)[column->rank];
    uint32_t head = column->heads[member];
    column->next[partition] = head;
    column->before[partition] = NONE;
    if (head != NONE)
        column->before[head] = partition;
    column->heads[member] = partition;
}

static void column_unlink(struct column *column, uint32_t partition)
{
    uint32_t before = column->before[partition];
    uint32_t next = column->next[partition];
    if (before != NONE)
        column->next[before] = next;
    else
        column->heads[plan_list(column->plan, partition)[column->rank]] = next;
    if (next != NONE)
        column->before[next] = before;
}

/* The rank that takes over for the zone of the one at `leaving` when that goes outside: `leaving`
 * itself if the newcomer may stand there, or that of another of the zone among those inside. Returns
 * column->rank if there is none. */
static size_t successor(const struct column *column, const uint16_t *list, size_t leaving)
{
    const struct plan *plan = column->plan;
    if (column->rank < plan->spread || leaving >= plan->spread)
        return leaving;
    uint16_t zone = plan_zone(plan, list[column->rank]);
    if (plan_rank_of_zone(plan, list, plan->spread, leaving, zone) == plan->spread)
        return leaving;
    for (size_t rank = plan->spread; rank < column->rank; rank++) {
        if (plan_zone(plan, list[rank]) == plan_zone(plan, list[leaving]))
            return rank;
    }
    return column->rank;
}

/* The member at `leaving` goes outside, and the one there comes inside. */
static void exchange(struct column *column, uint32_t partition, size_t leaving)
{
    struct plan *plan = column->plan;
    uint16_t *list = plan_list(plan, partition);
    size_t by = successor(column, list, leaving);
    uint16_t out = list[leaving];
    uint16_t in = list[column->rank];
    ensure(by < column->rank);
    column_unlink(column, partition);
    list[leaving] = list[by];
    list[by] = in;
    list[column->rank] = out;
    column_link(column, partition);
    plan->gaps[in]--;
    plan->gaps[out]++;
}

/* Does the member stand among the first of that list now. */
static bool stands_now(const struct plan *plan, uint32_t partition, size_t ranks, uint16_t member)
{
    const uint16_t *list = plan->current + (size_t)partition * PLACEMENT_RANKS;
    for (size_t rank = 0; rank < ranks; rank++) {
        if (list[rank] == member)
            return true;
    }
    return false;
}

/* What it costs that the member at `leaving` goes outside: most if the usual home nodes change for
 * the sake of the ranks behind them, else a copy that it has now; less one that the other has. */
static int cost_of(const struct column *column, uint32_t partition, size_t leaving)
{
    const uint16_t *list = plan_list(column->plan, partition);
    if (column->rank > RANKS_USUAL && leaving < RANKS_USUAL)
        return COST_MAX;
    return stands_now(column->plan, partition, column->rank, list[leaving]) -
           stands_now(column->plan, partition, column->rank, list[column->rank]);
}

/* The rank of who should go outside for the one there, at no more than `cost_max`, or column->rank. */
static size_t choose_leaving(const struct column *column, uint32_t partition, int cost_max)
{
    const uint16_t *list = plan_list(column->plan, partition);
    size_t best = column->rank;
    for (size_t rank = 0; rank < column->rank; rank++) {
        int64_t gap = column->plan->gaps[list[rank]];
        if (gap < 0 && (best == column->rank || gap < column->plan->gaps[list[best]]) &&
            cost_of(column, partition, rank) <= cost_max &&
            successor(column, list, rank) < column->rank)
            best = rank;
    }
    return best;
}

static void exchange_directly(struct column *column, int cost_max)
{
    struct plan *plan = column->plan;
    for (int cost = -1; cost <= cost_max; cost++) {
        for (uint32_t i = 0; i < plan->partitions; i++) {
            uint32_t partition = plan->order[i];
            if (plan->gaps[plan_list(plan, partition)[column->rank]] <= 0)
                continue;
            size_t leaving = choose_leaving(column, partition, cost);
            if (leaving < column->rank)
                exchange(column, partition, leaving);
        }
    }
}

static void chain_move(struct column *column, uint16_t first, uint16_t last)
{
    for (uint16_t member = last; member != first;) {
        uint32_t partition = column->partition[member];
        const uint16_t *list = plan_list(column->plan, partition);
        uint16_t in = list[column->rank];
        size_t leaving = 0;
        while (list[leaving] != member)
            leaving++;
        exchange(column, partition, leaving);
        member = in;
    }
}

/* Meets those that could go outside for `member`, from first_rank on. Returns one that is inside too often, or
 * PLACEMENT_NOBODY. */
static uint16_t chain_expand(struct column *column, uint16_t member, size_t *queue_count)
{
    const struct plan *plan = column->plan;
    for (uint32_t partition = column->heads[member]; partition != NONE;
         partition = column->next[partition]) {
        const uint16_t *list = plan_list(plan, partition);
        for (size_t rank = column->first_rank; rank < column->rank; rank++) {
            uint16_t other = list[rank];
            if (column->met[other] || successor(column, list, rank) == column->rank)
                continue;
            column->met[other] = true;
            column->partition[other] = partition;
            column->queue[(*queue_count)++] = other;
            if (plan->gaps[other] < 0)
                return other;
        }
    }
    return PLACEMENT_NOBODY;
}

/* Brings the member inside once more. What was met in vain before is not met again. */
static bool chain_find(struct column *column, uint16_t member)
{
    size_t queue_count = 0;
    column->met[member] = true;
    column->queue[queue_count++] = member;
    for (size_t i = 0; i < queue_count; i++) {
        uint16_t last = chain_expand(column, column->queue[i], &queue_count);
        if (last == PLACEMENT_NOBODY)
            continue;
        chain_move(column, member, last);
        memset(column->met, 0, column->plan->shares.count * sizeof(*column->met));
        return true;
    }
    return false;
}

static void exchange_by_chains(struct column *column, size_t first_rank)
{
    const struct plan *plan = column->plan;
    column->first_rank = first_rank;
    memset(column->met, 0, plan->shares.count * sizeof(*column->met));
    for (size_t i = 0; i < plan->shares.count; i++) {
        while (plan->gaps[i] > 0 && chain_find(column, (uint16_t)i))
            ;
    }
}

/* The first list, at no more than that cost, in which the member is inside and `other` may take its
 * place, or NONE. */
static uint32_t find_inside(const struct column *column, uint16_t member, uint16_t other, int cost,
                            size_t *rank)
{
    const struct plan *plan = column->plan;
    for (uint32_t i = 0; i < plan->partitions; i++) {
        const uint16_t *list = plan_list(plan, plan->order[i]);
        for (*rank = 0; *rank < column->rank && list[*rank] != member;)
            ++*rank;
        if (*rank < column->rank && cost_of(column, plan->order[i], *rank) <= cost &&
            plan_fits(plan, list, *rank, other))
            return plan->order[i];
    }
    return NONE;
}

static uint32_t find_outside(const struct column *column, uint16_t member, uint16_t other)
{
    uint32_t partition = column->heads[member];
    while (partition != NONE &&
           !plan_fits(column->plan, plan_list(column->plan, partition), column->rank, other))
        partition = column->next[partition];
    return partition;
}

/* Two members change places between two lists: `in`, at the rank in one, and `out`, inside in
 * another. */
static bool trade(struct column *column, uint16_t in, uint16_t out)
{
    struct plan *plan = column->plan;
    uint32_t from = find_outside(column, in, out);
    uint32_t to = NONE;
    size_t rank = 0;
    for (int cost = 0; cost <= COST_MAX && from != NONE && to == NONE; cost++)
        to = find_inside(column, out, in, cost, &rank);
    if (to == NONE)
        return false;
    column_unlink(column, from);
    plan_list(plan, from)[column->rank] = out;
    column_link(column, from);
    plan_list(plan, to)[rank] = in;
    plan->gaps[in]--;
    plan->gaps[out]++;
    return true;
}

static void exchange_by_trade(struct column *column)
{
    const struct plan *plan = column->plan;
    for (uint16_t in = 0; in < plan->shares.count; in++) {
        for (uint16_t out = 0; out < plan->shares.count && plan->gaps[in] > 0; out++) {
            while (plan->gaps[in] > 0 && plan->gaps[out] < 0 && trade(column, in, out))
                ;
        }
    }
}

/* Who is inside too seldom, and who too often. Returns whether anybody is. */
static bool set_gaps(struct plan *plan, size_t ranks)
{
    size_t count = plan->shares.count;
    uint32_t *held = placement_alloc(count, sizeof(*held));
    uint32_t *most = placement_alloc(count, sizeof(*most));
    uint32_t *wanted = placement_alloc(count, sizeof(*wanted));
    plan_count(plan, plan->lists, ranks, held);
    plan_count(plan, plan->lists, ranks + 1, most);
    placement_shares_wanted(&plan->shares, ranks, held, NULL, most, wanted);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        plan->gaps[i] = (int64_t)wanted[i] - held[i];
        any |= plan->gaps[i] != 0;
    }
    free(held);
    free(most);
    free(wanted);
    return any;
}

static void order_rank(struct column *column)
{
    struct plan *plan = column->plan;
    if (!set_gaps(plan, column->rank))
        return;
    memset(column->heads, 0xff, plan->shares.count * sizeof(*column->heads));
    for (uint32_t partition = 0; partition < plan->partitions; partition++)
        column_link(column, partition);
    exchange_directly(column, 1);
    if (column->rank > RANKS_USUAL) {
        exchange_by_chains(column, RANKS_USUAL);
        exchange_directly(column, COST_MAX);
    }
    exchange_by_chains(column, 0);
    exchange_by_trade(column);
}

/* May the member at `later` and one of the usual home nodes change places: the zones stay spread. */
static bool promotable(const struct plan *plan, const uint16_t *list, size_t rank, size_t later)
{
    return later < plan->spread || rank >= plan->spread ||
           plan_rank_of_zone(plan, list, plan->spread, rank, plan_zone(plan, list[later])) ==
               plan->spread;
}

/* A later member comes among the usual home nodes for one that is new there, if that evens things
 * out; for one that is not, only if both are off. Returns whether it did. */
static bool promote(struct plan *plan, uint32_t partition, size_t later, bool new_only)
{
    uint16_t *list = plan_list(plan, partition);
    uint16_t in = list[later];
    for (size_t i = 0; i < RANKS_USUAL; i++) {
        size_t rank = (partition + i) % RANKS_USUAL; /* they should be first and second as well */
        uint16_t out = list[rank];
        bool worth = new_only ? plan->gaps[in] > plan->gaps[out] + 1 &&
                                    !stands_now(plan, partition, RANKS_USUAL, out)
                              : plan->gaps[in] > 0 && plan->gaps[out] < 0;
        if (!worth || !promotable(plan, list, rank, later))
            continue;
        list[rank] = in;
        list[later] = out;
        plan->gaps[in]--;
        plan->gaps[out]++;
        return true;
    }
    return false;
}

static bool promote_all(struct plan *plan, bool new_only)
{
    bool any = false;
    for (uint32_t i = 0; i < plan->partitions; i++) {
        for (size_t later = RANKS_USUAL; later < plan->length; later++)
            any |= promote(plan, plan->order[i], later, new_only);
    }
    return any;
}

/* The usual home nodes first, with members of any later rank: there are more to choose from than when
 * the last ranks have been settled. */
static void order_usual(struct plan *plan)
{
    if (plan->length <= RANKS_USUAL || !set_gaps(plan, RANKS_USUAL))
        return;
    for (unsigned round = 0; round < PROMOTION_ROUNDS && promote_all(plan, true); round++)
        ;
    promote_all(plan, false);
}

void plan_order(struct plan *plan)
{
    size_t count = plan->shares.count;
    struct column column = {.plan = plan,
                            .heads = placement_alloc(count, sizeof(*column.heads)),
                            .next = placement_alloc(plan->partitions, sizeof(*column.next)),
                            .before = placement_alloc(plan->partitions, sizeof(*column.before)),
                            .queue = placement_alloc(count, sizeof(*column.queue)),
                            .met = placement_alloc(count, sizeof(*column.met)),
                            .partition = placement_alloc(count, sizeof(*column.partition))};
    order_usual(plan);
    for (column.rank = plan->length - 1; column.rank > 0; column.rank--)
        order_rank(&column);
    free(column.heads);
    free(column.next);
    free(column.before);
    free(column.queue);
    free(column.met);
    free(column.partition);
}
