#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "exchange_copy.h"
#include "exchange_session.h"
#include "probe.h"

enum {
    TICK_US = 20000,    /* between two sessions: repair never crowds out the foreground */
    STEP_TIMEOUTS = 10, /* a step that walks a partition may take so many attempt timeouts, */
    SUMS_TIMEOUTS = 2   /* one that reads its sums so many */
};

static void answers_clear(struct exchange *exchange);
static void on_tick(struct timer *timer, uint64_t now_us);
static void on_step_timeout(struct timer *timer, uint64_t now_us);

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
    pace_init(&exchange->pace, COPIES_MAX);
    exchange_wishes_init(&exchange->wishes);
    answers_clear(exchange);
}

static void answers_clear(struct exchange *exchange)
{
    for (int side = 0; side < 2; side++) {
        struct side_answer *answer = &exchange->side[side];
        caller_forget(exchange->caller, &answer->call);
        buffer_unref(answer->payload);
        buffer_unref(answer->covered);
        *answer = (struct side_answer){.exchange = exchange, .side = side};
    }
}

/* Whatever the session was doing, it is over. */
static void session_clear(struct exchange *exchange)
{
    answers_clear(exchange);
    copies_clear(exchange);
    buffer_unref(exchange->after);
    exchange->after = NULL;
    free(exchange->tables);
    exchange->tables = NULL;
    exchange->tables_count = 0;
    exchange->tables_next = 0;
    timers_disarm(exchange->timers, &exchange->timeout);
    exchange->busy = false;
}

void exchange_session_end(struct exchange *exchange)
{
    struct exchange_wish *wish = exchange->wish;
    exchange->wish = NULL;
    session_clear(exchange);
    exchange->stats.sessions++;
    if (wish != NULL)
        wish->done(wish, true);
}

static void session_fail(struct exchange *exchange)
{
    struct exchange_wish *wish = exchange->wish;
    exchange->wish = NULL;
    session_clear(exchange);
    exchange->stats.aborted++;
    if (wish != NULL)
        wish->done(wish, false);
}

static uint64_t now_us_of(const struct exchange *exchange)
{
    return exchange->caller->outbox->now.monotonic_us;
}

void exchange_wish_make(struct exchange *exchange, struct exchange_wish *wish)
{
    exchange_wishes_push(&exchange->wishes, wish);
    if (!exchange->busy)
        timers_arm(exchange->timers, &exchange->tick, now_us_of(exchange));
}

void exchange_wish_drop(struct exchange *exchange, struct exchange_wish *wish)
{
    if (exchange->wish != wish) {
        exchange_wishes_remove(&exchange->wishes, wish);
        return;
    }
    /* What its session would still copy was asked for under another ring. */
    exchange->wish = NULL;
    session_clear(exchange);
    exchange->stats.aborted++;
}

void exchange_deinit(struct exchange *exchange)
{
    session_clear(exchange);
    timers_disarm(exchange->timers, &exchange->tick);
    free(exchange->wanted);
    free(exchange->again);
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
    if (exchange->busy && exchange->peer == member)
        session_fail(exchange);
    exchange->wanted[member] = 0;
    exchange->again[member] = false;
}

void exchange_want_all(struct exchange *exchange)
{
    const struct membership *members = exchange->caller->members;
    for (size_t i = 0; i < membership_count(members); i++)
        if (i != members->self && members_usable(members, i))
            exchange->wanted[i] = membership_partitions(members);
}

uint64_t exchange_left(const struct exchange *exchange)
{
    const struct membership *members = exchange->caller->members;
    uint32_t shards = exchange->shards;
    uint64_t left = exchange->busy;
    for (size_t i = 0; i < membership_count(members); i++) {
        uint32_t wanted = exchange->wanted[i];
        if (wanted == 0 && exchange->again[i])
            wanted = membership_partitions(members);
        left += (wanted + shards - 1) / shards;
    }
    return left;
}

bool exchange_idle(const struct exchange *exchange)
{
    for (size_t i = 0; i < membership_count(exchange->caller->members); i++) {
        if (exchange->wanted[i] > 0 || exchange->again[i])
            return false;
    }
    return !exchange->busy;
}

