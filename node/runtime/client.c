#include "client.h"

#include "http_routes.h"
#include "net.h"
#include "shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECEIVE_MAX_US = 120000000,   /* of one request: whoever holds memory for longer is cut off */
    LINGER_US = 2000000,          /* long enough for what was in flight; then the reset */
    UNREAD_MAX = 256 * 1024,      /* one read beyond what HTTP keeps: then the socket waits */
    REQUEST_ID_SIZE = 52,         /* as DynamoDB's */
    OUTPUT_KEEP_MAX = 1024 * 1024 /* scratch memory kept from one reply to the next */
};

static void on_readable(evutil_socket_t fd, short what, void *context);
static void on_writable(evutil_socket_t fd, short what, void *context);

static void set_phase(struct client *client, enum client_phase phase)
{
    client->phase = phase;
    client->since_us = client->shard->now.monotonic_us;
}

static void set_reading(struct client *client, bool reading)
{
    if (reading == client->reading)
        return;
    client->reading = reading;
    if (reading)
        event_add(&client->read_event, NULL);
    else
        event_del(&client->read_event);
}

void client_new(struct shard *shard, int fd)
{
    if (shard->draining) {
        close(fd);
        atomic_fetch_sub(&shard->host->connections, 1);
        return;
    }
    struct client *client = calloc(1, sizeof(*client));
    ensure(client != NULL);
    client->shard = shard;
    client->fd = fd;
    client->http = http_connection_new();
    arena_init(&client->arena);
    net_set_nodelay(fd);
    event_assign(&client->read_event, shard->base, fd, EV_READ | EV_PERSIST, on_readable, client);
    event_assign(&client->write_event, shard->base, fd, EV_WRITE, on_writable, client);
    clients_push(&shard->clients, client);
    set_phase(client, CLIENT_IDLE);
    set_reading(client, true);
}

static void discharge(struct client *client)
{
    host_discharge(client->shard->host, client->charged);
    client->charged = 0;
    client->received = 0;
}

void client_close(struct client *client)
{
    struct shard *shard = client->shard;
    if (client->phase == CLIENT_DEAD)
        return;
    event_del(&client->read_event);
    event_del(&client->write_event);
    close(client->fd);
    client->phase = CLIENT_DEAD;
    if (list_linked(&client->resumed_link))
        clients_resumed_remove(&shard->resumed, client);
    clients_remove(&shard->clients, client);
    clients_dead_push(&shard->dead_clients, client);
    atomic_fetch_sub(&shard->host->connections, 1);
}

static void client_free(struct client *client)
{
    discharge(client);
    if (client->output != NULL)
        evbuffer_free(client->output);
    writer_deinit(&client->unread);
    http_connection_free(client->http);
    arena_deinit(&client->arena);
    free(client);
}

void clients_reap(struct shard *shard)
{
    struct clients_dead waiting;
    struct client *client;
    clients_dead_init(&waiting);
    while ((client = clients_dead_pop(&shard->dead_clients)) != NULL) {
        if (client->call_open)
            clients_dead_push(&waiting, client);
        else
            client_free(client);
    }
    clients_dead_move(&shard->dead_clients, &waiting);
}

void clients_free_all(struct shard *shard)
{
    struct client *client;
    while ((client = clients_first(&shard->clients)) != NULL)
        client_close(client);
    while ((client = clients_dead_pop(&shard->dead_clients)) != NULL)
        client_free(client);
}

/* The last words to a client: then only its own closing is awaited. */
static void linger(struct client *client)
{
    set_phase(client, CLIENT_LINGERING);
    if (shutdown(client->fd, SHUT_WR) != 0)
        client_close(client);
    else
        set_reading(client, true);
}

static void after_output(struct client *client)
{
    discharge(client);
    if (client->close_after_output) {
        linger(client);
    } else if (client->phase == CLIENT_SENDING) {
        set_phase(client, CLIENT_IDLE);
        set_reading(client, true);
        if (!list_linked(&client->resumed_link))
            clients_resumed_push(&client->shard->resumed, client);
    }
}

