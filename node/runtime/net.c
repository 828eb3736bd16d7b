#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_option(int fd, int level, int option, int value)
{
    /* A kernel that lacks one of these still carries the data. */
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

bool net_split(const char *address, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0')
        return false;
    size_t size = (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    if (size >= host_size || strlen(colon + 1) >= port_size)
        return false;
    memcpy(host, address, size);
    host[size] = '\0';
    strcpy(port, colon + 1);
    return true;
}

static int listen_at(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0)
        return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int net_listen(const char *address, char error[NET_ERROR_SIZE])
{
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (!net_split(address, host, sizeof(host), port, sizeof(port))) {
        snprintf(error, NET_ERROR_SIZE, "\"%s\" is not host:port", address);
        return -1;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found);
    if (failure != 0) {
        snprintf(error, NET_ERROR_SIZE, "cannot resolve %s: %s", address, gai_strerror(failure));
        return -1;
    }
    int fd = listen_at(found);
    if (fd < 0)
        snprintf(error, NET_ERROR_SIZE, "cannot listen on %s: %s", address, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

static bool bind_source(int fd, int family, const char *source_host)
{
    struct sockaddr_in source = {.sin_family = AF_INET};
    if (source_host == NULL || family != AF_INET)
        return true;
    if (inet_pton(AF_INET, source_host, &source.sin_addr) != 1)
        return true;
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    return bind(fd, (const struct sockaddr *)&source, sizeof(source)) == 0;
}

int net_dial(const struct sockaddr *address, socklen_t size, const char *source_host)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    net_set_nodelay(fd);
    if (bind_source(fd, address->sa_family, source_host) &&
        (connect(fd, address, size) == 0 || errno == EINPROGRESS))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

void net_set_nodelay(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void net_set_unsent_max(int fd, int bytes)
{
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes);
}

void net_set_keepalive(int fd, int idle_s, int timeout_ms)
{
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, timeout_ms);
}
