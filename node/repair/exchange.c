#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "exchange_copy.h"
#include "probe.h"

enum {
    TICK_US = 20000,   /* between two sessions: repair never crowds out the foreground */
    STEP_TIMEOUTS = 10 /* a step that walks a partition may take so many attempt timeouts */
};

static void pages_clear(struct exchange *exchange);
static void on_tick(struct timer *timer, uint64_t now_us);
static void on_step_timeout(struct timer *timer, uint64_t now_us);
static void on_sums(struct call *call, const struct frame *frame, const ProtobufCMessage *body);
static void on_keys(struct call *call, const struct frame *frame, const ProtobufCMessage *body);

void exchange_init(struct exchange *exchange, struct caller *caller, struct timers *timers,
                   struct prng *prng, uint16_t shard, uint16_t shards, uint64_t interval_us,
                   uint64_t attempt_timeout_us)
{
    memset(exchange, 0, sizeof(*exchange));
    exchange->caller = caller;
    exchange->timers = timers;
    exchange->prng = prng;
    exchange->shard = shard;
    exchange->shards = shards;
    exchange->interval_us = interval_us;
    exchange->attempt_timeout_us = attempt_timeout_us;
    exchange->wanted = calloc(MEMBERS_MAX, sizeof(*exchange->wanted));
    exchange->again = calloc(MEMBERS_MAX, sizeof(*exchange->again));
    ensure(exchange->wanted != NULL);
    ensure(exchange->again != NULL);
    timer_init(&exchange->tick, on_tick);
    timer_init(&exchange->timeout, on_step_timeout);
    pages_clear(exchange);
}

static void pages_clear(struct exchange *exchange)
{
    for (int side = 0; side < 2; side++) {
        struct key_page *page = &exchange->side[side];
        caller_forget(exchange->caller, &page->call);
        buffer_unref(page->entries);
        buffer_unref(page->covered);
        *page = (struct key_page){.exchange = exchange, .side = side};
    }
}

/* Whatever the session was doing, it is over. */
static void session_clear(struct exchange *exchange)
{
    pages_clear(exchange);
    copies_clear(exchange);
    buffer_unref(exchange->after);
    exchange->after = NULL;
    timers_disarm(exchange->timers, &exchange->timeout);
    exchange->busy = false;
}

static void session_end(struct exchange *exchange, bool finished)
{
    session_clear(exchange);
    exchange->stats.sessions += finished;
    exchange->stats.aborted += !finished;
}

void exchange_deinit(struct exchange *exchange)
{
    session_clear(exchange);
    timers_disarm(exchange->timers, &exchange->tick);
    free(exchange->wanted);
    free(exchange->again);
}

static uint64_t now_us_of(const struct exchange *exchange)
{
    return exchange->caller->outbox->now.monotonic_us;
}

void exchange_start(struct exchange *exchange)
{
    uint32_t partitions = membership_partitions(exchange->caller->members);
    exchange->rolling = (uint32_t)prng_below(exchange->prng, partitions);
    exchange->rolling_at_us =
        now_us_of(exchange) + prng_between(exchange->prng, 1, exchange->interval_us);
    timers_arm(exchange->timers, &exchange->tick, now_us_of(exchange) + TICK_US);
}

void exchange_on_reconnection(struct exchange *exchange, size_t member)
{
    if (exchange->caller->members->self < member)
        exchange->wanted[member] = membership_partitions(exchange->caller->members);
}

void exchange_on_removal(struct exchange *exchange, size_t member)
{
    if (exchange->busy && exchange->peer == member) {
        PROBE("the other side of an exchange is removed");
        session_end(exchange, false);
    }
    exchange->wanted[member] = 0;
    exchange->again[member] = false;
}

bool exchange_idle(const struct exchange *exchange)
{
    for (size_t i = 0; i < membership_count(exchange->caller->members); i++) {
        if (exchange->wanted[i] > 0 || exchange->again[i])
            return false;
    }
    return !exchange->busy;
}

/* The least number of replicas that makes both this node and the member home nodes of a table in
 * the partition; 0 if none does, or another shard looks after it. */
