/* api: DynamoDB's operations over the core. A decoded HTTP body goes in, a status and a JSON body
 * come out, once, later. Pure: runs in the simulator as in the daemon. */
#pragma once

#include "arena.h"
#include "instant.h"
#include "node.h"

struct api;
struct api_call;
typedef void (*api_done)(struct api_call *call);

/* One call; embedded in its owner's object, zeroed first. */
struct api_call {
    /* Set by the caller, borrowed until `done`. */
    struct slice target; /* X-Amz-Target, as "DynamoDB_20120810.GetItem" */
    struct slice body;   /* JSON */
    struct slice host;   /* Host header, for DescribeEndpoints */
    struct arena *arena; /* the call's memory; reset by the caller after `done` */
    api_done done;       /* never called from inside api_call_start() */

    /* The result. */
    int status;          /* HTTP status */
    struct writer reply; /* JSON body; the caller deinits it */
    bool sloppy;         /* add x-cartwheel-sloppy: 1 */

    void *operation;       /* the api's own while it runs */
    struct list_link link; /* the api's own */
};

struct api_config {
    const char *region;           /* in ARNs; "us-east-1" if none was configured */
    const char *account;          /* 12 digits, in ARNs */
    struct quorum default_quorum; /* of new tables: N=3 R=1 W=2 sloppy */
};

/* Borrows the node. */
struct api *api_new(const struct api_config *config, struct node *node);
/* Free the node first, so that it answers what is open. Calls not delivered by then are forgotten:
 * their `done` is not called. */
void api_free(struct api *api);
/* Starts a call; its `done` comes later, at the end of some door. */
void api_call_start(struct api *api, struct instant now, struct api_call *call);
/* To be called after every door of the node: delivers finished calls and starts what waits. `now`
 * as of that door. */
void api_run(struct api *api, struct instant now);
/* When it wants to be called at the latest: monotonic us, or DEADLINE_NEVER. */
uint64_t api_next_us(const struct api *api);
/* Bytes that open calls have read and still hold. */
size_t api_results(const struct api *api);
/* How many there may be. A read that would bring more is given back, and its call told to come
 * again (ThrottlingException, or left unprocessed by a batch). No limit at first. */
void api_limit_results(struct api *api, size_t bytes_max);
/* How many reads were given back so, since the start. */
uint64_t api_results_refused(const struct api *api);

/* Writes DynamoDB's error body into `reply` and returns its HTTP status. `type` is the code after
 * '#', as "ValidationException"; the namespace is chosen by it. */
int api_error(struct writer *reply, const char *type, const char *message);
