#include "proposer.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "probe.h"
#include "publication.h"

enum {
    PAUSE_US = 1000, /* after a refusal, at most; doubles with each in a row */
    PAUSE_DOUBLINGS_MAX = 6
};

static void proposer_judge(struct proposer *proposer);
static const struct task_type proposer_type;

void proposer_init(struct proposer *proposer, struct coordinator *coordinator, struct buffer *key,
                   uint8_t n, const struct proposer_events *events)
{
    memset(proposer, 0, sizeof(*proposer));
    task_init_until(&proposer->task, &proposer_type, coordinator, UINT64_MAX / 2);
    proposer->events = events;
    proposer->key = buffer_ref(key);
    proposer->partition = key_partition(buffer_slice(key));
    proposer->n = n;
}

bool proposer_is_current(const struct proposer *proposer)
{
    const struct membership *members = proposer->task.coordinator->members;
    return proposer->homes.epoch == membership_partition_epoch(members, proposer->partition);
}

static void release_state(struct proposer *proposer)
{
    buffer_unref(proposer->state_bytes);
    proposer->state_bytes = NULL;
    proposer->has_state = false;
    proposer->state_holders = 0;
    proposer->state_applied = false;
    proposer->state_own = false;
}

/* The calls still out are not waited for any more. */
static void abandon_calls(struct proposer *proposer)
{
    for (size_t i = 0; i < proposer->homes.count; i++) {
        slot_abandon(&proposer->home[i]);
        proposer->home[i].state = SLOT_UNSENT;
    }
}

static void tell_commit(struct proposer *proposer, bool riding)
{
    struct publication *uncommitted = proposer->uncommitted;
    proposer->uncommitted = NULL;
    if (uncommitted == NULL)
        return;
    publication_commit(uncommitted, riding);
    publication_detach(uncommitted);
}

void proposer_deinit(struct proposer *proposer)
{
    tell_commit(proposer, false);
    if (proposer->publication != NULL)
        publication_detach(proposer->publication);
    abandon_calls(proposer);
    release_state(proposer);
    buffer_unref(proposer->key);
    if (proposer->task.stampless)
        task_set_stampless(&proposer->task, false);
    task_free(&proposer->task);
}

static void send_prepare(struct proposer *proposer, size_t index, bool full)
{
    struct coordinator *coordinator = proposer->task.coordinator;
    struct slot *slot = &proposer->home[index];
    uint8_t ballot[VERSION_SIZE];
    Cartwheel__Prepare body = CARTWHEEL__PREPARE__INIT;
    body.key = binary_of(buffer_slice(proposer->key));
    body.ballot = binary_of_version(proposer->ballot, ballot);
    body.full = full;
    slot_call(&proposer->task, slot,
              partition_shard(coordinator, slot->member, proposer->partition), FRAME_PREPARE,
              &body.base, SLICE_EMPTY);
}

/* Asks up to `count` home nodes that can be reached and were not asked yet, from `first` on. Returns
 * how many. */
static size_t ask_more(struct proposer *proposer, size_t first, size_t count)
{
    const struct membership *members = proposer->task.coordinator->members;
    size_t asked = 0;
    for (size_t i = 0; i < proposer->homes.count && asked < count; i++) {
        size_t index = (first + i) % proposer->homes.count;
        if (proposer->home[index].state != SLOT_UNSENT ||
            !members_usable(members, proposer->home[index].member))
            continue;
        bool full = proposer->full || i == 0 || BUGGIFY("all are asked for whole rows");
        send_prepare(proposer, index, full);
        asked++;
    }
    return asked;
}

/* Asks a majority to promise, this node among them if it is a home node; the first one for the whole
 * row too. The others are asked once that does not suffice: promises cost them a write each. */
static void send_prepares(struct proposer *proposer)
{
    const struct membership *members = proposer->task.coordinator->members;
    size_t first = 0;
    proposer->started = ++proposer->task.coordinator->contest_clock;
    while (first + 1 < proposer->homes.count &&
           !members_usable(members, proposer->home[first].member))
        first++;
    for (size_t i = 0; i < proposer->homes.count; i++) {
        if (proposer->home[i].member == members->self)
            first = i;
    }
    bool joint = proposer->homes.next_n > 0;
    bool all = joint || proposer->hear_all || BUGGIFY("all are asked to promise");
    (void)ask_more(proposer, first, all ? proposer->homes.count : majority_of(proposer->homes.n));
    bool hurry = BUGGIFY("promises are late at once");
    task_arm(&proposer->task, hurry ? 0 : proposer->task.coordinator->speculate_us);
}

