#include "contest.h"

#include <stdlib.h>
#include <string.h>

#include "contest_batch.h"
#include "hash.h"
#include "planted.h"
#include "probe.h"

/* The queue of one key. (Two keys of one hash share a queue, and take turns.) */
struct contest {
    struct coordinator *coordinator;
    uint64_t id;                /* in coordinator->contests */
    struct entries waiting;     /* in order of arrival */
    struct contest_batch batch; /* at work; empty: none */
    struct proposer proposer;   /* of the batch's key */
    bool proposing;             /* the proposer is there */
    bool answering;             /* whoever joins now waits until that is done */
    struct timer deadline;      /* at or before the earliest of all entries */
};

static void on_prepared(struct proposer *proposer);
static const struct proposer_events contest_events;

static uint64_t now_us(const struct contest *contest)
{
    return contest->coordinator->outbox->now.monotonic_us;
}

static void on_deadline(struct timer *timer, uint64_t at_us);

static struct contest *contest_get(struct coordinator *coordinator, struct slice key)
{
    uint64_t id = hash64_id(key);
    struct contest *contest = map_find(&coordinator->contests, id);
    if (contest != NULL)
        return contest;
    contest = calloc(1, sizeof(*contest));
    ensure(contest != NULL);
    contest->coordinator = coordinator;
    contest->id = id;
    entries_init(&contest->waiting);
    contest_batch_init(&contest->batch, coordinator);
    timer_init(&contest->deadline, on_deadline);
    map_put(&coordinator->contests, id, contest);
    return contest;
}

static void contest_free(struct contest *contest)
{
    if (contest->proposing)
        proposer_deinit(&contest->proposer);
    timers_disarm(contest->coordinator->timers, &contest->deadline);
    contest_batch_deinit(&contest->batch);
    (void)map_remove(&contest->coordinator->contests, contest->id);
    free(contest);
}

/* For the earliest of all. An armed timer stands at or before that: the queue is walked only when it
 * has fired, not for each who comes. */
static void arm_deadline(struct contest *contest)
{
    if (timer_armed(&contest->deadline))
        return;
    uint64_t first_us = UINT64_MAX;
    struct entry *entry;
    for (entry = entries_first(&contest->waiting); entry != NULL;
         entry = entries_next(&contest->waiting, entry))
        first_us = entry->deadline_us < first_us ? entry->deadline_us : first_us;
    for (entry = entries_first(&contest->batch.entries); entry != NULL;
         entry = entries_next(&contest->batch.entries, entry))
        first_us = entry->deadline_us < first_us ? entry->deadline_us : first_us;
    if (first_us != UINT64_MAX)
        timers_arm(contest->coordinator->timers, &contest->deadline, first_us);
}

/* Ends the proposer: the next batch may be of another key, or there is none. */
static void stop_proposing(struct contest *contest)
{
    if (contest->proposing)
        proposer_deinit(&contest->proposer);
    contest->proposing = false;
}

/* Plain writes that ask for more than a majority go their own way, in their turn. */
static void release_plain(struct contest *contest)
{
    struct entry *entry;
    while ((entry = entries_first(&contest->waiting)) != NULL && entry_goes_alone(entry)) {
        entries_remove(&contest->waiting, entry);
        struct request *request = entry->request;
        free(entry);
        write_begin(contest->coordinator, request);
    }
}

static void note_deadline(struct contest *contest, uint64_t deadline_us)
{
    if (!timer_armed(&contest->deadline) || deadline_us < contest->deadline.deadline_us)
        timers_arm(contest->coordinator->timers, &contest->deadline, deadline_us);
}

/* The proposer for the batch's key. It stays from one batch to the next: a promise may have ridden
 * along with the last accept. */
static void see_to_proposer(struct contest *contest)
{
    struct proposer *proposer = &contest->proposer;
    struct contest_batch *batch = &contest->batch;
    bool same = contest->proposing && proposer->n == batch->n && proposer_is_current(proposer) &&
                slice_equal(buffer_slice(proposer->key), buffer_slice(batch->key));
    if (!same) {
        stop_proposing(contest);
        proposer_init(proposer, contest->coordinator, batch->key, batch->n, &contest_events);
        contest->proposing = true;
    }
    /* A hint's stamp may be above this node's clock: what is made of it must be above that. */
    proposer->highest = version_max(proposer->highest, contest_batch_first(batch));
    proposer->retry_unreachable = contest_batch_tried(batch);
    proposer->hear_all = contest_batch_hears_all(batch);
}

/* The batch is answered: takes the next one, or frees the contest if nobody waits. Last in a
 * handler. */
