#include "throughput_leases.h"

#include <stdlib.h>

#include "throughput_bucket.h"
#include "throughput_place.h"

struct lease {
    struct list_link link;
    struct throughput_limit limit;
    int64_t tokens;    /* may be spent; negative: spent since the last question */
    int64_t owed;      /* spent without the keeper's leave: it has not been told, for all we know */
    int64_t chunk;     /* what is asked for at a time */
    int64_t used;      /* since it was asked for last */
    uint64_t used_us;  /* the last request, refused or not */
    uint64_t question; /* under way; 0: none */
    node_id asked;     /* who was asked */
    uint64_t asked_us; /* when */
    int64_t told;      /* what the question says of `owed` */
    bool dry;          /* the keeper had nothing */
    uint64_t dry_until_us; /* and will not have any before */
    bool alone;            /* the keeper is silent */
    uint64_t share_us;     /* alone: the share has been taken until then */
    uint64_t bucket;       /* the keeper's: which it is */
    int64_t balance;       /* and what it held, as last heard of */
    uint64_t balance_us;   /* when that was; 0: never */
};

LIST_FUNCTIONS(throughput_lease_list, struct lease, link)

static void on_tick(struct timer *timer, uint64_t now_us);

void throughput_leases_init(struct throughput_leases *leases, struct outbox *outbox,
                            struct timers *timers, const struct membership *members)
{
    *leases = (struct throughput_leases){.outbox = outbox, .timers = timers, .members = members};
    map_init(&leases->by_id);
    map_init(&leases->asking);
    throughput_lease_list_init(&leases->list);
    timer_init(&leases->tick, on_tick);
}

static void forget_question(struct throughput_leases *leases, struct lease *lease)
{
    map_remove(&leases->asking, lease->question);
    lease->question = 0;
}

static void forget(struct throughput_leases *leases, struct lease *lease)
{
    forget_question(leases, lease);
    map_remove(&leases->by_id, throughput_id(&lease->limit));
    throughput_lease_list_remove(&leases->list, lease);
    free(lease);
}

void throughput_leases_deinit(struct throughput_leases *leases)
{
    struct lease *lease;
    while ((lease = throughput_lease_list_first(&leases->list)) != NULL)
        forget(leases, lease);
    map_deinit(&leases->by_id);
    map_deinit(&leases->asking);
    timers_disarm(leases->timers, &leases->tick);
}

static uint64_t now_of(const struct throughput_leases *leases)
{
    return leases->outbox->now.monotonic_us;
}

static uint64_t shards_reached(const struct throughput_leases *leases)
{
    uint64_t shards = 0;
    for (size_t i = 0; i < membership_count(leases->members); i++) {
        const struct member *member = membership_at(leases->members, i);
        if (member_usable(member))
            shards += member->shards;
    }
    return shards > 0 ? shards : 1;
}

/* Asking. */

static int64_t at_most(int64_t amount, int64_t most)
{
    return amount < most ? amount : most;
}

/* What the keeper's balance can be at most: what it was, and what it has earned since. */
static int64_t balance_max(const struct lease *lease, uint64_t now_us)
{
    int64_t capacity = throughput_capacity(lease->limit.rate);
    if (lease->balance_us == 0)
        return capacity;
    int64_t earned = throughput_earned(lease->limit.rate, now_us - lease->balance_us);
    return at_most(lease->balance + earned, capacity);
}

static void book_debt(struct lease *lease)
{
    if (lease->tokens >= 0)
        return;
    lease->owed -= lease->tokens;
    lease->tokens = 0;
}

/* What is left of the tokens once they have paid what is owed. */
static int64_t take_rest(struct lease *lease)
{
    int64_t paid = at_most(lease->tokens, lease->owed);
    int64_t rest = lease->tokens - paid;
    lease->owed -= paid;
    lease->tokens = 0;
    return rest;
}

/* With nothing wanted, what is there is given back. What is owed stays until the keeper has answered: it
 * is charged once at least. */
static void send_question(struct throughput_leases *leases, struct lease *lease, int64_t wanted)
{
    Cartwheel__Lease body = CARTWHEEL__LEASE__INIT;
    struct address keeper = throughput_keeper_of(leases->members, lease->limit.table);
    uint64_t now_us = now_of(leases);
    lease->question = outbox_request_id(leases->outbox);
    lease->asked = keeper.node;
    lease->asked_us = now_us;
    book_debt(lease);
    int64_t given_back = wanted == 0 ? take_rest(lease) : 0;
    lease->told = at_most(lease->owed, throughput_capacity(lease->limit.rate));
    body.table = lease->limit.table;
    body.kind = (uint32_t)lease->limit.kind;
    body.rate = lease->limit.rate;
    body.revision = lease->limit.revision;
    body.wanted = wanted;
    body.spent = lease->told - given_back;
    body.balance_max = balance_max(lease, now_us);
    body.heard_of = lease->bucket;
    map_put(&leases->asking, lease->question, lease);
    outbox_send(leases->outbox, keeper, FRAME_LEASE, lease->question, &body.base, SLICE_EMPTY);
}