static void look_up_homes(struct proposer *proposer)
{
    membership_homes(proposer->task.coordinator->members, proposer->partition, proposer->n,
                     &proposer->homes);
    slots_of_homes(&proposer->task, &proposer->homes, proposer->home);
}

static bool reachable(const struct proposer *proposer)
{
    return homes_majority(&proposer->homes,
                          homes_usable(proposer->task.coordinator, &proposer->homes));
}

static void pause_for(struct proposer *proposer, uint64_t pause_us)
{
    proposer->phase = PROPOSER_PAUSED;
    task_arm(&proposer->task, pause_us);
}

/* Nobody that could answer is asked: the timer, at once, will say so. */
static void start_round(struct proposer *proposer)
{
    struct coordinator *coordinator = proposer->task.coordinator;
    proposer->phase = PROPOSER_PREPARING;
    memset(proposer->promise, 0, sizeof(proposer->promise));
    abandon_calls(proposer);
    release_state(proposer);
    look_up_homes(proposer);
    if (!reachable(proposer)) {
        PROBE("a round finds no majority");
        pause_for(proposer, 0);
        return;
    }
    if (!coordinator_stamp(coordinator, proposer->highest, &proposer->ballot)) {
        PROBE("a round waits for a stamp");
        task_set_stampless(&proposer->task, true);
        return;
    }
    send_prepares(proposer);
}

void proposer_prepare(struct proposer *proposer)
{
    ensure(proposer->phase == PROPOSER_IDLE || proposer->phase == PROPOSER_PREPARED);
    tell_commit(proposer, false);
    start_round(proposer);
}

void proposer_prepare_later(struct proposer *proposer)
{
    ensure(proposer->phase == PROPOSER_IDLE || proposer->phase == PROPOSER_PREPARED);
    tell_commit(proposer, false);
    unsigned doublings =
        proposer->refusals < PAUSE_DOUBLINGS_MAX ? proposer->refusals : PAUSE_DOUBLINGS_MAX;
    proposer->refusals++;
    if (BUGGIFY("no pause after a refusal"))
        doublings = 0;
    struct prng *prng = proposer->task.coordinator->prng;
    pause_for(proposer, PAUSE_US / 4 + prng_below(prng, (uint64_t)PAUSE_US << doublings));
}

static home_mask promises_given(const struct proposer *proposer)
{
    home_mask given = 0;
    for (unsigned i = 0; i < proposer->homes.count; i++) {
        if (proposer->promise[i].given)
            given |= home_bit(i);
    }
    return given;
}

/* What the promises told, taken together. False if the highest row came as a ballot only. */
static bool gather_state(struct proposer *proposer)
{
    struct version top = VERSION_NONE;
    for (size_t i = 0; i < proposer->homes.count; i++) {
        if (proposer->promise[i].given)
            top = version_max(top, proposer->promise[i].ballot);
    }
    for (unsigned i = 0; i < proposer->homes.count; i++) {
        const struct promise *promise = &proposer->promise[i];
        bool holds = promise->given && version_equal(promise->ballot, top);
        proposer->state_holders |= holds ? home_bit(i) : 0;
        proposer->state_applied |= holds && promise->applied;
    }
    proposer->has_state = !version_is_none(top);
    return !proposer->has_state ||
           (proposer->state_bytes != NULL && version_equal(proposer->state.ballot, top));
}

/* Promised by a majority. */
static void conclude_promised(struct proposer *proposer)
{
    PROBE("a majority has promised");
    abandon_calls(proposer);
    timers_disarm(proposer->task.coordinator->timers, &proposer->task.timer);
    if (!gather_state(proposer)) {
        PROBE("prepare repeated for the whole row");
        proposer->full = true;
        start_round(proposer);
        return;
    }
    proposer->refusals = 0;
    proposer->phase = PROPOSER_PREPARED;
    proposer->events->prepared(proposer);
}

static enum outcome failure_of(const struct proposer *proposer)
{
    enum outcome outcome = OUTCOME_UNAVAILABLE;
    for (size_t i = 0; i < proposer->homes.count; i++) {
        const struct slot *slot = &proposer->home[i];
        if (slot->state == SLOT_REFUSED && slot->verdict == VERDICT_NO_SPACE)
            return OUTCOME_NO_SPACE;
        if (slot->state == SLOT_REFUSED && slot->verdict == VERDICT_BUSY)
            outcome = OUTCOME_OVERLOADED;
    }
    return outcome;
}

static bool refused_by_ballot(const struct proposer *proposer)
{
    for (size_t i = 0; i < proposer->homes.count; i++) {
        const struct slot *slot = &proposer->home[i];
        if (slot->state == SLOT_REFUSED &&
            (slot->verdict == VERDICT_REFUSED_PROMISE || slot->verdict == VERDICT_REFUSED_ITEM))
            return true;
    }
    return false;
}

