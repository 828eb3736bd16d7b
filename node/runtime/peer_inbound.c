#include "peer_inbound.h"

#include "crypto.h"
#include "net.h"
#include "peer_joiner.h"
#include "shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HANDSHAKE_TIMEOUT_US = 5000000,
    JOIN_TIMEOUT_US = 60000000,
    DEAD_TIMEOUT_MS = 10000,
    KEEPALIVE_IDLE_S = 5,
    INBOUNDS_MAX = 8192,      /* 2 per shard of each member; strangers are gone after 5 s */
    LOG_INTERVAL_US = 1000000 /* strangers must not fill the log */
};

static void on_readable(evutil_socket_t fd, short what, void *context);
static void on_timeout(struct timer *timer, uint64_t now_us);

/* The oldest that has proven nothing yet gives way: strangers must not keep members out. */
static bool make_room(struct shard *shard)
{
    struct peer_inbound *inbound = peer_inbounds_first(&shard->inbounds);
    if (shard->inbounds.count < INBOUNDS_MAX)
        return true;
    while (inbound != NULL && inbound->proven)
        inbound = peer_inbounds_next(&shard->inbounds, inbound);
    if (inbound == NULL)
        return false;
    peer_inbound_free(inbound);
    return true;
}

void peer_inbound_new(struct shard *shard, int fd)
{
    if (shard->draining || !make_room(shard)) {
        close(fd);
        return;
    }
    struct peer_inbound *inbound = calloc(1, sizeof(*inbound));
    ensure(inbound != NULL);
    inbound->shard = shard;
    inbound->fd = fd;
    inbound->serial = ++shard->inbounds_made;
    net_set_nodelay(fd);
    net_set_keepalive(fd, KEEPALIVE_IDLE_S, DEAD_TIMEOUT_MS);
    uint8_t nonce[HANDSHAKE_NONCE_SIZE];
    struct writer nothing;
    writer_init(&nothing, 0);
    crypto_random(nonce, sizeof(nonce));
    handshake_init(&inbound->handshake, shard->host->crypto, shard->host->secret,
                   HANDSHAKE_ACCEPTOR, LINK_DATA, &shard->identity, nonce, &nothing);
    writer_deinit(&nothing);
    event_assign(&inbound->read_event, shard->base, fd, EV_READ | EV_PERSIST, on_readable, inbound);
    event_add(&inbound->read_event, NULL);
    timer_init(&inbound->timer, on_timeout);
    timers_arm(&shard->timers, &inbound->timer,
               shard_tick(shard).monotonic_us + HANDSHAKE_TIMEOUT_US);
    peer_inbounds_push(&shard->inbounds, inbound);
}

void peer_inbound_free(struct peer_inbound *inbound)
{
    struct shard *shard = inbound->shard;
    if (inbound->proven)
        frame_stream_deinit(&inbound->stream);
    else
        handshake_deinit(&inbound->handshake);
    if (inbound->proven && !inbound->joins)
        peers_release(shard->host->peers, &inbound->identity);
    if (inbound->joins)
        peer_joiner_close(inbound);
    timers_disarm(&shard->timers, &inbound->timer);
    event_del(&inbound->read_event);
    close(inbound->fd);
    peer_inbounds_remove(&shard->inbounds, inbound);
    free(inbound);
}

/* Strangers and confused peers: one line per interval. */
static void complain(struct peer_inbound *inbound, const char *reason)
{
    struct shard *shard = inbound->shard;
    uint64_t now_us = shard_tick(shard).monotonic_us;
    if (now_us < shard->inbound_log_after_us)
        return;
    shard->inbound_log_after_us = now_us + LOG_INTERVAL_US;
    const char *name = inbound->proven ? inbound->identity.name : inbound->handshake.peer.name;
    log_event(shard->log, LOG_WARN, "peer_refused", "claims=\"%s\" reason=%s", name, reason);
}

static void on_timeout(struct timer *timer, uint64_t now_us)
{
    struct peer_inbound *inbound = container_of(timer, struct peer_inbound, timer);
    (void)now_us;
    complain(inbound, inbound->joins ? "join_timeout" : "handshake_timeout");
    peer_inbound_free(inbound);
}

