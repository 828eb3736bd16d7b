#include "http_client.h"

#include <errno.h>
#include <fcntl.h>
#include <llhttp.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The exchange's remaining state, found by the parser's callbacks. */
struct parse {
    llhttp_t parser;
    struct writer *reply;
    bool complete;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool fail(struct http_exchange *exchange, const char *what, const char *why)
{
    snprintf(exchange->problem, sizeof(exchange->problem), "%s: %s", what, why);
    return false;
}

/* Waits until `events` are there. Returns 0, or an errno value: ETIMEDOUT once the deadline passed.
 */
static int wait_for(int connection, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = now_ms();
        if (now >= deadline_ms)
            return ETIMEDOUT;
        struct pollfd poll_for = {.fd = connection, .events = events};
        int ready = poll(&poll_for, 1, (int)(deadline_ms - now));
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return errno;
    }
}

/* Returns 0, or an errno value. */
static int finish_connect(int connection, uint64_t deadline_ms)
{
    int problem = wait_for(connection, POLLOUT, deadline_ms);
    socklen_t size = sizeof(problem);
    if (problem == 0)
        getsockopt(connection, SOL_SOCKET, SO_ERROR, &problem, &size);
    return problem;
}

/* A connected, non-blocking socket, or -1 with errno set. */
static int connect_one(const struct addrinfo *address, uint64_t deadline_ms)
{
    int connection = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return -1;
    int problem = 0;
    if (connect(connection, address->ai_addr, address->ai_addrlen) != 0)
        problem = errno == EINPROGRESS ? finish_connect(connection, deadline_ms) : errno;
    if (problem == 0)
        return connection;
    close(connection);
    errno = problem;
    return -1;
}

static int connect_any(const struct endpoint *endpoint, struct http_exchange *exchange,
                       uint64_t deadline_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    int problem = getaddrinfo(endpoint->host, endpoint->port, &hints, &addresses);
    if (problem != 0) {
        fail(exchange, "cannot resolve", gai_strerror(problem));
        return -1;
    }
    int connection = -1;
    for (struct addrinfo *at = addresses; at != NULL && connection < 0; at = at->ai_next)
        connection = connect_one(at, deadline_ms);
    if (connection < 0)
        fail(exchange, "cannot connect", strerror(errno));
    freeaddrinfo(addresses);
    return connection;
}

static bool send_all(struct http_exchange *exchange, int connection, struct slice bytes,
                     uint64_t deadline_ms)
{
    while (bytes.size > 0) {
        ssize_t sent = send(connection, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = slice_of(bytes.data + sent, bytes.size - (size_t)sent);
        } else if (errno == EAGAIN) {
            int problem = wait_for(connection, POLLOUT, deadline_ms);
            if (problem != 0)
                return fail(exchange, "cannot send", strerror(problem));
        } else if (errno != EINTR) {
            return fail(exchange, "cannot send", strerror(errno));
        }
    }
    return true;
}

static int on_body(llhttp_t *parser, const char *bytes, size_t size)
{
    struct parse *parse = parser->data;
    if (parse->reply->size + size > HTTP_CLIENT_REPLY_SIZE_MAX)
        return -1;
    writer_put(parse->reply, bytes, size);
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct parse *parse = parser->data;
    parse->complete = true;
    return HPE_PAUSED;
}

/* Feeds what was received. A pause is how the parser reports the end of the answer. */
static bool feed(struct http_exchange *exchange, struct parse *parse, const char *bytes,
                 size_t size)
{
    llhttp_errno_t result =
        size > 0 ? llhttp_execute(&parse->parser, bytes, size) : llhttp_finish(&parse->parser);
    if (result == HPE_OK || result == HPE_PAUSED)
        return true;
    return fail(exchange, "the answer is not HTTP", llhttp_errno_name(result));
}

static bool receive_reply(struct http_exchange *exchange, int connection, uint64_t deadline_ms)
{
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    struct parse parse = {.reply = &exchange->reply};
    llhttp_init(&parse.parser, HTTP_RESPONSE, &settings);
    parse.parser.data = &parse;
    while (!parse.complete) {
        int problem = wait_for(connection, POLLIN, deadline_ms);
        if (problem != 0)
            return fail(exchange, "no answer", strerror(problem));
        char bytes[16 * 1024];
        ssize_t received = recv(connection, bytes, sizeof(bytes), 0);
        if (received < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (received < 0)
            return fail(exchange, "no answer", strerror(errno));
        if (!feed(exchange, &parse, bytes, (size_t)received))
            return false;
        if (received == 0 && !parse.complete)
            return fail(exchange, "no answer", "the connection was closed");
    }
    exchange->status = parse.parser.status_code;
    return true;
}

static void put_text(struct writer *writer, const char *text)
{
    writer_put_slice(writer, slice_of_string(text));
}

static void put_request(struct writer *request, const struct endpoint *endpoint,
                        const struct http_exchange *exchange)
{
    char length[32];
    snprintf(length, sizeof(length), "%zu", exchange->body.size);
    put_text(request, exchange->method);
    put_text(request, " ");
    put_text(request, exchange->path);
    put_text(request, " HTTP/1.1\r\nHost: ");
    put_text(request, endpoint->authority);
    put_text(request, "\r\nConnection: close\r\nContent-Length: ");
    put_text(request, length);
    put_text(request, "\r\n");
    writer_put_slice(request, exchange->headers);
    put_text(request, "\r\n");
    writer_put_slice(request, exchange->body);
}

bool http_client_exchange(const struct endpoint *endpoint, struct http_exchange *exchange)
{
    uint64_t deadline_ms = now_ms() + HTTP_CLIENT_TIMEOUT_MS;
    exchange->status = 0;
    exchange->problem[0] = '\0';
    writer_init(&exchange->reply, 4096);
    int connection = connect_any(endpoint, exchange, deadline_ms);
    if (connection < 0)
        return false;
    struct writer request;
    writer_init(&request, 1024 + exchange->body.size);
    put_request(&request, endpoint, exchange);
    bool answered = send_all(exchange, connection, writer_slice(&request), deadline_ms) &&
                    receive_reply(exchange, connection, deadline_ms);
    writer_deinit(&request);
    close(connection);
    return answered;
}
