#include "ring_register.h"

#include <string.h>

#include "meta.h"
#include "probe.h"

enum { FETCH_AGAIN_US = 300000 /* an answer is one frame, of a megabyte at most */ };

static void on_durable(struct store_op *op);
static void on_fetch_again(struct timer *timer, uint64_t now_us);

void ring_register_init(struct ring_register *ring, struct membership *members,
                        struct outbox *outbox, struct store *store, struct timers *timers,
                        struct log_sink *log, uint16_t shards,
                        void (*changed)(struct ring_register *ring))
{
    *ring = (struct ring_register){.members = members,
                                   .outbox = outbox,
                                   .store = store,
                                   .timers = timers,
                                   .log = log,
                                   .shards = shards,
                                   .changed = changed};
    timer_init(&ring->fetch_again, on_fetch_again);
    store_commit_init(&ring->commit, on_durable);
}

static void forget_next_steps(struct ring_register *ring)
{
    for (size_t i = 0; i < ring->next_steps_count; i++)
        buffer_unref(ring->next_steps[i]);
    ring->next_steps_count = 0;
}

static void forget_steps(struct ring_register *ring)
{
    for (size_t i = 0; i < RING_STEPS_KEPT; i++) {
        buffer_unref(ring->steps[i]);
        ring->steps[i] = NULL;
    }
    ring->steps_from = 0;
}

void ring_register_deinit(struct ring_register *ring)
{
    timers_disarm(ring->timers, &ring->fetch_again);
    forget_next_steps(ring);
    forget_steps(ring);
    ring_deinit(&ring->next);
    store_commit_deinit(&ring->commit);
}

static bool follows(const struct ring_register *ring)
{
    return ring->outbox->shard != 0;
}

static uint64_t epoch_of(const struct ring_register *ring)
{
    return ring->members->ring.epoch;
}

struct buffer *ring_register_step(const struct ring_register *ring, uint64_t epoch)
{
    bool kept = ring->steps_from != 0 && epoch >= ring->steps_from && epoch <= epoch_of(ring);
    return kept ? ring->steps[epoch % RING_STEPS_KEPT] : NULL;
}

static void keep_step(struct ring_register *ring, uint64_t epoch, struct buffer *step)
{
    buffer_unref(ring->steps[epoch % RING_STEPS_KEPT]);
    ring->steps[epoch % RING_STEPS_KEPT] = buffer_ref(step);
    if (ring->steps_from == 0)
        ring->steps_from = epoch;
    else if (epoch >= ring->steps_from + RING_STEPS_KEPT)
        ring->steps_from = epoch + 1 - RING_STEPS_KEPT;
}

/* The steps from `first` on, as many as are kept; or the whole ring. */
static void tell(struct ring_register *ring, struct address to, uint64_t request_id, uint64_t first)
{
    Cartwheel__RingNews news = CARTWHEEL__RING_NEWS__INIT;
    struct writer payload;
    writer_init(&payload, 0);
    news.whole = ring_register_step(ring, first) == NULL;
    news.epoch = news.whole ? epoch_of(ring) : first;
    if (news.whole) {
        PROBE("a whole ring is told");
        ring_encode(&ring->members->ring, &payload);
    }
    for (uint64_t epoch = first; !news.whole && epoch <= epoch_of(ring); epoch++)
        writer_put_sized(&payload, buffer_slice(ring_register_step(ring, epoch)));
    outbox_send(ring->outbox, to, FRAME_RING_NEWS, request_id, &news.base, writer_slice(&payload));
    writer_deinit(&payload);
}

static void tell_siblings(struct ring_register *ring, uint64_t first)
{
    for (uint16_t shard = 1; shard < ring->shards; shard++)
        tell(ring, (struct address){ring->outbox->self, shard, 0}, 0, first);
}

static void tell_members(struct ring_register *ring)
{
    for (size_t i = 0; i < membership_count(ring->members); i++) {
        if (i != ring->members->self && members_usable(ring->members, i))
            tell(ring, members_address(ring->members, i, 0), 0, epoch_of(ring));
    }
}

/* The ring that was learnt is in force here from now on: requests of partitions that it has changed
 * are refused if they assume an older one. */
static void take_over(struct ring_register *ring)
{
    uint64_t first = epoch_of(ring) + 1;
    bool whole = ring->next_steps_count == 0;
    uint64_t epoch = ring->next.epoch;
    members_take_ring(ring->members, &ring->next);
    ring->outbox->epoch = epoch;
    if (whole)
        forget_steps(ring);
    for (size_t i = 0; i < ring->next_steps_count; i++)
        keep_step(ring, epoch + 1 - ring->next_steps_count + i, ring->next_steps[i]);
    forget_next_steps(ring);
    ring->learnt++;
    if (!follows(ring))
        tell_siblings(ring, first);
    /* Those too that are members no more, and hear nothing from now on. */
    if (ring->decided)
        tell_members(ring);
    ring->decided = false;
    ring->fetching = NODE_ID_NONE;
    if (ring->heard_of > epoch)
        ring_register_heard(ring, ring->heard_from, ring->heard_of);
    ring->changed(ring);
}