/* The majority will not promise: somebody else is at it, or too few answer. */
static void conclude_refused(struct proposer *proposer)
{
    struct coordinator *coordinator = proposer->task.coordinator;
    /* What stands in the way may come from a clock that was far ahead: this one must not follow. */
    bool passable = hlc_plausible(proposer->highest.hlc, coordinator->outbox->now.wall_us,
                                  2 * coordinator->config.clock_skew_max_us);
    bool duel = refused_by_ballot(proposer) && passable;
    if (!passable)
        PROBE("a ballot in the way is too far in the future");
    enum outcome outcome = failure_of(proposer);
    bool outdated = slots_outdated(proposer->home, proposer->homes.count);
    if (outdated)
        PROBE("a round meets another ring");
    abandon_calls(proposer);
    proposer->phase = PROPOSER_IDLE;
    if (duel)
        PROBE("prepare refused: back-off");
    if (duel || outdated || proposer->retry_unreachable)
        proposer_prepare_later(proposer);
    else
        proposer->events->failed(proposer, outcome);
}

/* To be called after every event of a PREPARE, last: may free the proposer. */
static void proposer_judge(struct proposer *proposer)
{
    const struct homes *homes = &proposer->homes;
    home_mask given = promises_given(proposer);
    home_mask out = slots_mask(proposer->home, homes->count, SLOT_SENT);
    if (!homes_majority(homes, given | out)) {
        (void)ask_more(proposer, 0, homes->count);
        out = slots_mask(proposer->home, homes->count, SLOT_SENT);
    }
    if (homes_majority(homes, given) && (out == 0 || !proposer->hear_all))
        conclude_promised(proposer);
    else if (!homes_majority(homes, given | out))
        conclude_refused(proposer);
}

/* False if the peer sent nonsense. */
static bool take_promise(struct proposer *proposer, size_t index, const struct frame *frame,
                         const Cartwheel__PrepareReply *reply)
{
    struct version ballot = VERSION_NONE;
    struct row row;
    if (reply->ballot.len > 0 && !version_of_binary(reply->ballot, &ballot))
        return false;
    if (frame->payload.size > 0) {
        bool good = row_decode(frame->payload, &row) && version_equal(row.ballot, ballot) &&
                    (row.tombstone || item_valid(row.value));
        if (!good)
            return false;
        if (proposer->state_bytes == NULL || version_compare(ballot, proposer->state.ballot) > 0) {
            buffer_unref(proposer->state_bytes);
            proposer->state_bytes = buffer_from(frame->payload);
            good = row_decode(buffer_slice(proposer->state_bytes), &proposer->state);
            ensure(good);
        }
    }
    proposer->highest = version_max(proposer->highest, ballot);
    proposer->promise[index] = (struct promise){true, reply->applied, ballot};
    return true;
}

static void proposer_on_reply(struct task *task, struct slot *slot, const struct frame *frame,
                              const ProtobufCMessage *body)
{
    struct proposer *proposer = container_of(task, struct proposer, task);
    const Cartwheel__PrepareReply *reply = (const Cartwheel__PrepareReply *)body;
    struct version highest;
    bool known = reply->verdict >= VERDICT_TOOK && reply->verdict <= VERDICT_LAST;
    if (reply->verdict != VERDICT_TOOK) {
        slot->state = SLOT_REFUSED;
        slot->verdict = known ? (enum verdict)reply->verdict : VERDICT_FAILED;
        if (reply->ballot.len > 0 && version_of_binary(reply->ballot, &highest))
            proposer->highest = version_max(proposer->highest, highest);
    } else if (!take_promise(proposer, (size_t)(slot - proposer->home), frame, reply)) {
        slot->state = SLOT_REFUSED;
        slot->verdict = VERDICT_FAILED;
    }
    proposer_judge(proposer);
}

static void proposer_on_lost(struct task *task, struct slot *slot)
{
    (void)slot;
    proposer_judge(container_of(task, struct proposer, task));
}

static void on_pause_over(struct proposer *proposer)
{
    look_up_homes(proposer);
    if (reachable(proposer)) {
        start_round(proposer);
    } else if (proposer->retry_unreachable) {
        PROBE("a round waits for a majority");
        pause_for(proposer, (uint64_t)PAUSE_US << PAUSE_DOUBLINGS_MAX);
    } else {
        proposer->phase = PROPOSER_IDLE;
        proposer->events->failed(proposer, OUTCOME_UNAVAILABLE);
    }
}

