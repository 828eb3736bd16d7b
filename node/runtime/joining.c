#include "joining.h"

#include "frame.h"
#include "cartwheel.pb-c.h"
#include "handshake.h"
#include "net.h"
#include "ring_state.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_MS = 30000, /* as long as the seed may try to have it decided, and more */
    READ_SIZE = 64 << 10
};

#define PEER_PORT "7000"

struct joining {
    const struct config *config;
    const char *seed;
    char *problem;
    struct handshake_identity identity;
    int fd;
    int64_t deadline_ms;
};

static enum joining_result refuse(struct joining *joining, enum joining_result result,
                                  const char *why)
{
    snprintf(joining->problem, JOINING_PROBLEM_SIZE, "%s: %s", joining->seed, why);
    return result;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0, or an errno value. */
static int wait_for(struct joining *joining, short events)
{
    struct pollfd waited = {.fd = joining->fd, .events = events};
    int64_t left_ms = joining->deadline_ms - now_ms();
    int ready = left_ms <= 0 ? 0 : poll(&waited, 1, (int)left_ms);
    if (ready == 0)
        return ETIMEDOUT;
    return ready < 0 ? errno : 0;
}

static int send_all(struct joining *joining, struct slice bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(joining->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        int error = sent < 0 ? errno : 0;
        if (error == EAGAIN)
            error = wait_for(joining, POLLOUT);
        if (error != 0 && error != EINTR)
            return error;
        if (sent > 0)
            bytes = slice_of(bytes.data + sent, bytes.size - (size_t)sent);
    }
    return 0;
}

/* Appends what comes next. 0, or an errno value. */
static int receive(struct joining *joining, struct writer *bytes)
{
    uint8_t chunk[READ_SIZE];
    ssize_t size;
    do {
        int error = wait_for(joining, POLLIN);
        if (error != 0)
            return error;
        size = recv(joining->fd, chunk, sizeof(chunk), 0);
    } while (size < 0 && (errno == EINTR || errno == EAGAIN));
    if (size <= 0)
        return size == 0 ? ECONNRESET : errno;
    writer_put(bytes, chunk, (size_t)size);
    return 0;
}

/* The caller frees it. */
static char *own_address(const struct joining *joining)
{
    const char *said = config_own_address(joining->config);
    struct sockaddr_storage local;
    socklen_t size = sizeof(local);
    char host[NI_MAXHOST];
    if (said[0] != '\0' || getsockname(joining->fd, (struct sockaddr *)&local, &size) != 0 ||
        getnameinfo((struct sockaddr *)&local, size, host, sizeof(host), NULL, 0, NI_NUMERICHOST) !=
            0)
        return slice_to_string(slice_of_string(said));
    char *address;
    const char *colon = strrchr(joining->config->peer_listen, ':');
    bool v6 = strchr(host, ':') != NULL;
    ensure(asprintf(&address, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
                    colon == NULL ? PEER_PORT : colon + 1) > 0);
    return address;
}

static int dial(const struct joining *joining, const struct addrinfo *to)
{
    char *source_host = config_source_host(config_own_address(joining->config));
    int fd = net_dial(to->ai_addr, to->ai_addrlen, source_host);
    free(source_host);
    return fd;
}

/* 0, or an errno value. */
static int connect_at(struct joining *joining, const struct addrinfo *to)
{
    joining->deadline_ms = now_ms() + CONNECT_TIMEOUT_MS;
    joining->fd = dial(joining, to);
    int error = joining->fd < 0 ? errno : wait_for(joining, POLLOUT);
    socklen_t size = sizeof(error);
    if (error == 0)
        getsockopt(joining->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 && joining->fd >= 0)
        close(joining->fd);
    if (error != 0)
        joining->fd = -1;
    return error;
}

static enum joining_result connect_to_seed(struct joining *joining)
{
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (!net_split(joining->seed, host, sizeof(host), port, sizeof(port)))
        return refuse(joining, JOINING_HOPELESS, "is not host:port");
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0)
        return refuse(joining, JOINING_LATER, gai_strerror(failure));
    int error = ENOENT;
    for (const struct addrinfo *at = found; at != NULL && error != 0; at = at->ai_next)
        error = connect_at(joining, at);
    freeaddrinfo(found);
    return error == 0 ? JOINING_DONE : refuse(joining, JOINING_LATER, strerror(error));
}

static enum joining_result failed_handshake(struct joining *joining,
                                            const struct handshake *handshake)
{
    /* Of what a member may say of a stranger, only these would be said again. */
    bool for_good =
        handshake->error == HANDSHAKE_WRONG_SECRET || handshake->error == HANDSHAKE_WRONG_VERSION;
    return refuse(joining, for_good ? JOINING_HOPELESS : JOINING_LATER,
                  handshake_error_name(handshake->error));
}

/* Until frames may flow; what came behind the handshake stays in `received`. */
static enum joining_result shake(struct joining *joining, struct handshake *handshake,
                                 struct writer *output, struct writer *received)
{
    enum handshake_event event = HANDSHAKE_WANTS_BYTES;
    for (;;) {
        int error = send_all(joining, writer_slice(output));
        writer_reset(output);
        if (event == HANDSHAKE_FAILED)
            return failed_handshake(joining, handshake);
        if (event == HANDSHAKE_DONE)
            return JOINING_DONE;
        if (error == 0 && received->size == 0)
            error = receive(joining, received);
        if (error != 0)
            return refuse(joining, JOINING_LATER, strerror(error));
        size_t consumed;
        struct buffer *bytes = buffer_from(writer_slice(received));
        event = handshake_feed(handshake, buffer_slice(bytes), &consumed, output);
        if (event == HANDSHAKE_PROVEN)
            event = handshake_accept(handshake, output);
        writer_reset(received);
        writer_put(received, bytes->data + consumed, bytes->size - consumed);
        buffer_unref(bytes);
    }
}