static void release_buffer(const void *data, size_t size, void *buffer)
{
    (void)data;
    (void)size;
    buffer_unref(buffer);
}

/* What the socket did not take waits as it is, uncopied, and is charged: many who read slowly must
 * not fill the memory. False if there is no room. */
static bool keep_output(struct client *client, struct writer *output, size_t sent)
{
    size_t waiting = output->size - sent;
    if (!host_charge(client->shard->host, waiting))
        return false;
    client->charged += waiting;
    if (client->output == NULL) {
        client->output = evbuffer_new();
        ensure(client->output != NULL);
    }
    struct buffer *rest = writer_finish(output);
    ensure(evbuffer_add_reference(client->output, rest->data + sent, rest->size - sent,
                                  release_buffer, rest) == 0);
    return true;
}

static bool output_waits(const struct client *client)
{
    return client->output != NULL && evbuffer_get_length(client->output) > 0;
}

/* Sends the bytes of the shard's scratch writer, which is empty afterwards. */
static void send_scratch(struct client *client)
{
    struct writer *output = &client->shard->output;
    ssize_t sent = 0;
    if (output->size == 0)
        return;
    if (!output_waits(client)) {
        sent = send(client->fd, output->buffer->data, output->size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            writer_reset(output);
            client_close(client);
            return;
        }
        sent = sent < 0 ? 0 : sent;
    }
    if ((size_t)sent < output->size) {
        if (keep_output(client, output, (size_t)sent))
            event_add(&client->write_event, NULL);
        else
            client_close(client);
    }
    if (output->capacity > OUTPUT_KEEP_MAX)
        writer_deinit(output);
    writer_reset(output);
}

static void send_output(struct client *client)
{
    int sent = evbuffer_write(client->output, client->fd);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        client_close(client);
        return;
    }
    if (sent > 0)
        client->since_us = client->shard->now.monotonic_us;
    if (output_waits(client))
        event_add(&client->write_event, NULL);
    else
        after_output(client);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct client *client = context;
    (void)fd;
    (void)what;
    shard_tick(client->shard);
    send_output(client);
}

/* After a reply: the client is sending, idle, or at its end. */
static void settle(struct client *client)
{
    if (client->phase == CLIENT_DEAD)
        return;
    if (output_waits(client)) {
        set_phase(client, CLIENT_SENDING);
        set_reading(client, false);
    } else if (client->close_after_output) {
        linger(client);
    } else {
        set_phase(client, CLIENT_IDLE);
    }
}