/* Follows what is used: up to four times as much as last time, and no more than a second's worth,
 * but for a request's. */
static void adapt_chunk(struct lease *lease, uint64_t now_us)
{
    enum { SHORTEST_US = LEASE_AHEAD_US / 4, LEAST = 2 * THROUGHPUT_HALF };
    uint64_t time_us = now_us - lease->asked_us;
    int64_t steps = time_us > SHORTEST_US ? (int64_t)(time_us / SHORTEST_US) : 1;
    int64_t most = throughput_earned(lease->limit.rate, 1000000);
    lease->chunk = lease->used / steps * (LEASE_AHEAD_US / SHORTEST_US);
    if (lease->chunk > most)
        lease->chunk = most;
    if (lease->chunk < LEAST)
        lease->chunk = LEAST;
    lease->used = 0;
}

static void replenish(struct throughput_leases *leases, struct lease *lease)
{
    uint64_t now_us = now_of(leases);
    bool soon = (lease->dry && now_us < lease->dry_until_us) ||
                (lease->alone && now_us < lease->asked_us + LEASE_TIMEOUT_US);
    bool enough = lease->tokens > lease->chunk / 2 && !lease->alone;
    if (lease->question != 0 || soon || enough)
        return;
    adapt_chunk(lease, now_us);
    send_question(leases, lease, lease->chunk);
}

/* What it owes is told when the keeper answers again; its share is small, and is not kept back for
 * that. */
static void go_alone(struct throughput_leases *leases, struct lease *lease)
{
    forget_question(leases, lease);
    if (lease->alone)
        return;
    lease->alone = true;
    lease->dry = false;
    lease->share_us = now_of(leases);
    book_debt(lease);
}

static void take_share(struct throughput_leases *leases, struct lease *lease)
{
    uint64_t now_us = now_of(leases);
    int64_t shards = (int64_t)shards_reached(leases);
    int64_t second = throughput_earned(lease->limit.rate, 1000000) / shards;
    int64_t most = second > (int64_t)THROUGHPUT_HALF ? second : (int64_t)THROUGHPUT_HALF;
    int64_t share = throughput_earned(lease->limit.rate, now_us - lease->share_us) / shards;
    int64_t room = most - lease->tokens;
    share = at_most(share, room > 0 ? room : 0);
    lease->tokens += share;
    lease->owed += share;
    lease->share_us = now_us;
}

static void settle(struct throughput_leases *leases, struct lease *lease)
{
    if (lease->question != 0 && now_of(leases) >= lease->asked_us + LEASE_TIMEOUT_US)
        go_alone(leases, lease);
}

/* Leases. */

/* A tick walks all leases: it comes at most every LEASE_DRY_MIN_US, however many tables are dry. */
static void arm_tick(struct throughput_leases *leases, uint64_t at_us)
{
    if (at_us < leases->ticked_us + LEASE_DRY_MIN_US)
        at_us = leases->ticked_us + LEASE_DRY_MIN_US;
    if (!timer_armed(&leases->tick) || leases->tick.deadline_us > at_us)
        timers_arm(leases->timers, &leases->tick, at_us);
}

static struct lease *lease_new(struct throughput_leases *leases,
                               const struct throughput_limit *limit)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    ensure(lease != NULL);
    lease->limit = *limit;
    map_put(&leases->by_id, throughput_id(limit), lease);
    throughput_lease_list_push(&leases->list, lease);
    arm_tick(leases, now_of(leases) + LEASE_IDLE_US);
    return lease;
}

static struct lease *lease_of(struct throughput_leases *leases,
                              const struct throughput_limit *limit)
{
    struct lease *lease = map_find(&leases->by_id, throughput_id(limit));
    if (lease == NULL)
        return lease_new(leases, limit);
    if (limit->revision > lease->limit.revision) {
        lease->limit = *limit;
        lease->dry_until_us = 0;
    }
    return lease;
}

static bool may_owe(const struct lease *lease)
{
    int64_t quarter = throughput_earned(lease->limit.rate, 250000);
    int64_t least = LEASE_DEBT_MIN * (int64_t)THROUGHPUT_HALF;
    return !lease->dry && !lease->alone && lease->tokens > -(quarter > least ? quarter : least);
}

static void use(struct lease *lease, int64_t halves)
{
    int64_t amount = halves * (int64_t)THROUGHPUT_HALF;
    int64_t debt_max = throughput_capacity(THROUGHPUT_RATE_MAX);
    lease->used += amount;
    lease->tokens = lease->tokens - amount > -debt_max ? lease->tokens - amount : -debt_max;
}