static enum joining_result prove(struct joining *joining, struct writer *received)
{
    struct handshake handshake;
    struct writer output;
    uint8_t nonce[HANDSHAKE_NONCE_SIZE];
    crypto_random(nonce, sizeof(nonce));
    writer_init(&output, HANDSHAKE_MESSAGE_MAX);
    handshake_init(&handshake, crypto_openssl(), slice_of_string(joining->config->secret),
                   HANDSHAKE_DIALLER, LINK_JOIN, &joining->identity, nonce, &output);
    enum joining_result result = shake(joining, &handshake, &output, received);
    handshake_deinit(&handshake);
    writer_deinit(&output);
    return result;
}

static int send_question(struct joining *joining)
{
    const struct config *config = joining->config;
    struct frame_header header = {
        .type = FRAME_JOIN, .request_id = 1, .from = joining->identity.id};
    Cartwheel__Join join = CARTWHEEL__JOIN__INIT;
    char *address = own_address(joining);
    join.cluster = binary_of(slice_of_string(config->cluster));
    join.name = binary_of(slice_of_string(joining->identity.name));
    join.address = binary_of(slice_of_string(address));
    join.zone = binary_of(slice_of_string(config->zone));
    join.weight = (uint32_t)config->weight;
    join.replaces = binary_of(slice_of_string(config->replace));
    struct buffer *frame = frame_encode(&header, &join.base, SLICE_EMPTY);
    free(address);
    int error = send_all(joining, buffer_slice(frame));
    buffer_unref(frame);
    return error;
}

/* Until the answer is whole. */
static enum joining_result receive_answer(struct joining *joining, struct writer *received)
{
    for (;;) {
        size_t size = FRAME_HEADER_SIZE;
        bool headed = received->size >= size;
        if (headed && frame_size(writer_slice(received), &size) != FRAME_OK)
            return refuse(joining, JOINING_HOPELESS, "speaks another protocol");
        if (headed && received->size >= size)
            return JOINING_DONE;
        int error = receive(joining, received);
        if (error != 0)
            return refuse(joining, JOINING_LATER, strerror(error));
    }
}

static bool take_cluster(struct slice payload, struct joined *joined)
{
    struct ring_state ring;
    struct reader reader = reader_of(payload);
    struct reader cluster = reader_of(reader_get_sized(&reader));
    memset(joined, 0, sizeof(*joined));
    if (reader.failed)
        return false;
    struct slice rest = reader_get_slice(&reader, reader_left(&reader));
    bool good = cluster_config_decode(&cluster, &joined->cluster) && reader_done(&cluster) &&
                ring_decode(rest, &ring);
    if (good) {
        good = ring.partitions == joined->cluster.partitions &&
               ring.members_count > joined->cluster.members_count;
        ring_deinit(&ring);
    }
    if (good) {
        joined->ring = buffer_from(rest);
    } else {
        cluster_config_deinit(&joined->cluster);
    }
    return good;
}

static enum joining_result judge_answer(struct joining *joining, struct slice bytes,
                                        struct joined *joined)
{
    struct frame frame;
    struct arena arena;
    if (frame_decode(bytes, &frame) != FRAME_OK || frame.header.type != FRAME_JOIN_REPLY)
        return refuse(joining, JOINING_HOPELESS, "its answer is none");
    arena_init(&arena);
    enum joining_result result = JOINING_DONE;
    const Cartwheel__JoinReply *reply =
        (const Cartwheel__JoinReply *)frame_decode_body(&frame, &arena);
    if (reply == NULL)
        result = refuse(joining, JOINING_HOPELESS, "its answer is none");
    else if (reply->problem.len > 0)
        result = refuse(joining, reply->for_good ? JOINING_REFUSED : JOINING_LATER,
                        arena_printf(&arena, "%.*s", (int)reply->problem.len,
                                     (const char *)reply->problem.data));
    else if (!take_cluster(frame.payload, joined))
        result = refuse(joining, JOINING_HOPELESS, "its answer is damaged");
    arena_deinit(&arena);
    return result;
}

static enum joining_result ask(struct joining *joining, struct writer *received,
                               struct joined *joined)
{
    enum joining_result result = prove(joining, received);
    if (result != JOINING_DONE)
        return result;
    joining->deadline_ms = now_ms() + ANSWER_TIMEOUT_MS;
    int error = send_question(joining);
    if (error != 0)
        return refuse(joining, JOINING_LATER, strerror(error));
    result = receive_answer(joining, received);
    return result == JOINING_DONE ? judge_answer(joining, writer_slice(received), joined) : result;
}

enum joining_result joining_ask(const struct config *config, node_id id, const char *name,
                                const char *seed, struct joined *joined,
                                char problem[JOINING_PROBLEM_SIZE])
{
    struct joining joining = {
        .config = config,
        .seed = seed,
        .problem = problem,
        .fd = -1,
        .identity = {.id = id, .shards = 1},
    };
    struct writer received;
    writer_init(&received, READ_SIZE);
    crypto_random(&joining.identity.instance, sizeof(joining.identity.instance));
    snprintf(joining.identity.name, sizeof(joining.identity.name), "%s", name);
    enum joining_result result = connect_to_seed(&joining);
    if (result == JOINING_DONE)
        result = ask(&joining, &received, joined);
    if (joining.fd >= 0)
        close(joining.fd);
    writer_deinit(&received);
    return result;
}

void joined_deinit(struct joined *joined)
{
    cluster_config_deinit(&joined->cluster);
    buffer_unref(joined->ring);
    joined->ring = NULL;
}