/* Five random bits a character. */
static void make_request_id(struct prng *prng, char id[REQUEST_ID_SIZE + 1])
{
    enum { CHARACTERS_PER_DRAW = 12 };
    uint64_t bits = 0;
    for (int i = 0; i < REQUEST_ID_SIZE; i++, bits >>= 5) {
        if (i % CHARACTERS_PER_DRAW == 0)
            bits = prng_next(prng);
        id[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUV"[bits & 31];
    }
    id[REQUEST_ID_SIZE] = '\0';
}

void client_reply(struct client *client, const struct http_reply *reply)
{
    struct shard *shard = client->shard;
    char request_id[REQUEST_ID_SIZE + 1];
    struct http_reply last = *reply;
    make_request_id(&shard->prng, request_id);
    last.close |= shard->draining;
    bool stays =
        http_connection_reply(client->http, &last, shard->now.wall_us, request_id, &shard->output);
    client->close_after_output |= !stays;
    discharge(client);
    send_scratch(client);
    settle(client);
    arena_reset(&client->arena);
}

/* Too much is being received at once: this request is turned away unread. */
static void turn_away(struct client *client)
{
    static const char body[] = "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\","
                               "\"message\":\"The node is out of request memory\"}";
    char *reply = arena_printf(&client->arena,
                               "HTTP/1.1 503 Service Unavailable\r\n"
                               "Content-Type: application/x-amz-json-1.0\r\n"
                               "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                               sizeof(body) - 1, body);
    writer_put_slice(&client->shard->output, slice_of_string(reply));
    client->close_after_output = true;
    discharge(client);
    send_scratch(client);
    settle(client);
}

static bool charge(struct client *client, size_t size)
{
    client->received += size;
    if (!host_charge(client->shard->host, size))
        return false;
    client->charged += size;
    return true;
}

static void on_request(struct client *client)
{
    set_phase(client, CLIENT_RUNNING);
    http_routes_serve(client, http_connection_request(client->http));
}

/* What HTTP does not take while a request is open waits, and the socket with it. */
static void keep_unread(struct client *client, struct slice rest)
{
    if (rest.size == 0)
        return;
    writer_put_slice(&client->unread, rest);
    if (client->unread.size > UNREAD_MAX)
        set_reading(client, false);
}

static void after_feed(struct client *client)
{
    if (client->phase != CLIENT_IDLE && client->phase != CLIENT_RECEIVING)
        return;
    bool receiving = http_connection_in_request(client->http);
    if (!receiving)
        discharge(client);
    if (receiving != (client->phase == CLIENT_RECEIVING))
        set_phase(client, receiving ? CLIENT_RECEIVING : CLIENT_IDLE);
}

static void feed(struct client *client, struct slice bytes)
{
    struct slice rest = bytes;
    size_t consumed;
    enum http_event event;
    do {
        event = http_connection_feed(client->http, rest, &consumed, &client->shard->output);
        rest = slice_of(rest.data + consumed, rest.size - consumed);
        if (event == HTTP_REQUEST) {
            on_request(client);
        } else if (event == HTTP_BROKEN) {
            client->close_after_output = true;
            send_scratch(client);
            settle(client);
        } else {
            send_scratch(client);
        }
        /* An answer given at once lets the next request of the same bytes come out. */
    } while (client->phase < CLIENT_SENDING &&
             (event == HTTP_REQUEST || (consumed > 0 && rest.size > 0)));
    if (client->phase == CLIENT_DEAD)
        return;
    keep_unread(client, rest);
    after_feed(client);
}

static void take_bytes(struct client *client, struct slice bytes)
{
    if (charge(client, bytes.size))
        feed(client, bytes);
    else
        turn_away(client);
}

void client_resume(struct client *client)
{
    struct writer unread = client->unread;
    writer_init(&client->unread, 0);
    set_reading(client, true);
    take_bytes(client, writer_slice(&unread));
    writer_deinit(&unread);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct client *client = context;
    struct shard *shard = client->shard;
    (void)what;
    shard_tick(shard);
    ssize_t size = recv(fd, shard->read_bytes, SHARD_READ_SIZE, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        client_close(client);
    } else if (client->phase == CLIENT_RUNNING || client->unread.size > 0) {
        keep_unread(client, slice_of(shard->read_bytes, (size_t)size));
    } else if (client->phase != CLIENT_LINGERING) {
        take_bytes(client, slice_of(shard->read_bytes, (size_t)size));
    }
}

static bool too_slow(const struct client *client, uint64_t elapsed_us)
{
    const struct config *config = client->shard->host->config;
    uint64_t grace_us = config->header_timeout_s * 1000000;
    if (elapsed_us > RECEIVE_MAX_US)
        return true;
    if (elapsed_us <= grace_us)
        return false;
    return client->received < (elapsed_us - grace_us) / 1000000 * config->body_rate_min ||
           client->received < config->body_rate_min;
}

void client_sweep(struct client *client, uint64_t now_us)
{
    const struct config *config = client->shard->host->config;
    uint64_t elapsed_us = now_us > client->since_us ? now_us - client->since_us : 0;
    bool cut_off = false;
    switch (client->phase) {
    case CLIENT_IDLE:
        cut_off = elapsed_us > config->idle_timeout_s * 1000000;
        break;
    case CLIENT_RECEIVING:
        cut_off = too_slow(client, elapsed_us);
        break;
    case CLIENT_SENDING:
        cut_off = elapsed_us > config->write_timeout_s * 1000000;
        break;
    case CLIENT_LINGERING:
        cut_off = elapsed_us > LINGER_US;
        break;
    case CLIENT_RUNNING:
    case CLIENT_DEAD:
        break;
    }
    if (cut_off)
        client_close(client);
}
