#include "ring_proposer.h"

#include <string.h>

#include "buggify.h"
#include "probe.h"
#include "task.h"

enum {
    ROUND_US = 500000, /* then another is begun */
    PAUSE_US = 20000,  /* after a refusal, at most; doubles with each in a row */
    PAUSE_DOUBLINGS_MAX = 5
};

const char ring_undecided[] = "a majority of the members that decide on the ring could not be "
                              "brought to it in time: the change may still be made";

static void on_timer(struct timer *timer, uint64_t now_us);

void ring_proposer_init(struct ring_proposer *proposer, struct ring_register *ring,
                        struct coordinator *coordinator)
{
    *proposer = (struct ring_proposer){.ring = ring, .coordinator = coordinator};
    ring_proposals_init(&proposer->waiting);
    timer_init(&proposer->timer, on_timer);
}

static void forget_step(struct ring_proposer *proposer)
{
    buffer_unref(proposer->step);
    proposer->step = NULL;
    proposer->accepted = VERSION_NONE;
    memset(proposer->asked, 0, sizeof(proposer->asked));
    proposer->granted = 0;
}

void ring_proposer_deinit(struct ring_proposer *proposer)
{
    timers_disarm(proposer->ring->timers, &proposer->timer);
    forget_step(proposer);
    buffer_unref(proposer->own);
    while (ring_proposals_pop(&proposer->waiting) != NULL)
        continue;
}

static uint64_t now_us_of(const struct ring_proposer *proposer)
{
    return proposer->ring->outbox->now.monotonic_us;
}

static const struct ring_state *ring_of(const struct ring_proposer *proposer)
{
    return &proposer->ring->members->ring;
}

static void arm(struct ring_proposer *proposer, uint64_t after_us)
{
    timers_arm(proposer->ring->timers, &proposer->timer, now_us_of(proposer) + after_us);
}

static void pause(struct ring_proposer *proposer)
{
    unsigned doublings =
        proposer->refusals < PAUSE_DOUBLINGS_MAX ? proposer->refusals : PAUSE_DOUBLINGS_MAX;
    forget_step(proposer);
    proposer->phase = RING_PAUSED;
    proposer->refusals++;
    arm(proposer, 1 + prng_below(proposer->coordinator->prng, (uint64_t)PAUSE_US << doublings));
}

static bool majority(const struct ring_proposer *proposer, uint16_t votes)
{
    return (unsigned)__builtin_popcount(votes) >= majority_of(ring_of(proposer)->meta_count);
}

static void ask(struct ring_proposer *proposer, enum frame_type type)
{
    const struct ring_state *ring = ring_of(proposer);
    struct outbox *outbox = proposer->ring->outbox;
    uint8_t ballot[VERSION_SIZE];
    Cartwheel__RingAsk body = CARTWHEEL__RING_ASK__INIT;
    body.instance = proposer->instance;
    body.ballot = binary_of_version(proposer->ballot, ballot);
    struct slice step = type == FRAME_RING_ACCEPT ? buffer_slice(proposer->step) : SLICE_EMPTY;
    proposer->granted = 0;
    for (unsigned i = 0; i < ring->meta_count; i++) {
        proposer->asked[i] = outbox_request_id(outbox);
        outbox_send(outbox, members_address(proposer->ring->members, ring->meta[i], 0), type,
                    proposer->asked[i], &body.base, step);
    }
    arm(proposer, BUGGIFY("votes on the ring are late at once") ? 1 : ROUND_US);
}

/* The first proposal is answered, and the next one begun. */
static void finish(struct ring_proposer *proposer, const char *problem)
{
    struct ring_proposal *first = ring_proposals_pop(&proposer->waiting);
    timers_disarm(proposer->ring->timers, &proposer->timer);
    forget_step(proposer);
    buffer_unref(proposer->own);
    proposer->own = NULL;
    proposer->refusals = 0;
    proposer->phase = RING_IDLE;
    if (!ring_proposals_empty(&proposer->waiting)) {
        proposer->phase = RING_PAUSED;
        arm(proposer, 0);
    }
    first->done(first, problem);
}

/* The first proposal's step for the ring as it is. NULL, or why there is none. */
static const char *make(struct ring_proposer *proposer)
{
    struct ring_proposal *first = ring_proposals_first(&proposer->waiting);
    struct ring_step step = {.member = RING_NOBODY};
    struct ring_state after;
    const char *problem = first->make(first, ring_of(proposer), &step);
    if (problem != NULL)
        return problem;
    if (step.member != RING_NOBODY && step.member < membership_count(proposer->ring->members))
        step.member_id = membership_at(proposer->ring->members, step.member)->id;
    ring_copy(&after, ring_of(proposer));
    problem = ring_apply(&after, &step);
    ring_deinit(&after);
    if (problem != NULL)
        return problem;
    struct writer bytes;
    writer_init(&bytes, 256);
    ring_step_encode(&step, &bytes);
    buffer_unref(proposer->own);
    proposer->own = writer_finish(&bytes);
    return NULL;
}

