#include "census.h"

#include <stdlib.h>
#include <string.h>

#include "planted.h"
#include "probe.h"

static void on_timer(struct timer *timer, uint64_t now_us);

void census_init(struct census *census, const struct boot *boot, struct outbox *outbox,
                 const struct membership *members, struct timers *timers, struct heard *heard,
                 struct votes *votes, bool lossy, struct log_sink *log)
{
    *census = (struct census){.outbox = outbox, .members = members, .timers = timers};
    census->heard = heard;
    census->votes = votes;
    census->lossy = lossy;
    census->log = log;
    memcpy(census->found, boot->votes, sizeof(census->found));
    census->answered = calloc(MEMBERS_MAX, sizeof(*census->answered));
    ensure(census->answered != NULL);
    census->gone = calloc(MEMBERS_MAX, sizeof(*census->gone));
    ensure(census->gone != NULL);
    timer_init(&census->timer, on_timer);
    /* Nobody can have heard of an id that was just drawn, and who is alone has no witnesses. */
    bool unknown = boot->born || membership_size(members) == 1 || PLANTED(SHORTENED_LOG);
    census->trusted = unknown || boot->resumed;
    census->state = unknown ? CENSUS_DONE : CENSUS_RECOVERING;
}

void census_deinit(struct census *census)
{
    timers_disarm(census->timers, &census->timer);
    free(census->answered);
    free(census->gone);
}

/* Another member, that is still one. */
static bool is_witness(const struct census *census, size_t index)
{
    return index != census->members->self &&
           membership_at(census->members, index)->status != MEMBER_REMOVED;
}

static bool answered_by(const struct census *census, size_t member, uint16_t shard)
{
    return (census->answered[member] >> shard & 1) != 0;
}

/* By each of its shards. */
static bool answered_whole(const struct census *census, size_t member)
{
    uint16_t shards = membership_at(census->members, member)->shards;
    bool whole = shards > 0;
    for (uint16_t shard = 0; shard < shards; shard++)
        whole &= answered_by(census, member, shard);
    return whole;
}

static bool all_answered(const struct census *census)
{
    bool all = true;
    for (size_t i = 0; i < membership_count(census->members); i++)
        all &= !is_witness(census, i) || answered_whole(census, i);
    return all;
}

/* Its answer may tell something, and can be expected. Who is suspected may well live, and be the only
 * witness: suspicion ends soon, one way or the other, or a
 * witness knows better. */
static bool waits_for(const struct census *census, size_t index)
{
    const struct member *member = membership_at(census->members, index);
    bool gone = census->gone[index];
    bool grace = census->outbox->now.monotonic_us < census->until_us;
    bool expected = member->status == MEMBER_ALIVE || (member->status == MEMBER_SUSPECT && !gone) ||
                    (member->status == MEMBER_UNKNOWN && grace);
    return !answered_whole(census, index) && expected;
}

/* All peers that are alive have, and there are any; or no other member is left. */
static bool peers_answered(const struct census *census)
{
    bool any = membership_size(census->members) == 1;
    for (size_t i = 0; i < membership_count(census->members); i++) {
        if (!is_witness(census, i))
            continue;
        if (waits_for(census, i))
            return false;
        any |= answered_whole(census, i);
    }
    return any;
}

static void ask(struct census *census, size_t member, uint16_t shard)
{
    Cartwheel__Census body = CARTWHEEL__CENSUS__INIT;
    struct address to = members_address(census->members, member, shard);
    outbox_send(census->outbox, to, FRAME_CENSUS, census->id, &body.base, SLICE_EMPTY);
}

static void ask_all(struct census *census)
{
    for (size_t i = 0; i < membership_count(census->members); i++) {
        const struct member *member = membership_at(census->members, i);
        bool peer = i != census->members->self && member_usable(member);
        for (uint16_t shard = 0; peer && shard < member->shards; shard++) {
            if (!answered_by(census, i, shard))
                ask(census, i, shard);
        }
    }
}

static void advance(struct census *census)
{
    if (census->state != CENSUS_RECOVERING || !peers_answered(census))
        return;
    census->state = CENSUS_DONE;
    log_event(census->log, LOG_INFO, "census_done", "shard=%u votes=%llu answers=%llu",
              census->outbox->shard, (unsigned long long)census->found[census->outbox->shard],
              (unsigned long long)census->answers);
}

static void ask_again(struct census *census)
{
    advance(census);
    if (census->state == CENSUS_BEHIND || all_answered(census))
        return;
    ask_all(census);
    uint64_t wait_us = census->state == CENSUS_DONE ? CENSUS_LATE_RETRY_US : CENSUS_RETRY_US;
    timers_arm(census->timers, &census->timer, census->outbox->now.monotonic_us + wait_us);
}

static void on_timer(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    ask_again(container_of(timer, struct census, timer));
}

void census_start(struct census *census, uint64_t id)
{
    census->id = id;
    census->until_us = census->outbox->now.monotonic_us + CENSUS_GRACE_US;
    if (census->state == CENSUS_DONE)
        return;
    log_event(census->log, LOG_INFO, "census", "shard=%u votes=%llu trusted=%d",
              census->outbox->shard, (unsigned long long)census->found[census->outbox->shard],
              census->trusted);
    ask_again(census);
}