static bool take_frame(struct peer_inbound *inbound, struct slice frame)
{
    if (inbound->joins)
        return peer_joiner_take(inbound, frame);
    shard_take_frame(inbound->shard, inbound->identity.id, frame);
    return true;
}

static void take_frames(struct peer_inbound *inbound, struct slice bytes)
{
    struct shard *shard = inbound->shard;
    struct slice frame;
    enum frame_result result;
    bool good = true;
    do {
        result = frame_stream_next(&inbound->stream, &bytes, &frame);
        good = result != FRAME_OK || take_frame(inbound, frame);
    } while (result == FRAME_OK && good);
    if (result == FRAME_INCOMPLETE)
        return;
    complain(inbound, result == FRAME_BAD_VERSION ? "frame_version" : "malformed_frame");
    if (!inbound->joins)
        node_on_frame(shard->node, shard->now, inbound->identity.id, SLICE_EMPTY); /* counts it */
    peer_inbound_free(inbound);
}

static void on_proven(struct peer_inbound *inbound)
{
    bool control = inbound->handshake.kind == LINK_CONTROL;
    handshake_deinit(&inbound->handshake);
    frame_stream_init(&inbound->stream, control);
    timers_disarm(&inbound->shard->timers, &inbound->timer);
    if (inbound->joins)
        timers_arm(&inbound->shard->timers, &inbound->timer,
                   inbound->shard->now.monotonic_us + JOIN_TIMEOUT_US);
    if (control)
        shard_prefer(&inbound->read_event);
}

static enum handshake_event judge(struct peer_inbound *inbound, struct writer *output)
{
    struct handshake *handshake = &inbound->handshake;
    struct shard *shard = inbound->shard;
    enum handshake_error error = HANDSHAKE_SHUTTING_DOWN;
    inbound->joins = handshake->kind == LINK_JOIN;
    if (!shard->draining)
        error = inbound->joins ? HANDSHAKE_FINE : peers_claim(shard->host->peers, &handshake->peer);
    if (error != HANDSHAKE_FINE) {
        handshake_reject(handshake, error, output);
        return HANDSHAKE_FAILED;
    }
    inbound->identity = handshake->peer;
    enum handshake_event event = handshake_accept(handshake, output);
    on_proven(inbound);
    inbound->proven = true;
    return event;
}

static void shake(struct peer_inbound *inbound, struct slice bytes)
{
    struct writer output;
    enum handshake_event event = HANDSHAKE_WANTS_BYTES;
    writer_init(&output, HANDSHAKE_MESSAGE_MAX);
    do {
        size_t consumed;
        event = handshake_feed(&inbound->handshake, bytes, &consumed, &output);
        bytes = slice_of(bytes.data + consumed, bytes.size - consumed);
        if (event == HANDSHAKE_PROVEN)
            event = judge(inbound, &output);
    } while (event == HANDSHAKE_WANTS_BYTES && bytes.size > 0);
    bool sent = output.size == 0 || send(inbound->fd, output.buffer->data, output.size,
                                         MSG_NOSIGNAL) == (ssize_t)output.size;
    writer_deinit(&output);
    if (event == HANDSHAKE_FAILED)
        complain(inbound, handshake_error_name(inbound->handshake.error));
    if (event == HANDSHAKE_FAILED || !sent)
        peer_inbound_free(inbound);
    else if (event == HANDSHAKE_DONE && bytes.size > 0)
        take_frames(inbound, bytes);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct peer_inbound *inbound = context;
    struct shard *shard = inbound->shard;
    (void)what;
    shard_tick(shard);
    ssize_t size = recv(fd, shard->read_bytes, SHARD_READ_SIZE, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0)
        peer_inbound_free(inbound);
    else if (inbound->proven)
        take_frames(inbound, slice_of(shard->read_bytes, (size_t)size));
    else
        shake(inbound, slice_of(shard->read_bytes, (size_t)size));
}