static void begin_round(struct ring_proposer *proposer)
{
    forget_step(proposer);
    if (now_us_of(proposer) >= ring_proposals_first(&proposer->waiting)->deadline_us) {
        finish(proposer, ring_undecided);
        return;
    }
    proposer->instance = ring_of(proposer)->epoch + 1;
    const char *problem = make(proposer);
    if (problem != NULL) {
        finish(proposer, problem);
        return;
    }
    if (!coordinator_stamp(proposer->coordinator, proposer->highest, &proposer->ballot)) {
        pause(proposer);
        return;
    }
    proposer->phase = RING_PREPARING;
    ask(proposer, FRAME_RING_PREPARE);
}

/* A pause is over, or too few have answered. */
static void on_timer(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    struct ring_proposer *proposer = container_of(timer, struct ring_proposer, timer);
    begin_round(proposer);
}

void ring_propose(struct ring_proposer *proposer, struct ring_proposal *proposal)
{
    if (proposal->deadline_us == 0)
        proposal->deadline_us =
            now_us_of(proposer) + proposer->coordinator->config.request_timeout_us;
    ring_proposals_push(&proposer->waiting, proposal);
    if (proposer->phase == RING_IDLE) {
        proposer->phase = RING_PAUSED;
        arm(proposer, 0);
    }
}

/* Promised by a majority: what is accepted under the highest ballot may be decided. */
static void on_promised(struct ring_proposer *proposer)
{
    if (proposer->step == NULL)
        proposer->step = buffer_ref(proposer->own);
    else
        PROBE("a step of the ring that others left is brought to its end");
    proposer->phase = RING_ACCEPTING;
    ask(proposer, FRAME_RING_ACCEPT);
}

static void on_decided(struct ring_proposer *proposer)
{
    PROBE("a step of the ring is decided");
    struct buffer *step = buffer_ref(proposer->step);
    proposer->decided++;
    memset(proposer->asked, 0, sizeof(proposer->asked));
    /* Until it is durable here; the round is begun again if it cannot be. */
    ring_register_learn(proposer->ring, step);
    buffer_unref(step);
}

static bool take_accepted(struct ring_proposer *proposer, const struct frame *frame,
                          const Cartwheel__RingVote *vote)
{
    struct version accepted;
    if (!version_of_binary(vote->accepted, &accepted) ||
        version_is_none(accepted) != (frame->payload.size == 0))
        return false;
    if (version_compare(accepted, proposer->accepted) > 0) {
        buffer_unref(proposer->step);
        proposer->step = buffer_from(frame->payload);
        proposer->accepted = accepted;
    }
    return true;
}

static bool on_granted(struct ring_proposer *proposer, unsigned who, const struct frame *frame,
                       const Cartwheel__RingVote *vote)
{
    if (proposer->phase == RING_PREPARING && !take_accepted(proposer, frame, vote))
        return false;
    proposer->granted |= (uint16_t)(1u << who);
    if (!majority(proposer, proposer->granted))
        return true;
    if (proposer->phase == RING_PREPARING)
        on_promised(proposer);
    else
        on_decided(proposer);
    return true;
}

static void on_refused(struct ring_proposer *proposer, const struct frame *frame,
                       const Cartwheel__RingVote *vote)
{
    struct version promised;
    if (vote->verdict == RING_KNOWN)
        ring_register_heard(proposer->ring, frame->header.from, frame->header.epoch);
    if (vote->verdict == RING_REFUSED && version_of_binary(vote->promised, &promised)) {
        proposer->highest = version_max(proposer->highest, promised);
        PROBE("a round on the ring is refused");
        pause(proposer);
        return;
    }
    bool waiting = false;
    for (unsigned i = 0; i < RING_META_MAX; i++)
        waiting |= proposer->asked[i] != 0;
    if (!waiting)
        pause(proposer);
}

bool ring_proposer_on_vote(struct ring_proposer *proposer, const struct frame *frame,
                           const Cartwheel__RingVote *vote)
{
    const struct ring_state *ring = ring_of(proposer);
    for (unsigned i = 0; i < ring->meta_count; i++) {
        node_id voter = proposer->ring->members->entries[ring->meta[i]].member.id;
        if (proposer->asked[i] == 0 || proposer->asked[i] != frame->header.request_id ||
            voter != frame->header.from)
            continue;
        proposer->asked[i] = 0;
        if (vote->verdict == RING_GRANTED)
            return on_granted(proposer, i, frame, vote);
        on_refused(proposer, frame, vote);
        return true;
    }
    return true;
}

void ring_proposer_on_ring(struct ring_proposer *proposer)
{
    if (proposer->phase == RING_IDLE)
        return;
    struct buffer *made = ring_register_step(proposer->ring, proposer->instance);
    bool own = made != NULL && proposer->own != NULL &&
               slice_equal(buffer_slice(made), buffer_slice(proposer->own));
    proposer->refusals = 0;
    if (own) {
        finish(proposer, NULL);
    } else {
        PROBE("another step of the ring comes first");
        forget_step(proposer);
        proposer->phase = RING_PAUSED;
        arm(proposer, 0);
    }
}
