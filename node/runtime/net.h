/* net: sockets as this daemon wants them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "ensure.h"

enum { NET_ERROR_SIZE = 256 };

/* A listening socket on "host:port" (resolved here and now: for the start only). -1: `error` says
 * why. */
int must_check net_listen(const char *address, char error[NET_ERROR_SIZE]);
/* Starts to connect; `source_host`, if not NULL, is the numeric address to come from. -1: errno. */
int must_check net_dial(const struct sockaddr *address, socklen_t size, const char *source_host);
/* For a connected socket: small messages leave at once. */
void net_set_nodelay(int fd);
/* Who vanished without a word is noticed: with bytes unacknowledged within `timeout_ms`, else soon
 * after `idle_s`. Set on a listening socket, it holds for those it accepts. */
void net_set_keepalive(int fd, int idle_s, int timeout_ms);
/* The kernel takes no more than `bytes` that it cannot send yet: more waits, and is accounted for,
 * here. Holds for sockets that a listening one accepts. */
void net_set_unsent_max(int fd, int bytes);
/* "host:port" without brackets becomes host and port; false if there is no port. */
bool must_check net_split(const char *address, char *host, size_t host_size, char *port,
                          size_t port_size);