static void on_durable(struct store_op *op)
{
    struct ring_register *ring = container_of(op, struct ring_register, commit.op);
    ring->busy = false;
    if (op->status == STORE_OK) {
        PROBE("a ring is durable");
        take_over(ring);
        return;
    }
    PROBE("a ring finds no space");
    ring->decided = false;
    forget_next_steps(ring);
    ring_deinit(&ring->next);
    timers_arm(ring->timers, &ring->fetch_again, ring->outbox->now.monotonic_us + FETCH_AGAIN_US);
}

static void make_durable(struct ring_register *ring)
{
    struct writer row;
    ring->busy = true;
    writer_init(&row, 4096);
    ring_encode(&ring->next, &row);
    store_commit_deinit(&ring->commit);
    store_commit_init(&ring->commit, on_durable);
    store_batch_put(&ring->commit.batch, STORE_META, META_RING, writer_slice(&row));
    writer_deinit(&row);
    store_submit(ring->store, &ring->commit.op);
}

static void adopt(struct ring_register *ring)
{
    if (follows(ring))
        take_over(ring);
    else
        make_durable(ring);
}

/* One more step on the way to `next`. False if it does not lead on from there. */
static bool add_step(struct ring_register *ring, struct slice bytes, struct arena *arena)
{
    struct ring_step step;
    const char *wrong = "it is no step";
    if (ring_step_decode(bytes, &step, arena))
        wrong = ring_apply(&ring->next, &step);
    if (wrong != NULL) {
        log_event(ring->log, LOG_WARN, "ring_step_not_understood", "epoch=%llu reason=\"%s\"",
                  (unsigned long long)ring->next.epoch + 1, wrong);
        return false;
    }
    ring->next_steps[ring->next_steps_count++] = buffer_from(bytes);
    return true;
}

void ring_register_learn(struct ring_register *ring, struct buffer *step)
{
    struct arena arena;
    if (ring->busy)
        return;
    arena_init(&arena);
    ring_copy(&ring->next, &ring->members->ring);
    ring->decided = add_step(ring, buffer_slice(step), &arena);
    if (ring->decided) {
        make_durable(ring);
    } else {
        ring_deinit(&ring->next);
        ring->want_whole = true;
    }
    arena_deinit(&arena);
}

static void fetch(struct ring_register *ring)
{
    size_t from = members_index(ring->members, ring->heard_from);
    timers_arm(ring->timers, &ring->fetch_again, ring->outbox->now.monotonic_us + FETCH_AGAIN_US);
    if (from == MEMBERS_MAX)
        return;
    PROBE("a node that is behind fetches the ring");
    ring->fetching = ring->heard_from;
    Cartwheel__RingFetch body = CARTWHEEL__RING_FETCH__INIT;
    body.after = epoch_of(ring);
    body.whole = ring->want_whole;
    outbox_send(ring->outbox, members_address(ring->members, from, 0), FRAME_RING_FETCH,
                outbox_request_id(ring->outbox), &body.base, SLICE_EMPTY);
}

void ring_register_heard(struct ring_register *ring, node_id from, uint64_t epoch)
{
    if (epoch <= epoch_of(ring) || follows(ring) || from == ring->outbox->self)
        return;
    if (epoch >= ring->heard_of) {
        ring->heard_of = epoch;
        ring->heard_from = from;
    }
    if (ring->fetching == NODE_ID_NONE && !ring->busy)
        fetch(ring);
}

static void on_fetch_again(struct timer *timer, uint64_t now_us)
{
    (void)now_us;
    struct ring_register *ring = container_of(timer, struct ring_register, fetch_again);
    ring->fetching = NODE_ID_NONE;
    if (ring->heard_of > epoch_of(ring) && !ring->busy)
        fetch(ring);
}

bool ring_register_on_fetch(struct ring_register *ring, const struct frame *frame,
                            const Cartwheel__RingFetch *body)
{
    struct address to = {frame->header.from, frame->header.from_shard, 0};
    if (body->after < epoch_of(ring))
        tell(ring, to, frame->header.request_id, body->whole ? 0 : body->after + 1);
    return true;
}

/* False if they do not lead on from what is known, or not as this program understands them. */
static bool take_steps(struct ring_register *ring, uint64_t epoch, struct slice payload)
{
    struct reader reader = reader_of(payload);
    struct arena arena;
    bool good = true;
    arena_init(&arena);
    ring_copy(&ring->next, &ring->members->ring);
    for (; good && reader_left(&reader) > 0 && ring->next_steps_count < RING_STEPS_KEPT; epoch++) {
        struct slice step = reader_get_sized(&reader);
        if (reader.failed || epoch > ring->next.epoch + 1)
            good = false;
        else if (epoch == ring->next.epoch + 1)
            good = add_step(ring, step, &arena);
    }
    arena_deinit(&arena);
    return good;
}

bool ring_register_on_news(struct ring_register *ring, const struct frame *frame,
                           const Cartwheel__RingNews *news)
{
    bool own = frame->header.from == ring->outbox->self;
    if (ring->busy || own != follows(ring))
        return true;
    bool good = news->whole ? ring_decode(frame->payload, &ring->next)
                            : take_steps(ring, news->epoch, frame->payload);
    bool newer = good && ring->next.epoch > epoch_of(ring) &&
                 ring->next.partitions == ring->members->ring.partitions;
    if (newer) {
        ring->want_whole = false;
        adopt(ring);
        return true;
    }
    if (!good) {
        PROBE("steps of the ring do not lead on from here");
        ring->want_whole = true;
    }
    forget_next_steps(ring);
    ring_deinit(&ring->next);
    return good || !news->whole;
}
