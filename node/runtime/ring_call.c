#include "ring_call.h"

#include <stdlib.h>

#include "shard.h"

static struct ring_call *call_of(struct letter *letter)
{
    return container_of(letter, struct ring_call, letter);
}

static void discard(struct letter *letter)
{
    ring_call_free(call_of(letter));
}

/* Back at the asker. */
static void open_answer(struct letter *letter, void *receiver)
{
    struct ring_call *call = call_of(letter);
    struct shard *shard = receiver;
    shard_tick(shard);
    call->done(call);
    ring_call_free(call);
}

static struct buffer *encode_answer(const struct membership *membership)
{
    struct writer cluster, answer;
    writer_init(&cluster, 256);
    writer_init(&answer, 4096);
    cluster_config_encode(membership_cluster(membership), &cluster);
    writer_put_sized(&answer, writer_slice(&cluster));
    ring_encode(membership_ring(membership), &answer);
    writer_deinit(&cluster);
    return writer_finish(&answer);
}

static struct ring_call *call_of_proposal(struct ring_proposal *proposal)
{
    struct ring_change *change = container_of(proposal, struct ring_change, proposal);
    return container_of(change, struct ring_call, change);
}

static void on_decided(struct ring_proposal *proposal, const char *problem)
{
    struct ring_call *call = call_of_proposal(proposal);
    struct shard *decider = call->asker->host->shards[0];
    const struct membership *membership = node_membership(decider->node);
    ring_calls_remove(&decider->ring_calls, call);
    call->problem = problem == ring_change_made_before ? NULL : problem;
    call->epoch = membership_epoch(membership);
    if (call->problem == NULL && call->change.kind == RING_CHANGE_JOIN)
        call->answer = encode_answer(membership);
    call->letter = (struct letter){.open = open_answer, .discard = discard};
    mailbox_post(&call->asker->mailbox, &call->letter);
}

static void open_question(struct letter *letter, void *receiver)
{
    struct ring_call *call = call_of(letter);
    struct shard *shard = receiver;
    ring_calls_push(&shard->ring_calls, call);
    node_change_ring(shard->node, shard_tick(shard), &call->change.proposal);
}

struct ring_call *ring_call_new(struct shard *asker, enum ring_change_kind kind,
                                void (*done)(struct ring_call *call))
{
    struct ring_call *call = calloc(1, sizeof(*call));
    ensure(call != NULL);
    ring_change_init(&call->change, kind, on_decided);
    call->asker = asker;
    call->done = done;
    return call;
}

void ring_call_free(struct ring_call *call)
{
    ring_change_deinit(&call->change);
    buffer_unref(call->answer);
    free(call);
}

void ring_call_post(struct ring_call *call)
{
    call->letter = (struct letter){.open = open_question, .discard = discard};
    mailbox_post(&call->asker->host->shards[0]->mailbox, &call->letter);
}
