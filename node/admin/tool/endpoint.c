#include "endpoint.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool copy_part(char *to, size_t size, const char *from, size_t length)
{
    if (length == 0 || length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

static bool port_valid(const char *port)
{
    char *end;
    unsigned long value = strtoul(port, &end, 10);
    return port[strspn(port, "0123456789")] == '\0' && end != port && value >= 1 && value <= 65535;
}

/* The host ends at the last colon, or at its bracket if it is an IPv6 address. */
static bool split_authority(struct endpoint *endpoint)
{
    const char *authority = endpoint->authority;
    const char *host = authority;
    const char *host_end = strrchr(authority, ':');
    const char *port = host_end;
    if (authority[0] == '[') {
        host = authority + 1;
        host_end = strchr(authority, ']');
        if (host_end == NULL)
            return false;
        port = host_end + 1;
    } else if (host_end == NULL) {
        host_end = authority + strlen(authority);
        port = host_end;
    }
    if (!copy_part(endpoint->host, sizeof(endpoint->host), host, (size_t)(host_end - host)))
        return false;
    if (*port == '\0')
        return copy_part(endpoint->port, sizeof(endpoint->port), "80", 2);
    return *port == ':' &&
           copy_part(endpoint->port, sizeof(endpoint->port), port + 1, strlen(port + 1)) &&
           port_valid(endpoint->port);
}

const char *endpoint_parse(struct endpoint *endpoint, const char *url)
{
    static const char scheme[] = "http://";
    memset(endpoint, 0, sizeof(*endpoint));
    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return "it must begin with http://";
    const char *authority = url + strlen(scheme);
    size_t length = strcspn(authority, "/?#");
    if (strcmp(authority + length, "") != 0 && strcmp(authority + length, "/") != 0)
        return "it must not have a path";
    if (strcspn(authority, " \t\r\n@") < length)
        return "it may only be http://HOST:PORT";
    if (!copy_part(endpoint->authority, sizeof(endpoint->authority), authority, length))
        return "its host is missing or too long";
    return split_authority(endpoint) ? NULL : "its host or port is not valid";
}