static uint32_t shared_from(const struct exchange *exchange, size_t member, uint32_t partition)
{
    uint16_t list[PREFERENCE_MAX];
    size_t count =
        membership_preference_list(exchange->caller->members, partition, list, EXCHANGE_REPLICAS);
    uint32_t met = 0;
    if (partition % exchange->shards != exchange->shard)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        met += list[i] == exchange->caller->members->self || list[i] == member;
        if (met == 2)
            return i + 1;
    }
    return 0;
}

static void step_arm(struct exchange *exchange)
{
    uint64_t patience_us = STEP_TIMEOUTS * exchange->attempt_timeout_us;
    timers_arm(exchange->timers, &exchange->timeout, now_us_of(exchange) + patience_us);
}

static void sums_ask(struct exchange *exchange, int side)
{
    struct key_page *page = &exchange->side[side];
    page->call.done = on_sums;
    page->here = false;
    Cartwheel__Sums body = CARTWHEEL__SUMS__INIT;
    body.partition = exchange->partition;
    body.replicas = exchange->replicas;
    size_t member = exchange_side_member(exchange, side);
    caller_send(exchange->caller, &page->call, member, exchange->partition, FRAME_SUMS,
                FRAME_SUMS_REPLY, &body.base, SLICE_EMPTY);
}

static void session_start(struct exchange *exchange, size_t peer, uint32_t partition)
{
    exchange->busy = true;
    exchange->failed = false;
    exchange->peer = peer;
    exchange->partition = partition;
    exchange->replicas = shared_from(exchange, peer, partition);
    step_arm(exchange);
    sums_ask(exchange, 0);
    sums_ask(exchange, 1);
}

/* The next partition due with a peer that came back; peers take turns. */
static bool start_wanted(struct exchange *exchange)
{
    const struct membership *members = exchange->caller->members;
    size_t count = membership_count(members);
    for (size_t i = 0; i < count; i++) {
        size_t peer = (exchange->next_peer + i) % count;
        while (exchange->wanted[peer] > 0 && members_usable(members, peer)) {
            uint32_t partition = --exchange->wanted[peer];
            if (shared_from(exchange, peer, partition) == 0)
                continue;
            exchange->next_peer = peer + 1;
            session_start(exchange, peer, partition);
            return true;
        }
    }
    return false;
}

/* Comparisons that failed are made once more, all of them, after a while. */
static void want_again(struct exchange *exchange, uint64_t now_us)
{
    if (now_us < exchange->again_at_us)
        return;
    for (size_t i = 0; i < membership_count(exchange->caller->members); i++) {
        if (exchange->again[i] && exchange->wanted[i] == 0) {
            PROBE("partitions are compared once more");
            exchange->again[i] = false;
            exchange->wanted[i] = membership_partitions(exchange->caller->members);
        }
    }
}

/* Whatever else is due, the slow pace goes on. */
static bool start_rolling(struct exchange *exchange, uint64_t now_us)
{
    const struct membership *members = exchange->caller->members;
    if (now_us < exchange->rolling_at_us)
        return false;
    exchange->rolling_at_us = now_us + exchange->interval_us;
    size_t count = membership_count(members);
    size_t first = (size_t)prng_below(exchange->prng, count);
    for (uint32_t step = 0; step < membership_partitions(members); step++) {
        exchange->rolling = (exchange->rolling + 1) % membership_partitions(members);
        for (size_t i = 0; i < count; i++) {
            size_t peer = (first + i) % count;
            bool other = peer != members->self && members_usable(members, peer);
            if (other && shared_from(exchange, peer, exchange->rolling) > 0) {
                session_start(exchange, peer, exchange->rolling);
                return true;
            }
        }
    }
    return false;
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct exchange *exchange = container_of(timer, struct exchange, tick);
    timers_arm(exchange->timers, timer, now_us + TICK_US);
    want_again(exchange, now_us);
    if (!exchange->busy && !start_rolling(exchange, now_us))
        (void)start_wanted(exchange);
}

/* A side did not answer, or a row could not be copied: others first, then this once more. */
static void session_abort(struct exchange *exchange)
{
    PROBE("an exchange is broken off");
    exchange->again[exchange->peer] = true;
    exchange->again_at_us = now_us_of(exchange) + exchange->interval_us;
    session_end(exchange, false);
}

