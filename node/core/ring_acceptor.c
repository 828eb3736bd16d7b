#include "ring_acceptor.h"

#include <string.h>

#include "meta.h"
#include "planted.h"
#include "probe.h"
#include "ring_step.h"

enum { STEP_SIZE_MAX = 64 * 1024 };

static void on_cast(struct store_op *op);

static bool vote_decode(struct slice row, struct ring_vote *vote)
{
    struct reader reader = reader_of(row);
    vote->instance = reader_get_u64(&reader);
    vote->promised = reader_get_version(&reader);
    vote->accepted = reader_get_version(&reader);
    struct slice step = reader_get_sized(&reader);
    if (!reader_done(&reader))
        return false;
    vote->step = version_is_none(vote->accepted) ? NULL : buffer_from(step);
    return true;
}

static void vote_encode(const struct ring_vote *vote, struct writer *out)
{
    writer_put_u64(out, vote->instance);
    writer_put_version(out, vote->promised);
    writer_put_version(out, vote->accepted);
    writer_put_sized(out, vote->step == NULL ? SLICE_EMPTY : buffer_slice(vote->step));
}

void ring_acceptor_init(struct ring_acceptor *acceptor, const struct membership *members,
                        struct outbox *outbox, struct store *store, struct votes *votes,
                        const bool *recovering, struct slice row)
{
    *acceptor = (struct ring_acceptor){.members = members,
                                       .outbox = outbox,
                                       .store = store,
                                       .votes = votes,
                                       .recovering = recovering};
    store_commit_init(&acceptor->commit, on_cast);
    bool good = row.size == 0 || vote_decode(row, &acceptor->vote);
    ensure(good);
}

void ring_acceptor_deinit(struct ring_acceptor *acceptor)
{
    buffer_unref(acceptor->vote.step);
    buffer_unref(acceptor->casting.step);
    store_commit_deinit(&acceptor->commit);
}

static void reply(struct ring_acceptor *acceptor, const struct frame_header *asker,
                  enum ring_verdict verdict, const struct ring_vote *vote)
{
    uint8_t promised[VERSION_SIZE], accepted[VERSION_SIZE];
    Cartwheel__RingVote body = CARTWHEEL__RING_VOTE__INIT;
    body.verdict = (uint32_t)verdict;
    body.promised = binary_of_version(vote->promised, promised);
    body.accepted = binary_of_version(vote->accepted, accepted);
    outbox_reply(acceptor->outbox, asker, FRAME_RING_VOTE, &body.base,
                 vote->step == NULL ? SLICE_EMPTY : buffer_slice(vote->step));
}

/* The vote as it stands in this instance. */
static struct ring_vote standing(const struct ring_acceptor *acceptor, uint64_t instance)
{
    if (acceptor->vote.instance == instance)
        return acceptor->vote;
    return (struct ring_vote){.instance = instance};
}

static bool votes_here(const struct ring_acceptor *acceptor)
{
    const struct ring_state *ring = &acceptor->members->ring;
    return !*acceptor->recovering &&
           ring_list_has(ring->meta, ring->meta_count, (unsigned)acceptor->members->self);
}

static enum ring_verdict judge(const struct ring_acceptor *acceptor, uint64_t instance,
                               struct version ballot)
{
    uint64_t next = acceptor->members->ring.epoch + 1;
    if (instance < next)
        return RING_KNOWN;
    if (instance > next)
        return RING_UNKNOWN;
    if (!votes_here(acceptor) || acceptor->busy)
        return RING_NO_VOTE;
    struct ring_vote vote = standing(acceptor, instance);
    return version_compare(ballot, vote.promised) < 0 ? RING_REFUSED : RING_GRANTED;
}

static void cast_vote(struct ring_acceptor *acceptor)
{
    struct writer row;
    acceptor->busy = true;
    store_commit_deinit(&acceptor->commit);
    store_commit_init(&acceptor->commit, on_cast);
    writer_init(&row, 256);
    vote_encode(&acceptor->casting, &row);
    store_batch_put(&acceptor->commit.batch, STORE_META, META_RING_VOTE, writer_slice(&row));
    writer_deinit(&row);
    acceptor->number = votes_put(acceptor->votes, &acceptor->commit.batch);
    store_submit(acceptor->store, &acceptor->commit.op);
}

static void on_cast(struct store_op *op)
{
    struct ring_acceptor *acceptor = container_of(op, struct ring_acceptor, commit.op);
    acceptor->busy = false;
    if (op->status != STORE_OK) {
        PROBE("a vote on the ring finds no space");
        buffer_unref(acceptor->casting.step);
        acceptor->casting.step = NULL;
        reply(acceptor, &acceptor->asker, RING_NO_VOTE, &(struct ring_vote){0});
        return;
    }
    votes_durable(acceptor->votes, acceptor->number);
    buffer_unref(acceptor->vote.step);
    acceptor->vote = acceptor->casting;
    acceptor->casting.step = NULL;
    PROBE("a vote on the ring is durable");
    reply(acceptor, &acceptor->asker, RING_GRANTED, &acceptor->vote);
}

bool ring_acceptor_on_ask(struct ring_acceptor *acceptor, const struct frame *frame,
                          const Cartwheel__RingAsk *ask)
{
    struct version ballot;
    bool accept = frame->header.type == FRAME_RING_ACCEPT;
    if (!version_of_binary(ask->ballot, &ballot) || version_is_none(ballot) ||
        (frame->payload.size > 0) != accept || frame->payload.size > STEP_SIZE_MAX)
        return false;
    enum ring_verdict verdict = judge(acceptor, ask->instance, ballot);
    struct ring_vote vote = standing(acceptor, ask->instance);
    if (verdict != RING_GRANTED) {
        reply(acceptor, &frame->header, verdict,
              verdict == RING_REFUSED ? &vote : &(struct ring_vote){0});
        return true;
    }
    acceptor->asker = frame->header;
    acceptor->casting = vote;
    acceptor->casting.promised = ballot;
    if (accept) {
        acceptor->casting.accepted = ballot;
        acceptor->casting.step = buffer_from(frame->payload);
    } else if (vote.step != NULL) {
        buffer_ref(vote.step);
    }
    cast_vote(acceptor);
    return true;
}
