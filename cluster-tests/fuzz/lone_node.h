/* lone_node: a whole node with its API over a store in memory, in a cluster whose other members never
 * answer. It stays in time and memory: whoever drives it decides how many steps it takes. */
#pragma once

#include "api.h"
#include "memory_store.h"

enum { LONE_MEMBERS_MAX = 3, LONE_FRAMES_MAX = 1024, LONE_ASKED = 16 };

struct lone_node {
    struct transport transport;
    struct memory_store *memory;
    struct node *node;
    struct api *api;
    struct instant now;
    node_id self;
    node_id peers[LONE_MEMBERS_MAX]; /* of the other members */
    size_t peers_count;
    struct buffer *frames[LONE_FRAMES_MAX]; /* on their way to the node itself */
    size_t frames_count;
    uint64_t asked[LONE_ASKED]; /* request ids of the newest frames to others */
    uint64_t frames_sent;       /* to others */

    struct arena arena;  /* of the last call */
    struct writer reply; /* of the last call */
    int status;          /* of the last call */
    bool done;
};

/* A node is born and started, linked with `members` - 1 others. */
void lone_node_init(struct lone_node *lone, size_t members);
/* Wants all memory back; what is under way never completes. */
void lone_node_deinit(struct lone_node *lone);
/* A millisecond: deadlines, frames to itself, the store. */
void lone_node_step(struct lone_node *lone);
/* The same, until nothing is pending, which must come soon. */
void lone_node_settle(struct lone_node *lone);
/* Runs one call of an operation, as "PutItem", to its end, which must come soon. The reply is JSON
 * or empty, and valid until the next call; that of an error is of one of the API's types. */
struct slice lone_node_call(struct lone_node *lone, const char *operation, struct slice body);
/* The same for a call that must succeed, with single quotes for double ones. */
struct slice lone_node_ok(struct lone_node *lone, const char *operation, const char *body);
/* Makes the table "tab" with the keys pk, a string, and sk, a number. */
void lone_node_create_table(struct lone_node *lone);
/* The type of the error that `reply` is, as "ValidationException"; NULL if it is none of the
 * API's. */
const char *lone_node_error(struct lone_node *lone, struct slice reply);
