/* bench_connection: one non-blocking connection, with at most one request on it. */
#pragma once

#include "bench_reply.h"
#include "bench_workload.h"

#include <sys/socket.h>

enum bench_connection_state {
    BENCH_DOWN, /* there is none; to be opened */
    BENCH_CONNECTING,
    BENCH_IDLE,
    BENCH_BUSY /* a request was sent, and not answered yet */
};

struct bench_address {
    struct sockaddr_storage socket;
    socklen_t size;
};

struct bench_connection {
    enum bench_connection_state state;
    int socket;    /* -1 if down */
    size_t target; /* the index of its endpoint */
    uint64_t since_us;
    /* The request, if it is busy. */
    enum bench_operation operation;
    uint64_t key;
    uint64_t due_us;
    bool modifying; /* the second step of BENCH_READ_MODIFY_WRITE */
    char *unsent;   /* what the socket did not take yet; NULL if it took all */
    size_t unsent_size;
    size_t unsent_at;
    struct bench_reply reply;
};

enum bench_io {
    BENCH_IO_OK,
    BENCH_IO_CLOSED, /* by the other side, or an error; errno says which, 0 for an end */
    BENCH_IO_BAD     /* the answer is no HTTP */
};

/* Down. */
void bench_connection_init(struct bench_connection *connection, size_t target);
/* Begins to connect; false, with errno set, if that cannot even begin. */
bool must_check bench_connection_open(struct bench_connection *connection, int epoll,
                                      const struct bench_address *address, uint64_t now_us);
/* After an event while it is connecting. Idle if it returns true, else errno is set. */
bool must_check bench_connection_opened(struct bench_connection *connection, int epoll);
/* Down. */
void bench_connection_close(struct bench_connection *connection);
/* Sends a request, or as much of it as the socket takes: the rest follows. Busy from then on. */
enum bench_io must_check bench_connection_send(struct bench_connection *connection, int epoll,
                                               struct slice bytes, uint64_t now_us);
/* Sends what is left. */
enum bench_io must_check bench_connection_flush(struct bench_connection *connection, int epoll);
/* Reads once, into `buffer`; `reply` tells whether the answer is complete. */
enum bench_io must_check bench_connection_receive(struct bench_connection *connection, char *buffer,
                                                  size_t size);
