#include "fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* One request fits one read: they are a few bytes. False once the client is gone. */
static bool answer(struct fake_server *server, int client)
{
    char request[4096];
    if (recv(client, request, sizeof(request), 0) <= 0)
        return false;
    if (++server->requests == server->stall_at_requests)
        usleep((useconds_t)server->stall_us);
    size_t size = strlen(server->reply);
    return send(client, server->reply, size, MSG_NOSIGNAL) == (ssize_t)size && !server->closes;
}

static void *serve(void *argument)
{
    struct fake_server *server = argument;
    struct pollfd polled[FAKE_CONNECTIONS_MAX + 1] = {{.fd = server->listener, .events = POLLIN}};
    nfds_t count = 1;
    while (!atomic_load(&server->stop)) {
        if (poll(polled, count, 20) <= 0)
            continue;
        for (nfds_t i = count; i-- > 1;) {
            if (polled[i].revents != 0 && !answer(server, polled[i].fd)) {
                close(polled[i].fd);
                polled[i] = polled[--count];
            }
        }
        if (polled[0].revents != 0 && count <= FAKE_CONNECTIONS_MAX)
            polled[count++] =
                (struct pollfd){.fd = accept(server->listener, NULL, NULL), .events = POLLIN};
    }
    for (nfds_t i = 0; i < count; i++)
        close(polled[i].fd);
    return NULL;
}

void fake_server_start(struct fake_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)(void *)&address;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    server->address.size = sizeof(address);
    ensure(bind(server->listener, any, sizeof(address)) == 0);
    ensure(listen(server->listener, FAKE_CONNECTIONS_MAX) == 0);
    ensure(getsockname(server->listener, any, &server->address.size) == 0);
    memcpy(&server->address.socket, &address, sizeof(address));
    ensure(pthread_create(&server->thread, NULL, serve, server) == 0);
}

void fake_server_stop(struct fake_server *server)
{
    atomic_store(&server->stop, true);
    ensure(pthread_join(server->thread, NULL) == 0);
}