static void contest_advance(struct contest *contest)
{
    release_plain(contest);
    if (entries_empty(&contest->waiting)) {
        contest_free(contest);
        return;
    }
    contest_batch_fill(&contest->batch, &contest->waiting);
    see_to_proposer(contest);
    arm_deadline(contest);
    /* A mixed write's stamp may be above the promise that rode along, which then tells nothing. */
    bool ridden = contest->proposer.phase == PROPOSER_PREPARED;
    if (ridden && !contest_batch_tried(&contest->batch)) {
        PROBE("a promise that rode on the last accept is used");
        contest->coordinator->stats.promises_ridden++;
        on_prepared(&contest->proposer);
    } else {
        proposer_prepare(&contest->proposer);
    }
}

static void contest_answer(struct contest *contest, const struct attempt *results)
{
    contest->answering = true;
    contest_batch_answer(&contest->batch, &contest->proposer, results);
    contest->answering = false;
}

static void contest_give_up(struct contest *contest, enum outcome outcome)
{
    contest->answering = true;
    contest_batch_give_up(&contest->batch, outcome);
    contest->answering = false;
    stop_proposing(contest);
    contest_advance(contest);
}

static struct contest *contest_of(struct proposer *proposer)
{
    return container_of(proposer, struct contest, proposer);
}

/* Nothing has to be written: what was found is the answer. */
static void answer_found(struct contest *contest, const struct attempt *results)
{
    proposer_spread_state(&contest->proposer, contest_batch_settles(&contest->batch));
    contest_answer(contest, results);
    stop_proposing(contest);
    contest_advance(contest);
}

static void publish_state(struct contest *contest)
{
    struct proposer *proposer = &contest->proposer;
    struct row row = row_successor(NULL, proposer->ballot, true, SLICE_EMPTY);
    if (proposer->has_state) {
        row = proposer->state;
        row.ballot = proposer->ballot;
        row.proposed = true;
    }
    PROBE("undecided state published again");
    proposer_publish(proposer, &row, false);
}

static bool more_wait(const struct contest *contest)
{
    const struct entry *next = entries_first(&contest->waiting);
    return next != NULL && !entry_goes_alone(next) &&
           slice_equal(entry_key(next), buffer_slice(contest->batch.key));
}

/* Nothing is to be written: the answer is that of the state, once it is certain that it was the
 * item's state after the last of the batch had come. */
static void conclude_unchanged(struct contest *contest)
{
    struct proposer *proposer = &contest->proposer;
    struct contest_batch *batch = &contest->batch;
    bool tried = contest_batch_tried(batch);
    bool current = !proposer->state_own && contest_batch_is_early(batch, proposer);
    if (PLANTED(FAIL_ALONE)) {
        answer_found(contest, contest_batch_last_attempt(batch));
    } else if (tried || !proposer_state_decided(proposer)) {
        /* An attempt that was not found may still sit somewhere: this ballot is to bury it. */
        publish_state(contest);
    } else if (current) {
        answer_found(contest, contest_batch_last_attempt(batch));
    } else {
        PROBE("condition judged again for those who came late");
        batch->closed = true;
        proposer->hear_all = contest_batch_hears_all(batch);
        proposer_prepare(proposer);
    }
}

/* The batch is run on the state; what comes of it is proposed, or answered if nothing does. */
static void contest_evaluate(struct contest *contest)
{
    struct proposer *proposer = &contest->proposer;
    struct contest_batch *batch = &contest->batch;
    struct row row;
    /* Who comes now may still join, since nothing was proposed for them yet. */
    if (!contest_batch_tried(batch) && !batch->closed)
        contest_batch_fill(batch, &contest->waiting);
    if (!contest_batch_tried(batch))
        contest_batch_trim(batch, &contest->waiting,
                           proposer->state_bytes == NULL ? 0 : proposer->state_bytes->size);
    if (contest_batch_evaluate(batch, proposer, &row)) {
        proposer_publish(proposer, &row, more_wait(contest));
        writer_reset(&batch->value);
    } else {
        conclude_unchanged(contest);
    }
}

/* An earlier attempt may have been taken: the state found tells whether it was. */
static void contest_resolve(struct contest *contest)
{
    struct proposer *proposer = &contest->proposer;
    struct contest_batch *batch = &contest->batch;
    const struct row *state = proposer->has_state ? &proposer->state : NULL;
    const struct attempt *found = contest_batch_find_attempt(batch, state);
    if (found == NULL && contest_batch_superseded(batch, state)) {
        PROBE("hint superseded");
        found = &batch->attempts[0];
    }
    if (found != NULL && !PLANTED(RUN_AGAIN)) {
        PROBE("uncertain attempt found in the state or its lineage");
        batch->finishing = found;
        if (proposer_state_decided(proposer))
            answer_found(contest, found);
        else
            publish_state(contest);
    } else if (contest_batch_attempts_left(batch) &&
               (contest_batch_certainly_without(batch, state) || PLANTED(RUN_AGAIN))) {
        PROBE("uncertain attempt certainly never happened: evaluated again");
        contest_evaluate(contest);
    } else {
        PROBE("uncertain attempt: outcome unknown");
        contest_give_up(contest, OUTCOME_UNAVAILABLE);
    }
}

