/* api_state: what the api keeps between calls. */
#pragma once

#include "api.h"
#include "catalogue.h"
#include "expression_cache.h"
#include "operation_call.h"
#include "statistics.h"

LIST_DEFINE(api_calls, struct api_call, link)

struct api {
    char *region;
    char *account;
    struct quorum default_quorum;
    struct node *node;
    struct instant now;        /* as of the door that runs */
    struct api_calls ready;    /* calls whose step is due */
    struct api_calls finished; /* calls to be delivered */
    size_t results;            /* see api_results() */
    size_t results_max;
    uint64_t results_refused;
    struct catalogue catalogue;
    struct statistics statistics;
    struct expression_cache expressions;
};

static inline uint32_t api_partitions(const struct api *api)
{
    return membership_partitions(node_membership(api->node));
}

/* By the wall clock. */
static inline uint64_t api_now_ms(const struct api *api)
{
    return api->now.wall_us / 1000;
}

/* The operation of that name, or NULL (operations.c). */
const struct operation *operation_find(struct slice name);
/* The name of an operation of the service that does not exist here, as X-Amz-Target gives it, or
 * NULL (operations.c). */
const char *operation_find_missing(struct slice target);
/* Makes the call's state from its arena and starts it; used for calls of the api itself, too. */
void operation_start(struct api *api, struct api_call *call, const struct operation *operation,
                     yyjson_val *input);
/* A call's step is due or it has ended: sees to it. */
void operation_run(struct operation_call *call);
/* The api goes: gives back what the call holds, all of whose requests have come back. */
void operation_abandon(struct operation_call *call);
