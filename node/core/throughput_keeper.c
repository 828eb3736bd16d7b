#include "throughput_keeper.h"

#include <stdlib.h>

#include "hash.h"
#include "throughput_bucket.h"
#include "throughput_place.h"

struct account {
    struct list_link link;
    struct throughput_limit limit; /* as last heard of */
    struct throughput_bucket bucket;
    uint64_t name; /* tells the bucket from others of the table, here and elsewhere */
    bool spent;    /* since the heir was told */
    bool serves;   /* else it is only an heir's */
};

LIST_FUNCTIONS(throughput_accounts, struct account, link)

static void on_sweep(struct timer *timer, uint64_t now_us);

void throughput_keeper_init(struct throughput_keeper *keeper, struct outbox *outbox,
                            struct timers *timers, const struct membership *members)
{
    *keeper = (struct throughput_keeper){.outbox = outbox, .timers = timers, .members = members};
    map_init(&keeper->accounts);
    throughput_accounts_init(&keeper->list);
    timer_init(&keeper->sweep, on_sweep);
}

static void account_free(struct throughput_keeper *keeper, struct account *account)
{
    map_remove(&keeper->accounts, throughput_id(&account->limit));
    throughput_accounts_remove(&keeper->list, account);
    free(account);
}

void throughput_keeper_deinit(struct throughput_keeper *keeper)
{
    struct account *account;
    while ((account = throughput_accounts_first(&keeper->list)) != NULL)
        account_free(keeper, account);
    map_deinit(&keeper->accounts);
    timers_disarm(keeper->timers, &keeper->sweep);
}

uint64_t throughput_keeper_serves(const struct throughput_keeper *keeper)
{
    uint64_t count = 0;
    for (struct account *at = throughput_accounts_first(&keeper->list); at != NULL;
         at = throughput_accounts_next(&keeper->list, at))
        count += at->serves;
    return count;
}

/* The heir's bucket fills as this one does, as long as nothing is taken from this one. */
static void tell_heir(struct throughput_keeper *keeper, struct account *account)
{
    Cartwheel__Lease body = CARTWHEEL__LEASE__INIT;
    struct address heir;
    if (!account->spent || !throughput_heir_of(keeper->members, account->limit.table, &heir))
        return;
    account->spent = false;
    body.table = account->limit.table;
    body.kind = (uint32_t)account->limit.kind;
    body.rate = account->limit.rate;
    body.revision = account->limit.revision;
    body.balance_max = account->bucket.balance;
    body.heard_of = account->name;
    outbox_send(keeper->outbox, heir, FRAME_LEASE, outbox_request_id(keeper->outbox), &body.base,
                SLICE_EMPTY);
}

/* A bucket that is full and one that is not there are the same. */
static void on_sweep(struct timer *timer, uint64_t now_us)
{
    struct throughput_keeper *keeper = container_of(timer, struct throughput_keeper, sweep);
    struct account *next;
    for (struct account *at = throughput_accounts_first(&keeper->list); at != NULL; at = next) {
        next = throughput_accounts_next(&keeper->list, at);
        throughput_bucket_fill(&at->bucket, now_us);
        tell_heir(keeper, at);
        if (throughput_bucket_full(&at->bucket))
            account_free(keeper, at);
    }
    if (keeper->accounts.count > 0)
        timers_arm(keeper->timers, &keeper->sweep, now_us + KEEPER_SWEEP_US);
}

static uint64_t name_bucket(struct outbox *outbox)
{
    const uint64_t parts[] = {outbox->self, outbox->shard, outbox_request_id(outbox)};
    return hash64_id(slice_of(parts, sizeof(parts)));
}

static struct account *account_new(struct throughput_keeper *keeper,
                                   const struct throughput_limit *limit, uint64_t now_us)
{
    struct account *account = calloc(1, sizeof(*account));
    ensure(account != NULL);
    account->limit = *limit;
    throughput_bucket_init(&account->bucket, limit->rate, now_us);
    account->name = name_bucket(keeper->outbox);
    map_put(&keeper->accounts, throughput_id(limit), account);
    throughput_accounts_push(&keeper->list, account);
    if (!timer_armed(&keeper->sweep))
        timers_arm(keeper->timers, &keeper->sweep, now_us + KEEPER_SWEEP_US);
    return account;
}

static struct account *account_of(struct throughput_keeper *keeper,
                                  const struct throughput_limit *limit, uint64_t now_us)
{
    struct account *account = map_find(&keeper->accounts, throughput_id(limit));
    if (account == NULL)
        return account_new(keeper, limit, now_us);
    if (limit->revision > account->limit.revision) {
        throughput_bucket_set_rate(&account->bucket, limit->rate, now_us);
        account->limit = *limit;
    }
    throughput_bucket_fill(&account->bucket, now_us);
    return account;
}

static bool is_amount(int64_t amount)
{
    int64_t most = throughput_capacity(THROUGHPUT_RATE_MAX);
    return amount >= -most && amount <= most;
}

static bool lease_valid(const Cartwheel__Lease *lease)
{
    return lease->table << 1 != 0 && lease->kind < THROUGHPUT_KINDS && lease->rate > 0 &&
           lease->rate <= THROUGHPUT_RATE_MAX && lease->wanted >= 0 && is_amount(lease->wanted) &&
           is_amount(lease->spent) && is_amount(lease->balance_max);
}

bool throughput_keeper_on_frame(struct throughput_keeper *keeper, const struct frame *frame,
                                const Cartwheel__Lease *lease)
{
    if (!lease_valid(lease))
        return false;
    uint64_t now_us = keeper->outbox->now.monotonic_us;
    struct throughput_limit limit = {lease->table, (enum throughput_kind)lease->kind, lease->rate,
                                     lease->revision};
    struct account *account = account_of(keeper, &limit, now_us);
    if (lease->heard_of != 0 && lease->heard_of != account->name)
        throughput_bucket_limit(&account->bucket, lease->balance_max);
    throughput_bucket_spend(&account->bucket, lease->spent);
    account->spent |= lease->wanted != 0 || lease->spent != 0;
    account->serves |= account->spent;
    Cartwheel__LeaseReply reply = CARTWHEEL__LEASE_REPLY__INIT;
    reply.granted = throughput_bucket_grant(&account->bucket, lease->wanted);
    reply.balance = account->bucket.balance;
    reply.bucket = account->name;
    outbox_reply(keeper->outbox, &frame->header, FRAME_LEASE_REPLY, &reply.base, SLICE_EMPTY);
    return true;
}