/* A partition whose owners change has two lists: whoever is in either of them shares it. */
static uint32_t rank_of(const struct exchange *exchange, size_t member, uint32_t partition)
{
    const struct ring_state *ring = &exchange->caller->members->ring;
    const uint16_t *list = ring_list(ring, partition);
    const uint16_t *target = ring_target(ring, partition);
    unsigned rank = ring_list_rank(list, (unsigned)member);
    unsigned next = ring_list_rank(target, (unsigned)member);
    return ring->stages[partition] == RING_JOINT && next < rank ? next : rank;
}

/* The least number of replicas that makes both this node and the member home nodes of a table in
 * the partition; 0 if none does, or another shard looks after it. */
static uint32_t shared_from(const struct exchange *exchange, size_t member, uint32_t partition)
{
    uint32_t own = rank_of(exchange, exchange->caller->members->self, partition);
    uint32_t other = rank_of(exchange, member, partition);
    uint32_t higher = own > other ? own : other;
    if (partition % exchange->shards != exchange->shard || higher == REPLICAS_MAX)
        return 0;
    return higher + 1;
}

static void step_arm(struct exchange *exchange, uint64_t timeouts)
{
    uint64_t patience_us = timeouts * exchange->attempt_timeout_us;
    timers_arm(exchange->timers, &exchange->timeout, now_us_of(exchange) + patience_us);
}

void exchange_progress(struct exchange *exchange)
{
    step_arm(exchange, STEP_TIMEOUTS);
}

size_t exchange_side_member(const struct exchange *exchange, int side)
{
    return side == 0 ? exchange->caller->members->self : exchange->peer;
}

void exchange_send(struct exchange *exchange, struct call *call, int side, enum frame_type type,
                   enum frame_type expects, const ProtobufCMessage *body, struct slice payload)
{
    if (side != 0)
        exchange->stats.bytes +=
            FRAME_HEADER_SIZE + protobuf_c_message_get_packed_size(body) + payload.size;
    caller_send(exchange->caller, call, exchange_side_member(exchange, side), exchange->partition,
                type, expects, body, payload);
}

void exchange_count_reply(struct exchange *exchange, int side, const struct frame *frame)
{
    if (side != 0)
        exchange->stats.bytes += FRAME_HEADER_SIZE + frame->body.size + frame->payload.size;
}

void exchange_ask_both(struct exchange *exchange, call_done done, enum frame_type type,
                       enum frame_type expects, const ProtobufCMessage *body)
{
    answers_clear(exchange);
    step_arm(exchange, type == FRAME_SUMS ? SUMS_TIMEOUTS : STEP_TIMEOUTS);
    for (int side = 0; side < 2; side++) {
        struct call *call = &exchange->side[side].call;
        call->done = done;
        exchange_send(exchange, call, side, type, expects, body, SLICE_EMPTY);
    }
}

bool exchange_answered(struct side_answer *answer, const struct frame *frame)
{
    struct exchange *exchange = answer->exchange;
    exchange_count_reply(exchange, answer->side, frame);
    answer->payload = buffer_from(frame->payload);
    if (exchange->side[1 - answer->side].payload == NULL)
        return false;
    step_arm(exchange, STEP_TIMEOUTS);
    return true;
}

static void session_start(struct exchange *exchange, size_t peer, uint32_t partition)
{
    exchange->busy = true;
    exchange->failed = false;
    exchange->peer = peer;
    exchange->partition = partition;
    exchange->replicas = shared_from(exchange, peer, partition);
    exchange_compare(exchange);
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

static bool start_wish(struct exchange *exchange)
{
    struct exchange_wish *wish = exchange_wishes_pop(&exchange->wishes);
    if (wish == NULL)
        return false;
    exchange->wish = wish;
    if (members_usable(exchange->caller->members, wish->peer) &&
        shared_from(exchange, wish->peer, wish->partition) > 0)
        session_start(exchange, wish->peer, wish->partition);
    else
        session_fail(exchange);
    return true;
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
    if (!exchange->busy && !start_wish(exchange) && !start_rolling(exchange, now_us))
        (void)start_wanted(exchange);
}

void exchange_session_abort(struct exchange *exchange)
{
    PROBE("an exchange is broken off");
    exchange->again[exchange->peer] |= exchange->wish == NULL;
    exchange->again_at_us = now_us_of(exchange) + exchange->interval_us;
    session_fail(exchange);
}

static void on_step_timeout(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    PROBE("a step of an exchange runs out of time");
    exchange_session_abort(container_of(timer, struct exchange, timeout));
}
