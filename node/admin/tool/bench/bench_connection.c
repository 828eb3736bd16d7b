#include "bench_connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

void bench_connection_init(struct bench_connection *connection, size_t target)
{
    *connection = (struct bench_connection){.socket = -1, .target = target};
}

static void watch(struct bench_connection *connection, int epoll, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    ensure(epoll_ctl(epoll, how, connection->socket, &event) == 0);
}

bool bench_connection_open(struct bench_connection *connection, int epoll,
                           const struct bench_address *address, uint64_t now_us)
{
    ensure(connection->state == BENCH_DOWN);
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    connection->socket = socket(address->socket.ss_family, type, 0);
    if (connection->socket < 0)
        return false;
    int on = 1;
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&address->socket;
    if (connect(connection->socket, to, address->size) != 0 && errno != EINPROGRESS) {
        int problem = errno;
        bench_connection_close(connection);
        errno = problem;
        return false;
    }
    connection->state = BENCH_CONNECTING;
    connection->since_us = now_us;
    watch(connection, epoll, EPOLL_CTL_ADD, EPOLLOUT);
    bench_reply_init(&connection->reply);
    return true;
}

bool bench_connection_opened(struct bench_connection *connection, int epoll)
{
    int problem = 0;
    socklen_t size = sizeof(problem);
    getsockopt(connection->socket, SOL_SOCKET, SO_ERROR, &problem, &size);
    errno = problem;
    if (problem != 0)
        return false;
    connection->state = BENCH_IDLE;
    watch(connection, epoll, EPOLL_CTL_MOD, EPOLLIN);
    return true;
}

static void forget_unsent(struct bench_connection *connection)
{
    free(connection->unsent);
    connection->unsent = NULL;
}

void bench_connection_close(struct bench_connection *connection)
{
    if (connection->socket >= 0)
        close(connection->socket);
    connection->socket = -1;
    connection->state = BENCH_DOWN;
    forget_unsent(connection);
}

/* How much the socket took, or -1 if it is broken. */
static ssize_t send_some(int to, struct slice bytes)
{
    ssize_t sent = send(to, bytes.data, bytes.size, MSG_NOSIGNAL);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

enum bench_io bench_connection_send(struct bench_connection *connection, int epoll,
                                    struct slice bytes, uint64_t now_us)
{
    ensure(connection->unsent == NULL);
    connection->state = BENCH_BUSY;
    connection->since_us = now_us;
    bench_reply_expect(&connection->reply);
    ssize_t sent = send_some(connection->socket, bytes);
    if (sent < 0)
        return BENCH_IO_CLOSED;
    if ((size_t)sent == bytes.size)
        return BENCH_IO_OK;
    connection->unsent_at = 0;
    connection->unsent_size = bytes.size - (size_t)sent;
    connection->unsent = malloc(connection->unsent_size);
    ensure(connection->unsent != NULL);
    memcpy(connection->unsent, bytes.data + sent, connection->unsent_size);
    watch(connection, epoll, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    return BENCH_IO_OK;
}

enum bench_io bench_connection_flush(struct bench_connection *connection, int epoll)
{
    if (connection->unsent == NULL)
        return BENCH_IO_OK;
    size_t left = connection->unsent_size - connection->unsent_at;
    ssize_t sent =
        send_some(connection->socket, slice_of(connection->unsent + connection->unsent_at, left));
    if (sent < 0)
        return BENCH_IO_CLOSED;
    connection->unsent_at += (size_t)sent;
    if (connection->unsent_at == connection->unsent_size) {
        forget_unsent(connection);
        watch(connection, epoll, EPOLL_CTL_MOD, EPOLLIN);
    }
    return BENCH_IO_OK;
}

enum bench_io bench_connection_receive(struct bench_connection *connection, char *buffer,
                                       size_t size)
{
    ssize_t received = recv(connection->socket, buffer, size, 0);
    if (received < 0)
        return errno == EAGAIN || errno == EINTR ? BENCH_IO_OK : BENCH_IO_CLOSED;
    errno = 0;
    if (received == 0 && connection->state == BENCH_IDLE)
        return BENCH_IO_CLOSED;
    if (!bench_reply_feed(&connection->reply, buffer, (size_t)received))
        return received == 0 ? BENCH_IO_CLOSED : BENCH_IO_BAD;
    return received == 0 && !connection->reply.complete ? BENCH_IO_CLOSED : BENCH_IO_OK;
}
