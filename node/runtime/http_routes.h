/* http_routes: what a request asks for: an operation of the API, or one of the node's own pages. */
#pragma once

#include "client.h"

/* Answers the open request of the client, at once or when its call is done. */
void http_routes_serve(struct client *client, const struct http_request *request);