/* A pause is over; or those that were asked to promise take longer than usual. */
static void proposer_on_timer(struct task *task)
{
    struct proposer *proposer = container_of(task, struct proposer, task);
    if (proposer->phase == PROPOSER_PAUSED) {
        on_pause_over(proposer);
    } else if (proposer->phase == PROPOSER_PREPARING) {
        PROBE("promises are late");
        slots_expire(proposer->home, proposer->homes.count);
        (void)ask_more(proposer, 0, proposer->homes.count);
        task_arm(task, task->coordinator->config.attempt_timeout_us / 2);
        proposer_judge(proposer);
    }
}

static void proposer_on_stamp(struct task *task, bool possible)
{
    struct proposer *proposer = container_of(task, struct proposer, task);
    if (possible) {
        start_round(proposer);
        return;
    }
    PROBE("a round gets no stamp");
    proposer->phase = PROPOSER_IDLE;
    proposer->events->failed(proposer, OUTCOME_NO_SPACE);
}

/* The owner frees it. */
static void proposer_free(struct task *task)
{
    (void)task;
}

static const struct task_type proposer_type = {.on_reply = proposer_on_reply,
                                               .on_lost = proposer_on_lost,
                                               .on_timer = proposer_on_timer,
                                               .on_stamp = proposer_on_stamp,
                                               .free = proposer_free};

/* The next ballot is promised by the same majority, and nothing can have come between. */
static void take_over_own(struct proposer *proposer)
{
    struct buffer *row = buffer_ref(proposer->publication->row);
    release_state(proposer);
    proposer->state_bytes = row;
    bool good = row_decode(buffer_slice(row), &proposer->state);
    ensure(good);
    proposer->has_state = true;
    proposer->state_own = true;
    proposer->ballot = proposer->next;
    proposer->phase = PROPOSER_PREPARED;
}

static void on_concluded(void *owner, bool decided)
{
    struct proposer *proposer = owner;
    struct publication *publication = proposer->publication;
    ensure(proposer->phase == PROPOSER_ACCEPTING);
    proposer->highest = version_max(proposer->highest, publication->highest);
    proposer->phase = PROPOSER_IDLE;
    if (!decided) {
        PROBE("accept uncertain");
        proposer->task.coordinator->stats.accepts_uncertain++;
        proposer->publication = NULL;
        publication_detach(publication);
        proposer->events->uncertain(proposer);
        return;
    }
    if (!version_is_none(proposer->next))
        take_over_own(proposer);
    proposer->publication = NULL;
    proposer->uncommitted = publication;
    proposer->events->decided(proposer);
}

void proposer_publish(struct proposer *proposer, const struct row *row, bool ride)
{
    struct coordinator *coordinator = proposer->task.coordinator;
    ensure(proposer->phase == PROPOSER_PREPARED);
    ensure(version_equal(row->ballot, proposer->ballot));
    struct ride along = {VERSION_NONE, VERSION_NONE};
    if (ride && !coordinator_stamp(coordinator, proposer->ballot, &along.next))
        along.next = VERSION_NONE;
    if (proposer->uncommitted != NULL)
        along.committed = proposer->uncommitted->ballot;
    tell_commit(proposer, true);
    struct writer writer;
    writer_init(&writer, row->value.size + 256);
    row_encode(&writer, row);
    struct buffer *bytes = writer_finish(&writer);
    coordinator->stats.proposals++;
    proposer->next = along.next;
    proposer->phase = PROPOSER_ACCEPTING;
    proposer->publication = publication_begin(coordinator, proposer->key, &proposer->homes, bytes,
                                              &along, on_concluded, proposer);
    buffer_unref(bytes);
}

bool proposer_state_decided(const struct proposer *proposer)
{
    ensure(proposer->phase == PROPOSER_PREPARED);
    bool committed = proposer->state_applied && proposer->state.proposed;
    return !proposer->has_state || proposer->state_own || committed ||
           homes_majority(&proposer->homes, proposer->state_holders);
}

struct buffer *proposer_published(const struct proposer *proposer)
{
    ensure(proposer->uncommitted != NULL);
    return buffer_ref(proposer->uncommitted->row);
}

void proposer_spread_state(struct proposer *proposer, bool silent)
{
    struct coordinator *coordinator = proposer->task.coordinator;
    for (size_t i = 0; i < proposer->homes.count && proposer->has_state && !proposer->state_own;
         i++) {
        const struct promise *promise = &proposer->promise[i];
        size_t member = proposer->home[i].member;
        bool holds = promise->given && promise->applied &&
                     version_equal(promise->ballot, proposer->state.ballot);
        bool told = promise->given || (silent && members_usable(coordinator->members, member));
        if (told && !holds)
            coordinator_send_decided(coordinator, member, proposer->homes.epoch,
                                     buffer_slice(proposer->key),
                                     buffer_slice(proposer->state_bytes));
    }
}
