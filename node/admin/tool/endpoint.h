/* endpoint: where a node's API listens, as http://host:port. */
#pragma once

#include "ensure.h"

struct endpoint {
    char host[256]; /* name or address, without the brackets of an IPv6 one */
    char port[8];
    char authority[272]; /* as it stands in the URL: the Host header */
};

/* Returns NULL, or what is wrong with `url` (static). A path after the authority may only be "/".
 */
const char *must_check endpoint_parse(struct endpoint *endpoint, const char *url);
