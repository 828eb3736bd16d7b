/* fake_server: answers every request on a loopback port with the same text, and stalls when told. */
#pragma once

#include "bench_connection.h"

#include <pthread.h>
#include <stdatomic.h>

enum { FAKE_CONNECTIONS_MAX = 64 };

struct fake_server {
    const char *reply;
    bool closes;                /* the connection after each reply */
    uint64_t stall_at_requests; /* before answering this one it stands still; 0: never */
    uint64_t stall_us;
    atomic_bool stop;
    uint64_t requests; /* answered; to be read after the stop */
    struct bench_address address;
    int listener;
    pthread_t thread;
};

/* The first four fields are set. Stays where it is. */
void fake_server_start(struct fake_server *server);
void fake_server_stop(struct fake_server *server);
