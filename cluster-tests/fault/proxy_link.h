/* proxy_link: one connection through the proxy: two sockets, and a pipe each way. */
#pragma once

#include <event2/event.h>

#include "list.h"
#include "prng.h"
#include "proxy_page.h"

struct proxy_link;

LIST_STRUCT(proxy_links);

/* Takes both connected (or connecting) sockets. `out` is the direction from the one who dialled to
 * the one who is dialled, `back` the other. The link is in `links` until it ends. */
void proxy_link_new(struct proxy_links *links, struct event_base *base, struct prng *prng,
                    int dialler_fd, int dialled_fd, struct proxy_direction *out,
                    struct proxy_direction *back);
/* Delivers what is due by now; to be called often. May free links. */
void proxy_links_advance(struct proxy_links *links);