static void on_step_timeout(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    PROBE("a step of an exchange runs out of time");
    session_abort(container_of(timer, struct exchange, timeout));
}

static void keys_ask(struct exchange *exchange, int side)
{
    struct key_page *page = &exchange->side[side];
    page->call.done = on_keys;
    page->here = false;
    Cartwheel__Keys body = CARTWHEEL__KEYS__INIT;
    body.partition = exchange->partition;
    body.replicas = exchange->replicas;
    body.leaves = binary_of(slice_of(exchange->leaves, sizeof(exchange->leaves)));
    if (exchange->after != NULL)
        body.after = binary_of(buffer_slice(exchange->after));
    caller_send(exchange->caller, &page->call, exchange_side_member(exchange, side),
                exchange->partition, FRAME_KEYS, FRAME_KEYS_REPLY, &body.base, SLICE_EMPTY);
}

static void keys_ask_both(struct exchange *exchange)
{
    pages_clear(exchange);
    step_arm(exchange);
    keys_ask(exchange, 0);
    keys_ask(exchange, 1);
}

/* Marks the leaves that differ; false if none does. */
static bool sums_compare(struct exchange *exchange)
{
    bool differ = false;
    memset(exchange->leaves, 0, sizeof(exchange->leaves));
    for (size_t leaf = 0; leaf < PARTITION_LEAVES; leaf++) {
        if (digest_equal(exchange->sums[0][leaf], exchange->sums[1][leaf]))
            continue;
        exchange->leaves[leaf / 8] |= (uint8_t)(1 << (leaf % 8));
        differ = true;
    }
    return differ;
}

static bool sums_decode(struct digest *sums, struct slice payload)
{
    struct reader reader = reader_of(payload);
    for (size_t leaf = 0; leaf < PARTITION_LEAVES; leaf++) {
        sums[leaf].high = reader_get_u64(&reader);
        sums[leaf].low = reader_get_u64(&reader);
    }
    return reader_done(&reader);
}

static void on_sums(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct key_page *page = container_of(call, struct key_page, call);
    struct exchange *exchange = page->exchange;
    const Cartwheel__SumsReply *reply = (const Cartwheel__SumsReply *)body;
    bool good = frame != NULL && reply->verdict == VERDICT_OK &&
                sums_decode(exchange->sums[page->side], frame->payload);
    if (!good) {
        session_abort(exchange);
        return;
    }
    page->here = true;
    if (!exchange->side[1 - page->side].here)
        return;
    if (sums_compare(exchange)) {
        PROBE("an exchange finds a difference");
        keys_ask_both(exchange);
    } else
        session_end(exchange, true);
}

void exchange_page_done(struct exchange *exchange)
{
    bool more = exchange->after != NULL;
    if (exchange->failed)
        session_abort(exchange);
    else if (more) {
        PROBE("an exchange goes on with the next page");
        keys_ask_both(exchange);
    } else
        session_end(exchange, true);
}

/* A page that says it is not the last must get on, or the session would never end. */
static bool advances(const struct exchange *exchange, const Cartwheel__KeysReply *reply)
{
    struct slice after = exchange->after == NULL ? SLICE_EMPTY : buffer_slice(exchange->after);
    return slice_compare(slice_of_binary(reply->covered), after) > 0;
}

static void on_keys(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct key_page *page = container_of(call, struct key_page, call);
    struct exchange *exchange = page->exchange;
    const Cartwheel__KeysReply *reply = (const Cartwheel__KeysReply *)body;
    bool good = frame != NULL && reply->verdict == VERDICT_OK &&
                (!reply->more || advances(exchange, reply));
    if (!good) {
        session_abort(exchange);
        return;
    }
    page->here = true;
    page->more = reply->more;
    page->entries = buffer_from(frame->payload);
    page->covered = buffer_from(slice_of_binary(reply->covered));
    if (!exchange->side[1 - page->side].here)
        return;
    step_arm(exchange);
    if (copies_plan(exchange))
        copies_run(exchange);
    else
        session_abort(exchange);
}
