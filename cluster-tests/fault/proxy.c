/* cartwheel-proxy: stands between the nodes of a test, and makes their network worse.
 *
 * Usage: cartwheel-proxy PAGE HOST:PORT:TARGET...
 * Listens on HOST:PORT for the node that itself listens on HOST:TARGET, one for each node. Nodes come
 * from their own loopback addresses, so the proxy knows who dials whom; it goes on from the dialler's
 * address. PAGE is a file that holds a struct proxy_page: what happens to the bytes. Ends with the
 * process that started it. */
#include "proxy_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { TICK_US = 2000, HOST_SIZE = 64 };

struct proxy;

struct proxied_node {
    struct proxy *proxy;
    struct in_addr host;
    uint16_t port;
    uint16_t target;
};

struct proxy {
    struct event_base *base;
    struct prng prng;
    struct proxy_page *page;
    struct proxied_node nodes[PROXY_NODES_MAX];
    size_t nodes_count;
    struct proxy_links links;
};

static int fail(const char *what)
{
    fprintf(stderr, "cartwheel-proxy: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

static struct sockaddr_in address_of(struct in_addr host, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = host, .sin_port = htons(port)};
}

static bool parse_node(struct proxied_node *node, const char *text)
{
    char host[HOST_SIZE];
    return sscanf(text, "%63[0-9.]:%hu:%hu", host, &node->port, &node->target) == 3 &&
           inet_pton(AF_INET, host, &node->host) == 1;
}

static struct proxy_page *map_page(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *page = MAP_FAILED;
    if (ftruncate(fd, sizeof(struct proxy_page)) == 0)
        page = mmap(NULL, sizeof(struct proxy_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

/* The node whose host this is, or NULL. */
static const struct proxied_node *find_node(const struct proxy *proxy, struct in_addr host)
{
    for (size_t i = 0; i < proxy->nodes_count; i++) {
        if (proxy->nodes[i].host.s_addr == host.s_addr)
            return &proxy->nodes[i];
    }
    return NULL;
}

/* -1: nobody listens there. */
static int dial(const struct proxied_node *from, const struct proxied_node *to)
{
    const int one = 1;
    struct sockaddr_in source = address_of(from->host, 0);
    struct sockaddr_in target = address_of(to->host, to->target);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&source, sizeof(source)) == 0 &&
        (connect(fd, (struct sockaddr *)&target, sizeof(target)) == 0 || errno == EINPROGRESS))
        return fd;
    close(fd);
    return -1;
}

static void on_dialled(struct evconnlistener *listener, evutil_socket_t fd,
                       struct sockaddr *address, int size, void *context)
{
    const struct proxied_node *to = context;
    struct proxy *proxy = to->proxy;
    const struct proxied_node *from =
        find_node(proxy, ((const struct sockaddr_in *)(const void *)address)->sin_addr);
    const int one = 1;
    (void)listener;
    (void)size;
    int onwards = from == NULL ? -1 : dial(from, to);
    if (onwards < 0) {
        close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct proxy_direction(*directions)[PROXY_NODES_MAX] = proxy->page->directions;
    proxy_link_new(&proxy->links, proxy->base, &proxy->prng, fd, onwards,
                   &directions[from - proxy->nodes][to - proxy->nodes],
                   &directions[to - proxy->nodes][from - proxy->nodes]);
}

static bool listen_for(struct proxy *proxy, struct proxied_node *node)
{
    struct sockaddr_in address = address_of(node->host, node->port);
    node->proxy = proxy;
    return evconnlistener_new_bind(proxy->base, on_dialled, node,
                                   LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC |
                                       LEV_OPT_CLOSE_ON_FREE,
                                   -1, (struct sockaddr *)&address, sizeof(address)) != NULL;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct proxy *proxy = context;
    (void)fd;
    (void)what;
    proxy_links_advance(&proxy->links);
}

static int run(struct proxy *proxy)
{
    const struct timeval tick = {0, TICK_US};
    struct event *ticking = event_new(proxy->base, -1, EV_PERSIST, on_tick, proxy);
    ensure(ticking != NULL);
    event_add(ticking, &tick);
    puts("ready");
    fflush(stdout);
    return event_base_dispatch(proxy->base) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct proxy proxy = {.nodes_count = 0};
    if (argc < 3 || argc - 2 > PROXY_NODES_MAX) {
        fprintf(stderr, "usage: cartwheel-proxy PAGE HOST:PORT:TARGET...\n");
        return EXIT_FAILURE;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    prng_init(&proxy.prng, (uint64_t)getpid());
    proxy.base = event_base_new();
    proxy.page = map_page(argv[1]);
    if (proxy.base == NULL || proxy.page == NULL)
        return fail(argv[1]);
    for (int i = 2; i < argc; i++) {
        struct proxied_node *node = &proxy.nodes[proxy.nodes_count++];
        if (!parse_node(node, argv[i]) || !listen_for(&proxy, node))
            return fail(argv[i]);
    }
    return run(&proxy);
}