bool throughput_leases_admit(struct throughput_leases *leases, const struct throughput_limit *limit,
                             uint64_t halves)
{
    struct lease *lease = lease_of(leases, limit);
    settle(leases, lease);
    if (lease->alone)
        take_share(leases, lease);
    lease->used_us = now_of(leases);
    bool admitted = lease->tokens > 0 || may_owe(lease);
    if (admitted) {
        use(lease, (int64_t)halves);
    } else {
        leases->throttled[limit->kind]++;
        if (lease->dry && now_of(leases) < lease->dry_until_us)
            arm_tick(leases, lease->dry_until_us);
    }
    replenish(leases, lease);
    return admitted;
}

void throughput_leases_charge(struct throughput_leases *leases,
                              const struct throughput_limit *limit, int64_t halves)
{
    struct lease *lease = lease_of(leases, limit);
    use(lease, halves);
    replenish(leases, lease);
}

/* When it will have one unit again. */
static uint64_t dry_us(const struct lease *lease)
{
    int64_t missing = 2 * (int64_t)THROUGHPUT_HALF - lease->balance;
    uint64_t wait_us = missing > 0 ? (uint64_t)missing / lease->limit.rate : 0;
    if (wait_us < LEASE_DRY_MIN_US)
        return LEASE_DRY_MIN_US;
    return wait_us < LEASE_DRY_MAX_US ? wait_us : LEASE_DRY_MAX_US;
}

void throughput_leases_on_reply(struct throughput_leases *leases, const struct frame *frame,
                                const Cartwheel__LeaseReply *reply)
{
    struct lease *lease = map_find(&leases->asking, frame->header.request_id);
    if (lease == NULL || lease->asked != frame->header.from)
        return; /* late: what it grants is lost, which is little */
    int64_t capacity = throughput_capacity(lease->limit.rate);
    forget_question(leases, lease);
    lease->owed -= lease->told;
    lease->tokens += reply->granted > 0 ? at_most(reply->granted, lease->chunk) : 0;
    lease->told = 0;
    lease->alone = false;
    lease->bucket = reply->bucket;
    lease->balance = reply->balance > -capacity ? at_most(reply->balance, capacity) : -capacity;
    lease->balance_us = now_of(leases);
    lease->dry = reply->granted <= 0 && lease->balance < (int64_t)THROUGHPUT_HALF;
    lease->dry_until_us = lease->balance_us + dry_us(lease);
    if (lease->tokens < 0)
        replenish(leases, lease);
}

static bool idle(const struct lease *lease, uint64_t now_us)
{
    return now_us >= lease->used_us + LEASE_IDLE_US;
}

/* For all that is known, there is something again. A shard that is busy asks and waits; one that is not
 * would find its clients gone. */
static void forget_drought(struct lease *lease, uint64_t now_us)
{
    if (lease->dry && balance_max(lease, now_us) >= (int64_t)THROUGHPUT_HALF)
        lease->dry = false;
}

/* Nothing in it that its keeper, or the next one, would have to know. */
static bool pointless(const struct lease *lease, uint64_t now_us)
{
    bool empty = lease->tokens == 0 && lease->owed == 0;
    return idle(lease, now_us) && lease->question == 0 && empty &&
           balance_max(lease, now_us) == throughput_capacity(lease->limit.rate);
}

static void tick_lease(struct throughput_leases *leases, struct lease *lease, uint64_t now_us)
{
    settle(leases, lease);
    if (idle(lease, now_us))
        forget_drought(lease, now_us);
    if (pointless(lease, now_us))
        forget(leases, lease);
    else if (!idle(lease, now_us))
        replenish(leases, lease);
    else if (lease->question == 0 && (lease->tokens != 0 || lease->owed != 0))
        send_question(leases, lease, 0);
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct throughput_leases *leases = container_of(timer, struct throughput_leases, tick);
    struct lease *next;
    leases->ticked_us = now_us;
    for (struct lease *at = throughput_lease_list_first(&leases->list); at != NULL; at = next) {
        next = throughput_lease_list_next(&leases->list, at);
        tick_lease(leases, at, now_us);
    }
    if (!throughput_lease_list_empty(&leases->list))
        arm_tick(leases, now_us + LEASE_IDLE_US);
}

void throughput_leases_on_peer_down(struct throughput_leases *leases, node_id peer)
{
    for (struct lease *at = throughput_lease_list_first(&leases->list); at != NULL;
         at = throughput_lease_list_next(&leases->list, at)) {
        if (at->question != 0 && at->asked == peer)
            forget_question(leases, at);
    }
}

void throughput_leases_drop(struct throughput_leases *leases, uint64_t table)
{
    for (int kind = 0; kind < THROUGHPUT_KINDS; kind++) {
        struct throughput_limit limit = {.table = table, .kind = (enum throughput_kind)kind};
        struct lease *lease = map_find(&leases->by_id, throughput_id(&limit));
        if (lease != NULL)
            forget(leases, lease);
    }
}
