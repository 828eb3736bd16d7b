/* http_host: the syntax of a Host header, uri-host [ ":" port ] of RFC 3986. Private to http_rules. */
#pragma once

#include "bytes.h"

/* An empty host is one too: that of a request whose target has none. */
bool must_check http_host_is_valid(struct slice host);
