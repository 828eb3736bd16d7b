/* workload: which operations clients draw, and how they are asked. */
#pragma once

#include "history.h"
#include "items.h"
#include "prng.h"

/* Draws an operation on some item: kind, item and what they need. */
void workload_draw(struct items *items, struct prng *prng, struct operation *operation);
/* A consistent read of all of the item, or of its set, as the audit does. */
void workload_read(const struct items *items, uint32_t item, struct operation *operation);

/* The encoded parts that a request borrows. */
struct workload_parts {
    struct writer key;
    struct writer to;
    struct writer value;
    struct writer program;
};

void workload_parts_init(struct workload_parts *parts);
void workload_parts_deinit(struct workload_parts *parts);
/* Makes the request for an operation; borrows from `parts`. */
void workload_request(struct items *items, struct prng *prng, const struct operation *operation,
                      struct workload_parts *parts, struct request *request, request_done done);
/* Keeps of the answer what the checkers want, and for later conditions what the item was seen to be.
 * Returns NULL, or what is wrong with the answer (static). */
const char *workload_note(struct items *items, struct operation *operation,
                          const struct request *request);