void census_on_removal(struct census *census)
{
    if (timer_armed(&census->timer))
        advance(census);
}

void census_on_reach(struct census *census)
{
    if (timer_armed(&census->timer))
        timers_arm(census->timers, &census->timer, census->outbox->now.monotonic_us);
}

/* Returns how many. */
static size_t list_gone(const struct census *census, uint64_t *gone)
{
    size_t count = 0;
    for (size_t i = 0; i < membership_count(census->members); i++) {
        const struct member *member = membership_at(census->members, i);
        if (member->status == MEMBER_DEAD || member->status == MEMBER_LEFT)
            gone[count++] = member->id;
    }
    return count;
}

void census_on_question(struct census *census, const struct frame *frame)
{
    Cartwheel__CensusReply reply = CARTWHEEL__CENSUS_REPLY__INIT;
    Cartwheel__Heard numbers[SHARDS_MAX];
    Cartwheel__Heard *list[SHARDS_MAX];
    heard_load(census->heard);
    if (!census->heard->loaded) {
        PROBE("census: asked before what was heard is loaded");
        return;
    }
    for (uint16_t shard = 0; shard < SHARDS_MAX; shard++) {
        uint64_t votes =
            heard_before(census->heard, frame->header.from, shard, frame->header.start);
        if (votes == 0)
            continue;
        Cartwheel__Heard *number = &numbers[reply.n_heard];
        cartwheel__heard__init(number);
        number->shard = shard;
        number->votes = votes;
        list[reply.n_heard++] = number;
    }
    reply.heard = list;
    uint64_t *gone = calloc(membership_count(census->members), sizeof(*gone));
    ensure(gone != NULL);
    reply.gone = gone;
    reply.n_gone = list_gone(census, gone);
    outbox_reply(census->outbox, &frame->header, FRAME_CENSUS_REPLY, &reply.base, SLICE_EMPTY);
    free(gone);
}

static void find_behind(struct census *census, uint32_t shard, uint64_t votes, const char *witness)
{
    PROBE("census: a node has lost what it had promised");
    census->state = CENSUS_BEHIND;
    log_event(
        census->log, LOG_ERROR, "amnesia",
        "shard=%u votes=%llu heard=%llu by=%s reason=\"this node has lost promises and writes "
        "that it had acknowledged; it stops and must not vote again\"",
        (unsigned)shard, (unsigned long long)census->found[shard], (unsigned long long)votes,
        witness);
}

/* Whoever asked for durability by intervals has asked for this. Numbers go on above those that were
 * lost, so that it is said once, and no later start takes it for a new loss. */
static void go_on_behind(struct census *census, uint32_t shard, uint64_t votes, const char *witness)
{
    PROBE("census: a node that is behind goes on, since its store is lossy");
    log_event(census->log, LOG_WARN, "amnesia_tolerated",
              "shard=%u votes=%llu heard=%llu by=%s reason=\"durability = interval\"",
              (unsigned)shard, (unsigned long long)census->found[shard], (unsigned long long)votes,
              witness);
    census->found[shard] = votes;
    if (shard == census->outbox->shard)
        votes_skip(census->votes, votes);
}

static void compare(struct census *census, const struct frame *frame, uint32_t shard,
                    uint64_t votes)
{
    if (votes <= census->found[shard] || census->state == CENSUS_BEHIND)
        return;
    const struct member *witness = membership_find(census->members, frame->header.from);
    if (census->lossy)
        go_on_behind(census, shard, votes, witness->config->name);
    else
        find_behind(census, shard, votes, witness->config->name);
}

bool census_on_answer(struct census *census, const struct frame *frame,
                      const Cartwheel__CensusReply *reply)
{
    size_t from = members_index(census->members, frame->header.from);
    for (size_t i = 0; i < reply->n_heard; i++) {
        if (reply->heard[i]->shard >= SHARDS_MAX)
            return false;
    }
    if (from == census->members->self || frame->header.request_id != census->id ||
        !timer_armed(&census->timer))
        return true; /* of an earlier census, or repeated */
    for (size_t i = 0; i < reply->n_heard; i++)
        compare(census, frame, reply->heard[i]->shard, reply->heard[i]->votes);
    for (size_t i = 0; i < reply->n_gone; i++) {
        size_t member = members_index(census->members, reply->gone[i]);
        if (member != MEMBERS_MAX)
            census->gone[member] = true;
    }
    if (census->state == CENSUS_DONE)
        PROBE("census: a late answer");
    if (reply->n_gone > 0)
        PROBE("census: a witness knows somebody dead");
    census->answers++;
    census->answered[from] |= UINT64_C(1) << frame->header.from_shard;
    advance(census);
    return true;
}

bool census_forbids_votes(const struct census *census)
{
    bool recovering = census->state == CENSUS_RECOVERING && !census->trusted;
    return recovering || census->state == CENSUS_BEHIND;
}