static void on_prepared(struct proposer *proposer)
{
    struct contest *contest = contest_of(proposer);
    contest->batch.finishing = NULL;
    if (contest_batch_tried(&contest->batch))
        contest_resolve(contest);
    else
        contest_evaluate(contest);
}

static void on_decided(struct proposer *proposer)
{
    struct contest *contest = contest_of(proposer);
    struct contest_batch *batch = &contest->batch;
    const struct attempt *results =
        batch->finishing != NULL ? batch->finishing : contest_batch_last_attempt(batch);
    contest_answer(contest, results);
    contest_advance(contest);
}

/* Another round will tell, until the deadline. */
static void on_uncertain(struct proposer *proposer)
{
    proposer->retry_unreachable = contest_batch_tried(&contest_of(proposer)->batch);
    proposer_prepare_later(proposer);
}

/* No majority promises. Plain writes that may do with less, or with stand-ins, try it alone; what
 * this node has no space for, another may. */
static void on_failed(struct proposer *proposer, enum outcome outcome)
{
    struct contest *contest = contest_of(proposer);
    if (!contest_batch_tried(&contest->batch)) {
        contest_batch_release_plain(&contest->batch);
        if (outcome == OUTCOME_NO_SPACE)
            contest_batch_hand_on(&contest->batch);
    }
    contest_give_up(contest, outcome);
}

static const struct proposer_events contest_events = {on_prepared, on_decided, on_uncertain,
                                                      on_failed};

/* Whoever waited too long is answered; the others go on. */
static void on_deadline(struct timer *timer, uint64_t at_us)
{
    (void)at_us;
    struct contest *contest = container_of(timer, struct contest, deadline);
    contest->answering = true;
    struct entry *entry = entries_first(&contest->waiting);
    while (entry != NULL) {
        struct entry *next = entries_next(&contest->waiting, entry);
        if (entry->deadline_us <= now_us(contest)) {
            PROBE("who waits for a contest runs out of time");
            entries_remove(&contest->waiting, entry);
            entry_answer(contest->coordinator, entry, OUTCOME_UNAVAILABLE);
        }
        entry = next;
    }
    contest_batch_expire(&contest->batch, now_us(contest));
    contest->answering = false;
    if (entries_empty(&contest->batch.entries))
        contest_give_up(contest, OUTCOME_UNAVAILABLE);
    else
        arm_deadline(contest);
}

static void contest_add(struct coordinator *coordinator, struct entry *entry)
{
    struct contest *contest = contest_get(coordinator, entry_key(entry));
    bool idle = entries_empty(&contest->waiting) && entries_empty(&contest->batch.entries) &&
                !contest->answering;
    entry->joined = ++coordinator->contest_clock;
    entries_push(&contest->waiting, entry);
    note_deadline(contest, entry->deadline_us);
    if (idle)
        contest_advance(contest);
}

void contest_submit(struct coordinator *coordinator, struct request *request)
{
    contest_add(coordinator, entry_of_request(coordinator, request));
}

void contest_settle_mixed(struct coordinator *coordinator, struct request *request,
                          struct version version)
{
    PROBE("mixed plain write goes to a round");
    contest_add(coordinator, entry_of_mixed(coordinator, request, version));
}

void settle_begin(struct coordinator *coordinator, struct settlement *settlement)
{
    contest_add(coordinator, entry_of_settlement(settlement));
}

bool contest_under_way(const struct coordinator *coordinator, struct slice key)
{
    return coordinator->contests.count > 0 &&
           map_find(&coordinator->contests, hash64_id(key)) != NULL;
}

void contests_deinit(struct coordinator *coordinator)
{
    size_t cursor = 0;
    struct contest *contest;
    while ((contest = map_each(&coordinator->contests, &cursor)) != NULL) {
        struct entry *entry;
        contest->answering = true;
        while ((entry = entries_pop(&contest->waiting)) != NULL)
            entry_answer(coordinator, entry, OUTCOME_UNAVAILABLE);
        contest_batch_give_up(&contest->batch, OUTCOME_UNAVAILABLE);
        contest_free(contest);
        cursor = 0;
    }
}
