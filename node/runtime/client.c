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
    ARENA_FREE = 64 * 1024,       /* what is made of most requests; charging it is not worth it */
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
    client->window_us = client->since_us;
    client->window_size = 0;
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

void client_new(struct shard *shard, int fd, address_id address)
{
    if (shard->draining) {
        close(fd);
        host_disconnect(shard->host, address);
        return;
    }
    struct client *client = calloc(1, sizeof(*client));
    ensure(client != NULL);
    client->shard = shard;
    client->fd = fd;
    client->address = address;
    client->http = http_connection_new();
    arena_init(&client->arena);
    net_set_nodelay(fd);
    event_assign(&client->read_event, shard->base, fd, EV_READ | EV_PERSIST, on_readable, client);
    event_assign(&client->write_event, shard->base, fd, EV_WRITE, on_writable, client);
    clients_push(&shard->clients, client);
    set_phase(client, CLIENT_IDLE);
    set_reading(client, true);
}

static void end_upload(struct client *client)
{
    atomic_fetch_sub_explicit(&client->shard->host->uploads, client->uploaded,
                              memory_order_relaxed);
    client->uploaded = 0;
}

static void discharge(struct client *client)
{
    host_discharge(client->shard->host, client->charged);
    client->charged = 0;
    client->received = 0;
    end_upload(client);
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
    if (list_linked(&client->ready_link))
        clients_ready_remove(&shard->ready, client);
    clients_remove(&shard->clients, client);
    clients_dead_push(&shard->dead_clients, client);
    host_disconnect(shard->host, client->address);
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

/* What came early for later requests stays, and stays charged. */
static void discharge_answered(struct client *client)
{
    size_t kept = client->unread.size + http_connection_kept(client->http);
    discharge(client);
    host_charge_anyway(client->shard->host, kept);
    client->charged = kept;
}

/* An interim reply may end while its request is still being received, or served. */
static void after_output(struct client *client)
{
    if (client->close_after_output) {
        discharge(client);
        linger(client);
    } else if (client->phase == CLIENT_SENDING) {
        discharge_answered(client);
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
    struct host *host = client->shard->host;
    size_t waiting = output->size - sent;
    /* What it was made of has just been given back. */
    if (waiting > ARENA_FREE)
        shard_charge_results(client->shard);
    if (!host_charge(host, waiting))
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
        if (keep_output(client, output, (size_t)sent)) {
            event_add(&client->write_event, NULL);
        } else {
            host_count(&client->shard->host->counters.replies_cut_off);
            client_close(client);
        }
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
    if (sent > 0) {
        client->since_us = client->shard->now.monotonic_us;
        client->taken += (size_t)sent;
    }
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
        client->sending_us = client->since_us;
        client->taken = 0;
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
    discharge_answered(client);
    send_scratch(client);
    settle(client);
    arena_reset(&client->arena);
}

/* Too much is being received at once: this request is turned away unread. */
static void turn_away(struct client *client)
{
    static const struct http_failure refusal = {
        503, "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\","
             "\"message\":\"The node is out of request memory\"}"};
    http_connection_refuse(client->http, &refusal, &client->shard->output);
    client->close_after_output = true;
    host_count(&client->shard->host->counters.requests_refused_memory);
    discharge(client);
    send_scratch(client);
    settle(client);
}

bool client_charge(struct client *client, size_t size)
{
    if (size > 0 && !host_charge(client->shard->host, size))
        return false;
    client->charged += size;
    return true;
}

static bool charge(struct client *client, size_t size)
{
    client->received += size;
    return client_charge(client, size);
}

static bool charge_upload(struct client *client, size_t size)
{
    if (client->phase != CLIENT_RECEIVING)
        return true;
    if (!host_charge_upload(client->shard->host, size))
        return false;
    client->uploaded += size;
    return true;
}

static bool only_reads(const struct http_request *request)
{
    static const char *const kinds[] = {"Get",  "BatchGet", "TransactGet", "Query",
                                        "Scan", "Describe", "List"};
    struct slice target = http_request_header(request, SLICE_LITERAL("x-amz-target"));
    const uint8_t *dot = target.size == 0 ? NULL : memchr(target.data, '.', target.size);
    if (dot == NULL)
        return false;
    size_t at = (size_t)(dot - target.data) + 1;
    struct slice name = slice_of(target.data + at, target.size - at);
    for (size_t i = 0; i < array_size(kinds); i++)
        if (slice_starts_with(name, slice_of_string(kinds[i])))
            return true;
    return false;
}

/* Whether it may be served now. Only operations cost enough to be refused: an operator must be able
 * to look. */
static enum gate_verdict judge(struct client *client, const struct http_request *request)
{
    enum gate_verdict verdict = gate_judge(&client->shard->gate, client->charged);
    if (verdict == GATE_OPEN)
        return GATE_OPEN;
    if (!slice_equal(request->method, SLICE_LITERAL("POST")))
        return GATE_OPEN;
    if (verdict == GATE_SLOW_COMMITS && only_reads(request))
        return GATE_OPEN;
    return verdict;
}

/* Says so before anything is spent on the request: not its signature is looked at. */
static void throttle(struct client *client, enum gate_verdict verdict)
{
    struct host_counters *counters = &client->shard->host->counters;
    bool full = verdict == GATE_FULL;
    struct writer body;
    writer_init(&body, 256);
    struct http_reply reply = {.content_type = "application/x-amz-json-1.0"};
    reply.status = api_error(&body, "ThrottlingException",
                             full ? "The node is out of memory for requests."
                                  : "Requests have to wait too long for their turn.");
    reply.body = writer_slice(&body);
    host_count(full ? &counters->requests_refused_memory : &counters->requests_refused_delay);
    client_reply(client, &reply);
    writer_deinit(&body);
}

/* What was made of a large request is larger still, and stays until it is answered. */
static void charge_arena(struct client *client)
{
    size_t size = client->arena.total;
    if (size < ARENA_FREE || client->phase != CLIENT_RUNNING)
        return;
    host_charge_anyway(client->shard->host, size);
    client->charged += size;
}

static void on_request(struct client *client)
{
    const struct http_request *request = http_connection_request(client->http);
    set_phase(client, CLIENT_RUNNING);
    end_upload(client);
    enum gate_verdict verdict = judge(client, request);
    if (verdict == GATE_OPEN) {
        http_routes_serve(client, request);
        charge_arena(client);
    } else {
        throttle(client, verdict);
    }
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

/* Bytes of later requests, while one is open. */
static void take_early(struct client *client, struct slice bytes)
{
    if (charge(client, bytes.size))
        keep_unread(client, bytes);
    else
        client_close(client);
}

/* A request that did not come in one read counts among the uploads from its first byte on. */
static void after_feed(struct client *client)
{
    if (client->phase != CLIENT_IDLE && client->phase != CLIENT_RECEIVING)
        return;
    bool receiving = http_connection_in_request(client->http);
    if (!receiving)
        discharge(client);
    if (receiving == (client->phase == CLIENT_RECEIVING))
        return;
    set_phase(client, receiving ? CLIENT_RECEIVING : CLIENT_IDLE);
    if (!charge_upload(client, client->charged))
        turn_away(client);
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
    /* The request they came with has been answered, and its charge given back. */
    if (client->phase == CLIENT_SENDING) {
        host_charge_anyway(client->shard->host, rest.size);
        client->charged += rest.size;
    }
    after_feed(client);
}

static void take_bytes(struct client *client, struct slice bytes)
{
    if (charge(client, bytes.size) && charge_upload(client, bytes.size))
        feed(client, bytes);
    else
        turn_away(client);
}

void client_resume(struct client *client)
{
    /* Its socket's turn may have come first. */
    if (client->phase != CLIENT_IDLE && client->phase != CLIENT_RECEIVING)
        return;
    struct writer unread = client->unread;
    writer_init(&client->unread, 0);
    if (client->phase == CLIENT_IDLE)
        discharge(client);
    set_reading(client, true);
    take_bytes(client, writer_slice(&unread));
    writer_deinit(&unread);
}

/* It gets in line. Said again until its turn has come. */
static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct client *client = context;
    struct shard *shard = client->shard;
    (void)fd;
    (void)what;
    if (list_linked(&client->ready_link))
        return;
    if (clients_ready_empty(&shard->ready))
        shard_tick(shard);
    client->ready_us = shard->now.monotonic_us;
    clients_ready_push(&shard->ready, client);
}

void client_take(struct client *client)
{
    struct shard *shard = client->shard;
    gate_on_turn(&shard->gate, shard_tick(shard).monotonic_us, client->ready_us);
    if (!client->reading)
        return;
    ssize_t size = recv(client->fd, shard->read_bytes, SHARD_READ_SIZE, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        client_close(client);
    } else if (client->phase == CLIENT_RUNNING || client->unread.size > 0) {
        take_early(client, slice_of(shard->read_bytes, (size_t)size));
    } else if (client->phase != CLIENT_LINGERING) {
        take_bytes(client, slice_of(shard->read_bytes, (size_t)size));
    }
}

/* Whether less than body_rate_min went through since the grace period ended. */
static bool too_slow(const struct client *client, uint64_t elapsed_us, uint64_t grace_s,
                     size_t bytes)
{
    uint64_t rate_min = client->shard->host->config->body_rate_min;
    uint64_t grace_us = grace_s * 1000000;
    if (elapsed_us <= grace_us)
        return false;
    return bytes < (elapsed_us - grace_us) / 1000000 * rate_min || bytes < rate_min;
}

/* On the whole, and of late: who has sent most of a large request may not hold its memory and fall
 * silent. */
static bool receives_too_slowly(struct client *client, uint64_t now_us, uint64_t elapsed_us)
{
    const struct config *config = client->shard->host->config;
    uint64_t window_s = config->header_timeout_s;
    if (elapsed_us > RECEIVE_MAX_US || too_slow(client, elapsed_us, window_s, client->received))
        return true;
    if (now_us - client->window_us < window_s * 1000000)
        return false;
    bool first = client->window_us == client->since_us;
    bool slow = client->received - client->window_size < window_s * config->body_rate_min;
    client->window_us = now_us;
    client->window_size = client->received;
    return slow && !first;
}

/* A client that takes a byte now and then would keep its reply in memory for ever. */
static bool takes_too_slowly(const struct client *client, uint64_t stalled_us, uint64_t now_us)
{
    const struct config *config = client->shard->host->config;
    return stalled_us > config->write_timeout_s * 1000000 ||
           too_slow(client, now_us - client->sending_us, config->write_timeout_s, client->taken);
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
        cut_off = receives_too_slowly(client, now_us, elapsed_us);
        break;
    case CLIENT_SENDING:
        cut_off = takes_too_slowly(client, elapsed_us, now_us);
        break;
    case CLIENT_LINGERING:
        cut_off = elapsed_us > LINGER_US;
        break;
    case CLIENT_RUNNING:
    case CLIENT_DEAD:
        break;
    }
    if (!cut_off)
        return;
    host_count(&client->shard->host->counters.clients_cut_off);
    client_close(client);
}
