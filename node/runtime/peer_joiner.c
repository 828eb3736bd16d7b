#include "peer_joiner.h"

#include "cartwheel.pb-c.h"
#include "shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char unreachable_seed[] =
    "this seed's own address in the ring cannot be reached from other machines: start it with "
    "advertise";
static const char other_cluster[] = "this is another cluster";

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct peer_inbound *inbound = context;
    (void)what;
    int sent = evbuffer_write(inbound->answer, fd);
    bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
    /* The other side closes, once it has all. */
    if (evbuffer_get_length(inbound->answer) == 0)
        event_del(&inbound->write_event);
    if (broken)
        peer_inbound_free(inbound);
}

static void answer(struct peer_inbound *inbound, const char *problem, struct slice payload)
{
    struct shard *shard = inbound->shard;
    struct frame_header header = {.type = FRAME_JOIN_REPLY,
                                  .request_id = 1,
                                  .from = shard->identity.id,
                                  .wall_us = shard->now.wall_us};
    Cartwheel__JoinReply reply = CARTWHEEL__JOIN_REPLY__INIT;
    reply.problem = binary_of(slice_of_string(problem == NULL ? "" : problem));
    reply.for_good = problem != NULL && problem != ring_undecided && problem != ring_change_leaves;
    struct buffer *frame = frame_encode(&header, &reply.base, payload);
    ensure(evbuffer_add(inbound->answer, frame->data, frame->size) == 0);
    buffer_unref(frame);
    event_add(&inbound->write_event, NULL);
}

static struct peer_inbound *find(struct shard *shard, uint64_t serial)
{
    struct peer_inbound *inbound = peer_inbounds_first(&shard->inbounds);
    while (inbound != NULL && inbound->serial != serial)
        inbound = peer_inbounds_next(&shard->inbounds, inbound);
    return inbound;
}

static void on_decided(struct ring_call *call)
{
    struct peer_inbound *inbound = find(call->asker, call->serial);
    log_event(call->asker->log, LOG_INFO, "join_asked", "member=%s address=%s outcome=\"%s\"",
              call->change.config.name, call->change.config.address,
              call->problem == NULL ? "joins" : call->problem);
    if (inbound == NULL)
        return;
    answer(inbound, call->problem, call->answer == NULL ? SLICE_EMPTY : buffer_slice(call->answer));
}

static void ask(struct peer_inbound *inbound, const Cartwheel__Join *join)
{
    struct shard *shard = inbound->shard;
    struct ring_call *call = ring_call_new(shard, RING_CHANGE_JOIN, on_decided);
    call->change.id = inbound->identity.id;
    call->change.config = (struct member_config){
        .name = slice_to_string(slice_of_binary(join->name)),
        .address = slice_to_string(slice_of_binary(join->address)),
        .zone = slice_to_string(slice_of_binary(join->zone)),
        .weight = join->weight,
    };
    if (join->replaces.len > 0)
        call->change.replaces = slice_to_string(slice_of_binary(join->replaces));
    call->serial = inbound->serial;
    ring_call_post(call);
}

/* A node that was born alone may not have been told where others reach it. */
static bool reachable_from(const struct membership *membership, const char *address)
{
    const char *own = membership_self(membership)->config->address;
    bool here_only = config_is_loopback(own) || !config_names_host(own);
    return !here_only || config_is_loopback(address);
}

static bool take(struct peer_inbound *inbound, const struct frame *frame, struct arena *arena)
{
    const Cartwheel__Join *join = (const Cartwheel__Join *)frame_decode_body(frame, arena);
    const struct membership *membership = node_membership(inbound->shard->node);
    if (join == NULL ||
        !slice_equal(slice_of_binary(join->name), slice_of_string(inbound->identity.name)))
        return false;
    if (!slice_equal(slice_of_binary(join->cluster),
                     slice_of_string(membership_cluster(membership)->name)))
        answer(inbound, other_cluster, SLICE_EMPTY);
    else if (!reachable_from(membership, arena_printf(arena, "%.*s", (int)join->address.len,
                                                      (const char *)join->address.data)))
        answer(inbound, unreachable_seed, SLICE_EMPTY);
    else
        ask(inbound, join);
    return true;
}

bool peer_joiner_take(struct peer_inbound *inbound, struct slice bytes)
{
    struct frame frame;
    struct arena arena;
    bool once = inbound->answer == NULL;
    if (!once || frame_decode(bytes, &frame) != FRAME_OK || frame.header.type != FRAME_JOIN ||
        frame.header.from != inbound->identity.id)
        return false;
    inbound->answer = evbuffer_new();
    ensure(inbound->answer != NULL);
    event_assign(&inbound->write_event, inbound->shard->base, inbound->fd, EV_WRITE | EV_PERSIST,
                 on_writable, inbound);
    arena_init(&arena);
    bool good = take(inbound, &frame, &arena);
    arena_deinit(&arena);
    return good;
}

void peer_joiner_close(struct peer_inbound *inbound)
{
    if (inbound->answer == NULL)
        return;
    event_del(&inbound->write_event);
    evbuffer_free(inbound->answer);
}
