/* raw_requests: the table of raw_requests.txt, which says how it is written. */
#pragma once

#include "bytes.h"

struct raw_request {
    char *replies; /* "200 400!" */
    struct slice bytes;
};

struct raw_requests {
    struct raw_request *rows;
    size_t count;
};

/* Aborts if there is no such file, or it is not well-formed. */
struct raw_requests raw_requests_load(const char *path);
void raw_requests_free(struct raw_requests *requests);
